//! Kernel calls that rustix does not offer. All of the crate's unsafe code outside `cgroup` and `seccomp` is here.

pub(crate) mod clone;
pub(crate) mod idle;
pub(crate) mod loop_device;
pub(crate) mod mount;
pub(crate) mod signal;
pub(crate) mod spawn;

use std::os::fd::AsRawFd;

use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a libc call left in `errno`.
pub(crate) fn last_errno() -> Errno {
    // The error comes from the operating system by construction.
    Errno::from_raw_os_error(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

/// Lets this process have as many open files as the host allows it, and returns what it was allowed until now.
pub(crate) fn raise_open_files() -> Rlimit {
    let limit = getrlimit(Resource::Nofile);
    // A host that forbids it leaves us where we were.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    limit
}

/// Takes [`raise_open_files`] back.
pub(crate) fn restore_open_files(limit: Rlimit) {
    // Down is always allowed.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Closes every descriptor from 3 on but these two (`close_range(2)`).
///
/// # Errors
/// As close_range(2).
#[expect(unsafe_code, reason = "close_range closes descriptors that Rust values may own")]
pub(crate) fn close_all_but(kept: [BorrowedFd<'_>; 2]) -> Result<(), Errno> {
    let mut kept = kept.map(|fd| fd.as_raw_fd().cast_unsigned());
    kept.sort_unstable();
    let [low, high] = kept;
    for (first, last) in [(3, low.wrapping_sub(1)), (low + 1, high.wrapping_sub(1)), (high + 1, u32::MAX)] {
        if first > last {
            continue;
        }
        // SAFETY: takes plain numbers. The callers, process 1 and those who mount for the supervisor, are clones of the
        // supervisor: what they inherited from it is never touched again, and values of their own they have dropped. The
        // supervisor itself calls it first thing, when it owns nothing but its socket.
        if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0u32) } < 0 {
            return Err(last_errno());
        }
    }
    Ok(())
}

/// Makes `lo` of the current network namespace work (`SIOCSIFFLAGS`, netdevice(7)).
#[expect(unsafe_code, reason = "no crate here offers SIOCSIFFLAGS")]
pub(crate) fn loopback_up() -> Result<(), Errno> {
    let socket = rustix::net::socket_with(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    // SAFETY: `ifreq` is plain numbers and a union of them; all zeroes is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed();
    request.ifr_name[1] = b'o'.cast_signed();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the kernel's field is 16 bits and these flags are low"
    )]
    {
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    }
    // SAFETY: the socket is open, and SIOCSIFFLAGS reads one `ifreq`, which lives until the call returns.
    let result =
        unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}
