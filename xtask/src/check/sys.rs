//! `mount_setattr(2)`, which rustix does not have.
//!
//! Source: Linux, include/uapi/linux/mount.h and man page mount_setattr(2).

#![expect(unsafe_code, reason = "one system call without a safe wrapper")]

use std::os::fd::{AsFd, AsRawFd};

use rustix::io::Errno;

/// Gives the detached mount `mount` the id map of the user namespace `user`.
///
/// # Errors
/// `EINVAL` when the mount's file system has no id maps; `ENOSYS` before Linux 5.12.
pub(super) fn set_id_map(mount: impl AsFd, user: impl AsFd) -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        // A descriptor is never negative.
        userns_fd: u64::from(user.as_fd().as_raw_fd().unsigned_abs()),
    };
    // SAFETY: the descriptors are borrowed for the whole call, the path is a NUL-terminated literal, and the kernel
    // reads `size_of::<mount_attr>()` bytes of a struct that lives until the call returns. It writes nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        return Ok(());
    }
    let code = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL);
    Err(Errno::from_raw_os_error(code))
}
