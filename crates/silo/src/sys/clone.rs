//! Making a process by `clone3(2)` without replacing its program: how the supervisor becomes two.

#![expect(unsafe_code, reason = "clone3 has no safe wrapper")]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::process::Pid;

/// Which side of a [`fork`] this is.
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The process that called.
    Parent {
        /// The child's id in the caller's pid namespace.
        pid: Pid,
        /// A descriptor of the child.
        pidfd: OwnedFd,
    },
}

/// Copies this process into new namespaces, and into a version 2 cgroup if one is given.
///
/// Only for a single-threaded process: in the child of a threaded one, another thread's lock would stay locked for
/// ever. The supervisor and init have one thread for all their life.
///
/// # Errors
/// As clone3(2); `EPERM` without the right to make one of the namespaces, `ENOSPC` at their limit.
pub(crate) fn fork(namespaces: i32, cgroup: Option<BorrowedFd<'_>>) -> Result<Side, Errno> {
    let mut pidfd: RawFd = -1;
    // SAFETY: `clone_args` is plain numbers; zero is the documented value of every unused member.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = namespaces.cast_unsigned().into();
    arguments.flags |= u64::from(libc::CLONE_PIDFD.cast_unsigned());
    arguments.pidfd = (&raw mut pidfd).addr() as u64;
    arguments.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    if let Some(cgroup) = cgroup {
        const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = u64::from(cgroup.as_raw_fd().cast_unsigned());
    }
    // SAFETY: without CLONE_VM and with a zero stack the child goes on with a copy of this memory, as after fork(2).
    // The process has one thread (see above), so that copy is consistent. `arguments` and `pidfd` outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    match result {
        0 => Ok(Side::Child),
        1.. => {
            let pid = i32::try_from(result).ok().and_then(Pid::from_raw).ok_or(Errno::RANGE)?;
            // SAFETY: with CLONE_PIDFD the kernel stored a new descriptor there, which nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Side::Parent { pid, pidfd })
        }
        _ => Err(super::last_errno()),
    }
}
