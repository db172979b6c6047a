//! A process of the fake: what it is told, and its end.

mod streams;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use hcs_contract::{Error, EventType, Hub, Notification, Object, Result};

use self::streams::ServiceEnds;
pub(crate) use self::streams::{Input, Output};
use crate::faults::Delivery;
use crate::handle::Latch;
use crate::machine::Machine;
use crate::pipe::{ReadEnd, WriteEnd, pipe};
use crate::plan::Guest;
use crate::process_doc::{self, Request, Source};
use crate::program::{ControlEvent, ProcessEvent};
use crate::violation::Violation;

/// What the kernel's signal 9 makes of a Linux process.
pub(crate) const KILLED: u32 = 137;
/// What a Windows process ends with that a control event ended (STATUS_CONTROL_C_EXIT).
const CONTROL_C_EXIT: u32 = 0xC000_013A;
/// Signals that do nothing unless a program asks for them: SIGCHLD, SIGCONT, SIGURG, SIGWINCH.
const HARMLESS: [u8; 4] = [17, 18, 23, 28];

/// What a process was started with.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) arguments: Vec<String>,
    pub(crate) command_line: String,
    pub(crate) user: String,
    pub(crate) working_directory: String,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A process.
pub(crate) struct Task {
    pub(crate) number: u32,
    pub(crate) pid: u32,
    pub(crate) object: Object,
    pub(crate) created: u64,
    pub(crate) facts: Facts,
    pub(crate) guest: Guest,
    pub(crate) exit: Latch,
    pub(crate) stdin: Input,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    machine: Weak<Machine>,
    service: Mutex<ServiceEnds>,
    hub: Mutex<Hub>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    exit: Option<u32>,
    /// Width, height.
    console: Option<(u16, u16)>,
    events: VecDeque<ProcessEvent>,
    takes_controls: bool,
    handles: usize,
    asked: bool,
    waited: bool,
}

impl Task {
    pub(crate) fn new(machine: &Arc<Machine>, number: u32, pid: u32, request: Request) -> Arc<Self> {
        let Request { arguments, command_line, user, working_directory, environment, console, streams } =
            request;
        let [stdin, stdout, stderr] = streams;
        let mut service = ServiceEnds::default();
        let stdin = match stdin {
            Source::Null => Input::Null,
            Source::Given(stream) => Input::Given(Mutex::new(Some(stream))),
            Source::Pipe => {
                let (reader, writer) = pipe();
                service.stdin = Some(writer);
                Input::Pipe(reader)
            }
        };
        let breaks = |violation| machine.rules.violations.has(violation);
        let output = |source, end: &mut Option<ReadEnd>, kept: &mut Vec<WriteEnd>| match source {
            Source::Null => Output::Null,
            Source::Given(stream) => Output::Given(Mutex::new(Some(stream))),
            Source::Pipe => {
                let (reader, writer) = pipe();
                *end = Some(reader);
                if breaks(Violation::StdoutNeverEnds) {
                    kept.push(writer.duplicate());
                }
                Output::Pipe(writer)
            }
        };
        let stdout = output(stdout, &mut service.stdout, &mut service.kept);
        // A console has one output.
        let stderr = match stderr {
            _ if console.is_some() && !breaks(Violation::ConsoleHasStderr) => Output::Null,
            stderr => output(stderr, &mut service.stderr, &mut service.kept),
        };
        let mut facts = Facts { arguments, command_line, user, working_directory, environment };
        if breaks(Violation::EnvironmentIsDropped) {
            facts.environment.clear();
        }
        if facts.working_directory.is_empty() || breaks(Violation::WorkingDirectoryIsDropped) {
            facts.working_directory = match machine.plan.guest {
                Guest::Linux => "/".into(),
                Guest::Windows => "C:\\".into(),
            };
        }
        Arc::new(Self {
            number,
            pid,
            object: Object::process(&machine.id, pid),
            created: machine.rules.clock.file_time(),
            facts,
            guest: machine.plan.guest,
            exit: Latch::default(),
            stdin,
            stdout,
            stderr,
            machine: Arc::downgrade(machine),
            service: Mutex::new(service),
            hub: Mutex::default(),
            state: Mutex::new(State { console, ..State::default() }),
            changed: Condvar::new(),
        })
    }

    /// A process that is not there: for a violation.
    pub(crate) fn ghost(machine: &Arc<Machine>, pid: u32) -> Arc<Self> {
        let request = Request {
            arguments: Vec::new(),
            command_line: String::new(),
            user: String::new(),
            working_directory: String::new(),
            environment: BTreeMap::new(),
            console: None,
            streams: [Source::Null, Source::Null, Source::Null],
        };
        Self::new(machine, 0, pid, request)
    }

    /// The system, while it is known.
    pub(crate) fn machine(&self) -> Option<Arc<Machine>> {
        self.machine.upgrade()
    }

    fn breaks(&self, violation: Violation) -> bool {
        self.machine().is_some_and(|machine| machine.rules.violations.has(violation))
    }

    /// Its program's file name.
    pub(crate) fn image(&self) -> String {
        let program = self.facts.arguments.first().map_or("", String::as_str);
        program.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    }

    pub(crate) fn exit_code(&self) -> Option<u32> {
        self.lock().exit
    }

