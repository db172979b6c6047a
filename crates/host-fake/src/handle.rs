//! What every handle does alike: it begins operations, and once it is closed, or the service is gone, it says so,
//! also to those that still wait.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{Completer, Error, Object, Operation, OperationKind, Result};

type Fail = Box<dyn FnOnce(Error) + Send>;

/// What a handle has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Closed,
    /// The service went away under it.
    Lost,
}

struct Inner {
    fate: Fate,
    /// How to end each operation that is under way, by its number.
    pending: BTreeMap<u64, Fail>,
}

/// The part of a handle that its operations refer to.
pub(crate) struct Handle {
    object: Object,
    inner: Arc<Mutex<Inner>>,
}

/// An operation under way, to be completed once by an answer, or by the handle's end, whichever is first.
pub(crate) struct Pending<T: Clone + Send + 'static = String> {
    id: u64,
    completer: Arc<Mutex<Option<Completer<T>>>>,
    inner: Arc<Mutex<Inner>>,
}

impl Handle {
    pub(crate) fn new(object: Object) -> Self {
        let inner = Inner { fate: Fate::Open, pending: BTreeMap::new() };
        Self { object, inner: Arc::new(Mutex::new(inner)) }
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// # Errors
    /// Already closed, or disconnected.
    pub(crate) fn check_open(&self) -> Result<()> {
        let fate = lock(&self.inner).fate;
        match fate {
            Fate::Open => Ok(()),
            Fate::Closed => Err(Error::already_closed(self.object.clone())),
            Fate::Lost => Err(Error::disconnected().with_object(self.object.clone())),
        }
    }

    /// An operation of this handle, or one that has failed because of what the handle has come to.
    pub(crate) fn begin<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
    ) -> std::result::Result<(Operation<T>, Pending<T>), Operation<T>> {
        let (operation, completer) = Operation::new(kind, self.object.clone());
        let id = completer.id();
        let completer = Arc::new(Mutex::new(Some(completer)));
        if let Err(error) = self.check_open() {
            complete(&completer, Err(error));
            return Err(operation);
        }
        let for_end = Arc::clone(&completer);
        let fail: Fail = Box::new(move |error| complete(&for_end, Err(error)));
        lock(&self.inner).pending.insert(id, fail);
        Ok((operation, Pending { id, completer, inner: Arc::clone(&self.inner) }))
    }

    /// Closes the handle and ends its operations. False when it was closed already.
    pub(crate) fn close(&self) -> bool {
        self.end(Fate::Closed)
    }

    /// The service is gone.
    pub(crate) fn lose(&self) -> bool {
        self.end(Fate::Lost)
    }

    /// Marks it closed and leaves those alone who wait: for a host that forgets them.
    pub(crate) fn close_without_a_word(&self) -> bool {
        let mut inner = lock(&self.inner);
        std::mem::replace(&mut inner.fate, Fate::Closed) == Fate::Open
    }

    fn end(&self, fate: Fate) -> bool {
        let pending = {
            let mut inner = lock(&self.inner);
            if inner.fate != Fate::Open {
                // A handle that was lost is closed by its owner some day.
                if fate == Fate::Closed {
                    inner.fate = fate;
                }
                return false;
            }
            inner.fate = fate;
            std::mem::take(&mut inner.pending)
        };
        for fail in pending.into_values() {
            fail(match fate {
                Fate::Lost => Error::disconnected().with_object(self.object.clone()),
                Fate::Open | Fate::Closed => Error::already_closed(self.object.clone()),
            });
        }
        true
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = lock(&self.inner).fate;
        f.debug_struct("Handle").field("object", &self.object).field("fate", &fate).finish()
    }
}

