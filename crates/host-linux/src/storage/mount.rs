//! Overlays in the host's own mount table, and what is mounted at a path.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxAttributes, StatxFlags};
use rustix::io::{Errno, Result};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags};

/// What an upper folder must not hold if it is to be read as a layer: names that lead elsewhere, and files without content.
const OPTIONS: [(&str, &str); 3] = [("redirect_dir", "off"), ("metacopy", "off"), ("index", "off")];

/// The kernel takes no longer options of `mount(2)`.
const MOST_OPTIONS: usize = 4095;
/// `OVERLAYFS_SUPER_MAGIC`.
const OVERLAY: u32 = 0x794c_7630;

/// Mounts an overlay of `lowers`, the highest first, and `upper` at `target`.
pub(super) fn overlay(lowers: &[impl AsRef<Path>], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    let open = |path: &Path| {
        rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    };
    let lowers = lowers.iter().map(|lower| open(lower.as_ref())).collect::<Result<Vec<_>>>()?;
    let (upper, work) = (open(upper)?, open(work)?);
    match by_descriptors(&lowers, &upper, &work) {
        Ok(mount) => attach(&mount, target),
        // Before Linux 6.13 overlayfs takes layers only by path.
        Err(Errno::INVAL | Errno::BADF | Errno::OPNOTSUPP) => by_paths(&lowers, &upper, &work, target),
        Err(errno) => Err(errno),
    }
}

fn by_descriptors(lowers: &[OwnedFd], upper: &OwnedFd, work: &OwnedFd) -> Result<OwnedFd> {
    let context = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let context = context.as_fd();
    for lower in lowers {
        rustix::mount::fsconfig_set_fd(context, "lowerdir+", lower)?;
    }
    rustix::mount::fsconfig_set_fd(context, "upperdir", upper)?;
    rustix::mount::fsconfig_set_fd(context, "workdir", work)?;
    for (key, value) in OPTIONS {
        rustix::mount::fsconfig_set_string(context, key, value)?;
    }
    rustix::mount::fsconfig_create(context)?;
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    rustix::mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, quiet)
}

/// By the short paths of the open folders: a mount's options are one page at most.
fn by_paths(lowers: &[OwnedFd], upper: &OwnedFd, work: &OwnedFd, target: &Path) -> Result<()> {
    let path = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
    let lowers: Vec<String> = lowers.iter().map(path).collect();
    let options = OPTIONS.map(|(key, value)| format!("{key}={value}")).join(",");
    let options =
        format!("lowerdir={},upperdir={},workdir={},{options}", lowers.join(":"), path(upper), path(work));
    // The kernel would cut them, and with them layers.
    if options.len() >= MOST_OPTIONS {
        return Err(Errno::TOOBIG);
    }
    let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
    let quiet = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount("overlay", target, "overlay", quiet, Some(options.as_c_str()))
}

/// Attaches a detached mount.
pub(super) fn attach(mount: &OwnedFd, target: &Path) -> Result<()> {
    rustix::mount::move_mount(mount, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

/// Writes to the disk what of a mounted file system is not there yet.
pub(super) fn sync(target: &Path) -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::syncfs(rustix::fs::open(target, flags, Mode::empty())?)
}

/// Takes a mount away; `EBUSY` while something in it is open.
pub(super) fn detach(target: &Path) -> Result<()> {
    rustix::mount::unmount(target, UnmountFlags::empty())
}

/// Whether something is mounted at a path.
pub(super) fn is_mounted(path: &Path) -> Result<bool> {
    match rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) {
        Ok(found) => Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Whether what is mounted there is an overlay.
pub(super) fn is_overlay(path: &Path) -> Result<bool> {
    Ok(is_mounted(path)? && u64::try_from(rustix::fs::statfs(path)?.f_type) == Ok(OVERLAY.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many layers as an image may have, by descriptors and by paths, which kernels before 6.13 take.
    #[test]
    fn a_chain_of_128_layers_is_mounted_by_either_way() {
        let place = tempfile::tempdir_in("/var/tmp").unwrap();
        let folder = |name: String| {
            let path = place.path().join(name);
            fs_err::create_dir(&path).unwrap();
            path
        };
        let lowers: Vec<_> = (0..128).map(|number| folder(format!("layer-{number}"))).collect();
        for (number, lower) in lowers.iter().enumerate() {
            fs_err::write(lower.join(format!("file-{number}")), "").unwrap();
        }
        let open =
            |path: &Path| rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        for way in ["one", "other"] {
            let [upper, work, target] =
                ["upper", "work", "target"].map(|name| folder(format!("{name}-{way}")));
            let mounted = if way == "one" {
                overlay(&lowers, &upper, &work, &target)
            } else {
                let lowers: Vec<_> = lowers.iter().map(|lower| open(lower)).collect();
                by_paths(&lowers, &open(&upper), &open(&work), &target)
            };
            mounted.unwrap();
            let there = is_overlay(&target).unwrap();
            let files = fs_err::read_dir(&target).unwrap().count();
            detach(&target).unwrap();
            assert!(there && !is_mounted(&target).unwrap(), "{way}");
            assert_eq!(files, 128, "{way}");
        }
    }
}