    pub(crate) fn hub(&self) -> Hub {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on notifications go to those who subscribe from now on.
    pub(crate) fn replace_hub(&self) -> Hub {
        let fresh = Hub::new();
        if let Some(Ok(document)) = self.exit.result() {
            fresh.notify_latched(&Notification::new(EventType::PROCESS_EXITED).with_data(document));
        }
        std::mem::replace(&mut *self.hub.lock().unwrap_or_else(PoisonError::into_inner), fresh)
    }

    /// How it fares, as a document.
    pub(crate) fn status(&self) -> String {
        let mut state = self.lock();
        let exit = match state.exit {
            Some(_) if state.asked && self.breaks(Violation::ExitCodeIsReadOnce) => Some(0),
            exit => exit,
        };
        state.asked |= exit.is_some();
        drop(state);
        self.document(exit)
    }

    fn document(&self, exit: Option<u32>) -> String {
        match self.machine() {
            Some(machine) => process_doc::status(&machine.rules.violations, self.pid, exit),
            None => process_doc::status(&crate::violation::Violations::default(), self.pid, exit),
        }
    }

    /// Whether this is the first who waits for its exit.
    pub(crate) fn first_wait(&self) -> bool {
        !std::mem::replace(&mut self.lock().waited, true)
    }

    pub(crate) fn opened(&self) {
        self.lock().handles += 1;
    }

    /// A handle was closed. Whether it was the last.
    pub(crate) fn closed(&self) -> bool {
        let mut state = self.lock();
        state.handles = state.handles.saturating_sub(1);
        state.handles == 0
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().handles > 0
    }

    pub(crate) fn lose_handles(&self) {
        self.lock().handles = 0;
    }

    /// It ends with this code, unless it has ended.
    pub(crate) fn end(self: &Arc<Self>, code: u32) {
        let code = if self.breaks(Violation::ExitCodeTruncatedTo8Bits) { code & 0xFF } else { code };
        if self.exit_code().is_some() {
            return;
        }
        let machine = self.machine();
        let delivery = machine.as_ref().map_or(Delivery::Usual, |machine| {
            machine.rules.faults.at_event(EventType::PROCESS_EXITED, &machine.id)
        });
        let document = self.document(Some(code));
        if delivery == Delivery::Early {
            self.announce(&document, delivery);
        }
        {
            let mut state = self.lock();
            if state.exit.is_some() {
                return;
            }
            state.exit = Some(code);
            self.changed.notify_all();
        }
        self.close_streams();
        if delivery != Delivery::Early {
            self.announce(&document, delivery);
        }
        if let Some(machine) = machine {
            machine.task_ended(self);
        }
    }

    fn announce(&self, document: &str, delivery: Delivery) {
        let breaks = |violation| self.breaks(violation);
        let mut notification = Notification::new(EventType::PROCESS_EXITED).with_data(document);
        if breaks(Violation::ProcessExitHasOtherNumber) {
            notification.kind = EventType::SYSTEM_EXITED;
        }
        if breaks(Violation::NotificationHasNoData) {
            notification.data = None;
        }
        let hub = match self.machine() {
            Some(machine) if breaks(Violation::ProcessExitIsTheSystems) => machine.hub(),
            _ => self.hub(),
        };
        let result = Ok(document.to_owned());
        let silent = breaks(Violation::NoProcessExitNotification);
        match delivery {
            Delivery::Lost => {
                self.exit.set_unheard(&result);
                // Who subscribes from now on is told.
                drop(self.replace_hub());
            }
            Delivery::Usual | Delivery::Early | Delivery::Twice => {
                self.exit.set(&result);
                if let (false, Some(machine)) = (silent, self.machine()) {
                    machine.rules.notify(hub, notification, delivery);
                }
            }
        }
    }

    /// Width and height of its console.
    pub(crate) fn console(&self) -> Option<(u16, u16)> {
        self.lock().console
    }

    /// # Errors
    /// Not supported without a console.
    pub(crate) fn resize(&self, width: u16, height: u16) -> Result<()> {
        let (ignored, without) =
            (self.breaks(Violation::ResizeIgnored), self.breaks(Violation::ResizeWithoutConsoleSucceeds));
        let size = if self.breaks(Violation::ResizeSwapsSides) { (height, width) } else { (width, height) };
        let mut state = self.lock();
        if state.console.is_none() && !without {
            return Err(Error::not_supported("the request", "the process has no console"));
        }
        if state.console.is_some() && !ignored {
            state.console = Some(size);
            state.events.push_back(ProcessEvent::Resized { width: size.0, height: size.1 });
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Tells it; what it does not take ends it, as the guest has it.
    pub(crate) fn control(self: &Arc<Self>, event: ControlEvent) {
        {
            let mut state = self.lock();
            if state.exit.is_some() {
                return;
            }
            if state.takes_controls {
                state.events.push_back(ProcessEvent::Control(event));
                self.changed.notify_all();
                return;
            }
        }
        match event {
            ControlEvent::Signal(number) if HARMLESS.contains(&number) => {}
            ControlEvent::Signal(number) => self.end(128 + u32::from(number)),
            _ => self.end(CONTROL_C_EXIT),
        }
    }

    pub(crate) fn take_controls(&self) {
        self.lock().takes_controls = true;
    }

    /// The next thing that it is told; [`ProcessEvent::Ended`] once it has been ended.
    pub(crate) fn next_event(self: &Arc<Self>) -> ProcessEvent {
        let mut state = self.lock();
        loop {
            if state.exit.is_some() {
                return ProcessEvent::Ended;
            }
            if let Some(event) = state.events.pop_front() {
                drop(state);
                self.go_on();
                return event;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits while its system is paused.
    pub(crate) fn go_on(&self) {
        if let Some(machine) = self.machine() {
            machine.while_paused(|| self.exit_code().is_none());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({}, {:?})", self.object.id, self.facts.command_line)
    }
}
