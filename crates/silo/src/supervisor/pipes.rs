//! Named pipes of a Windows container that stand for sockets of the host.
//!
//! The agent serves the pipes. For each client it connects to a socket of ours beside the FIFOs; we connect to the host's
//! and hand that connection out. So no bytes come through here, the host's socket has no name inside, and a server that
//! was started anew is found at its path. Who connects is hostile: nothing is read from it.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use hcs_guest_protocol as guest;
use rustix::event::epoll::EventFlags;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags,
    SocketType,
};
use rustix::process::{Gid, Uid};

use super::agent::{MAIN, Purpose};
use super::build::failure;
use super::poll::Source;
use super::requests::Now;
use super::serve::Supervisor;
use super::streams::{FOLDER, INSIDE};
use crate::protocol::{Failure, Happening, Reply, State};
use crate::spec::{Guest, HostPipe, IdRange, Spec};

/// A pipe that is mapped.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) host: HostPipe,
    /// Where the agent's connections come; `None`: it is not served yet.
    listener: Option<Listener>,
    /// The agent has been asked about it.
    changing: bool,
}

#[derive(Debug)]
struct Listener {
    socket: OwnedFd,
    /// See [`Poll::accept`](super::poll::Poll::accept).
    deaf: bool,
}

impl Pipe {
    fn new(host: HostPipe) -> Self {
        Self { host, listener: None, changing: false }
    }
}

/// The pipes that a container has from the start.
pub(super) fn of(spec: &Spec) -> impl Iterator<Item = Pipe> {
    let pipes = match &spec.guest {
        Guest::Windows { pipes, .. } => pipes.as_slice(),
        Guest::Linux => &[],
    };
    pipes.iter().cloned().map(Pipe::new)
}

/// The name of its socket, beside the FIFOs.
fn file(number: u32) -> String {
    format!("pipe.{number}")
}

impl Supervisor<'_> {
    /// Makes the sockets for all pipes, and says what the agent is to serve.
    pub(super) fn listen_for_pipes(&mut self) -> Result<Vec<guest::MappedPipe>, Failure> {
        let numbers: Vec<u32> = self.pipes.keys().copied().collect();
        numbers.into_iter().map(|number| self.listen_for(number)).collect()
    }

    fn listen_for(&mut self, number: u32) -> Result<guest::MappedPipe, Failure> {
        let Some(pipe) = self.pipes.get_mut(&number) else {
            return Err(Failure::NotMapped("a pipe that is gone".into()));
        };
        let name = pipe.host.name.clone();
        let file = file(number);
        let socket = listen(&self.spec.directory.join(FOLDER), &file, self.spec.ids)
            .map_err(|errno| failure("make the socket of the pipe", &name, errno))?;
        self.poll
            .add(Source::Pipe(number), &socket, EventFlags::IN)
            .map_err(|errno| failure("watch the socket of the pipe", &name, errno))?;
        pipe.listener = Some(Listener { socket, deaf: false });
        Ok(guest::MappedPipe { name, socket: format!("{INSIDE}/{file}") })
    }

    /// Whether pipes can be changed now, and whether there is an agent to be told.
    fn may_change_pipes(&self) -> Result<bool, Failure> {
        match self.status.state {
            _ if matches!(self.spec.guest, Guest::Linux) => {
                Err(Failure::NotSupported("a Linux container has no named pipes".into()))
            }
            // The agent is being told, or stands still.
            State::Created if self.starting.is_some() => Err(Failure::InvalidState(State::Created)),
            state @ (State::Stopped | State::Paused) => Err(Failure::InvalidState(state)),
            state => Ok(state == State::Running),
        }
    }

    pub(super) fn map_pipe(&mut self, client: u32, id: u32, pipe: HostPipe) -> Now {
        let served = match self.may_change_pipes() {
            Ok(served) => served,
            Err(failure) => return Some(Err(failure)),
        };
        let same = |other: &Pipe| other.host.name.to_lowercase() == pipe.name.to_lowercase();
        if self.pipes.values().any(same) {
            return Some(Err(failure("map another socket to the pipe", pipe.name, Errno::EXIST)));
        }
        let number = self.next_pipe;
        self.next_pipe = self.next_pipe.wrapping_add(1);
        self.pipes.insert(number, Pipe::new(pipe));
        if !served {
            return Some(self.pipe_changed(number, true, Ok(())));
        }
        let asked = self.listen_for(number).and_then(|pipe| {
            let purpose = Purpose::Pipe { client, id, number, added: true };
            self.ask_agent(MAIN, purpose, guest::Request::Pipes(vec![pipe]))
        });
        match asked {
            Ok(()) => {
                self.pipe_is_changing(number);
                None
            }
            Err(failure) => Some(self.pipe_changed(number, true, Err(failure))),
        }
    }

    pub(super) fn unmap_pipe(&mut self, client: u32, id: u32, name: &str, path: Option<&Path>) -> Now {
        let served = match self.may_change_pipes() {
            Ok(served) => served,
            Err(failure) => return Some(Err(failure)),
        };
        let fits = |pipe: &Pipe| {
            let there = path.is_none_or(|path| path == pipe.host.path);
            !pipe.changing && there && pipe.host.name.to_lowercase() == name.to_lowercase()
        };
        let Some((&number, pipe)) = self.pipes.iter().find(|(_, pipe)| fits(pipe)) else {
            return Some(Err(Failure::NotMapped(format!("the pipe {name}"))));
        };
        if !served {
            return Some(self.pipe_changed(number, false, Ok(())));
        }
        let request = guest::Request::RemovePipe { name: pipe.host.name.clone() };
        let asked = self.ask_agent(MAIN, Purpose::Pipe { client, id, number, added: false }, request);
        if asked.is_ok() {
            self.pipe_is_changing(number);
        }
        asked.err().map(Err)
    }

    fn pipe_is_changing(&mut self, number: u32) {
        if let Some(pipe) = self.pipes.get_mut(&number) {
            pipe.changing = true;
        }
    }

    /// The agent serves a new pipe, or an old one no longer; or it could not.
    pub(super) fn pipe_changed(
        &mut self,
        number: u32,
        added: bool,
        result: Result<(), Failure>,
    ) -> Result<Reply, Failure> {
        if let Some(pipe) = self.pipes.get_mut(&number) {
            pipe.changing = false;
        }
        if added == result.is_err()
            && let Some(Listener { socket, .. }) = self.pipes.remove(&number).and_then(|pipe| pipe.listener)
        {
            self.poll.remove(&socket);
            let path = self.spec.directory.join(FOLDER).join(file(number));
            // It goes with the system at the latest.
            let _ = rustix::fs::unlink(&path);
        }
        result?;
        self.clients.show(&self.poll, super::now_100ns(), Happening::Modified);
        Ok(Reply::Done)
    }

    /// The agent has a client for a pipe.
    pub(super) fn pipe_called(&mut self, number: u32) {
        let Some(pipe) = self.pipes.get_mut(&number) else { return };
        let Some(Listener { socket, deaf }) = &mut pipe.listener else { return };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        if let Some(caller) = self.poll.accept(Source::Pipe(number), socket, flags, deaf) {
            hand_out(&caller, &connect(&pipe.host.path));
        }
    }

    /// Something has happened, and may have closed a descriptor.
    pub(super) fn hear_pipes(&mut self) {
        let deaf = |pipe: &Pipe| pipe.listener.as_ref().is_some_and(|listener| listener.deaf);
        let numbers: Vec<u32> =
            self.pipes.iter().filter(|(_, pipe)| deaf(pipe)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.pipe_called(number);
        }
    }
}

