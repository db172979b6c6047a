//! The calls of one handle that go on: closing it ends the wait for each of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{Completer, Error, Object, Operation, OperationKind, Result};

/// They are ended by the handle's closing, or by their results.
pub(crate) struct Calls {
    object: Object,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    last: u64,
    under_way: BTreeMap<u64, Box<dyn FnOnce(Error) + Send>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls of {}", self.lock().under_way.len(), self.object)
    }
}

impl Calls {
    pub(crate) fn new(object: Object) -> Arc<Self> {
        Arc::new(Self { object, state: Mutex::default() })
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// Already closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.lock().closed { Err(self.closed_error()) } else { Ok(()) }
    }

    fn closed_error(&self) -> Error {
        Error::already_closed(self.object.clone())
    }

    /// A call begins; `None` with an operation that has failed: the handle is closed.
    pub(crate) fn begin<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        kind: OperationKind,
    ) -> (Operation<T>, Option<Call<T>>) {
        let (operation, completer) = Operation::new(kind, self.object.clone());
        let slot = Arc::new(Mutex::new(Some(completer)));
        let mut state = self.lock();
        if state.closed {
            drop(state);
            complete(&slot, Err(self.closed_error()));
            return (operation, None);
        }
        state.last += 1;
        let number = state.last;
        let on_close = Arc::clone(&slot);
        state.under_way.insert(number, Box::new(move |error| complete(&on_close, Err(error))));
        drop(state);
        (operation, Some(Call { slot, calls: Arc::clone(self), number, document: None }))
    }

    /// Ends the waits for all of them. Says whether it was open.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.lock();
        let was_open = !std::mem::replace(&mut state.closed, true);
        let under_way = std::mem::take(&mut state.under_way);
        drop(state);
        for fail in under_way.into_values() {
            fail(self.closed_error());
        }
        was_open
    }
}

type Slot<T> = Arc<Mutex<Option<Completer<T>>>>;

fn complete<T: Clone + Send>(slot: &Slot<T>, result: Result<T>) {
    let completer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(completer) = completer {
        completer.complete(result);
    }
}

/// A call that goes on. Dropped without a word, it tells who waits that the service is gone.
pub(crate) struct Call<T: Clone + Send = String> {
    slot: Slot<T>,
    calls: Arc<Calls>,
    number: u64,
    document: Option<String>,
}

impl<T: Clone + Send> Call<T> {
    /// Failures keep this document, its secrets masked.
    pub(crate) fn with_document(mut self, document: &str) -> Self {
        self.document = Some(document.to_owned());
        self
    }

    /// What came of it.
    pub(crate) fn complete(self, result: Result<T>) {
        let result = result.map_err(|error| match &self.document {
            Some(document) if error.document().is_none() => error.with_document(document),
            _ => error,
        });
        complete(&self.slot, result);
    }

    /// What to do when its user cancels it.
    pub(crate) fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) {
        if let Some(completer) = &*self.slot.lock().unwrap_or_else(PoisonError::into_inner) {
            completer.on_cancel(hook);
        }
    }

    /// Whether nobody can learn of its result any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().is_none_or(Completer::is_abandoned)
    }
}

impl<T: Clone + Send> Drop for Call<T> {
    fn drop(&mut self) {
        // It holds the completer too: the last of both lets go of it.
        let entry = self.calls.lock().under_way.remove(&self.number);
        drop(entry);
    }
}
