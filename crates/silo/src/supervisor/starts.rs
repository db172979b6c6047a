//! Starting a client's process: what is made for it, who is asked, and what comes of it.

use std::os::fd::{AsFd, OwnedFd};

use hcs_fault::Point;
use hcs_guest_protocol as guest;

use super::agent::{MAIN, Purpose};
use super::build::failure;
use super::processes::{Handle, Process};
use super::serve::Supervisor;
use super::streams::{self, Streams};
use crate::init::{Spawn, Terminal, ToInit};
use crate::protocol::{self, ExitKind, Failure, LinuxProgram, Program, Reply, State};
use crate::spec::Guest;
use crate::wire;

/// A program that init has been asked to start.
#[derive(Debug)]
pub(super) enum Spawning {
    /// A client's Linux process.
    Process { client: u32, id: u32, process: u32, streams: Streams, terminal: bool },
    /// The agent.
    Agent,
    /// A console's launcher, behind this agent number.
    Launcher { client: u32, id: u32, process: u32, agent: u32 },
}

impl Supervisor<'_> {
    pub(super) fn create(
        &mut self,
        client: u32,
        id: u32,
        process: protocol::Process,
        given: Vec<OwnedFd>,
    ) -> Result<(), Failure> {
        self.expect_state(State::Running)?;
        if self.changing.is_some() {
            return Err(Failure::InvalidState(State::Running));
        }
        let number = self.next_process;
        self.next_process += 1;
        match (process.program, process.console) {
            (Program::Linux(program), console) if matches!(self.spec.guest, Guest::Linux) => {
                let terminal =
                    console.map(|size| Terminal { columns: size.columns, rows: size.rows, raw: false });
                let mut streams = match terminal {
                    Some(_) => Streams::default(),
                    None => streams::for_linux(process.streams, given)?,
                };
                let theirs = std::mem::take(&mut streams.theirs);
                let spawning =
                    Spawning::Process { client, id, process: number, streams, terminal: terminal.is_some() };
                self.ask_init(program, terminal, &theirs, spawning)
            }
            (Program::Windows(mut program), None) if !matches!(self.spec.guest, Guest::Linux) => {
                let (directory, ids) = (&self.spec.directory, self.spec.ids);
                let (streams, paths) = streams::for_windows(process.streams, directory, number, ids)?;
                program.streams = paths;
                self.hold(number, MAIN, streams, false);
                let purpose = Purpose::Create { client, id, process: number };
                let asked = self.ask_agent(MAIN, purpose, guest::Request::Create(program));
                if asked.is_err() {
                    self.discard(number);
                }
                asked
            }
            (Program::Windows(program), Some(size)) if !matches!(self.spec.guest, Guest::Linux) => {
                self.start_launcher(client, id, number, program, size)
            }
            _ => Err(Failure::NotSupported("the program is for another kind of guest".into())),
        }
    }

    /// A Windows process is on the list before it runs: its agent may report its end right after its start.
    pub(super) fn hold(&mut self, number: u32, agent: u32, streams: Streams, terminal: bool) {
        self.count_oom_kills();
        self.holders.insert(number, streams.theirs);
        for (stream, pipe) in streams.logged {
            self.log.follow(&self.poll, stream, pipe);
        }
        let process = Process::new(0, Handle::Windows { agent }, streams.ours, terminal, self.oom_kills);
        self.processes.insert(number, process);
    }

    pub(super) fn ask_init(
        &mut self,
        program: LinuxProgram,
        terminal: Option<Terminal>,
        fds: &[OwnedFd],
        spawning: Spawning,
    ) -> Result<(), Failure> {
        self.keep_room(self.spawning.len() + 1)
            .map_err(|errno| failure("keep room for", "a process's descriptors", errno))?;
        let token = self.next_token;
        self.next_token = self.next_token.wrapping_add(1);
        let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        let spared = matches!(spawning, Spawning::Agent);
        let message = ToInit::Spawn(Spawn { token, program, terminal, spared });
        // Never waits for init, which may itself wait for a file system that does not answer.
        wire::send_now(&self.container.socket, &message, &borrowed).map_err(|error| {
            if error.would_block() {
                failure("ask", "process 1, which is busy", rustix::io::Errno::AGAIN)
            } else {
                self.without_init()
            }
        })?;
        hcs_fault::step(Point::InitAsked);
        self.spawning.insert(token, spawning);
        Ok(())
    }

    /// Init has started what it was asked to, or not.
    pub(super) fn spawned(&mut self, token: u32, result: Result<u32, Failure>, fds: Vec<OwnedFd>) {
        hcs_fault::step(Point::InitAnswered);
        let Some(spawning) = self.spawning.remove(&token) else {
            return self.end(ExitKind::Unexpected);
        };
        let mut fds = fds.into_iter();
        match spawning {
            Spawning::Process { client, id, process, streams, terminal } => {
                let (pid, pidfd) = match (result, fds.next()) {
                    (Ok(pid), Some(pidfd)) => (pid, pidfd),
                    (Err(failure), _) => {
                        return self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
                    }
                    // Nobody else would answer this client: the question is off the list.
                    (Ok(_), None) => {
                        let lost = Err(Failure::Lost("process 1".into()));
                        self.clients.answer(&self.poll, client, id, lost, Vec::new());
                        return self.end(ExitKind::Unexpected);
                    }
                };
                self.count_oom_kills();
                let mut pipes = streams.ours;
                if terminal {
                    pipes[0] = fds.next();
                }
                for (stream, pipe) in streams.logged {
                    self.log.follow(&self.poll, stream, pipe);
                }
                let handle = Handle::Linux { pidfd };
                self.processes.insert(process, Process::new(pid, handle, pipes, terminal, self.oom_kills));
                self.answer_created(client, id, process);
            }
            Spawning::Agent => match result {
                Ok(_) => hcs_fault::step(Point::AgentStarted),
                Err(failure) => self.start_failed(failure),
            },
            Spawning::Launcher { client, id, process, agent } => match result {
                Ok(pid) => {
                    self.launchers.insert(pid, agent);
                    let _pidfd = fds.next();
                    if let Some(found) = self.processes.get_mut(process) {
                        found.pipes[0] = fds.next();
                    }
                    if self.agents.get(&agent).is_some_and(|agent| agent.ready) {
                        self.agent_ready(agent);
                    }
                }
                Err(failure) => {
                    self.discard(process);
                    self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
                }
            },
        }
    }

    /// Tells the client that its process runs, with our ends of its pipes.
    pub(super) fn answer_created(&mut self, client: u32, id: u32, process: u32) {
        hcs_fault::step(Point::ProcessMade);
        let Some(found) = self.processes.get(process) else { return };
        // There is room: it was kept, or for a Windows process the other ends of the FIFOs have just been closed.
        // Should somebody have been faster, the process runs and has no streams.
        let (pid, (pipes, fds)) = (found.pid, found.duplicates().unwrap_or_default());
        self.first.get_or_insert((process, None));
        if let Some(client) = self.clients.get_mut(client) {
            client.opened.insert(process);
        }
        self.clients.answer(&self.poll, client, id, Ok(Reply::Process { process, pid, pipes }), fds);
    }
}
