//! Taking a cgroup away, with whatever groups its processes have made in it.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use hcs_fault::Point;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, Mode, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

use super::create::{DIRECTORY, Part, folders};
use super::{Cgroup, CgroupError};

/// What came of an attempt to remove a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Removal {
    /// No hierarchy has it any more.
    Gone,
    /// Some process is still in it. The parts that could be removed are removed.
    Busy,
}

impl Removal {
    /// Is nothing left?
    pub fn is_gone(self) -> bool {
        self == Self::Gone
    }
}

impl Cgroup {
    /// Removes the cgroup from every hierarchy, its subgroups first, without waiting.
    ///
    /// Goes on after a failure, so as much as possible is freed. What is gone already is no error.
    ///
    /// # Errors
    /// [`CgroupError::Io`] or a list of them, for everything but busy groups.
    pub fn remove(&self) -> Result<Removal, CgroupError> {
        self.remove_parts(true)
    }

    /// [`Cgroup::remove`] without its subgroups.
    pub(super) fn remove_empty(&self) -> Result<Removal, CgroupError> {
        self.remove_parts(false)
    }

    /// Waits until the last process is gone, for at most `limit`, then removes.
    ///
    /// There is nothing to retry afterwards: a process leaves the groups of all hierarchies in one step of the kernel,
    /// the one that makes the event.
    ///
    /// # Errors
    /// As [`Cgroup::remove`].
    pub fn remove_when_empty(&self, limit: Duration) -> Result<Removal, CgroupError> {
        let Some(part) = self.unified() else { return self.remove() };
        let events = match self.events() {
            Ok(events) => events,
            Err(CgroupError::NotFound { .. }) => return self.remove(),
            Err(error) if error.errno() == Some(Errno::NOENT) => return self.remove(),
            Err(error) => return Err(error),
        };
        let deadline = Instant::now() + limit;
        loop {
            match events.state() {
                Ok(state) if state.populated => {}
                Ok(_) | Err(CgroupError::NotFound { .. }) => return self.remove(),
                Err(error) => return Err(error),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Removal::Busy);
            }
            let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
            match poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&left)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(self.io(part, "wait for an event of", "cgroup.events", errno)),
            }
        }
    }

    fn remove_parts(&self, with_children: bool) -> Result<Removal, CgroupError> {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        let mut errors = Vec::new();
        let mut removal = Removal::Gone;
        for part in &self.parts {
            let removed =
                hcs_fault::call(Point::RemoveCgroup).and_then(|()| remove_part(part, name, with_children));
            match removed {
                Ok(Removal::Gone) => {}
                Ok(Removal::Busy) => removal = Removal::Busy,
                Err(errno) => errors.push(self.io(part, "remove", "the folder", errno)),
            }
        }
        CgroupError::collect(errors).map(|()| removal)
    }
}

fn remove_part(part: &Part, name: &str, with_children: bool) -> Result<Removal, Errno> {
    let parent = match openat(part.dir(), "..", DIRECTORY, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(Removal::Gone),
        other => other?,
    };
    // The kernel has no "remove this open folder". A folder of the same name that was made since then has another
    // inode, and is not ours to remove.
    match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if found.st_ino == fstat(part.dir())?.st_ino => {}
        Ok(_) | Err(Errno::NOENT | Errno::NODEV) => return Ok(Removal::Gone),
        Err(errno) => return Err(errno),
    }
    match unlinkat(&parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::BUSY) if with_children => {
            empty(part)?;
            outcome(unlinkat(&parent, name, AtFlags::REMOVEDIR))
        }
        other => outcome(other),
    }
}

fn outcome(result: Result<(), Errno>) -> Result<Removal, Errno> {
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(Removal::Gone),
        Err(Errno::BUSY) => Ok(Removal::Busy),
        Err(errno) => Err(errno),
    }
}

/// Removes everything below a group, deepest first. A container that may make groups can make them as deep as it
/// likes, so this holds one descriptor and one name per level, not a stack frame and a descriptor.
fn empty(part: &Part) -> Result<(), Errno> {
    let mut here = openat(part.dir(), ".", DIRECTORY, Mode::empty())?;
    let mut names: Vec<String> = Vec::new();
    // Groups that are busy: each was found so once, at this depth, and is not entered again.
    let mut kept: Vec<Vec<String>> = vec![Vec::new()];
    loop {
        let seen = kept.last().map_or(&[][..], Vec::as_slice);
        let next = folders(here.as_fd())?.into_iter().find(|name| !seen.contains(name));
        if let Some(name) = next {
            match openat(&here, &name, DIRECTORY, Mode::empty()) {
                Ok(child) => here = child,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno),
            }
            names.push(name);
            kept.push(Vec::new());
            continue;
        }
        let Some(name) = names.pop() else { return Ok(()) };
        kept.pop();
        here = openat(&here, "..", DIRECTORY, Mode::empty())?;
        if !outcome(unlinkat(&here, &name, AtFlags::REMOVEDIR))?.is_gone()
            && let Some(level) = kept.last_mut()
        {
            level.push(name);
        }
    }
}
