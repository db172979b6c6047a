//! What handles of systems and processes do alike: calls, waits for the exit, notifications, the closing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{
    Callback, Completer, Error, EventType, Hub, Notification, Object, Operation, OperationKind, Result,
    Subscription,
};
use hcs_remote_protocol::Outcome;

use crate::session::{Called, Session};

/// Who is told of a handle's notifications.
pub(crate) trait Watch: Send + Sync {
    fn notify(&self, notification: &Notification);
}

/// A handle that the server holds for us.
pub(crate) struct Handle {
    session: Arc<Session>,
    number: u64,
    object: Object,
    /// `/v1/sessions/…/systems/…`
    path: String,
    hub: Hub,
    subscribed: Mutex<bool>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// What fails each call that goes on, by its number.
    pending: BTreeMap<u64, Box<dyn FnOnce(Error) + Send>>,
    exit: Exit,
}

#[derive(Default)]
struct Exit {
    result: Option<String>,
    /// Whether the server was asked, and its answer is awaited.
    asked: bool,
    waiting: Vec<Completer>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("object", &self.object)
            .field("closed", &lock(&self.state).closed)
            .finish_non_exhaustive()
    }
}

impl Watch for Handle {
    fn notify(&self, notification: &Notification) {
        match notification.kind {
            EventType::SYSTEM_EXITED | EventType::PROCESS_EXITED => self.hub.notify_latched(notification),
            _ => self.hub.notify(notification),
        }
    }
}

impl Handle {
    /// `kind`: `systems` or `processes`.
    pub(crate) fn new(session: &Arc<Session>, kind: &str, number: u64, object: Object) -> Arc<Self> {
        let this = Arc::new(Self {
            path: format!("{}/{kind}/{number}", session.path()),
            session: Arc::clone(session),
            number,
            object,
            hub: Hub::new(),
            subscribed: Mutex::new(false),
            state: Arc::default(),
        });
        session.watch(number, &this);
        this
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// # Errors
    /// Already closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if lock(&self.state).closed { Err(self.closed_error()) } else { Ok(()) }
    }

    fn closed_error(&self) -> Error {
        Error::already_closed(self.object.clone())
    }

    /// A call that comes to the host's text.
    pub(crate) fn call(&self, kind: OperationKind, name: &str, headers: &str, body: &str) -> Operation {
        self.call_for(kind, name, headers, body, |outcome| match outcome {
            Outcome::Result(text) => Ok(text),
            _ => Err(Error::unexpected_value("an outcome of another kind")),
        })
    }

    /// A call of this name, whose outcome `finish` makes something of.
    pub(crate) fn call_for<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        name: &str,
        headers: &str,
        body: &str,
        finish: impl FnOnce(Outcome) -> Result<T> + Send + 'static,
    ) -> Operation<T> {
        let (operation, completer) = Operation::new(kind, self.object.clone());
        let number = self.session.next_number();
        let completer = Arc::new(Mutex::new(Some(completer)));
        {
            let mut state = lock(&self.state);
            if state.closed {
                drop(state);
                complete(&completer, Err(self.closed_error()));
                return operation;
            }
            let on_close = Arc::clone(&completer);
            state.pending.insert(number, Box::new(move |error| complete(&on_close, Err(error))));
        }
        let (on_outcome, pending) = (Arc::clone(&completer), Arc::clone(&self.state));
        let path = format!("{}/{name}", self.path);
        let called = self.session.call(
            kind,
            number,
            &path,
            headers,
            body.as_bytes(),
            Box::new(move |outcome| {
                complete(&on_outcome, outcome.and_then(finish));
                let done = lock(&pending).pending.remove(&number);
                drop(done);
            }),
        );
        let goes_on = match called {
            Called::Complete => false,
            Called::GoesOn => true,
            // Handles are the session's, and with it they are dead.
            Called::Unknown(complete) => {
                complete(Err(Error::disconnected()));
                false
            }
        };
        if goes_on && let Some(completer) = &*completer.lock().unwrap_or_else(PoisonError::into_inner) {
            // Weak: the operation must not keep the session it may outlive.
            let session = Arc::downgrade(&self.session);
            let pending = Arc::downgrade(&self.state);
            completer.on_cancel(move || {
                if let Some(pending) = pending.upgrade() {
                    let done = lock(&pending).pending.remove(&number);
                    drop(done);
                }
                if let Some(session) = session.upgrade() {
                    session.cancel(number);
                }
            });
        }
        operation
    }

    /// Waits for the exit: however many do, the server is asked once.
    pub(crate) fn wait_exit(self: &Arc<Self>, kind: OperationKind) -> Operation {
        let mut state = lock(&self.state);
        if state.closed {
            return Operation::done(kind, self.object.clone(), Err(self.closed_error()));
        }
        if let Some(result) = &state.exit.result {
            return Operation::done(kind, self.object.clone(), Ok(result.clone()));
        }
        let (operation, completer) = Operation::new(kind, self.object.clone());
        let abandoned: Vec<_> = state.exit.waiting.extract_if(.., |waiting| waiting.is_abandoned()).collect();
        state.exit.waiting.push(completer);
        let ask = !std::mem::replace(&mut state.exit.asked, true);
        drop(state);
        drop(abandoned);
        if ask {
            let state = Arc::downgrade(&self.state);
            self.call(kind, "wait", "", "").on_complete(move |result| {
                let Some(state) = state.upgrade() else { return };
                let waiting = {
                    let mut state = lock(&state);
                    state.exit.asked = false;
                    state.exit.result = result.as_ref().ok().cloned();
                    std::mem::take(&mut state.exit.waiting)
                };
                for completer in waiting {
                    completer.complete(result.clone());
                }
            });
        }
        operation
    }

    pub(crate) fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        let of_this =
            |error: Error| error.with_operation(OperationKind::Subscribe).with_object(self.object.clone());
        self.check_open().map_err(of_this)?;
        let subscription = self.hub.subscribe(callback);
        let mut subscribed = self.subscribed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*subscribed {
            let path = format!("{}/subscribe", self.path);
            let asked = self.session.request(OperationKind::Subscribe, "POST", &path, "", b"");
            asked.map_err(|failed| of_this(failed.into()))?;
            *subscribed = true;
        }
        Ok(subscription)
    }

    /// Closes it; returns when the server has.
    pub(crate) fn close(&self) {
        let (pending, waiting) = {
            let mut state = lock(&self.state);
            if std::mem::replace(&mut state.closed, true) {
                return;
            }
            (std::mem::take(&mut state.pending), std::mem::take(&mut state.exit.waiting))
        };
        self.session.unwatch(self.number);
        for fail in pending.into_values() {
            fail(self.closed_error());
        }
        for completer in waiting {
            completer.complete(Err(self.closed_error()));
        }
        if !self.session.has_ended() {
            // With the session, or the server, the handle is gone too.
            let _ = self.session.request(OperationKind::OpenSystem, "DELETE", &self.path, "", b"");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

fn complete<T: Clone + Send>(completer: &Mutex<Option<Completer<T>>>, result: Result<T>) {
    // Taken out first: completing calls what watches the operation, which may come back here.
    let completer = completer.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(completer) = completer {
        completer.complete(result);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // What completes a call runs outside it, and each change is whole.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
