//! Signals as a descriptor: `signalfd(2)`, and the mask that goes with it.

#![expect(unsafe_code, reason = "signal sets and signalfd have no safe wrapper")]

use std::os::fd::{FromRawFd, OwnedFd};

use rustix::io::Errno;

/// Gives every signal its default action, which programs started later inherit, and blocks it in this thread, so that
/// none interrupts it.
pub(crate) fn reset_and_block_all() {
    /// The kernel's `struct sigaction` of any architecture: all zeroes are the default action.
    static DEFAULT: [u64; 8] = [0; 8];
    for signal in 1..=64 {
        // SAFETY: reads the structure above, which is at least as large as the kernel's; the old action is not asked
        // for. By libc's own call the signals that it keeps to itself would stay as they are. The two whose action
        // can't be changed are refused.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                DEFAULT.as_ptr(),
                std::ptr::null::<u64>(),
                size_of::<u64>(),
            )
        };
    }
    // SAFETY: `sigset_t` is plain numbers, filled by sigfillset before it is read; the old mask is not asked for.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

/// A descriptor that becomes readable when a child has ended. The signal must be blocked.
///
/// # Errors
/// As signalfd(2).
pub(crate) fn child_ended() -> Result<OwnedFd, Errno> {
    // SAFETY: the set is emptied before it is used; −1 asks for a new descriptor, which is ours alone when it is not
    // negative.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 { Err(super::last_errno()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// SIGTERM to every process that this one may signal but itself: in process 1, to the whole container.
pub(crate) fn terminate_all() {
    // SAFETY: plain numbers. `ESRCH`, when nobody is left, is as good as done.
    unsafe { libc::kill(-1, libc::SIGTERM) };
}
