//! A system of the fake: its states and its end.

mod openers;
mod tasks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use hcs_contract::{Error, EventType, Hresult, Hub, Notification, Object, Result};
use hcs_schema::compute::ExitType;

use crate::faults::Delivery;
use crate::handle::{Handle, Latch};
use crate::plan::{Guest, Mapped, Plan};
use crate::program::ControlEvent;
use crate::task::Task;
use crate::violation::Violation;
use crate::world::{Rules, World};

/// Where a system stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Created,
    Running,
    Paused,
    Stopped,
}

impl State {
    /// Its name in documents and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
        }
    }
}

/// How a system ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Graceful,
    Forced,
    Unexpected,
}

impl Exit {
    pub(crate) fn exit_type(self) -> ExitType {
        match self {
            Self::Graceful => ExitType::GRACEFUL_EXIT,
            Self::Forced => ExitType::FORCED_EXIT,
            Self::Unexpected => ExitType::UNEXPECTED_EXIT,
        }
    }

    fn status(self) -> Hresult {
        match self {
            Self::Graceful | Self::Forced => Hresult::S_OK,
            Self::Unexpected => Hresult::HCS_E_UNEXPECTED_EXIT,
        }
    }
}

/// A system.
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) plan: Plan,
    /// As it was sent.
    pub(crate) document: String,
    pub(crate) rules: Arc<Rules>,
    pub(crate) exit: Latch,
    world: Weak<World>,
    hub: Mutex<Hub>,
    state: Mutex<Inner>,
    changed: Condvar,
}

pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) exit: Option<Exit>,
    /// Its create has completed.
    pub(crate) made: bool,
    pub(crate) started: u64,
    pub(crate) tasks: BTreeMap<u32, Arc<Task>>,
    /// Changes that were asked for, as they were sent.
    pub(crate) changes: Vec<String>,
    /// Folders of the host that it sees, in the order in which they were mapped.
    pub(crate) mapped: Vec<Mapped>,
    /// Files of its own, by the guest's paths.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What a violation says in place of the true state, once.
    pub(crate) stale: Option<State>,
    pub(crate) waited: bool,
    /// How often its statistics were asked for.
    pub(crate) counted: u64,
    ending: bool,
    shutting_down: bool,
    connections: usize,
    handles: Vec<Weak<Handle>>,
    subscribers: u64,
    deferred: Vec<(Arc<Task>, ControlEvent)>,
    next: u32,
    first: Option<u32>,
}

