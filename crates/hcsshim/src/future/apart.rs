//! Work that waits, done on a thread of its own and awaited.

use std::time::Duration;

use hcs_contract::{Deadline, Error, Object, Operation, OperationKind, Result};

/// The result of `work`, which ends by itself within `limit`; `None` for a wait that may be endless.
///
/// Dropped before its end, the work goes on, and what it gives is dropped with it.
pub(super) async fn apart<T: Clone + Send + 'static>(
    kind: OperationKind,
    object: Object,
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (operation, completer) = Operation::new(kind, object);
    std::thread::Builder::new()
        .name("hcs-call".into())
        .spawn(move || completer.complete(work()))
        .map_err(|error| Error::os("start", "the thread for a call that waits", error))?;
    // The work keeps the deadlines; this one is for work that does not come back.
    let limit = limit.map(|limit| limit.saturating_add(SLACK));
    match limit.map_or(Deadline::Never, Deadline::after) {
        Deadline::Never => operation.await,
        at @ Deadline::At(_) => operation.within(at).await,
    }
}

/// So that the work's own timeout, which says more, comes first.
const SLACK: Duration = Duration::from_secs(5);
