//! Calls that have been made: waited for or awaited, each with the deadline of its kind, each logged.

use std::sync::Arc;
use std::time::Instant;

use hcs_contract::{Deadline, Deadlines, Operation, Result};

/// A call under way, and what its result means to the caller.
#[must_use = "nobody learns what came of it"]
pub(crate) struct Call<T: Clone + Send, F> {
    operation: Operation<T>,
    deadlines: Arc<Deadlines>,
    deadline: Deadline,
    then: F,
}

/// One that gives nothing but that it worked.
pub(crate) type Done = Call<String, fn(Result<String>) -> Result<()>>;

impl Done {
    /// As long as the table allows.
    pub(crate) fn plain(operation: Operation, deadlines: &Arc<Deadlines>) -> Self {
        Self::new(operation, deadlines, |result| result.map(drop))
    }
}

impl<T: Clone + Send, U, F: FnOnce(Result<T>) -> Result<U>> Call<T, F> {
    /// As long as the table allows.
    pub(crate) fn new(operation: Operation<T>, deadlines: &Arc<Deadlines>, then: F) -> Self {
        let deadline = deadlines.deadline(operation.kind());
        Self::until(operation, deadlines, deadline, then)
    }

    /// Until this moment.
    pub(crate) fn until(
        operation: Operation<T>,
        deadlines: &Arc<Deadlines>,
        deadline: Deadline,
        then: F,
    ) -> Self {
        Self { operation, deadlines: Arc::clone(deadlines), deadline, then }
    }

    /// Waits for the result.
    pub(crate) fn wait(self) -> Result<U> {
        let began = Instant::now();
        let operation = &self.operation;
        let result = match self.watch() {
            Some(watch) => match operation.wait(watch) {
                Err(error) if error.is_timeout() && !operation.is_done() => {
                    self.lasts();
                    operation.wait(self.deadline)
                }
                result => result,
            },
            None => operation.wait(self.deadline),
        };
        log(operation, began, &result);
        (self.then)(result)
    }

    /// The same without a thread that waits. Dropped before its end, the call goes on.
    #[cfg(feature = "async")]
    pub(crate) async fn finish(self) -> Result<U> {
        let began = Instant::now();
        let operation = &self.operation;
        let result = match self.watch() {
            Some(watch) => match operation.within(watch).await {
                Err(error) if error.is_timeout() && !operation.is_done() => {
                    self.lasts();
                    operation.within(self.deadline).await
                }
                result => result,
            },
            None => operation.within(self.deadline).await,
        };
        log(operation, began, &result);
        (self.then)(result)
    }

    /// When to say that it lasts, unless it ends before; waiting for an exit is meant to last.
    fn watch(&self) -> Option<Deadline> {
        let watch = Deadline::after(self.deadlines.call_watch);
        let before =
            matches!((watch, self.deadline), (Deadline::At(watch), Deadline::At(end)) if watch < end);
        (before && !self.operation.kind().is_exit()).then_some(watch)
    }

    fn lasts(&self) {
        tracing::warn!(
            operation = %self.operation.kind(),
            object = %self.operation.object(),
            seconds = self.deadlines.call_watch.as_secs(),
            "the call has not returned yet"
        );
    }
}

fn log<T: Clone + Send>(operation: &Operation<T>, began: Instant, result: &Result<T>) {
    let (kind, object, elapsed) = (operation.kind(), operation.object(), began.elapsed());
    match result {
        Ok(_) => tracing::debug!(operation = %kind, object = %object, ?elapsed, "done"),
        Err(error) => {
            tracing::debug!(operation = %kind, object = %object, ?elapsed, hresult = %error.hresult(), %error, "failed");
        }
    }
}
