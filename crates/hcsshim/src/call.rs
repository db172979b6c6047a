//! Waiting for operations: each with the deadline of its kind, each logged.

use std::time::Instant;

use hcs_contract::{Deadline, Deadlines, Operation, Result};

/// Waits for the result of a call, as long as the table allows.
pub(crate) fn finish<T: Clone + Send>(operation: &Operation<T>, deadlines: &Deadlines) -> Result<T> {
    finish_by(operation, deadlines, deadlines.deadline(operation.kind()))
}

/// Waits for the result of a call until `deadline`.
///
/// A call that lasts longer than [`Deadlines::call_watch`] is logged once; waiting for an exit is meant to last.
pub(crate) fn finish_by<T: Clone + Send>(
    operation: &Operation<T>,
    deadlines: &Deadlines,
    deadline: Deadline,
) -> Result<T> {
    let began = Instant::now();
    let watch = Deadline::after(deadlines.call_watch);
    let watched = !operation.kind().is_exit()
        && matches!((watch, deadline), (Deadline::At(watch), Deadline::At(end)) if watch < end);
    let result = if watched {
        match operation.wait(watch) {
            Err(error) if error.is_timeout() && !operation.is_done() => {
                tracing::warn!(
                    operation = %operation.kind(),
                    object = %operation.object(),
                    seconds = deadlines.call_watch.as_secs(),
                    "the call has not returned yet"
                );
                operation.wait(deadline)
            }
            result => result,
        }
    } else {
        operation.wait(deadline)
    };
    let (kind, object, elapsed) = (operation.kind(), operation.object(), began.elapsed());
    match &result {
        Ok(_) => tracing::debug!(operation = %kind, object = %object, ?elapsed, "done"),
        Err(error) => {
            tracing::debug!(operation = %kind, object = %object, ?elapsed, hresult = %error.hresult(), %error, "failed");
        }
    }
    result
}
