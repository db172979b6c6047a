//! What is known of a system or process by one handle of it: what the service's callbacks told, who waits for the exit,
//! who is subscribed. Both generations tell it here.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hcs_contract::{
    Callback, Deadlines, Error, EventType, Hresult, Hub, Notification, NotificationType, Object, Operation,
    OperationKind, Result, Subscription,
};
use hcs_schema::Document as _;
use hcs_schema::compute::{ExitType, ProcessStatus, SystemExitStatus};

use crate::calls::{Call, Calls};
use crate::expected::{Complete, Expected};
use crate::failure::{failed, no_thread};
use crate::mailbox::{self, Mailbox};
use crate::table::Table;
use crate::workers;

/// A handle of the service's, closed when it is dropped.
pub(crate) trait Native: fmt::Debug + Send + Sync + 'static {
    /// Asks for the state of the process that this is a handle of; `then` gets it on any thread.
    fn process_status(self: Arc<Self>, then: Box<dyn FnOnce(Result<String>) + Send>);
}

/// What a callback was told.
#[derive(Debug)]
pub(crate) enum Told {
    /// A call of vmcompute's has completed.
    Completed { kind: NotificationType, status: Hresult, data: Option<String> },
    /// Something happened.
    Event(Notification),
}

/// Whom a callback tells.
pub(crate) trait Receiver: Send + Sync {
    /// Does not block.
    fn tell(self: Arc<Self>, told: Told);
}

/// The receivers by the contexts of the service's callbacks. Weak, because a callback keeps nothing open.
pub(crate) static RECEIVERS: Table<Weak<dyn Receiver>> = Table::new();

/// A context of a callback; gone, it leads to nobody.
#[derive(Debug)]
pub(crate) struct Context(usize);

impl Context {
    pub(crate) fn of<H: Native>(watched: &Arc<Watched<H>>) -> Self {
        let weak: Weak<Watched<H>> = Arc::downgrade(watched);
        Self(RECEIVERS.insert(weak))
    }

    /// As the service carries it: a number that looks like a pointer, and is never followed.
    pub(crate) fn as_ptr(&self) -> *mut std::ffi::c_void {
        std::ptr::without_provenance_mut(self.0)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        RECEIVERS.remove(self.0);
    }
}

/// What is known by one handle.
pub(crate) struct Watched<H> {
    calls: Arc<Calls>,
    state: Mutex<State<H>>,
    hub: Hub,
    /// From callbacks of the service.
    inbox: Mailbox<Told>,
    /// To subscribers, who must not hold up what completes calls. Whether it is to be remembered.
    outbox: Mailbox<(Notification, bool)>,
}

struct State<H> {
    handle: Option<Arc<H>>,
    /// The service is gone.
    lost: bool,
    exit: Option<Result<String>>,
    waiting: Vec<Call>,
    expected: Expected,
}

impl<H> fmt::Debug for Watched<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl<H: Native> Watched<H> {
    /// Of something that is being made or opened: the handle comes by [`Watched::opened`], before the service is told of
    /// the callback.
    pub(crate) fn new(object: Object) -> Arc<Self> {
        let state = State {
            handle: None,
            lost: false,
            exit: None,
            waiting: Vec::new(),
            expected: Expected::default(),
        };
        Arc::new(Self {
            calls: Calls::new(object),
            state: Mutex::new(state),
            hub: Hub::new(),
            inbox: Mailbox::default(),
            outbox: Mailbox::default(),
        })
    }

    /// The handle is there.
    pub(crate) fn opened(&self, handle: Arc<H>) {
        self.lock().handle = Some(handle);
    }

    pub(crate) fn object(&self) -> &Object {
        self.calls.object()
    }

    /// The handle, for a call that keeps it until it has returned.
    ///
    /// # Errors
    /// Already closed.
    pub(crate) fn handle(&self) -> Result<Arc<H>> {
        self.calls.check_open()?;
        let handle = self.lock().handle.clone();
        handle.ok_or_else(|| Error::already_closed(self.object().clone()))
    }

    /// The call begins that makes it, before there is a handle.
    pub(crate) fn begin(&self, kind: OperationKind) -> (Operation, Option<Call>) {
        self.calls.begin(kind)
    }

