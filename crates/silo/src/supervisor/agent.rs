//! The channels to agents inside a Windows container: one to `agent.exe`, and one to the launcher of each process
//! with a console. What comes from them is hostile.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use hcs_guest_protocol::{self as guest, Decoder, FromAgent, PROTOCOL_VERSION, Request, ToAgent};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use super::build::failure;
use super::poll::{Poll, Source};
use crate::protocol::Failure;

/// Number of the agent proper; launchers come after it.
pub(super) const MAIN: u32 = 0;

/// What an answer is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The named pipes before the start counts as done.
    Pipes,
    /// The registry changes before the start counts as done.
    Registry,
    /// A client's request to serve this named pipe, or to serve it no longer.
    Pipe { client: u32, id: u32, number: u32, added: bool },
    /// A client's request that is answered with nothing.
    Simple { client: u32, id: u32 },
    /// A client's request to start this process.
    Create { client: u32, id: u32, process: u32 },
    /// A client's request for the list.
    List { client: u32, id: u32 },
    /// The end of the session.
    Shutdown,
}

/// What a channel gave.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The session is up.
    Ready,
    /// An answer.
    Answer(Purpose, Result<guest::Response, guest::Failure>),
    /// A process has ended.
    Exited { pid: u32, code: u32 },
    /// What a process is to Linux.
    Native { pid: u32, linux_pid: u32 },
    /// The other end is gone, or talks nonsense.
    Lost,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Agent {
    number: u32,
    reader: OwnedFd,
    /// Until [`Agent::hang_up`].
    writer: Option<OwnedFd>,
    decoder: Decoder,
    /// What found no room in the pipe.
    unsent: Vec<u8>,
    pending: BTreeMap<u32, Purpose>,
    next: u32,
    pub(super) ready: bool,
    /// It has ended, or has talked nonsense: what comes behind that is not believed.
    lost: bool,
    pub(super) first: Option<First>,
}

/// What a launcher is to start once it is ready.
#[derive(Debug)]
pub(super) struct First {
    pub(super) purpose: Purpose,
    pub(super) program: guest::CreateProcess,
    /// Of its console.
    pub(super) size: guest::Console,
    /// How many launchers before it have ended without a word.
    pub(super) stillborn: u32,
}

impl Agent {
    /// Watches a channel. Both descriptors become non-blocking.
    pub(super) fn new(poll: &Poll, number: u32, reader: OwnedFd, writer: OwnedFd) -> Result<Self, Errno> {
        rustix::io::ioctl_fionbio(&reader, true)?;
        rustix::io::ioctl_fionbio(&writer, true)?;
        poll.add(Source::Agent(number), &reader, EventFlags::IN)?;
        Ok(Self {
            number,
            reader,
            writer: Some(writer),
            decoder: Decoder::default(),
            unsent: Vec::new(),
            pending: BTreeMap::new(),
            next: 0,
            ready: false,
            lost: false,
            first: None,
        })
    }

    /// Asks the agent; the answer comes back with the purpose.
    ///
    /// # Errors
    /// When the request is too long for the channel.
    pub(super) fn ask(&mut self, poll: &Poll, purpose: Purpose, request: Request) -> Result<(), Failure> {
        let id = self.next;
        let bytes = guest::encode(&ToAgent { id, request })
            .map_err(|_| failure("send", "a request of this size to the agent", Errno::TOOBIG))?;
        self.next = self.next.wrapping_add(1);
        self.pending.insert(id, purpose);
        let had_room = self.unsent.is_empty();
        self.unsent.extend(bytes);
        if had_room
            && !self.send()
            && let Some(writer) = &self.writer
        {
            let _ = poll.add(Source::AgentRoom(self.number), writer, EventFlags::OUT);
        }
        Ok(())
    }

    /// There is room in the pipe.
    pub(super) fn room(&mut self, poll: &Poll) {
        if self.send()
            && let Some(writer) = &self.writer
        {
            poll.remove(writer);
        }
    }

    /// Asks no more: the other end sees the end of its requests. It still answers those that it has.
    pub(super) fn hang_up(&mut self, poll: &Poll) {
        if let Some(writer) = self.writer.take() {
            poll.remove(&writer);
        }
        self.unsent.clear();
    }

    /// Writes what there is room for; whether all is written. A broken pipe shows as the end of the other one.
    fn send(&mut self) -> bool {
        let Some(writer) = &self.writer else { return true };
        while !self.unsent.is_empty() {
            match rustix::io::write(writer, &self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::AGAIN) => return false,
                Err(_) => self.unsent.clear(),
            }
        }
        true
    }

    /// Reads what has come.
    pub(super) fn readable(&mut self) -> Vec<Incoming> {
        let mut buffer = [0; 4096];
        match rustix::io::read(&self.reader, &mut buffer) {
            Ok(0) => return vec![Incoming::Lost],
            Ok(count) => self.decoder.push(&buffer[..count]),
            Err(Errno::AGAIN | Errno::INTR) => return Vec::new(),
            Err(_) => return vec![Incoming::Lost],
        }
        self.decode()
    }

    /// What the other end has left behind. Not more than that: somebody else inside may have opened the pipe, and go
    /// on writing.
    pub(super) fn last_words(&mut self) -> Vec<Incoming> {
        let mut buffer = [0; 4096];
        let mut incoming = Vec::new();
        let mut left = rustix::io::ioctl_fionread(&self.reader).unwrap_or(0);
        while left > 0 {
            let part = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Ok(count @ 1..) = rustix::io::read(&self.reader, &mut buffer[..part]) else { break };
            left -= count as u64;
            self.decoder.push(&buffer[..count]);
            incoming.extend(self.decode());
        }
        incoming
    }

    fn decode(&mut self) -> Vec<Incoming> {
        let incoming = if self.lost { Vec::new() } else { self.understood() };
        self.lost |= incoming.iter().any(|incoming| matches!(incoming, Incoming::Lost));
        incoming
    }

    fn understood(&mut self) -> Vec<Incoming> {
        let mut incoming = Vec::new();
        loop {
            match self.decoder.next_message::<FromAgent>() {
                Ok(None) => return incoming,
                Ok(Some(FromAgent::Ready { version })) if version == PROTOCOL_VERSION && !self.ready => {
                    self.ready = true;
                    incoming.push(Incoming::Ready);
                }
                Ok(Some(FromAgent::Answer { id, result })) => {
                    let Some(purpose) = self.pending.remove(&id) else {
                        incoming.push(Incoming::Lost);
                        return incoming;
                    };
                    incoming.push(Incoming::Answer(purpose, result));
                }
                Ok(Some(FromAgent::Exited { pid, code })) => incoming.push(Incoming::Exited { pid, code }),
                Ok(Some(FromAgent::Native { pid, linux_pid })) => {
                    incoming.push(Incoming::Native { pid, linux_pid });
                }
                Ok(Some(FromAgent::Ready { .. })) | Err(_) => {
                    incoming.push(Incoming::Lost);
                    return incoming;
                }
            }
        }
    }

    /// Ends the channel; what is still asked will not be answered.
    pub(super) fn close(self, poll: &Poll) -> Vec<Purpose> {
        poll.remove(&self.reader);
        if let Some(writer) = &self.writer {
            poll.remove(writer);
        }
        let first = self.first.map(|first| first.purpose);
        self.pending.into_values().chain(first).collect()
    }
}
