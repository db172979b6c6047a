//! What a cgroup tells by itself: it got empty, it is frozen, it ran out of memory. All as descriptors for epoll.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::create::Part;
use super::{Cgroup, CgroupError, Controllers, file};

/// The state that the unified hierarchy reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// A process that has not ended is in the group or below it.
    pub populated: bool,
    /// All of them stand still.
    pub frozen: bool,
}

/// The file `cgroup.events`, held open. Its descriptor has an event whenever the state has changed since
/// [`Events::state`] was last called; register it with [`Events::INTEREST`].
#[derive(Debug)]
pub struct Events {
    cgroup: Box<str>,
    fd: OwnedFd,
}

impl Events {
    /// kernfs reports a change as priority data (and as an error condition, which epoll reports unasked).
    pub const INTEREST: EventFlags = EventFlags::PRI;

    /// The present state; clears the event.
    ///
    /// # Errors
    /// [`CgroupError::NotFound`] when the cgroup was removed.
    pub fn state(&self) -> Result<State, CgroupError> {
        let text = match file::read_all(&self.fd) {
            Ok(text) => text,
            Err(Errno::NODEV) => return Err(CgroupError::NotFound { cgroup: self.cgroup.clone() }),
            Err(source) => {
                let (cgroup, file) = (self.cgroup.clone(), "cgroup.events".into());
                return Err(CgroupError::Io { cgroup, file, action: "read", source });
            }
        };
        Ok(State {
            populated: file::keyed(&text, "populated") == Some(1),
            frozen: file::keyed(&text, "frozen") == Some(1),
        })
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Tells when the memory limit makes the kernel kill a process.
#[derive(Debug)]
pub struct OomWatch {
    cgroup: Box<str>,
    file: &'static str,
    /// `memory.events` (version 2) or `memory.oom_control` (version 1): both count the kills.
    counts: OwnedFd,
    /// Version 1 reports through an eventfd.
    signal: Option<OwnedFd>,
}

impl OomWatch {
    /// What to register the descriptor for.
    pub fn interest(&self) -> EventFlags {
        if self.signal.is_some() { EventFlags::IN } else { EventFlags::PRI }
    }

    /// How many processes the limit has killed since the cgroup was made; clears the event.
    ///
    /// Version 1 sends its event when memory runs out, just before the kill is counted: ask once more when a process
    /// ends by SIGKILL.
    ///
    /// # Errors
    /// [`CgroupError::NotFound`] when the cgroup was removed, which version 1 also reports as an event.
    pub fn kills(&self) -> Result<u64, CgroupError> {
        if let Some(signal) = &self.signal {
            // Non-blocking: EAGAIN when there is no event to clear.
            let _ = rustix::io::read(signal, &mut [0; 8]);
        }
        match file::read_all(&self.counts) {
            Ok(text) => file::keyed(&text, "oom_kill").ok_or_else(|| CgroupError::Unexpected {
                cgroup: self.cgroup.clone(),
                file: self.file,
                text: String::from_utf8_lossy(&text).trim_end().into(),
                expected: "a line oom_kill",
            }),
            Err(Errno::NODEV) => Err(CgroupError::NotFound { cgroup: self.cgroup.clone() }),
            Err(source) => {
                let (cgroup, file) = (self.cgroup.clone(), self.file.into());
                Err(CgroupError::Io { cgroup, file, action: "read", source })
            }
        }
    }
}

impl AsFd for OomWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_ref().unwrap_or(&self.counts).as_fd()
    }
}

impl Cgroup {
    /// Opens the event file of the unified hierarchy.
    ///
    /// # Errors
    /// [`CgroupError::NotFound`] for what a crash has left without a unified part.
    pub fn events(&self) -> Result<Events, CgroupError> {
        let part = self.need_unified()?;
        Ok(Events { cgroup: self.label(part), fd: self.open(part, "cgroup.events")? })
    }

    /// Starts to watch for out-of-memory kills. `None` when this host can't limit memory.
    ///
    /// # Errors
    /// [`CgroupError::Io`] when the kernel refuses the registration.
    pub fn watch_oom(&self) -> Result<Option<OomWatch>, CgroupError> {
        let Some(part) = self.part(Controllers::MEMORY) else { return Ok(None) };
        let cgroup = self.label(part);
        if part.unified {
            let file = "memory.events";
            return Ok(Some(OomWatch { cgroup, file, counts: self.open(part, file)?, signal: None }));
        }
        let file = "memory.oom_control";
        let counts = self.open(part, file)?;
        let signal = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| self.io(part, "make an eventfd for", file, errno))?;
        let registration = {
            use std::os::fd::AsRawFd;
            format!("{} {}", signal.as_raw_fd(), counts.as_raw_fd())
        };
        self.write(part, "cgroup.event_control", registration.as_bytes())?;
        Ok(Some(OomWatch { cgroup, file, counts, signal: Some(signal) }))
    }

    fn open(&self, part: &Part, file: &'static str) -> Result<OwnedFd, CgroupError> {
        openat(part.dir(), file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| self.io(part, "open", file, errno))
    }
}