    /// A call on the handle begins: `act` does it, and completes it.
    pub(crate) fn call<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        act: impl FnOnce(Arc<H>, Call<T>),
    ) -> Operation<T> {
        let (operation, call) = self.calls.begin(kind);
        if let Some(call) = call {
            match self.handle() {
                Ok(handle) => act(handle, call),
                Err(error) => call.complete(Err(error)),
            }
        }
        operation
    }

    /// A call that blocks: `act` is done on another thread. Its failure keeps `document`, unless that is empty.
    pub(crate) fn on_thread<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        document: &str,
        act: impl FnOnce(Arc<H>, Call<T>) + Send + 'static,
    ) -> Operation<T> {
        self.call(kind, |handle, call| {
            let call = if document.is_empty() { call } else { call.with_document(document) };
            // Here too, so that a thread that is not given does not take the call with it.
            let slot = Arc::new(Mutex::new(Some((handle, call, act))));
            let on_thread = Arc::clone(&slot);
            let submitted = workers::submit(move || {
                let job = on_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some((handle, call, act)) = job {
                    act(handle, call);
                }
            });
            if let Err(error) = submitted
                && let Some((_, call, _)) = slot.lock().unwrap_or_else(PoisonError::into_inner).take()
            {
                call.complete(Err(no_thread(error)));
            }
        })
    }

    /// The same for a call that has its result when it returns.
    pub(crate) fn blocking<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        act: impl FnOnce(&Arc<H>) -> Result<T> + Send + 'static,
    ) -> Operation<T> {
        self.on_thread(kind, "", move |handle, call| {
            let result = act(&handle);
            // Closed before its user learns of the result, if that has closed it.
            drop(handle);
            call.complete(result);
        })
    }

    /// Completes when it has exited.
    pub(crate) fn wait_exit(&self, kind: OperationKind) -> Operation {
        let (operation, call) = self.calls.begin(kind);
        let Some(call) = call else { return operation };
        let mut state = self.lock();
        let known = match &state.exit {
            Some(exit) => exit.clone(),
            None if state.lost => Err(Error::disconnected()),
            None => {
                let abandoned: Vec<_> = state.waiting.extract_if(.., |wait| wait.is_abandoned()).collect();
                state.waiting.push(call);
                drop(state);
                drop(abandoned);
                return operation;
            }
        };
        drop(state);
        call.complete(known);
        operation
    }

    pub(crate) fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.calls.check_open().map_err(|error| error.with_operation(OperationKind::Subscribe))?;
        Ok(self.hub.subscribe(callback))
    }

    /// Ends all waits, and closes the handle unless a call on it goes on: then with that call.
    pub(crate) fn close(&self) {
        if self.calls.close() {
            let mut state = self.lock();
            let (handle, waiting) = (state.handle.take(), std::mem::take(&mut state.waiting));
            drop(state);
            drop(waiting);
            drop(handle);
        }
    }

    /// A call begins that may complete by a notification.
    pub(crate) fn expect(&self, kind: NotificationType) -> u64 {
        self.lock().expected.begin(kind)
    }

    /// It is over by its own answer.
    pub(crate) fn withdraw(&self, expectation: u64) {
        let due = self.lock().expected.withdraw(expectation);
        act(due);
    }

    /// It will complete by a notification, or by what comes instead.
    pub(crate) fn completes_later(&self, expectation: u64, complete: Complete) {
        let mut state = self.lock();
        let due = state.expected.pending(expectation, complete);
        let gone = unexpected_exit(&state).or_else(|| state.lost.then(Error::disconnected));
        let failed = gone.map(|error| state.expected.fail(&error)).unwrap_or_default();
        drop(state);
        act(due);
        act(failed);
    }

    fn lock(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On a thread of ours.
    fn heard(self: &Arc<Self>, told: Told) {
        match told {
            Told::Completed { kind, status, data } => {
                let result = if status.is_failure() {
                    Err(failed(status, data.as_deref(), self.object().kind))
                } else {
                    Ok(data.unwrap_or_default())
                };
                let due = self.lock().expected.completed(kind, result);
                act(due);
            }
            Told::Event(notification) => match notification.kind {
                EventType::SYSTEM_EXITED => {
                    let document = system_exit(&notification);
                    self.exited(notification, Ok(document));
                }
                EventType::PROCESS_EXITED => self.process_exited(notification),
                EventType::SERVICE_DISCONNECT => self.lost(notification),
                _ => self.deliver(notification, false),
            },
        }
    }

    /// The document says how it ended; where the notification brought none, the service is asked.
    fn process_exited(self: &Arc<Self>, notification: Notification) {
        let whole = |text: &String| ProcessStatus::from_json(text).is_ok_and(|status| status.exited);
        if let Some(document) = notification.data.clone().filter(whole) {
            self.exited(notification, Ok(document));
        } else if let Ok(handle) = self.handle() {
            let this = Arc::clone(self);
            handle.process_status(Box::new(move |status| this.exited(notification, status)));
        }
    }

    fn exited(self: &Arc<Self>, notification: Notification, document: Result<String>) {
        let mut state = self.lock();
        if state.exit.is_some() || state.handle.is_none() {
            return;
        }
        state.exit = Some(document.clone());
        let waiting = std::mem::take(&mut state.waiting);
        let failed = unexpected_exit(&state).map(|error| state.expected.fail(&error)).unwrap_or_default();
        drop(state);
        for wait in waiting {
            wait.complete(document.clone());
        }
        act(failed);
        let notification = match document {
            Ok(document) => notification.with_data(document),
            Err(_) => notification,
        };
        self.deliver(notification, true);
    }

    fn lost(self: &Arc<Self>, notification: Notification) {
        let mut state = self.lock();
        state.lost = true;
        let waiting = std::mem::take(&mut state.waiting);
        let failed = state.expected.fail(&Error::disconnected());
        drop(state);
        for wait in waiting {
            wait.complete(Err(Error::disconnected()));
        }
        act(failed);
        self.deliver(notification, false);
    }

    fn deliver(self: &Arc<Self>, notification: Notification, once: bool) {
        let act = |this: &Arc<Self>, (notification, once): (Notification, bool)| {
            if once {
                this.hub.notify_latched(&notification);
            } else {
                this.hub.notify(&notification);
            }
        };
        mailbox::push(self, |this| &this.outbox, (notification, once), act);
    }
}