impl Machine {
    pub(crate) fn new(world: &Arc<World>, id: &str, document: &str, plan: Plan) -> Arc<Self> {
        let state = Inner {
            state: State::Created,
            exit: None,
            made: false,
            started: 0,
            tasks: BTreeMap::new(),
            changes: Vec::new(),
            mapped: plan.mapped.clone(),
            files: BTreeMap::new(),
            stale: None,
            waited: false,
            counted: 0,
            ending: false,
            shutting_down: false,
            connections: 0,
            handles: Vec::new(),
            subscribers: 0,
            deferred: Vec::new(),
            next: 1,
            first: None,
        };
        Arc::new(Self {
            id: id.into(),
            plan,
            document: document.into(),
            rules: Arc::clone(&world.rules),
            exit: Latch::default(),
            world: Arc::downgrade(world),
            hub: Mutex::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn breaks(&self, violation: Violation) -> bool {
        self.rules.violations.has(violation)
    }

    pub(crate) fn object(&self) -> Object {
        Object::system(&self.id)
    }

    pub(crate) fn hub(&self) -> Hub {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn host_name(&self) -> String {
        match self.plan.host_name.as_str() {
            "" => {
                let letters = |byte: char| if byte.is_ascii_alphanumeric() { byte } else { '-' };
                let name: String = self.id.chars().map(letters).take(63).collect();
                name.trim_matches('-').to_owned()
            }
            name => name.to_owned(),
        }
    }

    /// The failure of a call that the state does not allow.
    fn refuse(&self, state: State) -> Error {
        if state == State::Stopped {
            Error::already_stopped(self.object())
        } else {
            Error::invalid_state(self.object(), state.name())
        }
    }

    /// The create has completed; from now on it can be started.
    pub(crate) fn made(&self) {
        self.lock().made = true;
        if self.breaks(Violation::CreateStarts) {
            self.lock().state = State::Running;
        }
    }

    pub(crate) fn start(&self) -> Result<String> {
        let mut inner = self.lock();
        let allowed = match inner.state {
            State::Created => inner.made && !inner.ending,
            State::Running => self.breaks(Violation::StartTwiceSucceeds),
            State::Paused => false,
            State::Stopped => self.breaks(Violation::StartOfStoppedSucceeds),
        };
        if !allowed {
            return Err(self.refuse(inner.state));
        }
        inner.state = State::Running;
        inner.started = self.rules.clock.file_time();
        Ok(String::new())
    }

    pub(crate) fn shutdown(self: &Arc<Self>) -> Result<String> {
        let state = self.lock().state;
        match state {
            State::Stopped if self.breaks(Violation::ShutdownOfStoppedSucceeds) => return Ok(String::new()),
            // A frozen process can't be asked.
            State::Stopped | State::Paused => return Err(self.refuse(state)),
            State::Running if self.breaks(Violation::ShutdownKills) => self.stop(Exit::Forced),
            // One that never ran has nothing to end.
            State::Created => self.stop(Exit::Graceful),
            State::Running => self.ask_all(),
        }
        Ok(String::new())
    }

    fn ask_all(self: &Arc<Self>) {
        self.lock().shutting_down = true;
        let event = match self.plan.guest {
            Guest::Linux => ControlEvent::Signal(15),
            Guest::Windows => ControlEvent::CtrlShutdown,
        };
        for task in self.running() {
            task.control(event);
        }
        self.stop_if_done();
    }

    /// A shutdown is complete with the last program.
    fn stop_if_done(self: &Arc<Self>) {
        let asked = self.lock().shutting_down;
        if asked && self.running().is_empty() {
            self.stop(Exit::Graceful);
        }
    }

    pub(crate) fn terminate(self: &Arc<Self>) -> Result<String> {
        let state = self.lock().state;
        if state == State::Stopped {
            return Err(if self.breaks(Violation::TerminateOfStoppedFails) {
                Error::invalid_state(self.object(), state.name())
            } else {
                self.refuse(state)
            });
        }
        if self.breaks(Violation::TerminateOnlyAsks) {
            self.ask_all();
        } else if self.breaks(Violation::TerminateLooksGraceful) {
            self.stop(Exit::Graceful);
        } else {
            self.stop(Exit::Forced);
        }
        Ok(String::new())
    }

    pub(crate) fn pause(&self) -> Result<String> {
        let mut inner = self.lock();
        let allowed = match inner.state {
            State::Running => !inner.ending,
            State::Created => self.breaks(Violation::PauseOfCreatedSucceeds),
            State::Paused => self.breaks(Violation::PauseTwiceSucceeds),
            State::Stopped => false,
        };
        if !allowed {
            return Err(self.refuse(inner.state));
        }
        inner.state = State::Paused;
        Ok(String::new())
    }

    pub(crate) fn resume(&self) -> Result<String> {
        let deferred = {
            let mut inner = self.lock();
            match inner.state {
                State::Paused => {}
                State::Running if self.breaks(Violation::ResumeOfRunningSucceeds) => {}
                state => return Err(self.refuse(state)),
            }
            inner.state = State::Running;
            if self.breaks(Violation::ResumedStaysPaused) {
                inner.stale = Some(State::Paused);
            }
            self.changed.notify_all();
            std::mem::take(&mut inner.deferred)
        };
        for (task, event) in deferred {
            task.control(event);
        }
        Ok(String::new())
    }

    /// The system ends: its programs first, then itself, then whoever wants to know is told.
    pub(crate) fn stop(self: &Arc<Self>, exit: Exit) {
        {
            let mut inner = self.lock();
            // The first reason is the one that counts.
            if inner.state == State::Stopped || inner.ending {
                return;
            }
            inner.ending = true;
        }
        let delivery = self.rules.faults.at_event(EventType::SYSTEM_EXITED, &self.id);
        if delivery == Delivery::Early {
            self.announce(exit, delivery);
        }
        if !self.breaks(Violation::ProcessesOutliveTheSystem) {
            self.end_all();
        }
        {
            let mut inner = self.lock();
            if self.breaks(Violation::NotificationBeforeState) {
                inner.stale = Some(inner.state);
            }
            inner.state = State::Stopped;
            inner.exit = Some(exit);
            inner.ending = false;
            inner.deferred.clear();
            self.changed.notify_all();
        }
        if delivery != Delivery::Early {
            self.announce(exit, delivery);
        }
        self.forget();
    }

    fn announce(&self, exit: Exit, delivery: Delivery) {
        let status = exit.status();
        let exit_type = exit.exit_type();
        let document =
            serde_json::json!({ "Status": status.to_i32(), "ExitType": exit_type.as_str() }).to_string();
        let data = if self.breaks(Violation::ExitHasNoDocument) { String::new() } else { document.clone() };
        let mut notification =
            Notification::new(EventType::SYSTEM_EXITED).with_status(status).with_data(document);
        if self.breaks(Violation::NotificationHasNoData) {
            notification.data = None;
        }
        if delivery == Delivery::Lost {
            self.exit.set_unheard(&Ok(data));
            drop(self.replace_hub());
            return;
        }
        self.exit.set(&Ok(data));
        if self.breaks(Violation::NoSystemExitNotification) {
            return;
        }
        self.rules.notify(self.hub(), notification, delivery);
    }

    /// From now on notifications go to those who subscribe from now on.
    fn replace_hub(&self) -> Hub {
        let fresh = Hub::new();
        if let Some(Ok(document)) = self.exit.result() {
            let status = self.lock().exit.map_or(Hresult::S_OK, Exit::status);
            let exited = Notification::new(EventType::SYSTEM_EXITED).with_data(document);
            fresh.notify_latched(&exited.with_status(status));
        }
        std::mem::replace(&mut *self.hub.lock().unwrap_or_else(PoisonError::into_inner), fresh)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        write!(f, "Machine({}, {}, {} connections)", self.id, inner.state.name(), inner.connections)
    }
}
