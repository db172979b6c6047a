//! Requests and what comes of them: the same for the agent and for a console's launcher.
//!
//! Two threads, both blocked for as long as nothing happens: one reads requests, one waits on the port on which every
//! job reports. A process runs only after its `Created` and `Native` have been sent, so its `Exited` can't come before.

use std::collections::BTreeMap;
use std::os::windows::io::AsHandle;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_guest_protocol::{
    ControlEvent, CreateProcess, Failure, FromAgent, Request, Response, Streams, ToAgent,
};
use windows_sys::Win32::Foundation::{ERROR_NOT_SUPPORTED, ERROR_SHUTDOWN_IN_PROGRESS};

use super::channel::{Receiver, Sender};
use super::failure::failure;
use super::job::{Event, Job, Port};
use super::pipes::Pipes;
use super::process::{self, Process};
use super::{console, control, exit, list, registry, server};

/// What kind of channel this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The agent's: no console, any number of processes.
    Agent,
    /// A launcher's: it sits in a console.
    Launcher,
}

/// A process that a request made, with its tree.
#[derive(Debug)]
struct Tree {
    job: Job,
    root: Process,
    /// `Exited` was sent.
    reported: bool,
}

#[derive(Debug, Default)]
struct State {
    trees: BTreeMap<usize, Tree>,
    last_key: usize,
    /// The request that is answered when no process is left.
    shutdown: Option<u32>,
}

#[derive(Debug)]
struct Session {
    kind: Kind,
    own_environment: String,
    port: Port,
    sender: Sender,
    state: Mutex<State>,
    pipes: Pipes,
}

