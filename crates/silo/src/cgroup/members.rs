//! Which processes are in a cgroup.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::create::folders;
use super::{Cgroup, CgroupError, file};

/// How deep groups that the container's processes made are followed. Deeper ones are made to keep us busy.
const DEEPEST: usize = 16;

impl Cgroup {
    /// The processes in the group and below it, by the pids of this process's `/proc`. They may be gone, and their
    /// pids in use by others, when the list is looked at.
    ///
    /// # Errors
    /// [`CgroupError::Io`], [`CgroupError::NotFound`].
    pub fn pids(&self) -> Result<Vec<u32>, CgroupError> {
        let part = self.need_unified()?;
        let mut pids = Vec::new();
        collect(part.dir(), 0, &mut pids).map_err(|errno| self.io(part, "read", "cgroup.procs", errno))?;
        Ok(pids)
    }
}

fn collect(group: BorrowedFd<'_>, depth: usize, pids: &mut Vec<u32>) -> Result<(), Errno> {
    let text = file::read(group, "cgroup.procs")?;
    // 0 stands for a process of another pid namespace.
    pids.extend(file::lines(&text).filter_map(|line| line.parse().ok()).filter(|&pid: &u32| pid != 0));
    if depth == DEEPEST {
        return Ok(());
    }
    for name in folders(group)? {
        let child = openat(group, name, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        match child.and_then(|child| collect(child.as_fd(), depth + 1, pids)) {
            // Removed meanwhile; or a threaded group, whose processes are listed by the group above it.
            Ok(()) | Err(Errno::NOENT | Errno::NODEV | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