impl<H: Native> Receiver for Watched<H> {
    fn tell(self: Arc<Self>, told: Told) {
        mailbox::push(&self, |this| &this.inbox, told, Self::heard);
    }
}

/// Completes what is due. Outside the lock: users of operations are told here.
fn act(due: impl IntoIterator<Item = (Complete, Result<String>)>) {
    for (complete, result) in due {
        complete(result);
    }
}

fn unexpected_exit<H>(state: &State<H>) -> Option<Error> {
    state.exit.as_ref().map(|_| Error::new(hcs_contract::ErrorKind::UnexpectedExit))
}

/// The document of a system's exit: the service's own, or one that says as much as the status does.
fn system_exit(notification: &Notification) -> String {
    if let Some(data) = &notification.data
        && SystemExitStatus::from_json(data).is_ok_and(|exit| !exit.exit_type.as_str().is_empty())
    {
        return data.clone();
    }
    let exit_type = match notification.status.to_v2() {
        Hresult::HCS_E_UNEXPECTED_EXIT => ExitType::UNEXPECTED_EXIT,
        Hresult::HCS_E_TERMINATED => ExitType::FORCED_EXIT,
        _ => ExitType::UNKNOWN,
    };
    SystemExitStatus { status: notification.status.to_i32(), exit_type, ..SystemExitStatus::default() }
        .to_json()
}

/// Why no stream can be given to a new process.
pub(crate) const PIPES: &str = "the service starts programs with pipes of its own";

/// Waits for a call that gives a handle, as long as its deadline says. A handle that comes later is closed.
pub(crate) fn blocking<T: Send + 'static>(
    deadlines: &Deadlines,
    kind: OperationKind,
    object: &Object,
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let limit = deadlines.limit(kind).unwrap_or_default();
    let late = || Error::timeout(format!("the service's answer to \"{kind} {object}\""), limit);
    workers::run(limit.into(), call).map_err(no_thread)?.unwrap_or_else(|| Err(late()))
}
