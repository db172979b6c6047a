//! Removing a folder that a container has filled, with one descriptor however deep it is.
//!
//! `std::fs::remove_dir_all` holds a descriptor per level: a container that nests its folders deeper than a process may
//! have descriptors would make its own removal fail for ever.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use hcs_fault::Point;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, SeekFrom, fstat, openat, unlinkat};
use rustix::io::Errno;

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Names of folders that are remembered per level; what a wider folder has beyond is found when it is read again.
const WIDTH: usize = 1024;

/// A folder on the way from the top to where the removal is.
struct Level {
    /// Of the folder above it.
    name: CString,
    /// Device and inode of the folder above it.
    above: (u64, u64),
    /// What is still to be removed in the one above.
    left: Folders,
}

/// Folders in a folder that has nothing else any more.
#[derive(Default)]
struct Folders {
    names: Vec<CString>,
    /// There are more, which had no room.
    more: bool,
}

/// Removes the folder `path` with all that is in it, or the file; links are removed, not followed. What is not there is
/// gone.
///
/// # Errors
/// The operating system's; a mount below `path` is an error (`EXDEV`), and what it shows is not touched.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match hcs_fault::call(Point::RemoveTree).and_then(|()| remove(path)) {
        Err(Errno::NOENT) => Ok(()),
        result => result.map_err(io::Error::from),
    }
}

fn remove(path: &Path) -> Result<(), Errno> {
    let top = match openat(CWD, path, DIRECTORY, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => return unlinkat(CWD, path, AtFlags::empty()),
        top => top?,
    };
    let (device, _) = identity(&top)?;
    let mut levels: Vec<Level> = Vec::new();
    let mut left = clear_files(&top)?;
    let mut here = top;
    loop {
        if let Some(name) = left.names.pop() {
            match unlinkat(&here, &name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => continue,
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            let above = identity(&here)?;
            here = openat(&here, &name, DIRECTORY, Mode::empty())?;
            if identity(&here)?.0 != device {
                return Err(Errno::XDEV);
            }
            let below = clear_files(&here)?;
            levels.push(Level { name, above, left: std::mem::replace(&mut left, below) });
            continue;
        }
        if left.more {
            left = clear_files(&here)?;
            continue;
        }
        let Some(level) = levels.pop() else { break };
        here = openat(&here, c"..", DIRECTORY, Mode::empty())?;
        if identity(&here)? != level.above {
            // Somebody moves folders about; what is above now is none of ours.
            return Err(Errno::STALE);
        }
        unlinkat(&here, &level.name, AtFlags::REMOVEDIR)?;
        left = level.left;
    }
    unlinkat(CWD, path, AtFlags::REMOVEDIR)
}

fn identity(folder: &OwnedFd) -> Result<(u64, u64), Errno> {
    fstat(folder).map(|stat| (stat.st_dev, stat.st_ino))
}

/// Removes everything in the folder but folders, of which it gives some names.
fn clear_files(folder: &OwnedFd) -> Result<Folders, Errno> {
    // It may have been read before.
    rustix::fs::seek(folder, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut folders = Folders::default();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        if is_folder(folder, name, entry.file_type())? {
            if folders.names.len() == WIDTH {
                folders.more = true;
                break;
            }
            folders.names.push(name.to_owned());
            continue;
        }
        match unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(folders)
}

fn is_folder(folder: &impl AsFd, name: &CStr, known: FileType) -> Result<bool, Errno> {
    if known != FileType::Unknown {
        return Ok(known == FileType::Directory);
    }
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

#[cfg(test)]
mod tests {
    use rustix::fs::mkdirat;

    use super::*;

    #[test]
    fn a_tree_deeper_than_there_are_descriptors_and_wider_than_the_memory_goes() {
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        let path = temp.path().join("tree");
        fs_err::create_dir(&path).unwrap();
        let mut here = openat(CWD, &path, DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..1200 {
            mkdirat(&here, "d", Mode::RWXU).unwrap();
            here = openat(&here, "d", DIRECTORY, Mode::empty()).unwrap();
        }
        for number in 0..WIDTH + 10 {
            fs_err::create_dir(path.join(number.to_string())).unwrap();
            fs_err::write(path.join(number.to_string()).join("file"), "").unwrap();
        }
        remove_tree(&path).unwrap();
        assert!(!path.exists());
        remove_tree(&path).unwrap();
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        let path = temp.path().join("tree");
        let precious = temp.path().join("precious");
        fs_err::create_dir_all(path.join("below")).unwrap();
        fs_err::create_dir(&precious).unwrap();
        fs_err::write(precious.join("file"), "").unwrap();
        fs_err::os::unix::fs::symlink(&precious, path.join("below/link")).unwrap();
        remove_tree(&path).unwrap();
        assert!(!path.exists() && precious.join("file").exists());
        fs_err::os::unix::fs::symlink(&precious, &path).unwrap();
        remove_tree(&path).unwrap();
        assert!(fs_err::symlink_metadata(&path).is_err() && precious.join("file").exists());
    }

    #[test]
    fn a_mount_is_not_walked_into() {
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        let point = temp.path().join("tree/mount");
        fs_err::create_dir_all(&point).unwrap();
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", &point, "tmpfs", flags, None).expect("this test needs root");
        fs_err::write(point.join("file"), "").unwrap();
        let result = remove_tree(&temp.path().join("tree"));
        let there = point.join("file").exists();
        rustix::mount::unmount(&point, rustix::mount::UnmountFlags::DETACH).unwrap();
        result.unwrap_err();
        assert!(there);
    }
}
