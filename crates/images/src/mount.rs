//! An image's files on the host, for reading.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    UnmountFlags, mount_bind, mount_change,
};

use crate::error::{Result, at, invalid};
use crate::store::{Documents, InUse, Store};

/// The kernel takes no longer options of the old call, and cuts them without a word.
const MOST_OPTIONS: usize = 4095;
/// The mounts of this process's namespace.
const MOUNTS: &str = "/proc/self/mountinfo";

impl Store {
    /// Mounts an image's layers over each other on a folder, unpacked if they are not yet. Nothing in it can be written,
    /// and set-user-id programs have no rights there.
    ///
    /// # Errors
    /// As [`Store::prepare`]; an image without layers; what the system says.
    pub fn mount(&self, documents: &Documents, folder: &Path) -> Result<()> {
        let _lock = self.adding()?;
        let layers = self.prepare(documents, |_| {})?;
        let failed = |errno: Errno| at("mount on", folder)(errno.into());
        let open = |path: PathBuf| -> Result<OwnedFd> {
            let opened =
                rustix::fs::open(&path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
            opened.map_err(|errno| at("open", &path)(errno.into()))
        };
        let lowers: Vec<OwnedFd> =
            layers.iter().rev().map(|layer| open(layer.folder.join("Files"))).collect::<Result<_>>()?;
        match (&lowers[..], layers.last()) {
            // An overlay wants two.
            ([only], _) => bind(only, folder).map_err(failed),
            (several, Some(top)) => match overlay(several) {
                Ok(mount) => {
                    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                    rustix::mount::move_mount(&mount, "", CWD, folder, flags).map_err(failed)
                }
                // Before Linux 6.13 overlayfs takes layers only by path.
                Err(Errno::INVAL | Errno::BADF | Errno::OPNOTSUPP) => by_paths(several, &top.folder, folder),
                Err(errno) => Err(failed(errno)),
            },
            _ => Err(invalid("the image", "has no layers, so there is nothing to mount")),
        }
    }

    /// The layers' folders that mounts of this namespace show.
    pub(crate) fn mounted(&self) -> Result<InUse> {
        let text = fs_err::read_to_string(MOUNTS).map_err(at("read", Path::new(MOUNTS)))?;
        let mut found = InUse::new();
        for line in text.lines() {
            let point = line.split(' ').nth(4).unwrap_or_default();
            found.extend(
                shown(line)
                    .into_iter()
                    .map(|name| (self.layers().join(name), format!("the mount at {point}"))),
            );
        }
        Ok(found)
    }
}

/// The names of layers in a line of [`MOUNTS`]: a bind mount has its layer as its root, an overlay its layers among its
/// options or, as [`by_paths`] mounts it, the top one as its source. The root is a path within a file system, so that only
/// the end of each is compared; a layer of another store that is taken for one of this store's only stays longer.
fn shown(line: &str) -> BTreeSet<&str> {
    let words = line.split([' ', ',', ':', '=']).filter_map(|word| word.split_once("/layers/"));
    words.filter_map(|(_, rest)| rest.split('/').next()).filter(|name| !name.is_empty()).collect()
}

fn bind(only: &OwnedFd, folder: &Path) -> rustix::io::Result<()> {
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::BIND;
    mount_bind(format!("/proc/self/fd/{}", only.as_raw_fd()), folder)?;
    let quiet = rustix::mount::mount_remount(folder, flags, c"")
        .and_then(|()| mount_change(folder, MountPropagationFlags::PRIVATE));
    if quiet.is_err() {
        // As a mount that may be written to it must not stay; the failure that led here is the one to report.
        let _ = rustix::mount::unmount(folder, UnmountFlags::DETACH);
    }
    quiet
}

/// An overlay of layers, the highest first, which is mounted nowhere yet.
fn overlay(lowers: &[OwnedFd]) -> rustix::io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let context = context.as_fd();
    for lower in lowers {
        rustix::mount::fsconfig_set_fd(context, "lowerdir+", lower)?;
    }
    rustix::mount::fsconfig_create(context)?;
    let quiet = MountAttrFlags::MOUNT_ATTR_RDONLY
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV;
    rustix::mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, quiet)
}

