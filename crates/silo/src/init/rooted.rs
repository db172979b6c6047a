//! Paths below the container's root, which may be hostile: nothing here leaves it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Opens `path` with `root` as `/` for every link on the way (`openat2(2)`, `RESOLVE_IN_ROOT`).
pub(crate) fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    loop {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(root, path, flags | OFlags::CLOEXEC, mode, resolve) {
            // A rename somewhere in the system happened meanwhile; the kernel asks to try again (openat2(2)).
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
}

/// A mount point for a kernel file system: the folder of this name in the root itself, made if need be. A link there is
/// an error: it would lead to where the root's owner, perhaps through another container, decides what is seen and
/// written in the kernel's place (CVE-2019-19921, CVE-2023-27561).
pub(super) fn make_plain(root: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    make_folder(root, name)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(root, name, flags, Mode::empty())
}

/// A mount point: what is at `path`, or a new folder or empty file there, with the folders above it.
pub(crate) fn make(root: &OwnedFd, path: &str, folder: bool) -> Result<OwnedFd, Errno> {
    match open(root.as_fd(), path, OFlags::PATH, Mode::empty()) {
        Err(Errno::NOENT) => {}
        result => return result,
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    // `..` would make folders elsewhere than their names say; a spec has no reason to hold it.
    if parts.contains(&"..") {
        return Err(Errno::INVAL);
    }
    let Some((last, above)) = parts.split_last() else { return Err(Errno::NOENT) };
    let mut at = String::new();
    let mut parent = open(root.as_fd(), "/", OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    for part in above {
        at.push('/');
        at.push_str(part);
        make_folder(&parent, part)?;
        parent = open(root.as_fd(), &at, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    }
    if folder {
        make_folder(&parent, last)?;
    } else {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY;
        match open(parent.as_fd(), last, flags, Mode::from_raw_mode(0o644)) {
            Ok(_) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    open(root.as_fd(), path, OFlags::PATH, Mode::empty())
}

/// The same path as it is spelled there, for programs to whom names have no case: what is there by that very name, or
/// else by the first that differs in case only.
pub(crate) fn respelled(root: &OwnedFd, path: &str) -> Result<String, Errno> {
    let mut spelled = String::new();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    for part in parts.by_ref() {
        let folder = if spelled.is_empty() { "/" } else { spelled.as_str() };
        let name = found(root, folder, part)?;
        spelled = format!("{spelled}/{}", name.as_deref().unwrap_or(part));
        if name.is_none() {
            break;
        }
    }
    Ok(parts.fold(spelled, |spelled, part| format!("{spelled}/{part}")))
}

fn found(root: &OwnedFd, folder: &str, name: &str) -> Result<Option<String>, Errno> {
    let path = format!("{folder}/{name}");
    match open(root.as_fd(), &path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(_) => return Ok(Some(name.into())),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let folder = open(root.as_fd(), folder, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let lower = name.to_lowercase();
    for entry in rustix::fs::Dir::new(folder)? {
        if let Ok(other) = entry?.file_name().to_str()
            && other.to_lowercase() == lower
        {
            return Ok(Some(other.into()));
        }
    }
    Ok(None)
}

fn make_folder(parent: &OwnedFd, name: &str) -> Result<(), Errno> {
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(folder: &tempfile::TempDir) -> OwnedFd {
        rustix::fs::open(folder.path(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap()
    }

    #[test]
    fn links_of_a_hostile_root_do_not_lead_out() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("../../../../..", folder.path().join("up")).unwrap();
        make(&root(&folder), "/up/var/lib", true).unwrap();
        assert!(folder.path().join("var/lib").is_dir());
        // The link's target does not exist below the root, so nothing can be made through it.
        assert!(make(&root(&folder), "/etc/hosts", false).is_err());
        assert_eq!(fs_err::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_is_no_place_for_a_kernel_file_system() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("other")).unwrap();
        std::os::unix::fs::symlink("/other", folder.path().join("proc")).unwrap();
        fs_err::write(folder.path().join("sys"), "").unwrap();
        for name in ["proc", "sys"] {
            assert_eq!(make_plain(&root(&folder), name).unwrap_err(), Errno::NOTDIR);
        }
        make_plain(&root(&folder), "dev").unwrap();
        make_plain(&root(&folder), "dev").unwrap();
        assert!(folder.path().join("dev").is_dir());
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(folder.path().join("a/Windows/System32")).unwrap();
        fs_err::create_dir(folder.path().join("a/data")).unwrap();
        fs_err::create_dir(folder.path().join("a/DATA")).unwrap();
        for (path, spelled) in [
            ("/a/windows/SYSTEM32/New/x", "/a/Windows/System32/New/x"),
            ("/a/data", "/a/data"),
            ("/a/DATA/x", "/a/DATA/x"),
            ("/b/a", "/b/a"),
        ] {
            assert_eq!(respelled(&root(&folder), path).unwrap(), spelled, "{path}");
        }
    }

    #[test]
    fn missing_folders_and_files_are_made() {
        let folder = tempfile::tempdir().unwrap();
        make(&root(&folder), "/a/b/c", true).unwrap();
        make(&root(&folder), "/a/b/file", false).unwrap();
        assert!(folder.path().join("a/b/c").is_dir());
        assert!(folder.path().join("a/b/file").is_file());
        assert_eq!(make(&root(&folder), "/a/../../x", true).unwrap_err(), Errno::INVAL);
    }
}
