//! The supervisor's side of a Windows guest: starting the agent and the launchers of consoles, and what they tell.

use std::os::fd::OwnedFd;

use hcs_fault::Point;
use hcs_guest_protocol as guest;
use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};

use super::agent::{Agent, First, Incoming, MAIN, Purpose};
use super::build::failure;
use super::freezer::Change;
use super::processes::Process;
use super::serve::Supervisor;
use super::starts::Spawning;
use super::streams::{self, Streams};
use crate::init::Terminal;
use crate::protocol::{ExitKind, Failure, LinuxProgram, ProcessRow, Reply, State, User};
use crate::spec::Guest;

/// 100 ns between 1601-01-01 (FILETIME) and 1970-01-01.
const EPOCHS_APART: u64 = 116_444_736_000_000_000;

/// How often agent and launchers are started again that ended before their first word: now and then a process of Wine's does (in two
/// runs of the suite one of 582), having done nothing.
const STILLBORN: u32 = 2;

/// Where Wine's programs start: in a folder that they have a name for.
fn drive_c() -> String {
    format!("{}/drive_c", guest::PREFIX)
}

fn null() -> Result<OwnedFd, rustix::io::Errno> {
    rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

impl Supervisor<'_> {
    /// Starts `agent.exe`; the start is complete when it has made the registry changes.
    pub(super) fn start_agent(&mut self) -> Result<(), Failure> {
        let Guest::Windows { agent, .. } = &self.spec.guest else { return Ok(()) };
        let at = |errno| failure("make the pipes of", "the agent", errno);
        let (input, writer) = pipe_with(PipeFlags::CLOEXEC).map_err(at)?;
        let (reader, output) = pipe_with(PipeFlags::CLOEXEC).map_err(at)?;
        let null = null().map_err(at)?;
        self.agents.insert(MAIN, Agent::new(&self.poll, MAIN, reader, writer).map_err(at)?);
        let program = LinuxProgram { command: agent.clone(), directory: drive_c(), user: User::default() };
        let asked = self.ask_init(program, None, &[input, output, null], Spawning::Agent);
        if asked.is_err() {
            self.discard(MAIN);
        }
        asked
    }

    /// Starts a launcher on a new terminal; it starts the process when it is ready.
    pub(super) fn start_launcher(
        &mut self,
        client: u32,
        id: u32,
        number: u32,
        mut program: guest::CreateProcess,
        size: guest::Console,
    ) -> Result<(), Failure> {
        program.streams = guest::Streams::Console;
        let purpose = Purpose::Create { client, id, process: number };
        self.try_launcher(client, id, number, First { purpose, program, size, stillborn: 0 })
    }

    fn try_launcher(&mut self, client: u32, id: u32, number: u32, first: First) -> Result<(), Failure> {
        let asked = self.ask_for_launcher(client, id, number, first);
        if asked.is_err() {
            self.discard(number);
        }
        asked
    }

    fn ask_for_launcher(&mut self, client: u32, id: u32, number: u32, first: First) -> Result<(), Failure> {
        let Guest::Windows { launcher, .. } = &self.spec.guest else { return Ok(()) };
        let size = first.size;
        let (directory, ids) = (&self.spec.directory, self.spec.ids);
        let (input, writer) = streams::fifo(directory, &format!("{number}.0"), ids)?;
        let (reader, output) = streams::fifo(directory, &format!("{number}.1"), ids)?;
        let agent_number = number;
        let mut agent = Agent::new(&self.poll, agent_number, reader, writer)
            .map_err(|errno| failure("watch", "the launcher", errno))?;
        agent.first = Some(first);
        self.agents.insert(agent_number, agent);
        let streams = Streams { theirs: vec![input, output], ..Streams::default() };
        self.hold(number, agent_number, streams, true);
        let mut command = launcher.clone();
        command.argv.extend([0, 1].map(|end| format!("{}/{number}.{end}", streams::INSIDE)));
        let program = LinuxProgram { command, directory: drive_c(), user: User::default() };
        // Wine's console does the processing of lines itself.
        let terminal = Terminal { columns: size.columns, rows: size.rows, raw: true };
        let spawning = Spawning::Launcher { client, id, process: number, agent: agent_number };
        // What Wine itself has to say does not belong on the terminal.
        let null = null().map_err(|errno| failure("open", "/dev/null", errno))?;
        self.ask_init(program, Some(terminal), &[null], spawning)
    }

    /// A process that does not come to be: nothing of it stays. The caller tells the client why.
    pub(super) fn discard(&mut self, number: u32) {
        if let Some(launcher) = self.agents.remove(&number) {
            drop(launcher.close(&self.poll));
        }
        self.holders.remove(&number);
        streams::remove_fifos(&self.spec.directory, number);
        self.processes.remove(number);
    }

    pub(super) fn ask_agent(
        &mut self,
        agent: u32,
        purpose: Purpose,
        request: guest::Request,
    ) -> Result<(), Failure> {
        let agent = self.agents.get_mut(&agent).ok_or_else(|| Failure::Lost("the agent".into()))?;
        let asked = agent.ask(&self.poll, purpose, request);
        hcs_fault::step(Point::AgentAsked);
        asked
    }

    /// Something came from an agent.
    pub(super) fn agent(&mut self, number: u32) {
        let Some(agent) = self.agents.get_mut(&number) else { return };
        for incoming in agent.readable() {
            self.incoming(number, incoming);
        }
    }

    /// Takes what an agent has said until now, which is all if it is dead: the exit of its process, say.
    pub(super) fn last_words(&mut self, number: u32) {
        let Some(agent) = self.agents.get_mut(&number) else { return };
        for incoming in agent.last_words() {
            self.incoming(number, incoming);
        }
    }

    pub(super) fn all_last_words(&mut self) {
        let agents: Vec<u32> = self.agents.keys().copied().collect();
        for agent in agents {
            self.last_words(agent);
        }
    }

    fn incoming(&mut self, number: u32, incoming: Incoming) {
        match incoming {
            Incoming::Ready => {
                hcs_fault::step(Point::AgentReady);
                self.agent_ready(number);
            }
            Incoming::Answer(purpose, result) => {
                hcs_fault::step(Point::AgentAnswered);
                self.agent_answered(&purpose, result);
            }
            Incoming::Exited { pid, code } => {
                let Some(process) = self.processes.of_agent(number, pid) else { return };
                self.count_oom_kills();
                match self.processes.get_mut(process).filter(|found| found.must_wait(code, self.oom_kills)) {
                    Some(found) => found.told = Some(code),
                    None => self.process_ended(process, code, 0),
                }
                // A launcher is there for one process. It ends with its channel, and with it the console, so that
                // clients see the end of the terminal.
                if let Some(launcher) = self.agents.get_mut(&number).filter(|_| number != MAIN) {
                    launcher.hang_up(&self.poll);
                }
            }
            Incoming::Native { pid, linux_pid } => {
                let found = self.processes.of_agent(number, pid);
                if let Some(process) = found.and_then(|process| self.processes.get_mut(process)) {
                    process.native = Some(linux_pid);
                }
            }
            Incoming::Lost => self.agent_lost(number),
        }
    }

    /// It may begin. A launcher waits for init's word on it, with which the terminal comes that the client is to get: it can
    /// be faster than that.
    pub(super) fn agent_ready(&mut self, number: u32) {
        if number != MAIN && !self.launchers.values().any(|launcher| *launcher == number) {
            return;
        }
        let Some(agent) = self.agents.get_mut(&number) else { return };
        if let Some(First { purpose, program, .. }) = agent.first.take() {
            // The launcher holds its own ends of the channel now.
            self.holders.remove(&number);
            streams::remove_fifos(&self.spec.directory, number);
            let Purpose::Create { client, id, .. } = purpose else { return };
            if let Err(failure) = agent.ask(&self.poll, purpose, guest::Request::Create(program)) {
                self.discard(number);
                self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
            }
        } else if number == MAIN {
            self.serve_pipes();
        }
    }

    /// The steps of a start behind the agent's first word: pipes, registry changes, running.
    fn serve_pipes(&mut self) {
        match self.listen_for_pipes() {
            Ok(pipes) if pipes.is_empty() => self.change_registry(),
            Ok(pipes) => self.ask_for_start(Purpose::Pipes, guest::Request::Pipes(pipes)),
            Err(failure) => self.start_failed(failure),
        }
    }

    fn change_registry(&mut self) {
        let Guest::Windows { registry, .. } = &self.spec.guest else { return };
        if registry.is_empty() {
            self.started();
        } else {
            self.ask_for_start(Purpose::Registry, guest::Request::Registry(registry.clone()));
        }
    }

    fn ask_for_start(&mut self, purpose: Purpose, request: guest::Request) {
        if let Err(failure) = self.ask_agent(MAIN, purpose, request) {
            self.start_failed(failure);
        }
    }

    fn started(&mut self) {
        self.status.started_100ns = super::now_100ns();
        self.set_state(State::Running);
        if let Some((client, id)) = self.starting.take() {
            self.clients.answer(&self.poll, client, id, Ok(Reply::Done), Vec::new());
        }
    }

    /// The start can't be completed: the client is told why, and the system ends.
    pub(super) fn start_failed(&mut self, failure: Failure) {
        if let Some((client, id)) = self.starting.take() {
            self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
        }
        self.end(ExitKind::Unexpected);
    }

    fn agent_answered(&mut self, purpose: &Purpose, result: Result<guest::Response, guest::Failure>) {
        let result = result.map_err(|failure| Failure::Windows { call: failure.call, code: failure.code });
        let nonsense = || Failure::Lost("the agent, which answered another question".into());
        match *purpose {
            Purpose::Pipes => match result {
                Ok(_) => self.change_registry(),
                Err(failure) => self.start_failed(failure),
            },
            Purpose::Registry => match result {
                Ok(_) => self.started(),
                Err(failure) => self.start_failed(failure),
            },
            Purpose::Pipe { client, id, number, added } => {
                let result = self.pipe_changed(number, added, result.map(drop));
                self.clients.answer(&self.poll, client, id, result, Vec::new());
            }
            Purpose::Simple { client, id } => {
                self.clients.answer(&self.poll, client, id, result.map(|_| Reply::Done), Vec::new());
            }
            Purpose::Create { client, id, process } => {
                self.holders.remove(&process);
                streams::remove_fifos(&self.spec.directory, process);
                let failure = match result {
                    Ok(guest::Response::Created { pid }) => {
                        if let Some(found) = self.processes.get_mut(process) {
                            found.pid = pid;
                        }
                        return self.answer_created(client, id, process);
                    }
                    Ok(_) => nonsense(),
                    Err(failure) => failure,
                };
                self.processes.remove(process);
                self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
            }
            Purpose::List { client, id } => {
                let rows = match result {
                    Ok(guest::Response::Processes(rows)) => Ok(rows.into_iter().map(to_row).collect()),
                    Ok(_) => Err(nonsense()),
                    Err(failure) => Err(failure),
                };
                self.clients.answer(&self.poll, client, id, rows.map(Reply::Processes), Vec::new());
            }
            // The session is at its end and its registry is safe: process 1 may go.
            Purpose::Shutdown => match result {
                Ok(_) => self.end(ExitKind::Graceful),
                Err(_) => self.end(ExitKind::Unexpected),
            },
        }
    }

    /// A channel has ended: with the agent's the session is gone, with a launcher's its one process.
    pub(super) fn agent_lost(&mut self, number: u32) {
        let lost = Failure::Lost("the agent inside the container".into());
        if number == MAIN {
            let unborn = self.starting.is_some() && self.agents.get(&MAIN).is_some_and(|agent| !agent.ready);
            if !unborn || self.killed || self.stillborn == STILLBORN {
                return self.start_failed(lost);
            }
            self.stillborn += 1;
            self.close_agent(MAIN, &lost);
            if let Err(failure) = self.start_agent() {
                self.start_failed(failure);
            }
            return;
        }
        if self.launcher_again(number) {
            return;
        }
        self.close_agent(number, &lost);
        let running = |process: &Process| process.exit.is_none() && process.told.is_none();
        if self.processes.get(number).is_some_and(running) {
            self.process_ended(number, u32::MAX, 0);
        }
    }

    /// Makes another launcher for a process, in place of one that ended without a word. False: it did not, or they never
    /// say one.
    fn launcher_again(&mut self, number: u32) -> bool {
        let unborn = |agent: &&mut Agent| !agent.ready;
        let launcher = self.agents.get_mut(&number).filter(unborn).filter(|_| !self.killed);
        let first = launcher.and_then(|launcher| launcher.first.take_if(|first| first.stillborn < STILLBORN));
        let Some(mut first) = first else { return false };
        let Purpose::Create { client, id, .. } = first.purpose else { return false };
        self.discard(number);
        first.stillborn += 1;
        if let Err(failure) = self.try_launcher(client, id, number, first) {
            self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
        }
        true
    }

    /// Ends a channel and answers those who still wait for it.
    fn close_agent(&mut self, number: u32, why: &Failure) {
        let Some(agent) = self.agents.remove(&number) else { return };
        self.holders.remove(&number);
        streams::remove_fifos(&self.spec.directory, number);
        for purpose in agent.close(&self.poll) {
            if let Purpose::Simple { client, id }
            | Purpose::Pipe { client, id, .. }
            | Purpose::Create { client, id, .. }
            | Purpose::List { client, id } = purpose
            {
                self.clients.answer(&self.poll, client, id, Err(why.clone()), Vec::new());
            }
        }
    }

    /// The container has ended: nobody answers any more. All who still wait are told why.
    pub(super) fn abandon_requests(&mut self, why: &Failure) {
        self.abandon_mounts(why);
        let agents: Vec<u32> = self.agents.keys().copied().collect();
        for agent in agents {
            self.close_agent(agent, why);
        }
        let mut waiting: Vec<(u32, u32)> = self.starting.take().into_iter().collect();
        waiting.extend(self.changing.take().map(|Change { client, id, .. }| (client, id)));
        for spawning in std::mem::take(&mut self.spawning).into_values() {
            if let Spawning::Process { client, id, .. } | Spawning::Launcher { client, id, .. } = spawning {
                waiting.push((client, id));
            }
        }
        for (client, id) in waiting {
            self.clients.answer(&self.poll, client, id, Err(why.clone()), Vec::new());
        }
    }
}

fn to_row(row: guest::ProcessRow) -> ProcessRow {
    ProcessRow {
        pid: row.pid,
        image: row.image,
        created_100ns: row.created_100ns.saturating_sub(EPOCHS_APART),
        user_100ns: row.user_100ns,
        kernel_100ns: row.kernel_100ns,
        commit_bytes: row.private_bytes,
        private_bytes: row.private_bytes,
        shared_bytes: row.working_set_bytes.saturating_sub(row.private_bytes),
    }
}