impl<T: Clone + Send + 'static> Pending<T> {
    /// Completes the operation, unless the handle ended before.
    pub(crate) fn complete(self, result: Result<T>) {
        complete(&self.completer, result);
    }

    /// Whether nobody can learn of the result any more.
    fn is_abandoned(&self) -> bool {
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

/// An exit, the operations that wait for it, and its document for those who come later.
#[derive(Default)]
pub(crate) struct Latch(Mutex<LatchState>);

#[derive(Default)]
struct LatchState {
    result: Option<Result<String>>,
    waiting: Vec<Pending>,
    /// Kept and never completed: waits that a fault or a violation has forgotten.
    forgotten: Vec<Pending>,
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latch").field(&self.result()).finish()
    }
}

impl Latch {
    /// It has happened: those who wait learn of it. False when it had happened before, which is what counts then.
    pub(crate) fn set(&self, result: &Result<String>) -> bool {
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

    /// It has happened, and those who wait now never learn of it.
    pub(crate) fn set_unheard(&self, result: &Result<String>) {
        let mut state = self.lock();
        if state.result.is_none() {
            state.result = Some(result.clone());
            let waiting = std::mem::take(&mut state.waiting);
            state.forgotten.extend(waiting);
        }
    }

    pub(crate) fn result(&self) -> Option<Result<String>> {
        self.lock().result.clone()
    }

    /// Completes `pending` when it happens.
    pub(crate) fn wait(&self, pending: Pending) {
        let mut state = self.lock();
        if let Some(result) = state.result.clone() {
            drop(state);
            pending.complete(result);
        } else {
            state.waiting.retain(|waiting| !waiting.is_abandoned());
            state.waiting.push(pending);
        }
    }

    /// Never completes `pending`.
    pub(crate) fn forget(&self, pending: Pending) {
        self.lock().forgotten.push(pending);
    }

    fn lock(&self) -> MutexGuard<'_, LatchState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::{Deadline, ErrorKind};

    use super::*;

    fn wait(latch: &Latch, handle: &Handle) -> Operation {
        match handle.begin(OperationKind::WaitSystemExit) {
            Ok((operation, pending)) => {
                latch.wait(pending);
                operation
            }
            Err(ended) => ended,
        }
    }

    #[test]
    fn closing_and_losing_end_waits_and_later_calls() {
        let closed = |error: &ErrorKind| matches!(error, ErrorKind::AlreadyClosed(_));
        let lost = |error: &ErrorKind| matches!(error, ErrorKind::Disconnected);
        let check = |end: fn(&Handle) -> bool, expected: &dyn Fn(&ErrorKind) -> bool| {
            let (handle, latch) = (Handle::new(Object::system("x")), Latch::default());
            let early = wait(&latch, &handle);
            assert!(!early.is_done());
            assert!(end(&handle) && !end(&handle));
            for operation in [early, wait(&latch, &handle)] {
                let error = operation.wait(Deadline::now()).unwrap_err();
                assert!(expected(error.kind()), "{error}");
            }
            assert!(latch.set(&Ok("late".into())), "it finds nobody, and is remembered");
        };
        check(Handle::close, &closed);
        check(Handle::lose, &lost);
    }

    #[test]
    fn a_latch_serves_all_who_wait_and_those_who_come_later() {
        let (handle, latch) = (Handle::new(Object::system("x")), Latch::default());
        let waits = [0; 3].map(|_| wait(&latch, &handle));
        assert!(latch.set(&Ok("first".into())) && !latch.set(&Ok("second".into())));
        for wait in waits.into_iter().chain([wait(&latch, &handle)]) {
            assert_eq!(wait.wait(Deadline::now()).unwrap(), "first");
        }
    }

    #[test]
    fn who_is_forgotten_waits_until_the_handle_closes() {
        let (handle, latch) = (Handle::new(Object::system("x")), Latch::default());
        let unheard = wait(&latch, &handle);
        latch.set_unheard(&Ok("exit".into()));
        assert!(!unheard.is_done());
        assert_eq!(wait(&latch, &handle).wait(Deadline::now()).unwrap(), "exit");
        handle.close();
        assert!(matches!(unheard.try_result(), Some(Err(_))));
    }
}
