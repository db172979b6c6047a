//! What every handle does alike: it starts operations, and once closed it answers "already closed", also to those
//! that still wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hcs_contract::{Completer, Drive, Error, Object, Operation, OperationKind, Result};
use hcs_silo::client::Connection;

/// Lets waiting threads read a supervisor's connection.
#[derive(Debug)]
pub(super) struct Driver(pub(super) Arc<Connection>);

impl Drive for Driver {
    fn drive(&self, until: Option<Instant>, done: &dyn Fn() -> bool) -> Result<()> {
        if !self.0.drive(until, done) && self.0.is_gone() { Err(Error::disconnected()) } else { Ok(()) }
    }

    fn wake(&self) {
        self.0.wake();
    }

    fn drive_in_background(&self) {
        // Without the reactor (no thread, no descriptor) the operation still completes for whoever waits for it.
        let _ = self.0.read_in_background();
    }
}

type Fail = Box<dyn FnOnce(Error) + Send>;

#[derive(Default)]
struct Inner {
    closed: bool,
    /// How to end each operation that is under way, by its number.
    pending: BTreeMap<u64, Fail>,
}

/// The part of a handle that its operations refer to.
pub(super) struct Handle {
    object: Object,
    driver: Option<Arc<Driver>>,
    inner: Arc<Mutex<Inner>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle")
            .field("object", &self.object)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// An operation under way, to be completed once by an answer, or by the handle's closing, whichever is first.
pub(super) struct Pending<T: Clone + Send + 'static = String> {
    id: u64,
    kind: OperationKind,
    completer: Arc<Mutex<Option<Completer<T>>>>,
    inner: Arc<Mutex<Inner>>,
    /// What a failure keeps, so that its reader sees what was asked.
    document: Option<Box<str>>,
}

impl Handle {
    /// `connection`: whose readers complete the operations; a handle of a record has none.
    pub(super) fn new(object: Object, connection: Option<&Arc<Connection>>) -> Self {
        let driver = connection.map(|connection| Arc::new(Driver(Arc::clone(connection))));
        Self { object, driver, inner: Arc::default() }
    }

    pub(super) fn object(&self) -> &Object {
        &self.object
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.inner).closed
    }

    /// # Errors
    /// Already closed.
    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(self.closed_error()) } else { Ok(()) }
    }

    /// An operation of this handle, or one that has failed because the handle is closed.
    pub(super) fn begin<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
    ) -> std::result::Result<(Operation<T>, Pending<T>), Operation<T>> {
        let (operation, completer) = match &self.driver {
            Some(driver) => {
                Operation::driven(kind, self.object.clone(), Arc::clone(driver) as Arc<dyn Drive>)
            }
            None => Operation::new(kind, self.object.clone()),
        };
        let id = completer.id();
        let completer = Arc::new(Mutex::new(Some(completer)));
        let for_close = Arc::clone(&completer);
        let mut inner = lock(&self.inner);
        if inner.closed {
            drop(inner);
            complete(&completer, Err(self.closed_error()));
            return Err(operation);
        }
        inner.pending.insert(id, Box::new(move |error| complete(&for_close, Err(error))));
        drop(inner);
        Ok((operation, Pending { id, kind, completer, inner: Arc::clone(&self.inner), document: None }))
    }

    /// An operation that is complete, unless the handle is closed.
    pub(super) fn done<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        result: Result<T>,
    ) -> Operation<T> {
        Operation::done(kind, self.object.clone(), self.check_open().and(result))
    }

    /// Closes the handle and ends its operations. False when it was closed already.
    pub(super) fn close(&self) -> bool {
        let pending = {
            let mut inner = lock(&self.inner);
            if inner.closed {
                return false;
            }
            inner.closed = true;
            std::mem::take(&mut inner.pending)
        };
        for fail in pending.into_values() {
            fail(self.closed_error());
        }
        if let Some(driver) = &self.driver {
            driver.wake();
        }
        true
    }

    fn closed_error(&self) -> Error {
        Error::already_closed(self.object.clone())
    }
}