/// Serves the channel until the supervisor closes it.
pub(crate) fn serve(kind: Kind, mut receiver: Receiver, sender: Sender) -> u32 {
    let (Ok(port), Ok(own_environment)) = (Port::new(), process::own_environment()) else {
        return exit::FAILURE;
    };
    let (state, pipes) = (Mutex::default(), Pipes::default());
    let session = Arc::new(Session { kind, own_environment, port, sender, state, pipes });
    let waiter = Arc::clone(&session);
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(move || waiter.wait());
    let in_console = Arc::clone(&session);
    let handled = match kind {
        Kind::Launcher => console::on_event(Box::new(move |event| in_console.deliver_to_all(event))),
        Kind::Agent => Ok(()),
    };
    if thread.is_err() || handled.is_err() || !session.sender.ready() {
        return exit::FAILURE;
    }
    while let Some(ToAgent { id, request }) = receiver.next() {
        if !session.handle(id, request) {
            break;
        }
    }
    // Without a supervisor nobody can ask for the end of these processes any more.
    session.terminate_all();
    exit::SUCCESS
}

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic ends the process (panic = abort), so no half-made state is ever seen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: the channel is broken.
    fn handle(&self, id: u32, request: Request) -> bool {
        let result = match request {
            Request::Create(create) => return self.create(id, &create),
            Request::Shutdown => return self.shutdown(id),
            Request::Terminate { pid, exit_code } => self.terminate(pid, exit_code),
            Request::Control { pid, event } => self.control(pid, event),
            Request::List => self.list(),
            Request::Pipes(pipes) => self.pipes.serve(pipes).map(|()| Response::Done),
            Request::RemovePipe { name } => self.pipes.remove(&name).map(|()| Response::Done),
            Request::Registry(changes) => registry::apply(&changes).map(|()| Response::Done),
            Request::Resize(size) => match self.kind {
                Kind::Launcher => console::resize(size).map(|()| Response::Done),
                Kind::Agent => {
                    Err(failure("SetConsoleScreenBufferSize: the agent has no console", ERROR_NOT_SUPPORTED))
                }
            },
        };
        self.answer(id, result)
    }

    fn answer(&self, id: u32, result: Result<Response, Failure>) -> bool {
        self.sender.send(&FromAgent::Answer { id, result })
    }

    fn create(&self, id: u32, request: &CreateProcess) -> bool {
        let made = self.start(request);
        let (pid, thread) = match made {
            Ok(made) => made,
            Err(failure) => return self.answer(id, Err(failure)),
        };
        let mut sent = self.answer(id, Ok(Response::Created { pid }));
        if let Some(linux_pid) = server::linux_pid(thread.as_handle()) {
            sent &= self.sender.send(&FromAgent::Native { pid, linux_pid });
        }
        if process::resume(&thread).is_err() {
            // It will never run, so it is ended; its exit is reported like any other.
            let _ = self.terminate(pid, 1);
        }
        sent
    }

    fn start(&self, request: &CreateProcess) -> Result<(u32, std::os::windows::io::OwnedHandle), Failure> {
        let mut state = self.state();
        if state.shutdown.is_some() {
            return Err(failure("CreateProcessW", ERROR_SHUTDOWN_IN_PROGRESS));
        }
        if request.streams == Streams::Console && self.kind != Kind::Launcher {
            return Err(failure("CreateProcessW: the agent has no console", ERROR_NOT_SUPPORTED));
        }
        let key = state.last_key + 1;
        let job = Job::new(&self.port, key)?;
        let (root, thread) = process::create(request, &self.own_environment)?.into_job(&job)?;
        let pid = root.pid();
        state.last_key = key;
        state.trees.insert(key, Tree { job, root, reported: false });
        Ok((pid, thread))
    }

    /// Also for a process that is not known: it has ended, which is what was asked for.
    fn terminate(&self, pid: u32, exit_code: u32) -> Result<Response, Failure> {
        let state = self.state();
        let mut found = state.trees.values().filter(|tree| tree.root.pid() == pid);
        found.try_for_each(|tree| tree.job.terminate(exit_code)).map(|()| Response::Done)
    }

    /// To every process of the tree, as a console would send it to all that are attached.
    fn control(&self, pid: u32, event: ControlEvent) -> Result<Response, Failure> {
        let state = self.state();
        match state.trees.values().find(|tree| tree.root.pid() == pid) {
            Some(tree) => tree.deliver(event).map(|()| Response::Done),
            None => Ok(Response::Done),
        }
    }

    fn list(&self) -> Result<Response, Failure> {
        let roots: Vec<u32> = self.state().trees.values().map(|tree| tree.root.pid()).collect();
        list::processes(&roots).map(Response::Processes)
    }

    fn shutdown(&self, id: u32) -> bool {
        let mut state = self.state();
        let before = state.shutdown.replace(id);
        let over = state.trees.is_empty();
        drop(state);
        self.deliver_to_all(ControlEvent::CtrlShutdown);
        // Asked twice: the first request is answered now, the second when it is over.
        before.is_none_or(|first| self.answer(first, Ok(Response::Done))) && (!over || self.over(id))
    }

    /// No process is left: the end of a shutdown.
    fn over(&self, id: u32) -> bool {
        // The registry is the session's, and a launcher is a guest in it.
        let saved = if self.kind == Kind::Agent { registry::save() } else { Ok(()) };
        self.answer(id, saved.map(|()| Response::Done))
    }

    fn deliver_to_all(&self, event: ControlEvent) {
        for tree in self.state().trees.values() {
            // A process that can't be told has ended or will be ended by the supervisor's deadline.
            let _ = tree.deliver(event);
        }
    }

    fn terminate_all(&self) {
        for tree in self.state().trees.values() {
            // A job that can't be ended has no process left.
            let _ = tree.job.terminate(1);
        }
    }

    /// The thread that reports exits; ends with the channel.
    fn wait(&self) {
        while let Ok((key, event)) = self.port.wait() {
            if !self.react(key, event) {
                return;
            }
        }
    }

    fn react(&self, key: usize, event: Event) -> bool {
        let mut state = self.state();
        let Some(tree) = state.trees.get_mut(&key) else { return true };
        let ended = match event {
            Event::Exited { pid } => pid == tree.root.pid(),
            Event::Empty => true,
            Event::Other => false,
        };
        let mut message = None;
        if ended && !tree.reported {
            tree.reported = true;
            message = Some(FromAgent::Exited { pid: tree.root.pid(), code: tree.exit_code() });
        }
        if event == Event::Empty {
            state.trees.remove(&key);
        }
        let over = if state.trees.is_empty() { state.shutdown } else { None };
        drop(state);
        message.is_none_or(|message| self.sender.send(&message)) && over.is_none_or(|id| self.over(id))
    }
}

impl Tree {
    fn deliver(&self, event: ControlEvent) -> Result<(), Failure> {
        let root = self.root.pid();
        let mut result = Ok(());
        for pid in self.job.processes()? {
            match control::deliver(pid, event) {
                Err(failure) if pid == root => result = Err(failure),
                // The others get it all the same; a child that ended meanwhile is no failure.
                Ok(()) | Err(_) => {}
            }
        }
        result
    }

    fn exit_code(&self) -> u32 {
        // The handle is ours and open, so this does not fail; the protocol has no better number to give.
        self.root.exit_code().unwrap_or(u32::MAX)
    }
}
