//! An operation: what a client hands to a request, and asks for its result.
//!
//! It tracks one request at a time, and may be used again when that is complete. Closing it lets go of the request, which
//! goes on.
#![expect(unsafe_code, reason = "calls a client's function")]

use std::ffi::c_void;
use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use hcs_abi::computecore::{OperationCompletion, OperationHandle};
use hcs_bridge::{Delivery, Table, invalid_handle};
use hcs_contract::{Deadline, Error, Hresult, OperationKind, Result};

use crate::objects::{Process, System};

static OPERATIONS: Table<Operation> = Table::new(0x4F50);

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    id: u64,
    address: OnceLock<usize>,
    state: Mutex<State>,
    changed: Condvar,
    delivery: Delivery<Completion>,
}

#[derive(Debug)]
struct State {
    context: usize,
    callback: Option<OperationCompletion>,
    request: Request,
    phase: Phase,
    /// Counts requests, so that the end of an earlier one is not taken for this one's.
    turn: u64,
}

/// What is tracked: a request, and the handles that it is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) kind: Option<OperationKind>,
    /// The address of the system's handle; 0 for none.
    pub(crate) system: usize,
    /// The address of the process's handle; 0 for none.
    pub(crate) process: usize,
}

enum Phase {
    Idle,
    Pending {
        /// Ends the request, where it can be ended.
        cancel: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    },
    Done(Result<Outcome>),
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Pending { .. } => "Pending",
            Self::Done(_) => "Done",
        })
    }
}

/// What a request came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// A document, or nothing.
    pub(crate) text: String,
    /// The process whose information can be had.
    pub(crate) process: Option<Arc<Process>>,
}

/// A call of a client's callback.
#[derive(Debug)]
struct Completion {
    function: OperationCompletion,
    operation: usize,
    context: usize,
}

impl Operation {
    pub(crate) fn insert(context: *mut c_void, callback: Option<OperationCompletion>) -> OperationHandle {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let deliver = |Completion { function, operation, context }: Completion| {
            let (operation, context) =
                (with_exposed_provenance_mut(operation), with_exposed_provenance_mut(context));
            // SAFETY: by the API's contract the function lives until the operation is closed, which waits for this call.
            // The context is the client's own pointer.
            unsafe { function(operation, context) };
        };
        let this = Arc::new(Self {
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
            address: OnceLock::new(),
            state: Mutex::new(State {
                context: context.expose_provenance(),
                callback,
                request: Request::default(),
                phase: Phase::Idle,
                turn: 0,
            }),
            changed: Condvar::new(),
            delivery: Delivery::new(deliver),
        });
        let handle = OPERATIONS.insert(Arc::clone(&this));
        this.address.get_or_init(|| handle.addr());
        handle
    }

    pub(crate) fn get(handle: OperationHandle) -> Result<Arc<Self>> {
        OPERATIONS.get(handle).ok_or_else(invalid_handle)
    }

    /// Closes it: no callback runs after this, except one that this is called from.
    pub(crate) fn close(handle: OperationHandle) -> Result<()> {
        OPERATIONS.remove(handle).ok_or_else(invalid_handle)?.delivery.end();
        Ok(())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn context(&self) -> *mut c_void {
        with_exposed_provenance_mut(self.lock().context)
    }

    pub(crate) fn set_context(&self, context: *mut c_void) {
        self.lock().context = context.expose_provenance();
    }

    /// # Errors
    /// Already started.
    pub(crate) fn set_callback(
        &self,
        context: *mut c_void,
        callback: Option<OperationCompletion>,
    ) -> Result<()> {
        let mut state = self.lock();
        if let Phase::Pending { .. } = state.phase {
            return Err(already_started());
        }
        state.context = context.expose_provenance();
        state.callback = callback;
        Ok(())
    }

    /// What it tracks, or has tracked last.
    pub(crate) fn request(&self) -> Request {
        self.lock().request.clone()
    }

    /// Begins to track a request; gives its turn.
    ///
    /// # Errors
    /// Already started.
    pub(crate) fn begin(&self, request: Request) -> Result<u64> {
        let mut state = self.lock();
        if let Phase::Pending { .. } = state.phase {
            return Err(already_started());
        }
        state.request = request;
        state.phase = Phase::Pending { cancel: None };
        state.turn += 1;
        Ok(state.turn)
    }

    /// What ends the request of this turn early.
    pub(crate) fn set_cancel(&self, turn: u64, end: Arc<dyn Fn() -> bool + Send + Sync>) {
        let mut state = self.lock();
        if state.turn == turn
            && let Phase::Pending { cancel } = &mut state.phase
        {
            *cancel = Some(end);
        }
    }

    /// The handles that the request of this turn has made.
    pub(crate) fn set_request(&self, turn: u64, change: impl FnOnce(&mut Request)) {
        let mut state = self.lock();
        if state.turn == turn {
            change(&mut state.request);
        }
    }

    /// The request of this turn is complete. `told`: the client learns of it by its callback, too.
    pub(crate) fn complete(&self, turn: u64, result: Result<Outcome>, told: bool) {
        let mut state = self.lock();
        if state.turn != turn || !matches!(state.phase, Phase::Pending { .. }) {
            return;
        }
        let before = std::mem::replace(&mut state.phase, Phase::Done(result));
        self.changed.notify_all();
        let operation = self.address.get().copied().unwrap_or_default();
        let (callback, context, system) = (state.callback, state.context, state.request.system);
        drop(state);
        // Outside the lock: what ended the request may hold its end.
        drop(before);
        match callback {
            _ if !told => {}
            Some(function) => self.delivery.push(Completion { function, operation, context }),
            None => {
                // A system that is closed has no callback any more.
                if let Ok(system) = System::get(with_exposed_provenance_mut(system)) {
                    system.events.operation_done(operation);
                }
            }
        }
    }

    /// The result, when it is there by then.
    ///
    /// # Errors
    /// The request's own; not started; pending, for a wait of no time; timeout.
    pub(crate) fn result(&self, deadline: Option<Deadline>) -> Result<Outcome> {
        let began = std::time::Instant::now();
        let mut state = self.lock();
        loop {
            match &state.phase {
                Phase::Idle => return Err(Error::from_hresult(Hresult::HCS_E_OPERATION_NOT_STARTED)),
                Phase::Done(result) => return result.clone(),
                Phase::Pending { .. } => {}
            }
            let Some(deadline) = deadline else { return Err(Error::pending()) };
            state = match deadline.remaining() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => {
                    return Err(Error::timeout("the operation's result", began.elapsed()));
                }
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Ends the request, where it can be ended; one that is complete stays so.
    ///
    /// # Errors
    /// Not started.
    pub(crate) fn cancel(&self) -> Result<()> {
        let end = match &self.lock().phase {
            Phase::Idle => return Err(Error::from_hresult(Hresult::HCS_E_OPERATION_NOT_STARTED)),
            Phase::Pending { cancel } => cancel.clone(),
            Phase::Done(_) => None,
        };
        if let Some(end) = end {
            end();
        }
        Ok(())
    }

    pub(crate) fn weak(self: &Arc<Self>) -> Weak<Self> {
        Arc::downgrade(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn already_started() -> Error {
    Error::from_hresult(Hresult::HCS_E_OPERATION_ALREADY_STARTED)
}

/// The handle of this address.
pub(crate) fn handle(address: usize) -> *mut c_void {
    if address == 0 { null_mut() } else { with_exposed_provenance_mut(address) }
}
