//! A handle of a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hcs_contract::{
    Callback, ComputeProcess, Error, Operation, OperationKind, ProcessInformation, Result, Subscription,
    reading,
};
use hcs_schema::compute::{
    CloseHandle, ConsoleSize, ProcessModifyRequest, ProcessOperation, Signal, SignalProcessOptions,
};

use crate::handle::Handle;
use crate::plan::Guest;
use crate::program::ControlEvent;
use crate::refuse::Reader;
use crate::system::{Connection, subscribe};
use crate::task::{KILLED, Task};
use crate::violation::Violation;

const SIGKILL: u8 = 9;

/// See [`ComputeProcess`].
#[derive(Debug)]
pub(crate) struct Process {
    connection: Arc<Connection>,
    task: Arc<Task>,
    handle: Arc<Handle>,
    closed: AtomicBool,
}

/// What a signal document asks for.
enum Asked {
    Kill,
    Control(ControlEvent),
}

/// What a change asks for.
enum Change {
    /// Width, height.
    Size(u16, u16),
    Close(&'static [u8]),
}

impl Process {
    pub(crate) fn new(connection: &Arc<Connection>, task: &Arc<Task>) -> Self {
        let handle = Arc::new(Handle::new(task.object.clone()));
        connection.opened(&handle);
        let mut handles = connection.processes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        handles.retain(|known| known.strong_count() > 0);
        handles.push(Arc::downgrade(&handle));
        drop(handles);
        task.opened();
        Self {
            connection: Arc::clone(connection),
            task: Arc::clone(task),
            handle,
            closed: AtomicBool::new(false),
        }
    }

    fn breaks(&self, violation: Violation) -> bool {
        self.connection.machine.breaks(violation)
    }

    fn answer<T: Clone + Send + 'static>(
        &self,
        kind: OperationKind,
        work: impl FnOnce(&Connection, &Arc<Task>) -> Result<T> + Send + 'static,
    ) -> Operation<T> {
        let (connection, task) = (Arc::clone(&self.connection), Arc::clone(&self.task));
        let id = &self.connection.machine.id;
        self.connection.world.answer(kind, &self.handle, id, move || work(&connection, &task))
    }
}

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.task.pid + u32::from(self.breaks(Violation::OpenedProcessHasOtherPid) && self.is_second())
    }

    fn terminate(&self, options: &str) -> Operation {
        let options = options.to_owned();
        self.answer(OperationKind::TerminateProcess, move |connection, task| {
            connection.machine.rules.reader().no_options(&options)?;
            kill(connection, task)
        })
    }

    fn signal(&self, options: &str) -> Operation {
        let options = options.to_owned();
        self.answer(OperationKind::SignalProcess, move |connection, task| {
            let machine = &connection.machine;
            let asked = signal(machine.rules.reader(), &options, task.guest)?;
            if task.exit_code().is_some() {
                return gone(task, machine.breaks(Violation::SignalOfExitedSucceeds));
            }
            match asked {
                _ if machine.breaks(Violation::SignalIgnored) => Ok(String::new()),
                Asked::Control(event) if !machine.breaks(Violation::SignalKills) => {
                    machine.control(task, event);
                    Ok(String::new())
                }
                Asked::Kill | Asked::Control(_) => kill(connection, task),
            }
        })
    }

    fn modify(&self, settings: &str) -> Operation {
        let settings = settings.to_owned();
        self.answer(OperationKind::ModifyProcess, move |connection, task| {
            let machine = &connection.machine;
            let change = change(machine.rules.reader(), &settings)?;
            if task.exit_code().is_some() {
                return gone(task, machine.breaks(Violation::CloseStdinOfExitedSucceeds));
            }
            match change {
                Change::Size(width, height) => task.resize(width, height)?,
                // A terminal is one thing: its output goes on while there is input.
                Change::Close(_) if task.console().is_some() => {}
                Change::Close(streams) => streams.iter().for_each(|stream| task.close_stream(*stream)),
            }
            Ok(String::new())
        })
    }

    fn properties(&self) -> Operation {
        self.answer(OperationKind::GetProcessProperties, |_, task| Ok(task.status()))
    }

    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        self.answer(OperationKind::GetProcessInfo, |connection, task| {
            let wanted = [!connection.machine.breaks(Violation::InfoHasNoStreams); 3];
            Ok(Arc::new(task.information(wanted)))
        })
    }

    fn wait_exit(&self) -> Operation {
        let (task, machine) = (Arc::clone(&self.task), Arc::clone(&self.connection.machine));
        let id = &self.connection.machine.id;
        let kind = OperationKind::WaitProcessExit;
        self.connection.world.perform(kind, &self.handle, id, move |pending| {
            let again = !task.first_wait();
            let late = task.exit.result().is_some();
            let forget = (again && machine.breaks(Violation::ProcessWaitIsOneShot))
                || (late && machine.breaks(Violation::LateWaitHangs));
            if forget {
                task.exit.forget(pending);
            } else {
                task.exit.wait(pending);
            }
        })
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        let kind = OperationKind::Subscribe;
        let machine = &self.connection.machine;
        let subscribed = self.handle.check_open().and_then(|()| {
            self.connection
                .world
                .call(kind, &machine.id, || Ok(subscribe(machine, &self.task.hub(), callback)))
        });
        subscribed.map_err(|error| error.with_operation(kind).with_object(self.task.object.clone()))
    }

    fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        let lost = self.handle.check_open().is_err();
        if self.breaks(Violation::WaitSurvivesClose) {
            self.handle.close_without_a_word();
        } else if !self.breaks(Violation::ProcessMethodsWorkAfterClose) {
            self.handle.close();
        }
        if self.breaks(Violation::ClosingProcessKills) {
            self.task.end(KILLED);
        }
        if !lost && self.task.closed() {
            self.connection.machine.forget_task(&self.task);
        }
        self.connection.closed(lost);
    }
}