/// The same by the short paths of the open folders.
fn by_paths(lowers: &[OwnedFd], top: &Path, folder: &Path) -> Result<()> {
    let names: Vec<_> = lowers.iter().map(|lower| format!("/proc/self/fd/{}", lower.as_raw_fd())).collect();
    let options = format!("lowerdir={}", names.join(":"));
    if options.len() >= MOST_OPTIONS {
        let problem = format!("has {} layers, more than this kernel mounts; Linux 6.13 does", lowers.len());
        return Err(invalid("the image", problem));
    }
    let options = std::ffi::CString::new(options).map_err(|_| invalid("the image", "has no layers"))?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    // The source has no meaning for the kernel, and says in the list of mounts which layer is in use.
    let mounted = rustix::mount::mount(top, folder, "overlay", flags, options.as_c_str());
    mounted.map_err(|errno| at("mount on", folder)(errno.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_mounts_says_which_layers_it_shows() {
        let bind = "52 28 8:1 /lib/hcs/images/layers/aa/Files /mnt ro shared:1 - ext4 /dev/sda1 rw";
        let overlay = "53 28 0:47 / /mnt ro - overlay overlay ro,lowerdir+=/x/layers/aa/Files,lowerdir+=/x/layers/bb-w/Files";
        let old = "54 28 0:48 / /mnt ro - overlay /x/layers/cc ro,lowerdir=/proc/self/fd/5:/proc/self/fd/6";
        let others = "55 28 0:49 / /mnt/layers ro - tmpfs /layers/ rw";
        for (line, names) in [(bind, &["aa"][..]), (overlay, &["aa", "bb-w"]), (old, &["cc"]), (others, &[])]
        {
            assert_eq!(shown(line).into_iter().collect::<Vec<_>>(), names, "{line}");
        }
    }

    #[test]
    fn an_image_that_is_mounted_is_in_use_and_the_mount_is_for_reading() {
        use std::os::unix::fs::MetadataExt as _;
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        let store = Store::open(&temp.path().join("images")).unwrap();
        let lowers: Vec<_> = ["aa", "bb"]
            .map(|name| {
                let files = store.layers().join(name).join("Files");
                fs_err::create_dir_all(&files).unwrap();
                fs_err::write(files.join(name), "").unwrap();
                rustix::fs::open(&files, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
            })
            .into();
        let target = temp.path().join("target");
        fs_err::create_dir(&target).unwrap();
        let device = fs_err::metadata(&target).unwrap().dev();
        let in_use = || -> Vec<String> {
            let layers = store.mounted().unwrap().into_iter();
            let ours = layers.filter(|(path, user)| {
                path.starts_with(store.layers()) && *user == format!("the mount at {}", target.display())
            });
            ours.map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        let ways = [("bind", &["aa"][..], 1), ("overlay", &["aa", "bb"], 2), ("paths", &["aa"], 2)];
        for (way, names, count) in ways {
            match way {
                "bind" => bind(&lowers[0], &target).unwrap(),
                "paths" => by_paths(&lowers, &store.layers().join("aa"), &target).unwrap(),
                _ => match overlay(&lowers) {
                    Ok(mount) => {
                        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                        rustix::mount::move_mount(&mount, "", CWD, &target, flags).unwrap();
                    }
                    // An older kernel, whose way is the next one.
                    Err(_) => continue,
                },
            }
            let (used, written) = (in_use(), fs_err::write(target.join("new"), ""));
            let files = fs_err::read_dir(&target).unwrap().count();
            rustix::mount::unmount(&target, UnmountFlags::DETACH).unwrap();
            assert_eq!((used.iter().map(String::as_str).collect(), files), (names.to_vec(), count), "{way}");
            assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::ReadOnlyFilesystem, "{way}");
        }
        assert_eq!(fs_err::metadata(&target).unwrap().dev(), device);
        let many: Vec<_> = (0..300).map(|_| lowers[0].try_clone().unwrap()).collect();
        assert!(matches!(by_paths(&many, &target, &target), Err(crate::ImageError::Invalid { .. })));
    }
}
