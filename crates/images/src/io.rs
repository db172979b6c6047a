//! Files of the store: locks, and writes that are whole or not there.

use std::io::{self, Write as _};
use std::path::Path;

use fs_err::{File, OpenOptions};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Result, at};

/// A lock of a store's, as long as it is there.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "its end is what counts")] File);

impl Lock {
    /// Waits for the lock, which others may share.
    pub(crate) fn shared(path: &Path) -> Result<Self> {
        Self::take(path, FlockOperation::LockShared).map_err(at("lock", path))
    }

    /// Waits for the lock, which nobody shares.
    pub(crate) fn exclusive(path: &Path) -> Result<Self> {
        Self::take(path, FlockOperation::LockExclusive).map_err(at("lock", path))
    }

    /// The lock, unless somebody has it.
    pub(crate) fn try_exclusive(path: &Path) -> Result<Option<Self>> {
        match Self::take(path, FlockOperation::NonBlockingLockExclusive) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(at("lock", path)(error)),
        }
    }

    fn take(path: &Path, how: FlockOperation) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        wait(&file, how)?;
        Ok(Self(file))
    }
}

/// Waits for a lock on an open file.
pub(crate) fn wait(file: &File, how: FlockOperation) -> io::Result<()> {
    loop {
        match flock(file, how) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Writes a file that appears whole: readers see the old one or the new one. `work` is a folder beside it.
pub(crate) fn write_whole(work: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let mut temporary = Temporary::new(work)?;
    temporary.file.write_all(bytes).map_err(at("write", path))?;
    temporary.keep(path)
}

/// Gives a folder that is whole its name, which never leads to less, whenever the machine crashes.
pub(crate) fn keep_folder(work: &Path, path: &Path) -> Result<()> {
    let opened = File::open(work).map_err(at("open", work))?;
    rustix::fs::syncfs(&opened).map_err(|errno| at("write", work)(errno.into()))?;
    fs_err::rename(work, path).map_err(at("make", path))
}

/// A file without a name, which gets one when it is whole, and is gone otherwise whoever is killed.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) file: std::fs::File,
    work: std::path::PathBuf,
}

impl Temporary {
    pub(crate) fn new(work: &Path) -> Result<Self> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = rustix::fs::open(work, flags, Mode::from_raw_mode(0o600));
        let file = file.map_err(|errno| at("make a file in", work)(errno.into()))?.into();
        Ok(Self { file, work: work.into() })
    }

    /// Gives it this name, in place of whatever has it. The name never leads to less than the whole content, whenever the
    /// machine crashes.
    pub(crate) fn keep(self, path: &Path) -> Result<()> {
        use std::os::fd::AsRawFd as _;
        self.file.sync_all().map_err(at("write", path))?;
        let number = self.file.as_raw_fd();
        let source = format!("/proc/self/fd/{number}");
        let link = |path: &Path| {
            let flags = rustix::fs::AtFlags::SYMLINK_FOLLOW;
            rustix::fs::linkat(rustix::fs::CWD, &source, rustix::fs::CWD, path, flags)
        };
        // A link takes no other's place, but a rename does; so it has a name of this process's own for a moment.
        let own = self.work.join(format!("{}-{number}", std::process::id()));
        let _ = fs_err::remove_file(&own);
        link(&own).map_err(|errno| at("make", path)(errno.into()))?;
        fs_err::rename(&own, path).map_err(at("make", path))
    }
}

impl io::Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes between two looks at the room that is left.
const LOOK: u64 = 64 << 20;
/// One of so many parts of a disk is left to others.
const LEFT: u64 = 20;

/// The room on the disk of what comes from outside, whose size nobody knows before it was unpacked.
#[derive(Debug)]
pub(crate) struct Room {
    on: std::os::fd::OwnedFd,
    since: u64,
}

impl Room {
    /// `on` is a file or folder there.
    pub(crate) fn new(on: impl Into<std::os::fd::OwnedFd>) -> Self {
        Self { on: on.into(), since: 0 }
    }

    /// The room where a folder is.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let opened = std::fs::File::from(File::open(folder).map_err(at("open", folder))?);
        Ok(Self::new(opened))
    }

    /// So many bytes more were taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] while there is still some left, so that others go on.
    pub(crate) fn take(&mut self, bytes: u64) -> io::Result<()> {
        self.since = self.since.saturating_add(bytes);
        if self.since < LOOK {
            return Ok(());
        }
        self.since = 0;
        let found = rustix::fs::fstatvfs(&self.on)?;
        if found.f_bavail < found.f_blocks / LEFT {
            let problem = format!("less than a {LEFT}th of the disk is free");
            return Err(io::Error::new(io::ErrorKind::StorageFull, problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_room_is_left_to_others() {
        use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        mount("tmpfs", temp.path(), "tmpfs", MountFlags::empty(), c"size=4m").unwrap();
        let mut room = Room::at(temp.path()).unwrap();
        let empty = room.take(LOOK);
        fs_err::write(temp.path().join("x"), vec![1; (4 << 20) - (100 << 10)]).unwrap();
        let (before, full) = (room.take(LOOK - 1), room.take(1));
        unmount(temp.path(), UnmountFlags::DETACH).unwrap();
        assert!(empty.is_ok() && before.is_ok());
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
