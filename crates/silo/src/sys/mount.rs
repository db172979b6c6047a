//! `mount_setattr(2)`: id-mapped and read-only mounts.

#![expect(unsafe_code, reason = "mount_setattr has no safe wrapper")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

fn set(mount: BorrowedFd<'_>, attributes: &libc::mount_attr, recursive: bool) -> Result<(), Errno> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a NUL-terminated empty string, and `attributes` is a whole `mount_attr` of the size given;
    // both live until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            std::ptr::from_ref(attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 { Err(super::last_errno()) } else { Ok(()) }
}

fn none() -> libc::mount_attr {
    libc::mount_attr { attr_set: 0, attr_clr: 0, propagation: 0, userns_fd: 0 }
}

/// Shows the owners of a detached mount through the id maps of a user namespace.
///
/// # Errors
/// `EINVAL` when the file system can't do that; `EPERM` for a mount that has been attached before.
pub(crate) fn id_map(mount: impl AsFd, user_namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        userns_fd: u64::from(user_namespace.as_raw_fd().cast_unsigned()),
        ..none()
    };
    set(mount.as_fd(), &attributes, false)
}

/// Takes a mount with all below it out of every peer group: what is mounted on it shows nowhere else, and nothing that is
/// mounted elsewhere shows on it. A copy of a shared mount (as systemd makes all) is shared.
///
/// # Errors
/// As mount_setattr(2).
pub(crate) fn make_private(mount: impl AsFd) -> Result<(), Errno> {
    set(mount.as_fd(), &libc::mount_attr { propagation: libc::MS_PRIVATE, ..none() }, true)
}

/// Adds attributes (`MOUNT_ATTR_RDONLY`, `MOUNT_ATTR_NOSUID`, …) to a mount and to all mounts below it.
///
/// # Errors
/// As mount_setattr(2).
pub(crate) fn restrict(mount: impl AsFd, attributes: MountAttrFlags) -> Result<(), Errno> {
    set(mount.as_fd(), &libc::mount_attr { attr_set: attributes.bits().into(), ..none() }, true)
}

/// Makes one mount read-only, or writable, and leaves those below it as they are.
///
/// # Errors
/// As mount_setattr(2).
pub(crate) fn set_read_only_alone(mount: impl AsFd, read_only: bool) -> Result<(), Errno> {
    let attribute = MountAttrFlags::MOUNT_ATTR_RDONLY.bits().into();
    let attributes = if read_only {
        libc::mount_attr { attr_set: attribute, ..none() }
    } else {
        libc::mount_attr { attr_clr: attribute, ..none() }
    };
    set(mount.as_fd(), &attributes, false)
}