impl<T: Clone + Send + 'static> Pending<T> {
    /// The same operation, whose failure keeps the document that was sent.
    pub(super) fn about(mut self, document: &str) -> Self {
        self.document = Some(document.into());
        self
    }

    /// Completes the operation, unless the handle was closed before.
    pub(super) fn complete(self, result: Result<T>) {
        let result = result.map_err(|error| match &self.document {
            Some(document) => error.with_document(document),
            None => error,
        });
        complete(&self.completer, result);
    }

    pub(super) fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Whether nobody can learn of the result any more.
    pub(super) fn is_abandoned(&self) -> bool {
        let completer = self.completer.lock().unwrap_or_else(PoisonError::into_inner);
        completer.as_ref().is_none_or(Completer::is_abandoned)
    }
}

impl<T: Clone + Send + 'static> Drop for Pending<T> {
    fn drop(&mut self) {
        let fail = lock(&self.inner).pending.remove(&self.id);
        // Outside the lock: a completer that goes without a result tells those who watch.
        drop(fail);
    }
}

fn complete<T: Clone + Send>(completer: &Mutex<Option<Completer<T>>>, result: Result<T>) {
    // Taken out first: completing calls what watches the operation, which may come back here.
    let completer = completer.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(completer) = completer {
        completer.complete(result);
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that happens once, the operations that wait for it, and its result for those who come later.
#[derive(Default)]
pub(super) struct Latch {
    state: Mutex<LatchState>,
}

#[derive(Default)]
struct LatchState {
    result: Option<Result<String>>,
    waiting: Vec<Pending>,
}

impl std::fmt::Debug for Latch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Latch").field(&self.result()).finish()
    }
}

impl Latch {
    /// It has happened. False when it had before, which is what counts then.
    pub(super) fn set(&self, result: &Result<String>) -> bool {
        let waiting = {
            let mut state = self.lock();
            if state.result.is_some() {
                return false;
            }
            state.result = Some(result.clone());
            std::mem::take(&mut state.waiting)
        };
        for pending in waiting {
            pending.complete(result.clone());
        }
        true
    }

    pub(super) fn result(&self) -> Option<Result<String>> {
        self.lock().result.clone()
    }

    /// An operation of `handle` that completes when it happens.
    pub(super) fn wait(&self, handle: &Handle, kind: OperationKind) -> Operation {
        let (operation, pending) = match handle.begin(kind) {
            Ok(begun) => begun,
            Err(closed) => return closed,
        };
        let mut state = self.lock();
        if let Some(result) = state.result.clone() {
            drop(state);
            pending.complete(result);
        } else {
            state.waiting.retain(|waiting| !waiting.is_abandoned());
            state.waiting.push(pending);
        }
        operation
    }

    fn lock(&self) -> MutexGuard<'_, LatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::{Deadline, ErrorKind};

    use super::*;

    fn handle() -> Handle {
        Handle::new(Object::system("x"), None)
    }

    #[test]
    fn closing_ends_waits_and_later_calls() {
        let handle = handle();
        let latch = Latch::default();
        let wait = latch.wait(&handle, OperationKind::WaitSystemExit);
        assert!(!wait.is_done());
        assert!(handle.close());
        assert!(!handle.close());
        for operation in [wait, latch.wait(&handle, OperationKind::WaitSystemExit)] {
            let error = operation.wait(Deadline::now()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::AlreadyClosed(_)), "{error}");
        }
        // The answer that comes after all finds nobody.
        assert!(latch.set(&Ok("late".into())));
    }

    #[test]
    fn a_latch_serves_all_who_wait_and_those_who_come_later() {
        let handle = handle();
        let latch = Latch::default();
        let waits = [0; 3].map(|_| latch.wait(&handle, OperationKind::WaitSystemExit));
        assert!(latch.set(&Ok("first".into())));
        assert!(!latch.set(&Ok("second".into())));
        for wait in waits.into_iter().chain([latch.wait(&handle, OperationKind::WaitSystemExit)]) {
            assert_eq!(wait.wait(Deadline::now()).unwrap(), "first");
        }
    }

    #[test]
    fn waits_that_nobody_follows_do_not_pile_up() {
        let handle = handle();
        let latch = Latch::default();
        for _ in 0..100 {
            drop(latch.wait(&handle, OperationKind::WaitSystemExit));
        }
        assert!(latch.lock().waiting.len() <= 1);
        assert!(lock(&handle.inner).pending.len() <= 1);
    }
}
