//! What the supervisor waits for.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::SocketFlags;

use crate::sys::idle;

/// A source of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A client wants to connect.
    Listener,
    /// Init has something to say.
    Init,
    /// Init has ended.
    InitEnded,
    /// The memory limit ended a process.
    OutOfMemory,
    /// The container's cgroup froze, thawed, or lost its last process.
    Cgroup,
    /// A client's request, or room for what it is owed.
    Client(u32),
    /// An agent's message.
    Agent(u32),
    /// Room for what an agent is to be told.
    AgentRoom(u32),
    /// Output for the log.
    Log(u32),
    /// The agent has a client for a named pipe.
    Pipe(u32),
    /// A process that mounts is done.
    Mounter(u32),
}

impl Source {
    fn to_number(self) -> u64 {
        let (kind, number) = match self {
            Self::Listener => (0, 0),
            Self::Init => (1, 0),
            Self::InitEnded => (2, 0),
            Self::OutOfMemory => (3, 0),
            Self::Cgroup => (4, 0),
            Self::Client(number) => (5, number),
            Self::Agent(number) => (6, number),
            Self::AgentRoom(number) => (7, number),
            Self::Log(number) => (8, number),
            Self::Pipe(number) => (9, number),
            Self::Mounter(number) => (10, number),
        };
        kind << 32 | u64::from(number)
    }

    fn from_number(value: u64) -> Option<Self> {
        let number = u32::try_from(value & u64::from(u32::MAX)).ok()?;
        Some(match value >> 32 {
            0 => Self::Listener,
            1 => Self::Init,
            2 => Self::InitEnded,
            3 => Self::OutOfMemory,
            4 => Self::Cgroup,
            5 => Self::Client(number),
            6 => Self::Agent(number),
            7 => Self::AgentRoom(number),
            8 => Self::Log(number),
            9 => Self::Pipe(number),
            10 => Self::Mounter(number),
            _ => return None,
        })
    }
}

/// The set of sources.
pub(super) struct Poll {
    epoll: OwnedFd,
    ready: Vec<epoll::Event>,
}

impl Poll {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)?, ready: Vec::with_capacity(16) })
    }

    pub(super) fn add(&self, source: Source, fd: impl AsFd, flags: EventFlags) -> Result<(), Errno> {
        epoll::add(&self.epoll, fd, EventData::new_u64(source.to_number()), flags)
    }

    pub(super) fn change(&self, source: Source, fd: impl AsFd, flags: EventFlags) -> Result<(), Errno> {
        epoll::modify(&self.epoll, fd, EventData::new_u64(source.to_number()), flags)
    }

    /// A connection at this listener, if there is one.
    ///
    /// Without a descriptor for it, it keeps the listener readable, and to watch that then is to turn without end: so the
    /// listener is `deaf`, which means not watched, until a later call has found one.
    pub(super) fn accept(
        &self,
        source: Source,
        listener: &OwnedFd,
        flags: SocketFlags,
        deaf: &mut bool,
    ) -> Option<OwnedFd> {
        let accepted = rustix::net::accept_with(listener, flags);
        let now = matches!(accepted, Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS));
        if now != *deaf {
            let flags = if now { EventFlags::empty() } else { EventFlags::IN };
            let _ = self.change(source, listener, flags);
            *deaf = now;
        }
        accepted.ok()
    }

    pub(super) fn remove(&self, fd: impl AsFd) {
        // Gone already is as good.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Waits, without limit, and returns what is ready. `before_rest` is called before a long wait.
    pub(super) fn wait(&mut self, mut before_rest: impl FnMut()) -> Vec<(Source, EventFlags)> {
        self.ready.clear();
        while self.ready.is_empty() {
            let spare = rustix::buffer::spare_capacity(&mut self.ready);
            if epoll::wait(&self.epoll, spare, Some(&idle::soon())) == Ok(0) {
                before_rest();
                idle::rest(&mut [PollFd::new(&self.epoll, PollFlags::IN)]);
            }
        }
        let found = |event: &epoll::Event| {
            let (flags, data) = (event.flags, event.data);
            Source::from_number(data.u64()).map(|source| (source, flags))
        };
        self.ready.iter().filter_map(found).collect()
    }
}
