//! How a process gets into a cgroup without waiting for an RCU grace period: born there, or moving itself.

use std::os::fd::BorrowedFd;

use hcs_fault::Point;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::{Cgroup, CgroupError, Controllers};

/// The kernel refused a version 1 hierarchy. Plain data, so that a child can hand it to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot write 0 into the tasks file of the {controllers:?} hierarchy")]
pub struct EnterError {
    /// Which hierarchy.
    pub controllers: Controllers,
    /// The kernel's answer: `ENOSPC` for an empty cpuset, `ESRCH` or `EBUSY` for a group that is going away.
    #[source]
    pub errno: Errno,
}

impl Cgroup {
    /// The folder in the unified hierarchy, for `CLONE_INTO_CGROUP`; `None` only for what a crash has left.
    ///
    /// The child must still call [`Cgroup::enter_self`].
    pub fn clone_target(&self) -> Option<BorrowedFd<'_>> {
        self.unified().map(|part| part.dir())
    }

    /// Moves the calling thread into every version 1 part. Async-signal-safe: no allocation, system calls only.
    ///
    /// For a child right after its clone, while it has one thread, and while the descriptors are still open. A thread
    /// that moves itself takes no lock that waits (see the module's text). The unified hierarchy has no such way:
    /// there the child has to be born in [`Cgroup::clone_target`].
    ///
    /// # Errors
    /// [`EnterError`] at the first hierarchy that refuses; those before it are entered.
    pub fn enter_self(&self) -> Result<(), EnterError> {
        for part in self.parts.iter().filter(|part| !part.unified) {
            hcs_fault::call(Point::EnterCgroup)
                .and_then(|()| openat(part.dir(), c"tasks", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()))
                .and_then(|tasks| rustix::io::write(tasks, b"0"))
                .map_err(|errno| EnterError { controllers: part.controllers, errno })?;
        }
        Ok(())
    }

    /// What the child's [`EnterError`] means here, with the cgroup's name.
    pub fn enter_error(&self, error: EnterError) -> CgroupError {
        match self.parts.iter().find(|part| !part.unified && part.controllers == error.controllers) {
            Some(part) => self.io(part, "enter by writing 0 into", "tasks", error.errno),
            None => CgroupError::NotFound { cgroup: self.path.as_str().into() },
        }
    }
}
