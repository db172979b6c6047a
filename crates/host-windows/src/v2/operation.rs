//! Operations of computecore's: each tracks one request, and calls back when that is complete.
//!
//! The callback may come before the request has returned; whoever of the two is second goes on. It only hands over: the
//! result is fetched on a thread of ours, and the operation closed there.

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use hcs_abi::computecore::OperationHandle;
use hcs_contract::{Error, Hresult, ObjectKind, Result};

use super::V2;
use crate::calls::Call;
use crate::failure::failed;
use crate::information::Information;
use crate::table::Table;
use crate::workers;

/// Operations whose callbacks are due, by their contexts.
static FLIGHTS: Table<Arc<Flight>> = Table::new();

/// An operation and the request that it tracks. Closed when the last one who looks at it is done.
pub(super) struct Flight {
    dll: Arc<V2>,
    raw: OperationHandle,
    state: Mutex<State>,
}

/// What goes on when the request is complete.
type Finish = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    completed: bool,
    finish: Option<Finish>,
}

// SAFETY: operations belong to the process: any thread may use them, several at once.
unsafe impl Send for Flight {}
// SAFETY: as above; the pointer itself never changes.
unsafe impl Sync for Flight {}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {:?} of computecore.dll", self.raw)
    }
}

/// What cancels a request whose user has cancelled its call.
#[derive(Clone, Default)]
pub(super) struct Canceller(Arc<OnceLock<Weak<Flight>>>);

impl Canceller {
    /// That of a call.
    pub(super) fn of<T: Clone + Send>(call: &Call<T>) -> Self {
        let this = Self::default();
        let on_cancel = this.clone();
        call.on_cancel(move || {
            if let Some(flight) = on_cancel.0.get().and_then(Weak::upgrade) {
                flight.cancel();
            }
        });
        this
    }
}

impl V2 {
    /// Makes a request with an operation of its own. `make` says what the export returned, and what it gave beside that,
    /// which is dropped when the request failed. `finish` is called once, on this thread or another.
    pub(super) fn request<R: Send + 'static>(
        self: &Arc<Self>,
        canceller: &Canceller,
        object: ObjectKind,
        make: impl FnOnce(OperationHandle) -> Result<(i32, R)>,
        finish: impl FnOnce(Result<(R, Arc<Flight>)>) + Send + 'static,
    ) {
        let (number, flight) = match self.operation() {
            Ok(made) => made,
            Err(error) => return finish(Err(error)),
        };
        // Before the request: a cancellation may come at once, and one without a request is refused by the service.
        let _ = canceller.0.set(Arc::downgrade(&flight));
        let made = make(flight.raw).and_then(|(code, given)| match Hresult::from_i32(code) {
            code if code.is_failure() => Err(flight.refused(code, object)),
            _ => Ok(given),
        });
        match made {
            Err(error) => {
                // A callback that comes nevertheless finds nothing.
                FLIGHTS.remove(number);
                finish(Err(error));
            }
            Ok(given) => {
                let completed = Arc::clone(&flight);
                flight.returned(Box::new(move || finish(Ok((given, completed)))));
            }
        }
    }

    fn operation(self: &Arc<Self>) -> Result<(usize, Arc<Flight>)> {
        let create = self.exports.HcsCreateOperation()?;
        // What closes it must be there.
        self.exports.HcsCloseOperation()?;
        let number = FLIGHTS.reserve();
        // SAFETY: the context is a number that is never followed; the callback takes any.
        let raw = unsafe { create(std::ptr::without_provenance_mut(number), Some(completed)) };
        if raw.is_null() {
            return Err(Error::os("create", "an operation of the service", io::Error::last_os_error()));
        }
        let flight = Arc::new(Flight { dll: Arc::clone(self), raw, state: Mutex::default() });
        FLIGHTS.put(number, Arc::clone(&flight));
        Ok((number, flight))
    }
}

/// The callback of all operations: on a thread of the DLL's.
unsafe extern "system" fn completed(_: OperationHandle, context: *mut c_void) {
    let complete = || {
        if let Some(flight) = FLIGHTS.remove(context.addr()) {
            flight.completed();
        }
    };
    // A panic must not reach the DLL.
    drop(catch_unwind(complete));
}

impl Flight {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The callback came.
    fn completed(self: Arc<Self>) {
        let mut state = self.lock();
        state.completed = true;
        let finish = state.finish.take();
        drop(state);
        // Not the last to hold the operation, which is closed where its result is fetched.
        drop(self);
        if let Some(finish) = finish {
            workers::submit_or_run(finish);
        }
    }

    /// The request was accepted.
    fn returned(&self, finish: Finish) {
        let mut state = self.lock();
        if state.completed {
            drop(state);
            finish();
        } else {
            state.finish = Some(finish);
        }
    }

    fn cancel(&self) {
        if let Ok(cancel) = self.dll.exports.HcsCancelOperation() {
            // What it is answered changes nothing: its user has gone, and what was done may stay done.
            // SAFETY: the operation is open as long as this is.
            unsafe { cancel(self.raw) };
        }
    }

    /// What the service says about a request that it did not accept.
    fn refused(&self, code: Hresult, object: ObjectKind) -> Error {
        let mut said = self.dll.text();
        if let Ok(result) = self.dll.exports.HcsGetOperationResult() {
            // It repeats the failure, or has one of its own, which says less.
            // SAFETY: the operation is open as long as this is; the output may be written to.
            unsafe { result(self.raw, said.out()) };
        }
        failed(code, said.lossy().as_deref(), object)
    }

    /// The result of a completed request, where it is a document that must be there.
    pub(super) fn document(&self, object: ObjectKind) -> Result<String> {
        self.result(object)?.document()
    }

    /// The same where there may be none.
    pub(super) fn optional_document(&self, object: ObjectKind) -> Result<String> {
        self.result(object)?.optional_document()
    }

    fn result(&self, object: ObjectKind) -> Result<crate::text::Given> {
        let call = self.dll.exports.HcsGetOperationResult()?;
        let mut text = self.dll.text();
        // SAFETY: the operation is open as long as this is; the output may be written to.
        let code = Hresult::from_i32(unsafe { call(self.raw, text.out()) });
        if code.is_failure() { Err(failed(code, text.lossy().as_deref(), object)) } else { Ok(text) }
    }

    /// The number and streams that a completed request gave.
    pub(super) fn information(&self, object: ObjectKind) -> Result<Information> {
        let call = self.dll.exports.HcsGetOperationResultAndProcessInfo()?;
        let (mut text, mut information) = (self.dll.text(), Information::empty(self.dll.platform));
        // SAFETY: the operation is open as long as this is; both outputs may be written to.
        let code = Hresult::from_i32(unsafe { call(self.raw, information.out(), text.out()) });
        if code.is_failure() { Err(failed(code, text.lossy().as_deref(), object)) } else { Ok(information) }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Ok(close) = self.dll.exports.HcsCloseOperation() {
            // SAFETY: the DLL made it for us; nobody looks at it any more, and it is closed here, once.
            unsafe { close(self.raw) };
        }
    }
}
