//! Disks in files, mounted for the host itself: an ext4 image by a loop device.
//!
//! The kernel takes the loop device back when the mount is gone, whoever is killed meanwhile.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::sys::loop_device::{self, LoopDevice};

/// A detached mount of the ext4 file system that fills a file of `length` bytes.
///
/// # Errors
/// `EBUSY` while another program holds the file as a disk; `ENOENT`, `ENXIO` when this kernel has no loop devices; as
/// fsmount(2).
pub fn mount_ext4(path: &Path, length: u64) -> Result<OwnedFd, Errno> {
    let file = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
        Errno::WOULDBLOCK => Errno::BUSY,
        errno => errno,
    })?;
    let LoopDevice { path: device, .. } = &loop_device::attach(&file, length, false)?;
    let context = rustix::mount::fsopen("ext4", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_set_string(context.as_fd(), "source", device)?;
    rustix::mount::fsconfig_create(context.as_fd())?;
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, quiet)
}
