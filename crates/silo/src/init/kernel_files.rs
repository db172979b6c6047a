//! `/proc` and `/sys` of a container, and what of them is hidden or read-only.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FsWord, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use super::boot::{BootError, at, attach, clone_of_open, file_system};
use super::rooted;
use crate::sys;

/// Shown as empty: they tell about the host, or change it. The list is the one that OCI engines agree on.
const HIDDEN_PROC: &[&str] = &[
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];
const HIDDEN_SYS: &[&str] = &["devices/virtual/powercap", "firmware"];

/// May be read, not written.
const READ_ONLY_PROC: &[&str] = &["bus", "fs", "irq", "sys", "sysrq-trigger"];

/// `/proc` (Linux, include/uapi/linux/magic.h).
const PROC_SUPER_MAGIC: FsWord = 0x9fa0;

const RESTRICTED: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// The kernel's file systems, by descriptors of the mounts themselves: no path that leads to them can be made to lead
/// elsewhere.
#[derive(Debug)]
pub(super) struct KernelFiles {
    proc: OwnedFd,
    sys: OwnedFd,
}

impl KernelFiles {
    /// Mounts `/proc` and `/sys`; the latter is `sys` where the supervisor had to make it.
    pub(super) fn mount(root: &OwnedFd, sys: Option<&OwnedFd>) -> Result<Self, BootError> {
        let mount = |source: OwnedFd, name: &'static str| {
            let target = rooted::make_plain(root, name).map_err(at("make the mount point", name))?;
            attach(&source, &target).map_err(at("mount on", name))?;
            Ok(source)
        };
        let proc = file_system("proc", &[], RESTRICTED).map_err(at("make the file system", "proc"))?;
        let proc = mount(proc, "proc")?;
        let sys = sys.map_or_else(sys_files, |sys| rustix::io::fcntl_dupfd_cloexec(sys, 0));
        Ok(Self { proc, sys: mount(sys.map_err(at("make the file system", "sysfs"))?, "sys")? })
    }

    /// Hides and protects what the lists above name, as far as this kernel has it. `null`: the container's null device,
    /// as it was made; a path could lead to anything that is to be seen through the masks (CVE-2025-31133).
    pub(super) fn mask(&self, null: &OwnedFd) -> Result<(), BootError> {
        let mut empty = None;
        let hidden = HIDDEN_PROC.iter().map(|name| (&self.proc, *name));
        for (mount, name) in hidden.chain(HIDDEN_SYS.iter().map(|name| (&self.sys, *name))) {
            // Looked at first: a mount that fails costs a grace period of the kernel, a missing name costs nothing.
            let target = match open(mount.as_fd(), name, OFlags::PATH) {
                Err(Errno::NOENT) => continue,
                target => target.map_err(at("open", name))?,
            };
            let kind = rustix::fs::fstat(&target).map_err(at("look at", name))?.st_mode;
            let folder = rustix::fs::FileType::from_raw_mode(kind).is_dir();
            let cover = match &empty {
                _ if !folder => clone_of_open(null),
                // One file system for all folders: it is empty and read-only, so nothing passes from one to the other.
                Some(empty) => clone_of_open(empty),
                None => file_system(
                    "tmpfs",
                    &[("mode", "0555"), ("nr_inodes", "1")],
                    RESTRICTED | MountAttrFlags::MOUNT_ATTR_RDONLY,
                ),
            };
            let cover = cover.map_err(at("make what hides", name))?;
            attach(&cover, &target).map_err(at("hide", name))?;
            if folder {
                empty = Some(cover);
            }
        }
        for name in READ_ONLY_PROC {
            let target = match open(self.proc.as_fd(), name, OFlags::PATH) {
                Err(Errno::NOENT) => continue,
                target => target.map_err(at("open", *name))?,
            };
            clone_of_open(&target)
                .and_then(|copy| {
                    sys::mount::restrict(&copy, RESTRICTED | MountAttrFlags::MOUNT_ATTR_RDONLY)?;
                    attach(copy, &target)
                })
                .map_err(at("protect", *name))?;
        }
        Ok(())
    }

    /// Writes a kernel setting, named from `/proc/sys`, if this kernel has it. Not after [`KernelFiles::mask`].
    pub(super) fn set(&self, name: &str, value: &[u8]) {
        if let Ok(file) = open(self.proc.as_fd(), &format!("sys/{name}"), OFlags::WRONLY) {
            // One write is one value; a kernel that refuses it keeps its default, which is stricter.
            let _ = rustix::io::write(file, value);
        }
    }
}

/// A `/sys` that shows the network namespace of the caller, not mounted anywhere.
pub(crate) fn sys_files() -> Result<OwnedFd, Errno> {
    file_system("sysfs", &[], RESTRICTED | MountAttrFlags::MOUNT_ATTR_RDONLY)
}

/// Whether this is in `/proc`. What is mounted there would be believed to be the kernel's, by programs inside and by
/// whoever starts them (CVE-2019-16884, CVE-2025-52881).
pub(crate) fn is_proc(target: &OwnedFd) -> Result<bool, Errno> {
    rustix::fs::fstatfs(target).map(|file_system| file_system.f_type == PROC_SUPER_MAGIC)
}

fn open(mount: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(mount, name, flags | OFlags::CLOEXEC, Mode::empty(), resolve)
}
