//! The mounts that only the supervisor can make: folders and overlays of the host, shown through the container's ids.
//!
//! Each becomes a detached mount whose descriptor goes to init, so nothing of it ever appears in the host's mount
//! table.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use hcs_fault::Point;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags,
};
use rustix::thread::UnshareFlags;

use super::build::{failure, folder_failure};
use super::disks::Disk;
use crate::protocol::Failure;
use crate::spec::{Guest, Mount, Root, Source, Spec};
use crate::sys;

/// The root, then each of the spec's mounts that is not memory, in order; and the kernel's numbers of the mapped ones.
pub(super) fn make_all(
    spec: &Spec,
    ids: Option<BorrowedFd<'_>>,
) -> Result<(Vec<OwnedFd>, Vec<u64>), Failure> {
    let Root { source, read_only } = &spec.root;
    let root = make(spec, source, MountAttrFlags::empty(), ids)?;
    if *read_only {
        // What is mounted below the root now, too. The root itself stays writable until init has made the mount points,
        // and then there are mounts below it that must take writes.
        sys::mount::restrict(&root, MountAttrFlags::MOUNT_ATTR_RDONLY)
            .and_then(|()| sys::mount::set_read_only_alone(&root, false))
            .map_err(|errno| failure("make read-only", "what is mounted below the root", errno))?;
    }
    let mut made = vec![root];
    if matches!(spec.guest, Guest::Windows { .. }) {
        let folder = spec.directory.join(super::FIFOS);
        rustix::fs::mkdir(&folder, Mode::from_raw_mode(0o755))
            .map_err(|errno| failure("make the folder", folder.display(), errno))?;
    }
    let mut mapped = Vec::with_capacity(spec.mapped.len());
    let of_mapped = spec.mounts.len()..spec.mounts.len() + spec.mapped.len();
    for (number, mount) in spec.all_mounts().iter().enumerate() {
        let is_mapped = of_mapped.contains(&number);
        if matches!(mount.source, Source::Tmpfs { .. }) {
            if is_mapped {
                return Err(Failure::NotSupported(format!(
                    "{}: memory is no folder of the host",
                    mount.target
                )));
            }
            continue;
        }
        let source = make_mapped(spec, mount, ids)?;
        if is_mapped {
            mapped.push(id(&source).map_err(|errno| failure("look at the mount for", &mount.target, errno))?);
        }
        made.push(source);
    }
    Ok((made, mapped))
}