/// A socket that the container's root may connect to.
fn listen(folder: &Path, name: &str, ids: Option<IdRange>) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // By a relative name, since a socket's address holds 107 bytes at most.
    rustix::process::chdir(folder)?;
    let bound = bind(&socket, name, ids);
    rustix::process::chdir("/")?;
    bound?;
    rustix::net::listen(&socket, 128)?;
    Ok(socket)
}

fn bind(socket: &OwnedFd, name: &str, ids: Option<IdRange>) -> Result<(), Errno> {
    let mask = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = SocketAddrUnix::new(name).and_then(|address| rustix::net::bind(socket, &address));
    rustix::process::umask(mask);
    bound?;
    match ids {
        Some(ids) => rustix::fs::chown(name, Some(Uid::from_raw(ids.base)), Some(Gid::from_raw(ids.base))),
        None => Ok(()),
    }
}

/// A connection to a socket of the host, and whether it carries messages. Never waits: a server whose row of callers is
/// full is busy.
fn connect(path: &Path) -> Result<(OwnedFd, bool), Errno> {
    let address = SocketAddrUnix::new(path)?;
    let connect = |kind| {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?;
        rustix::net::connect(&socket, &address)?;
        // Whoever gets it waits for it.
        rustix::io::ioctl_fionbio(&socket, false)?;
        Ok(socket)
    };
    match connect(SocketType::STREAM) {
        Err(Errno::PROTOTYPE) => connect(SocketType::SEQPACKET).map(|socket| (socket, true)),
        connected => connected.map(|socket| (socket, false)),
    }
}

/// Answers a caller, and lets it go.
fn hand_out(caller: &OwnedFd, connected: &Result<(OwnedFd, bool), Errno>) {
    let (errno, messages) = match connected {
        Ok((_, messages)) => (0, *messages),
        Err(errno) => (errno.raw_os_error(), false),
    };
    let message = guest::HandedOut { errno, messages }.to_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut along = SendAncillaryBuffer::new(&mut space);
    let fds: Vec<_> = connected.iter().map(|(socket, _)| socket.as_fd()).collect();
    if !fds.is_empty() {
        along.push(SendAncillaryMessage::ScmRights(&fds));
    }
    // A caller that is gone needs no answer.
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let _ = rustix::net::sendmsg(caller, &[IoSlice::new(&message)], &mut along, flags);
}