impl Process {
    /// Whether it is not the handle that the process was created with.
    fn is_second(&self) -> bool {
        let handles = &self.connection.processes;
        let handles = handles.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_this = handles.iter().filter_map(std::sync::Weak::upgrade);
        let first = of_this.into_iter().find(|handle| handle.object() == &self.task.object);
        first.is_some_and(|first| !Arc::ptr_eq(&first, &self.handle))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
    }
}

fn gone(task: &Task, fine: bool) -> Result<String> {
    if fine { Ok(String::new()) } else { Err(Error::already_stopped(task.object.clone())) }
}

fn kill(connection: &Connection, task: &Arc<Task>) -> Result<String> {
    let machine = &connection.machine;
    if task.exit_code().is_some() {
        return gone(task, machine.breaks(Violation::KillOfExitedSucceeds));
    }
    if !machine.breaks(Violation::KillDoesNothing) {
        task.end(match task.guest {
            Guest::Linux => KILLED,
            Guest::Windows => u32::MAX,
        });
    }
    Ok(String::new())
}

fn signal(reader: Reader<'_>, options: &str, guest: Guest) -> Result<Asked> {
    let SignalProcessOptions { signal, unknown: _ } = reader.parse_options(options)?;
    let Some(signal) = signal else { return Ok(Asked::Kill) };
    let known = match guest {
        Guest::Linux => linux_signal(&signal),
        Guest::Windows => control_event(&signal).map(Asked::Control),
    };
    if known.is_err() && reader.breaks(Violation::UnknownSignalAccepted) {
        return Ok(Asked::Control(ControlEvent::Signal(17)));
    }
    known
}

fn linux_signal(signal: &Signal) -> Result<Asked> {
    Ok(match reading::linux_signal(signal)? {
        // Documents that leave out 0 mean an end without a word.
        0 | SIGKILL => Asked::Kill,
        number => Asked::Control(ControlEvent::Signal(number)),
    })
}

fn control_event(signal: &Signal) -> Result<ControlEvent> {
    use ControlEvent::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
    reading::control_event(signal, [CtrlC, CtrlBreak, CtrlClose, CtrlLogoff, CtrlShutdown])
}

fn change(reader: Reader<'_>, settings: &str) -> Result<Change> {
    let ProcessModifyRequest { operation, console_size, close_handle, unknown: _ } =
        reader.parse(settings)?;
    if operation == ProcessOperation::CONSOLE_SIZE {
        reader.unless_empty_part("CloseHandle", close_handle.as_ref(), "the operation is ConsoleSize")?;
        let Some(ConsoleSize { height, width, unknown: _ }) = console_size else {
            return Err(Error::invalid_document("ConsoleSize", "the operation needs it"));
        };
        if height == 0 || width == 0 {
            let message = "a console has at least one row and column";
            return Err(Error::invalid_document("ConsoleSize", message));
        }
        return Ok(Change::Size(width, height));
    }
    if operation == ProcessOperation::CLOSE_HANDLE {
        reader.unless_empty_part("ConsoleSize", console_size.as_ref(), "the operation is CloseHandle")?;
        let Some(CloseHandle { handle, unknown: _ }) = close_handle else {
            return Err(Error::invalid_document("CloseHandle", "the operation needs it"));
        };
        return reading::closed_streams(&handle).map(Change::Close);
    }
    let message = format!("{operation:?} is neither \"ConsoleSize\" nor \"CloseHandle\"");
    Err(Error::invalid_document("Operation", message))
}
