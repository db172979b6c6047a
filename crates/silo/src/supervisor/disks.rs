//! Virtual disks: files of the host that hold a file system, mounted into the container.
//!
//! The kernel takes the loop device back when the mount is gone, whoever is killed meanwhile. It keeps the file open, and
//! with it the lock that keeps a second writer away.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use super::build::failure;
use crate::protocol::Failure;
use crate::sys;

/// A disk to be mounted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk<'a> {
    pub(super) path: &'a Path,
    pub(super) length: u64,
    pub(super) file_system: &'a str,
    pub(super) read_only: bool,
}

impl Disk<'_> {
    /// A detached mount of its file system, shown through the ids of a user namespace if one is given.
    pub(super) fn mount(
        &self,
        attributes: MountAttrFlags,
        ids: Option<BorrowedFd<'_>>,
    ) -> Result<OwnedFd, Failure> {
        let at = |step| move |errno| failure(step, self.path.display(), errno);
        let (access, lock) = if self.read_only {
            (OFlags::RDONLY, FlockOperation::NonBlockingLockShared)
        } else {
            (OFlags::RDWR, FlockOperation::NonBlockingLockExclusive)
        };
        let file = rustix::fs::open(self.path, access | OFlags::CLOEXEC, Mode::empty())
            .map_err(at("open the disk"))?;
        rustix::fs::flock(&file, lock).map_err(|errno| match errno {
            Errno::WOULDBLOCK => {
                at("attach, since another container or program uses it, the disk")(Errno::BUSY)
            }
            errno => at("lock the disk")(errno),
        })?;
        let device =
            sys::loop_device::attach(&file, self.length, self.read_only).map_err(|errno| match errno {
                Errno::NOENT | Errno::NXIO | Errno::NODEV => Failure::NotSupported(format!(
                    "{}: this kernel has no loop devices, by which disks are attached (module loop)",
                    self.path.display()
                )),
                errno => at("attach the disk")(errno),
            })?;
        let mount = self.mount_device(&device.path, attributes)?;
        if let Some(ids) = ids {
            sys::mount::id_map(&mount, ids).map_err(|errno| match errno {
                Errno::INVAL => Failure::NotSupported(format!(
                    "{}: {} has no id-mapped mounts; use ext4, xfs or btrfs, or run without a user namespace",
                    self.path.display(),
                    self.file_system
                )),
                errno => at("map the ids of the disk")(errno),
            })?;
        }
        Ok(mount)
    }

    fn mount_device(&self, device: &str, attributes: MountAttrFlags) -> Result<OwnedFd, Failure> {
        let context = rustix::mount::fsopen(self.file_system, FsOpenFlags::FSOPEN_CLOEXEC);
        let context = context.map_err(|errno| match errno {
            Errno::NODEV => Failure::NotSupported(format!(
                "{}: this kernel knows no {}",
                self.path.display(),
                self.file_system
            )),
            errno => failure("mount", self.path.display(), errno),
        })?;
        let mount = || {
            rustix::mount::fsconfig_set_string(context.as_fd(), "source", device)?;
            if self.read_only {
                rustix::mount::fsconfig_set_flag(context.as_fd(), "ro")?;
            }
            rustix::mount::fsconfig_create(context.as_fd())?;
            rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        };
        mount().map_err(|errno| {
            let step = format!("mount the {} of the disk", self.file_system);
            failure(&step, self.path.display(), errno)
        })
    }
}
