//! `/dev` of a container: its own, with the six nodes that every program may expect.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use super::boot::{BootError, at, attach, clone_of, file_system};
use super::rooted;

/// Name, major and minor number (Linux, Documentation/admin-guide/devices.txt).
const NODES: &[(&str, u32, u32)] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Mounts and fills `/dev`, and returns its null device. In a user namespace nodes can't be made, so the host's are
/// bound.
pub(super) fn populate(root: &OwnedFd, bind: bool) -> Result<OwnedFd, BootError> {
    let dev = file_system("tmpfs", &[("mode", "0755"), ("size", "65536")], MountAttrFlags::MOUNT_ATTR_NOSUID)
        .map_err(at("make a tmpfs for", "/dev"))?;
    let target = rooted::make_plain(root, "dev").map_err(at("make the mount point", "/dev"))?;
    attach(&dev, &target).map_err(at("mount on", "/dev"))?;

    for (name, major, minor) in NODES {
        let made = if bind { bind_node(&dev, name) } else { make_node(&dev, name, *major, *minor) };
        made.map_err(at("make /dev node", *name))?;
    }
    for (name, link) in LINKS {
        rustix::fs::symlinkat(*link, &dev, *name).map_err(at("make /dev link", *name))?;
    }

    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let all = quiet | MountAttrFlags::MOUNT_ATTR_NODEV;
    // Group 5 is `tty` by convention of every distribution; terminals are writable for it, not for others.
    let terminals: &[_] = &[("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")];
    let shared: &[_] = &[("mode", "1777"), ("size", "67108864")];
    for (kind, folder, options, attributes) in
        [("devpts", "pts", terminals, quiet), ("tmpfs", "shm", shared, all), ("mqueue", "mqueue", &[], all)]
    {
        let made = rustix::fs::mkdirat(&dev, folder, Mode::from_raw_mode(0o755)).and_then(|()| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let target = rustix::fs::openat(&dev, folder, flags, Mode::empty())?;
            attach(file_system(kind, options, attributes)?, target)
        });
        made.map_err(at("mount in /dev the file system", kind))?;
    }
    rustix::fs::openat(&dev, "null", OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
        .map_err(at("open", "/dev/null"))
}

fn make_node(dev: &OwnedFd, name: &str, major: u32, minor: u32) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(0o666);
    let number = rustix::fs::makedev(major, minor);
    rustix::fs::mknodat(dev, name, FileType::CharacterDevice, mode, number)?;
    // The mask of the process that started us may have taken bits away.
    rustix::fs::chmodat(dev, name, mode, rustix::fs::AtFlags::empty())
}

fn bind_node(dev: &OwnedFd, name: &str) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::openat(dev, name, flags, Mode::from_raw_mode(0o666))?;
    let target = rustix::fs::openat(dev, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    attach(clone_of(&format!("/dev/{name}"))?, target)
}

/// Opens a new terminal of the container's own devpts: master, then slave.
pub(super) fn open_terminal() -> Result<(OwnedFd, OwnedFd), Errno> {
    use rustix::pty::OpenptFlags;
    // A mapped folder may cover `/dev`: then there can be anything, and process 1 must neither wait for it nor follow it
    // (CVE-2025-52565). What is no terminal's master refuses the next call.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let master = rustix::fs::openat(CWD, "/dev/pts/ptmx", flags, Mode::empty())?;
    rustix::io::ioctl_fionbio(&master, false)?;
    rustix::pty::unlockpt(master.as_fd())?;
    let slave = rustix::pty::ioctl_tiocgptpeer(
        master.as_fd(),
        OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC,
    )?;
    Ok((master, slave))
}
