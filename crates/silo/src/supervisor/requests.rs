//! What clients ask, and how each request is answered: at once, or when init or the agent has answered.

use std::os::fd::OwnedFd;

use hcs_guest_protocol as guest;

use super::agent::{MAIN, Purpose};
use super::processes::{Handle, Process};
use super::serve::Supervisor;
use crate::init::ToInit;
use crate::process_list::{self, PidNamespace};
use crate::protocol::{
    Event, ExitKind, Failure, Happening, ProcessRow, Reply, Request, Signal, State, Statistics,
};
use crate::spec::Guest;
use crate::wire;

/// The answer, unless it comes later.
pub(super) type Now = Option<Result<Reply, Failure>>;

impl Supervisor<'_> {
    pub(super) fn request(&mut self, client: u32, id: u32, request: Request, fds: Vec<OwnedFd>) {
        let mut given_back = Vec::new();
        let now = self.handle(client, id, request, fds, &mut given_back);
        if let Some(result) = now {
            self.clients.answer(&self.poll, client, id, result, given_back);
        }
    }

    fn handle(
        &mut self,
        client: u32,
        id: u32,
        request: Request,
        fds: Vec<OwnedFd>,
        given_back: &mut Vec<OwnedFd>,
    ) -> Now {
        let done = Some(Ok(Reply::Done));
        match request {
            // It is dead, or will be before any of these could be done.
            Request::Start
            | Request::Shutdown
            | Request::Pause
            | Request::Resume
            | Request::CreateProcess(_)
            | Request::Update(_)
            | Request::Map { .. }
            | Request::Unmap { .. }
            | Request::MapPipe(_)
            | Request::UnmapPipe { .. }
                if self.killed =>
            {
                Some(Err(Failure::InvalidState(State::Stopped)))
            }
            Request::Start => self.start(client, id),
            Request::Shutdown => Some(self.shut_down()),
            Request::Terminate => {
                if self.status.state == State::Stopped {
                    return Some(Err(Failure::InvalidState(State::Stopped)));
                }
                self.terminating.push((client, id));
                self.end(ExitKind::Forced);
                None
            }
            Request::Pause => self.pause(client, id),
            Request::Resume => self.resume(client, id),
            Request::Status => Some(Ok(Reply::Status(self.status))),
            Request::Statistics => Some(self.statistics().map(Reply::Statistics)),
            Request::Processes => self.list(client, id),
            Request::CreateProcess(process) => match self.create(client, id, process, fds) {
                Ok(()) => None,
                Err(failure) => Some(Err(failure)),
            },
            Request::OpenProcess { pid } => {
                let Some(number) = self.processes.running(pid) else { return Some(Err(Failure::NoProcess)) };
                if let Some(client) = self.clients.get_mut(client) {
                    client.opened.insert(number);
                }
                Some(Ok(Reply::Process { process: number, pid, pipes: [false; 3] }))
            }
            Request::CloseProcess { process } => {
                if let Some(client) = self.clients.get_mut(client) {
                    client.opened.remove(&process);
                }
                self.forget_unless_needed(process);
                done
            }
            Request::ProcessInfo { process } => Some(self.with(process).and_then(|found| {
                let (pipes, fds) = found.duplicates().map_err(no_copies)?;
                *given_back = fds;
                Ok(Reply::Process { process, pid: found.pid, pipes })
            })),
            Request::ProcessStatus { process } => {
                Some(self.with(process).map(|process| Reply::ProcessStatus(process.status())))
            }
            Request::Kill { process } => self.kill(client, id, process),
            Request::Signal { process, signal } => self.signal(client, id, process, signal),
            Request::Resize { process, console } => self.resize(client, id, process, console),
            Request::CloseStream { process, stream } => {
                let Some(found) = self.processes.get_mut(process) else {
                    return Some(Err(Failure::NoProcess));
                };
                if found.exit.is_some() {
                    return Some(Err(Failure::NoProcess));
                }
                if !found.terminal
                    && let Some(pipe) = found.pipes.get_mut(usize::from(stream))
                {
                    *pipe = None;
                }
                done
            }
            // It sees nothing any more.
            Request::Mapped if self.status.state == State::Stopped => {
                Some(Err(Failure::InvalidState(State::Stopped)))
            }
            Request::Update(limits) => {
                let updated = self.container.cgroup.apply(&limits);
                if updated.is_ok() {
                    self.clients.show(&self.poll, super::now_100ns(), Happening::Modified);
                }
                Some(updated.map(|()| Reply::Done).map_err(|error| super::build::of_cgroup(&error)))
            }
            Request::Map { mount, io } => self.map(client, id, mount, io),
            Request::Unmap { target, source } => self.unmap(client, id, &target, source.as_deref()),
            Request::MapPipe(pipe) => self.map_pipe(client, id, pipe),
            Request::UnmapPipe { name, path } => self.unmap_pipe(client, id, &name, path.as_deref()),
            Request::Mapped => Some(Ok(Reply::Mapped(self.mapped()))),
        }
    }

    fn with(&self, process: u32) -> Result<&Process, Failure> {
        self.processes.get(process).ok_or(Failure::NoProcess)
    }

    pub(super) fn expect_state(&self, wanted: State) -> Result<(), Failure> {
        if self.status.state == wanted { Ok(()) } else { Err(Failure::InvalidState(self.status.state)) }
    }

    fn start(&mut self, client: u32, id: u32) -> Now {
        if let Err(failure) = self.expect_state(State::Created) {
            return Some(Err(failure));
        }
        if self.starting.is_some() {
            return Some(Err(Failure::InvalidState(State::Created)));
        }
        match &self.spec.guest {
            Guest::Linux => {
                self.status.started_100ns = super::now_100ns();
                self.set_state(State::Running);
                Some(Ok(Reply::Done))
            }
            Guest::Windows { .. } => {
                self.starting = Some((client, id));
                match self.start_agent() {
                    Ok(()) => None,
                    Err(failure) => {
                        self.starting = None;
                        Some(Err(failure))
                    }
                }
            }
        }
    }

    pub(super) fn set_state(&mut self, state: State) {
        let before = std::mem::replace(&mut self.status.state, state);
        self.post();
        self.clients.tell_all(&self.poll, Event::State(state));
        let (at, what) = match (before, state) {
            (State::Created, State::Running) => (self.status.started_100ns, Happening::Started),
            (_, State::Running) => (super::now_100ns(), Happening::Resumed),
            (_, State::Paused) => (super::now_100ns(), Happening::Paused),
            // The end is told with all that there is to say of it.
            (_, State::Created | State::Stopped) => return,
        };
        self.clients.show(&self.poll, at, what);
    }

    fn shut_down(&mut self) -> Result<Reply, Failure> {
        match self.status.state {
            // A frozen process can't be asked.
            State::Stopped | State::Paused => return Err(Failure::InvalidState(self.status.state)),
            // One that never ran has nothing to end.
            State::Created => {
                self.end(ExitKind::Graceful);
                return Ok(Reply::Done);
            }
            State::Running => {}
        }
        self.exit_kind = ExitKind::Graceful;
        if let Some(agent) = self.agents.get_mut(&MAIN) {
            let asked = agent.ask(&self.poll, Purpose::Shutdown, guest::Request::Shutdown);
            return asked.map(|()| Reply::Done);
        }
        let sent = wire::send_now(&self.container.socket, &ToInit::Shutdown, &[]);
        sent.map(|()| Reply::Done).map_err(|_| self.without_init())
    }

    fn statistics(&self) -> Result<Statistics, Failure> {
        let stats = self.container.cgroup.stats().map_err(|error| super::build::of_cgroup(&error))?;
        let (memory, io) = (stats.memory.unwrap_or_default(), stats.io);
        Ok(Statistics {
            at_100ns: super::now_100ns(),
            started_100ns: self.status.started_100ns,
            cpu_total_100ns: stats.cpu.total_100ns,
            cpu_user_100ns: stats.cpu.user_100ns,
            cpu_kernel_100ns: stats.cpu.kernel_100ns,
            memory_bytes: memory.commit(),
            memory_peak_bytes: memory.peak,
            memory_private_bytes: memory.private,
            read_operations: io.read_operations.unwrap_or(0),
            read_bytes: io.read_bytes,
            write_operations: io.write_operations.unwrap_or(0),
            write_bytes: io.write_bytes,
        })
    }

    fn list(&mut self, client: u32, id: u32) -> Now {
        if let Some(agent) = self.agents.get_mut(&MAIN).filter(|_| self.status.state == State::Running) {
            let asked = agent.ask(&self.poll, Purpose::List { client, id }, guest::Request::List);
            return asked.err().map(Err);
        }
        if self.status.state == State::Stopped {
            return Some(Err(Failure::InvalidState(State::Stopped)));
        }
        let rows = process_list::processes(&self.container.cgroup, PidNamespace::Own)
            .map_err(|error| super::build::of_cgroup(&error));
        Some(rows.map(|rows| {
            // Process 1 is the engine's, not the container's.
            Reply::Processes(rows.into_iter().filter(|row| row.pid != 1).map(to_row).collect())
        }))
    }

    fn kill(&mut self, client: u32, id: u32, process: u32) -> Now {
        if let Some(found) = self.processes.get_mut(process) {
            found.unwanted = true;
        }
        match self.running(process) {
            Err(failure) => Some(Err(failure)),
            Ok(Handle::Linux { pidfd }) => Some(send_signal(pidfd, libc::SIGKILL)),
            Ok(Handle::Windows { agent }) => {
                let (agent, pid) = (*agent, self.processes.get(process).map_or(0, |process| process.pid));
                let request = guest::Request::Terminate { pid, exit_code: u32::MAX };
                self.ask_agent(agent, Purpose::Simple { client, id }, request).err().map(Err)
            }
        }
    }

    fn signal(&mut self, client: u32, id: u32, process: u32, signal: Signal) -> Now {
        match (self.running(process), signal) {
            (Err(failure), _) => Some(Err(failure)),
            (Ok(Handle::Linux { pidfd }), Signal::Linux(number)) => Some(send_signal(pidfd, number.into())),
            (Ok(Handle::Windows { agent }), Signal::Windows(event)) => {
                let (agent, pid) = (*agent, self.processes.get(process).map_or(0, |process| process.pid));
                let request = guest::Request::Control { pid, event };
                self.ask_agent(agent, Purpose::Simple { client, id }, request).err().map(Err)
            }
            _ => Some(Err(Failure::NotSupported("the signal is for another kind of guest".into()))),
        }
    }

    fn resize(&mut self, client: u32, id: u32, process: u32, console: guest::Console) -> Now {
        let not_a_terminal = || Failure::NotSupported("the process has no console".into());
        let found = match self.processes.get(process) {
            Some(found) if found.exit.is_none() => found,
            _ => return Some(Err(Failure::NoProcess)),
        };
        let Some(master) = found.pipes[0].as_ref().filter(|_| found.terminal) else {
            return Some(Err(not_a_terminal()));
        };
        let size = rustix::termios::Winsize {
            ws_row: console.rows,
            ws_col: console.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        if let Err(errno) = rustix::termios::tcsetwinsize(master, size) {
            return Some(Err(super::build::failure("resize", "the terminal", errno)));
        }
        match found.handle {
            Handle::Linux { .. } => Some(Ok(Reply::Done)),
            // Wine looks at the size only once; its console is told by the launcher.
            Handle::Windows { agent } => {
                let request = guest::Request::Resize(console);
                self.ask_agent(agent, Purpose::Simple { client, id }, request).err().map(Err)
            }
        }
    }

    fn running(&self, process: u32) -> Result<&Handle, Failure> {
        let found = self.with(process)?;
        if found.exit.is_some() { Err(Failure::NoProcess) } else { Ok(&found.handle) }
    }
}

fn no_copies(errno: rustix::io::Errno) -> Failure {
    super::build::failure("duplicate", "the process's pipes", errno)
}

fn send_signal(pidfd: &OwnedFd, number: i32) -> Result<Reply, Failure> {
    let Some(signal) = rustix::process::Signal::from_named_raw(number) else {
        return Err(Failure::NotSupported(format!("signal {number}")));
    };
    match rustix::process::pidfd_send_signal(pidfd, signal) {
        Ok(()) => Ok(Reply::Done),
        Err(rustix::io::Errno::SRCH) => Err(Failure::NoProcess),
        Err(errno) => Err(super::build::failure("signal", "the process", errno)),
    }
}

fn to_row(row: process_list::Process) -> ProcessRow {
    let started = row.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    ProcessRow {
        pid: row.pid,
        created_100ns: u64::try_from(started.as_nanos() / 100).unwrap_or(0),
        user_100ns: row.user_100ns,
        kernel_100ns: row.kernel_100ns,
        commit_bytes: row.commit_bytes(),
        private_bytes: row.private_bytes,
        shared_bytes: row.shared_bytes,
        image: row.name,
    }
}
