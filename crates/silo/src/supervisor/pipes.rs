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

use super::build::failure;
use super::poll::Source;
use super::serve::Supervisor;
use super::streams::{FOLDER, INSIDE};
use crate::protocol::Failure;
use crate::spec::{Guest, HostPipe, IdRange};

/// The socket of one pipe.
#[derive(Debug)]
pub(super) struct PipeListener {
    socket: OwnedFd,
    /// See [`Poll::accept`](super::poll::Poll::accept).
    deaf: bool,
}

impl Supervisor<'_> {
    /// Makes the sockets for all pipes of the document, and says what the agent is to serve.
    pub(super) fn listen_for_pipes(&mut self) -> Result<Vec<guest::MappedPipe>, Failure> {
        let Guest::Windows { pipes, .. } = &self.spec.guest else { return Ok(Vec::new()) };
        let mut mapped = Vec::new();
        for (number, HostPipe { name, .. }) in (0u32..).zip(pipes) {
            let file = format!("pipe.{number}");
            let socket = listen(&self.spec.directory.join(FOLDER), &file, self.spec.ids)
                .map_err(|errno| failure("make the socket of the pipe", name, errno))?;
            self.poll
                .add(Source::Pipe(number), &socket, EventFlags::IN)
                .map_err(|errno| failure("watch the socket of the pipe", name, errno))?;
            self.pipes.push(PipeListener { socket, deaf: false });
            mapped.push(guest::MappedPipe { name: name.clone(), socket: format!("{INSIDE}/{file}") });
        }
        Ok(mapped)
    }

    /// The agent has a client for a pipe.
    pub(super) fn pipe_called(&mut self, number: u32) {
        let Guest::Windows { pipes, .. } = &self.spec.guest else { return };
        let at = number as usize;
        let (Some(listener), Some(pipe)) = (self.pipes.get_mut(at), pipes.get(at)) else { return };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let accepted = self.poll.accept(Source::Pipe(number), &listener.socket, flags, &mut listener.deaf);
        if let Some(caller) = accepted {
            hand_out(&caller, &connect(&pipe.path));
        }
    }

    /// Something has happened, and may have closed a descriptor.
    pub(super) fn hear_pipes(&mut self) {
        for number in (0u32..).take(self.pipes.len()) {
            if self.pipes[number as usize].deaf {
                self.pipe_called(number);
            }
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