/// A detached mount of the host's that is not the root: without set-user-id programs and device nodes.
pub(super) fn make_mapped(
    spec: &Spec,
    mount: &Mount,
    ids: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Failure> {
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    match &mount.source {
        Source::Disk { path, length, file_system, id_mapped } => {
            let disk = Disk { path, length: *length, file_system, read_only: mount.read_only };
            disk.mount(quiet, ids.filter(|_| *id_mapped))
        }
        source => make(spec, source, quiet, ids),
    }
}

/// The kernel's number of a mount, which stays the same where it is attached, whatever is renamed there.
pub(super) fn id(mount: &OwnedFd) -> Result<u64, Errno> {
    let found = rustix::fs::statx(mount, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok(found.stx_mnt_id)
}

fn make(
    spec: &Spec,
    source: &Source,
    attributes: MountAttrFlags,
    ids: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Failure> {
    hcs_fault::call(Point::MakeMount).map_err(|errno| failure("make", "a mount", errno))?;
    match source {
        Source::Bind { path, id_mapped } => {
            let mount = copy_of(path, ids.filter(|_| *id_mapped))?;
            if !attributes.is_empty() {
                sys::mount::restrict(&mount, attributes)
                    .map_err(|errno| failure("restrict the mount of", path.display(), errno))?;
            }
            Ok(mount)
        }
        Source::Overlay { lowers, upper, work, volatile } => {
            for folder in [upper, work] {
                own(folder, spec)?;
            }
            let overlay = Overlay { lowers, upper, work, volatile: *volatile, attributes, ids };
            overlay.make(&spec.directory)
        }
        Source::Disk { .. } => Err(Failure::NotSupported("a disk as the root".into())),
        // The root may be memory; init makes the others itself.
        Source::Tmpfs { .. } => Err(Failure::NotSupported("a root of memory only".into())),
    }
}

/// A detached copy of the mount at a path of the host, shown through the ids of a user namespace if one is given.
fn copy_of(path: &Path, ids: Option<BorrowedFd<'_>>) -> Result<OwnedFd, Failure> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    // With ids only this one mount: a mount below it could be of a file system that can't be mapped.
    let flags = if ids.is_some() { flags } else { flags | OpenTreeFlags::AT_RECURSIVE };
    let mount = rustix::mount::open_tree(CWD, path, flags)
        .map_err(|errno| folder_failure("bind", path.display(), errno))?;
    // pivot_root(2) takes no shared mount, and the container's mounts are nobody else's.
    sys::mount::make_private(&mount)
        .map_err(|errno| failure("make private the mount of", path.display(), errno))?;
    if let Some(ids) = ids {
        sys::mount::id_map(&mount, ids).map_err(|errno| match errno {
            Errno::INVAL => Failure::NotSupported(format!(
                "the file system of {} has no id-mapped mounts; use ext4, xfs or btrfs, or run without a user \
                 namespace",
                path.display()
            )),
            errno => failure("map the ids of", path.display(), errno),
        })?;
    }
    Ok(mount)
}

/// Makes a folder that takes the container's writes, owned by its root: the owner of the upper folder is what shows.
fn own(folder: &Path, spec: &Spec) -> Result<(), Failure> {
    let at = |step| move |errno| failure(step, folder.display(), errno);
    let made = hcs_fault::call(Point::MakeOverlayFolder)
        .and_then(|()| rustix::fs::mkdir(folder, Mode::from_raw_mode(0o755)));
    match made {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(at("make the folder")(errno)),
    }
    if let Some(ids) = spec.ids {
        let (uid, gid) = (rustix::process::Uid::from_raw(ids.base), rustix::process::Gid::from_raw(ids.base));
        rustix::fs::chown(folder, Some(uid), Some(gid)).map_err(at("give to the container the folder"))?;
    }
    Ok(())
}

struct Overlay<'a> {
    lowers: &'a [std::path::PathBuf],
    upper: &'a Path,
    work: &'a Path,
    volatile: bool,
    attributes: MountAttrFlags,
    ids: Option<BorrowedFd<'a>>,
}

impl Overlay<'_> {
    fn make(&self, directory: &Path) -> Result<OwnedFd, Failure> {
        let lowers: Vec<OwnedFd> =
            self.lowers.iter().map(|lower| copy_of(lower, self.ids)).collect::<Result<_, _>>()?;
        match self.by_descriptors(&lowers) {
            // Before Linux 6.13 overlayfs takes layers only by path: fsconfig answers EINVAL, EBADF for the key, or (6.1)
            // EOPNOTSUPP.
            Err(Errno::INVAL | Errno::BADF | Errno::OPNOTSUPP) => self
                .by_paths(&lowers, directory)
                .map_err(|errno| failure("mount the overlay of", self.upper.display(), errno)),
            result => result.map_err(|errno| failure("mount the overlay of", self.upper.display(), errno)),
        }
    }

    fn by_descriptors(&self, lowers: &[OwnedFd]) -> Result<OwnedFd, Errno> {
        let context = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let context = context.as_fd();
        for lower in lowers {
            rustix::mount::fsconfig_set_fd(context, "lowerdir+", lower)?;
        }
        for (key, path) in [("upperdir", self.upper), ("workdir", self.work)] {
            let folder =
                rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            rustix::mount::fsconfig_set_fd(context, key, &folder)?;
        }
        if self.volatile {
            rustix::mount::fsconfig_set_flag(context, "volatile")?;
        }
        rustix::mount::fsconfig_create(context)?;
        rustix::mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, self.attributes)
    }

    /// Attaches the lowers under short names in a mount namespace of our own, and mounts by those names: a mount's
    /// options are one page at most.
    fn by_paths(&self, lowers: &[OwnedFd], directory: &Path) -> Result<OwnedFd, Errno> {
        unshare_mounts()?;
        rustix::mount::mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::DOWNSTREAM)?;
        let home = rustix::fs::open(".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::mount::mount("tmpfs", directory, "tmpfs", MountFlags::empty(), None)?;
        rustix::process::chdir(directory)?;
        let result = self.mount_here(lowers);
        rustix::process::fchdir(&home)?;
        let unmounted = rustix::mount::unmount(directory, UnmountFlags::DETACH);
        result.and_then(|mount| unmounted.map(|()| mount))
    }

    fn mount_here(&self, lowers: &[OwnedFd]) -> Result<OwnedFd, Errno> {
        let folder = Mode::from_raw_mode(0o700);
        let mut names = Vec::with_capacity(lowers.len());
        for (number, lower) in lowers.iter().enumerate() {
            let name = number.to_string();
            rustix::fs::mkdir(&name, folder)?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            rustix::mount::move_mount(lower, "", CWD, &name, flags)?;
            names.push(name);
        }
        rustix::fs::symlink(self.upper, "u")?;
        rustix::fs::symlink(self.work, "w")?;
        rustix::fs::mkdir("m", folder)?;
        let volatile = if self.volatile { ",volatile" } else { "" };
        let options = format!("lowerdir={},upperdir=u,workdir=w{volatile}", names.join(":"));
        let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
        rustix::mount::mount("overlay", "m", "overlay", MountFlags::empty(), Some(options.as_c_str()))?;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let mount = rustix::mount::open_tree(CWD, "m", flags)?;
        if !self.attributes.is_empty() {
            sys::mount::restrict(&mount, self.attributes)?;
        }
        Ok(mount)
    }
}

#[expect(unsafe_code, reason = "rustix marks unshare unsafe for the sake of CLONE_FILES")]
fn unshare_mounts() -> Result<(), Errno> {
    // SAFETY: only CLONE_FILES, which is not asked for, can pull descriptors from under their owners.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }
}
