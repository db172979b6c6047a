//! Network namespaces that have a name: a file below `$HCS_RUN/netns` that the namespace is mounted on, so that it is
//! there without a process in it. After a reboot there are none.

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};
use hcs_dataplane::{Links, Netns};
use hcs_fault::Point;
use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::errors;
use crate::paths::not_writable;

/// The loopback link's number in every namespace.
const LOOPBACK: u32 = 1;

/// Makes the namespace `name`, or finds the one that is there.
pub(super) fn make(folder: &Path, name: &str) -> Result<(Netns, PathBuf)> {
    let path = folder.join(name);
    if let Some(netns) = open(&path)? {
        return Ok((netns, path));
    }
    let netns = Netns::create(name).map_err(errors::of_plane)?;
    Links::open(&netns).and_then(|mut links| links.set_up(LOOPBACK)).map_err(errors::of_plane)?;
    // Its containers have no right over it that would let them take a port below 1024, and Windows knows no such ports.
    // Nor one to send any packet, but the kernel's own sockets for echo requests will do.
    let rights = || {
        fs_err::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")?;
        fs_err::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647")
    };
    netns
        .inside(rights)
        .map_err(errors::of_plane)?
        .map_err(|error| Error::os("set up", format!("network namespace {name}"), error))?;
    self::name(&netns, &path)?;
    Ok((netns, path))
}

/// Mounts a namespace on `path`, where none is. It is there as long as the mount is, whoever made it.
pub(super) fn name(netns: &Netns, path: &Path) -> Result<()> {
    fs_err::write(path, "").map_err(|error| not_writable("make", path, error))?;
    let source = format!("/proc/self/fd/{}", netns.as_fd().as_raw_fd());
    let mounted = hcs_fault::call(Point::MountNetns).and_then(|()| rustix::mount::mount_bind(source, path));
    if let Err(errno) = mounted {
        // Best effort: an empty file is no namespace to who looks next.
        let _ = fs_err::remove_file(path);
        return Err(Error::os("mount the network namespace on", path.display().to_string(), errno.into()));
    }
    Ok(())
}

/// The namespace that is mounted on `path`; `None`: there is none.
pub(super) fn open(path: &Path) -> Result<Option<Netns>> {
    // An empty file was left by who was killed before the mount.
    if !is_namespace(path) {
        return Ok(None);
    }
    Netns::open(path).map(Some).map_err(errors::of_plane)
}

fn is_namespace(path: &Path) -> bool {
    /// Linux, include/uapi/linux/magic.h.
    const NSFS_MAGIC: rustix::fs::FsWord = 0x6e73_6673;
    rustix::fs::statfs(path).is_ok_and(|found| found.f_type == NSFS_MAGIC)
}

/// The kernel's own number of the namespace that is mounted on `path`.
pub(super) fn number(path: &Path) -> Option<u32> {
    is_namespace(path).then(|| rustix::fs::stat(path).ok())?.and_then(|stat| u32::try_from(stat.st_ino).ok())
}

/// Takes its name from a namespace; it goes with its last process. No error if there is none.
pub(super) fn remove(path: &Path) -> Result<()> {
    let failed = |step, errno: Errno| Error::os(step, path.display().to_string(), errno.into());
    match rustix::mount::unmount(path, UnmountFlags::DETACH) {
        // There is no such file, or nothing is mounted on it.
        Ok(()) | Err(Errno::NOENT | Errno::INVAL) => {}
        Err(errno) => return Err(failed("unmount", errno)),
    }
    match rustix::fs::unlink(path) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(failed("remove", errno)),
    }
}

/// The names of all.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let list = || -> std::io::Result<Vec<String>> {
        let entries = fs_err::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        Ok(entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    };
    list().map_err(|error| Error::os("list", folder.display().to_string(), error))
}
