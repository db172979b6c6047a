//! The supervisor's loop, and what each kind of event does.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use hcs_fault::Point;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketFlags};

use super::agent::Agent;
use super::build::Container;
use super::clients::{Clients, Role};
use super::log::LogWriter;
use super::mapped::{Change, MappedFolder};
use super::pipes::Pipe;
use super::poll::{Poll, Source};
use super::processes::{Handle, Processes};
use super::starts::Spawning;
use crate::board::Notice;
use crate::cgroup;
use crate::init::FromInit;
use crate::protocol::{
    Event, Exit, ExitKind, Failure, Happening, Hello, ProcessExit, Purpose, Reply, State, Status,
    ToSupervisor, VERSION, Welcome,
};
use crate::spec::Spec;
use crate::wire::{self, Receiver};

/// Windows' exit code for the want of memory (ntstatus.h).
const STATUS_NO_MEMORY: u32 = 0xC000_0017;

/// Descriptors that a started process may need at once: its pidfd, and copies of its three pipes for the client (or its
/// terminal's master, and a copy of that).
const PER_START: usize = 4;

/// Signal 9 on every architecture.
const SIGKILL: u8 = 9;

/// All that the supervisor knows.
pub(super) struct Supervisor<'a> {
    pub(super) spec: &'a Spec,
    pub(super) container: Container,
    pub(super) watch: Option<cgroup::OomWatch>,
    pub(super) poll: Poll,
    pub(super) status: Status,
    /// A start is under way.
    pub(super) starting: Option<(u32, u32)>,
    /// Agents that ended before their first word.
    pub(super) stillborn: u32,
    pub(super) clients: Clients,
    pub(super) processes: Processes,
    pub(super) next_process: u32,
    /// What init has been asked to start, by token.
    pub(super) spawning: BTreeMap<u32, Spawning>,
    pub(super) next_token: u32,
    pub(super) agents: BTreeMap<u32, Agent>,
    /// Launchers of consoles: the agent's number by the process id that init gave.
    pub(super) launchers: BTreeMap<u32, u32>,
    pub(super) log: LogWriter,
    /// Who waits for the end, and by what number.
    pub(super) terminating: Vec<(u32, u32)>,
    /// What the exit will count as.
    pub(super) exit_kind: ExitKind,
    /// Process 1 is dead, or will be by our hand.
    pub(super) killed: bool,
    /// Its cgroup is not known to be removed.
    pub(super) has_cgroup: bool,
    /// What others hold for the container is given back.
    pub(super) freed: bool,
    pub(super) oom_kills: u64,
    /// The first process that was started, and how it ended.
    pub(super) first: Option<(u32, Option<ProcessExit>)>,
    /// Ends of FIFOs held open until a Windows process has opened them.
    pub(super) holders: BTreeMap<u32, Vec<OwnedFd>>,
    /// The cgroup's events, watched from the first pause on.
    pub(super) events: Option<cgroup::Events>,
    pub(super) changing: Option<super::freezer::Change>,
    /// For each start under way, descriptors that only keep places: what comes along with init's answer must find
    /// room, or a process would run that nobody can refer to.
    reserve: Vec<OwnedFd>,
    /// There was no descriptor for a new client: the listener is not watched.
    deaf: bool,
    /// The container's named pipes by a number of ours.
    pub(super) pipes: BTreeMap<u32, Pipe>,
    pub(super) next_pipe: u32,
    /// Folders of the host that are mapped, or being mapped.
    pub(super) mapped: Vec<MappedFolder>,
    /// Mounts and unmounts under way.
    pub(super) mapping: BTreeMap<u32, Change>,
    pub(super) next_mapping: u32,
    receiver: Receiver,
    init_receiver: Receiver,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(spec: &'a Spec, container: Container, first: OwnedFd) -> Result<Self, Errno> {
        let poll = Poll::new()?;
        let status = container.board.shown().status;
        poll.add(Source::Listener, &container.listener, EventFlags::IN)?;
        poll.add(Source::Init, &container.socket, EventFlags::IN)?;
        poll.add(Source::InitEnded, &container.pidfd, EventFlags::IN)?;
        let watch = container.cgroup.watch_oom().ok().flatten();
        if let Some(watch) = &watch {
            poll.add(Source::OutOfMemory, watch, watch.interest())?;
        }
        let mut clients = Clients::default();
        // A client that has gone meanwhile shows as the end of its connection.
        let _ = wire::send(&first, &Ok::<_, Failure>(Welcome { version: VERSION, status, others: 0 }), &[]);
        hcs_fault::step(Point::ClientWelcomed);
        clients.add(&poll, first, Role::Handle)?;
        let folders = spec.mapped.iter().cloned().zip(&container.mapped);
        let mapped = folders.map(|(mount, id)| MappedFolder { mount, id: *id }).collect();
        let pipes = (0..).zip(super::pipes::of(spec)).collect::<BTreeMap<u32, _>>();
        Ok(Self {
            spec,
            container,
            watch,
            poll,
            status,
            starting: None,
            stillborn: 0,
            clients,
            processes: Processes::default(),
            next_process: 1,
            spawning: BTreeMap::new(),
            next_token: 1,
            agents: BTreeMap::new(),
            launchers: BTreeMap::new(),
            log: LogWriter::new(spec.log.clone()),
            terminating: Vec::new(),
            exit_kind: ExitKind::Unexpected,
            killed: false,
            has_cgroup: true,
            freed: true,
            oom_kills: 0,
            first: None,
            holders: BTreeMap::new(),
            events: None,
            changing: None,
            reserve: Vec::new(),
            deaf: false,
            next_pipe: u32::try_from(pipes.len()).unwrap_or(u32::MAX),
            pipes,
            mapped,
            mapping: BTreeMap::new(),
            next_mapping: 0,
            receiver: Receiver::new(true),
            init_receiver: Receiver::new(false),
        })
    }

    /// Serves until the system has ended and nobody has it open.
    pub(super) fn serve(mut self) -> i32 {
        loop {
            let (clients, init) = (&mut self.receiver, &mut self.init_receiver);
            let ready = self.poll.wait(|| {
                clients.trim();
                init.trim();
            });
            for (source, flags) in ready {
                match source {
                    Source::Listener => self.accept(),
                    Source::Client(number) => self.client(number, flags),
                    Source::Init => self.init(),
                    Source::InitEnded => self.init_ended(),
                    Source::OutOfMemory => self.count_oom_kills(),
                    Source::Cgroup => self.cgroup_changed(),
                    Source::Agent(number) => self.agent(number),
                    Source::AgentRoom(number) => {
                        if let Some(agent) = self.agents.get_mut(&number) {
                            agent.room(&self.poll);
                        }
                    }
                    Source::Log(number) => self.log.readable(&self.poll, number),
                    Source::Pipe(number) => self.pipe_called(number),
                    Source::Mounter(number) => self.mounted(number),
                }
            }
            if self.deaf {
                // Whatever has happened may have closed a descriptor.
                self.accept();
            }
            self.hear_pipes();
            self.go_on_changing();
            if self.status.state == State::Stopped && self.clients.handles() == 0 {
                self.free_id();
                return 0;
            }
        }
    }

    fn accept(&mut self) {
        let listener = &self.container.listener;
        let accepted = self.poll.accept(Source::Listener, listener, SocketFlags::CLOEXEC, &mut self.deaf);
        if let Some(socket) = accepted {
            // Without room for it the socket is closed, which the client sees.
            let _ = self.clients.add(&self.poll, socket, Role::Stranger);
        }
    }

    /// Keeps room for the descriptors of so many starts.
    pub(super) fn keep_room(&mut self, starts: usize) -> Result<(), Errno> {
        self.reserve.truncate(starts * PER_START);
        let missing = starts * PER_START - self.reserve.len();
        let places: Result<Vec<_>, _> =
            (0..missing).map(|_| rustix::io::fcntl_dupfd_cloexec(&self.container.pidfd, 0)).collect();
        self.reserve.extend(places?);
        Ok(())
    }

    fn client(&mut self, number: u32, flags: EventFlags) {
        if flags.contains(EventFlags::OUT) {
            self.clients.room(&self.poll, number);
        }
        if !flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return;
        }
        let Some(client) = self.clients.get(number) else { return };
        if client.role == Role::Stranger {
            self.greet(number);
            return;
        }
        match self.receiver.receive::<ToSupervisor>(&client.socket, RecvFlags::DONTWAIT) {
            // An onlooker has nothing to ask for.
            Ok(Some(_)) if client.role == Role::Onlooker => self.client_gone(number),
            Ok(Some((message, fds))) => {
                hcs_fault::step(Point::RequestReceived);
                self.request(number, message.id, message.request, fds);
            }
            Err(error) if error.would_block() => {}
            Ok(None) | Err(_) => self.client_gone(number),
        }
    }

    fn greet(&mut self, number: u32) {
        let others = self.clients.handles();
        let Some(client) = self.clients.get_mut(number) else { return };
        match self.receiver.receive::<Hello>(&client.socket, RecvFlags::DONTWAIT) {
            Ok(Some((hello, _))) => {
                let version = hello.agree();
                let role = match hello.purpose {
                    Purpose::Handle => Some(Role::Handle),
                    Purpose::Watch => Some(Role::Onlooker),
                    Purpose::Look => None,
                };
                let role = role.filter(|_| version != 0);
                client.role = role.unwrap_or(client.role);
                let welcome = Welcome { version, status: self.status, others };
                self.post();
                let sent = self.clients.welcome(number, welcome);
                if role.is_none() || sent.is_err() {
                    self.client_gone(number);
                }
            }
            Err(error) if error.would_block() => {}
            Ok(None) | Err(_) => self.client_gone(number),
        }
    }

    pub(super) fn client_gone(&mut self, number: u32) {
        let Some(client) = self.clients.remove(&self.poll, number) else { return };
        // Before its socket is closed, for which a client waits that closes a handle.
        self.post();
        for process in client.opened {
            self.forget_unless_needed(process);
        }
        if self.spec.end_with_last_handle && self.clients.handles() == 0 {
            self.end(ExitKind::Forced);
        }
    }

    /// An ended process that nobody has open is forgotten.
    pub(super) fn forget_unless_needed(&mut self, process: u32) {
        let ended = self.processes.get(process).is_some_and(|process| process.exit.is_some());
        if ended && !self.clients.have_open(process) {
            self.processes.remove(process);
        }
    }

    /// Why process 1 does not answer: to who still asks, a system that was told to end has stopped.
    pub(super) fn without_init(&self) -> Failure {
        if self.killed || self.exit_kind == ExitKind::Graceful {
            Failure::InvalidState(State::Stopped)
        } else {
            Failure::Lost("process 1".into())
        }
    }

    /// Puts on the board how the system stands. To be called before anybody is told.
    pub(super) fn post(&mut self) {
        let notice = Notice { status: self.status, handles: self.clients.handles() };
        self.container.board.show(notice);
    }

    /// Kills the container; [`Supervisor::init_ended`] does the rest.
    pub(super) fn end(&mut self, kind: ExitKind) {
        // The first reason is the one that counts.
        if self.status.state == State::Stopped || self.killed {
            return;
        }
        self.exit_kind = kind;
        self.killed = true;
        // Process 1 takes every process of its namespace with it, frozen or not. It is there until we reap it.
        let _ = rustix::process::pidfd_send_signal(&self.container.pidfd, rustix::process::Signal::KILL);
    }

    fn init(&mut self) {
        // One answer at most comes with what is read.
        self.reserve.truncate(self.reserve.len().saturating_sub(PER_START));
        match self.init_receiver.receive::<FromInit>(&self.container.socket, RecvFlags::DONTWAIT) {
            Ok(Some((FromInit::Spawned { token, result }, fds))) => self.spawned(token, result, fds),
            Ok(Some((FromInit::Exited { pid, status }, _))) => self.linux_ended(pid, status),
            Err(error) if error.would_block() => {}
            Ok(None) => self.poll.remove(&self.container.socket),
            // Init is ours, so this is not init any more.
            Ok(Some(_)) | Err(_) => self.end(ExitKind::Unexpected),
        }
        // Nobody has taken what was just given up, unless it was for an answer.
        let _ = self.keep_room(self.spawning.len());
    }

    fn linux_ended(&mut self, pid: u32, status: i32) {
        let signal = if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 };
        if let Some(agent) = self.launchers.remove(&pid) {
            self.last_words(agent);
            self.agent_lost(agent);
        } else if let Some(number) = self.processes.linux(pid) {
            if signal == 0 {
                self.process_ended(number, libc::WEXITSTATUS(status).cast_unsigned(), 0);
            } else {
                self.process_ended(number, (128 + signal).cast_unsigned(), u8::try_from(signal).unwrap_or(0));
            }
        } else {
            self.orphan_ended(pid, signal == libc::SIGKILL);
        }
    }

    /// Init also reports those that it did not start, and in a Windows container each of Wine's processes is one.
    fn orphan_ended(&mut self, pid: u32, killed: bool) {
        if killed {
            self.count_oom_kills();
        }
        // What it is to Windows its agent has said before it ran. So that is there by now, if perhaps not read.
        self.all_last_words();
        let Some(number) = self.processes.native(pid) else { return };
        let Some(process) = self.processes.get_mut(number) else { return };
        process.native = None;
        process.killed = Some(killed);
        if let Some(code) = process.told.take() {
            self.process_ended(number, code, 0);
        }
    }

    /// The exit of a process of either kind.
    pub(super) fn process_ended(&mut self, number: u32, code: u32, signal: u8) {
        // The notification of a kill may still be under way when the exit comes.
        self.count_oom_kills();
        let oom_kills = self.oom_kills;
        let Some(process) = self.processes.get_mut(number) else { return };
        let out_of_memory = process.ran_out_of_memory(code, signal, oom_kills);
        let windows = matches!(process.handle, Handle::Windows { .. });
        // Wine says 0 of a process that the kernel has killed: a success that was none.
        let code = if windows && out_of_memory { STATUS_NO_MEMORY } else { code };
        let exit = ProcessExit { code, signal, out_of_memory };
        process.exit = Some(exit);
        hcs_fault::step(Point::ProcessEnded);
        self.clients.tell_openers(&self.poll, number, Event::ProcessExited { process: number, exit });
        self.forget_unless_needed(number);
        if let Some((first, ended @ None)) = &mut self.first
            && *first == number
        {
            *ended = Some(exit);
            if self.spec.end_with_first_process {
                self.end(ExitKind::Graceful);
            }
        }
    }

    fn init_ended(&mut self) {
        if self.status.state == State::Stopped {
            return;
        }
        let graceful =
            rustix::process::waitpid(Some(self.container.init), rustix::process::WaitOptions::empty())
                .ok()
                .flatten()
                .is_some_and(|(_, status)| status.exit_status() == Some(0));
        if self.exit_kind == ExitKind::Graceful && !graceful && !self.killed {
            self.exit_kind = ExitKind::Unexpected;
        }
        hcs_fault::role(hcs_fault::Role::Init, 0);
        hcs_fault::step(Point::InitEnded);
        let why = self.without_init();
        // From here on nothing can change why it has ended.
        let by_us = std::mem::replace(&mut self.killed, true);
        self.poll.remove(&self.container.pidfd);
        // What init reported before it ended comes first.
        while let Ok(Some((message, _))) =
            self.init_receiver.receive::<FromInit>(&self.container.socket, RecvFlags::DONTWAIT)
        {
            if let FromInit::Exited { pid, status } = message {
                self.linux_ended(pid, status);
            }
        }
        self.poll.remove(&self.container.socket);
        self.all_last_words();
        self.count_oom_kills();
        for number in self.processes.all_running() {
            let Some(process) = self.processes.get_mut(number) else { continue };
            process.unwanted |= by_us;
            // Windows processes end with the code that Terminate gives them, Linux ones by the kernel's signal.
            let (code, signal) = match process.handle {
                Handle::Windows { .. } => (process.told.take().unwrap_or(u32::MAX), 0),
                Handle::Linux { .. } => (128 + u32::from(SIGKILL), SIGKILL),
            };
            self.process_ended(number, code, signal);
        }
        let exit = Exit {
            kind: self.exit_kind,
            oom_kills: self.oom_kills,
            first_process: self.first.and_then(|(_, exit)| exit),
            at_100ns: super::now_100ns(),
        };
        self.status.state = State::Stopped;
        self.status.init_pid = 0;
        self.status.exit = Some(exit);
        self.post();
        self.abandon_requests(&why);
        self.clients.tell_all(&self.poll, Event::Exited(exit));
        self.clients.show(&self.poll, exit.at_100ns, Happening::Exited(exit));
        self.say_farewell(exit);
        // "Exited" is known; now all that the kernel holds for the container goes, and then those who wait are told.
        self.log.finish(&self.poll);
        self.remember();
        let removed = self.clean_up();
        for (client, id) in std::mem::take(&mut self.terminating) {
            let result = removed.clone().map(|()| Reply::Done);
            self.clients.answer(&self.poll, client, id, result, Vec::new());
        }
    }

    /// Looks how often the memory limit has killed, and tells when it has again.
    pub(super) fn count_oom_kills(&mut self) {
        // Reading the count also clears the event.
        if let Some(Ok(kills)) = self.watch.as_ref().map(cgroup::OomWatch::kills)
            && kills > self.oom_kills
        {
            self.oom_kills = kills;
            self.clients.tell_all(&self.poll, Event::OutOfMemory);
            self.clients.show(&self.poll, super::now_100ns(), Happening::OutOfMemory);
        }
    }
}
