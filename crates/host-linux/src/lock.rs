//! Folders that one process at a time may change: a system's runtime folder above all.
//!
//! The lock is `flock` on the folder itself. The kernel drops it when its holder dies, however it dies, so a lock
//! that is free means that nobody makes, runs or clears away what is in the folder. Since the folder goes away
//! with what it holds, having the lock is not enough: the folder must also still be the one at its path.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hcs_contract::{Deadline, Error, Result};
use hcs_silo::board::{self, BOARD, Notice};
use hcs_silo::tree::remove_tree;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

/// A folder that is ours alone until this value is dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    folder: OwnedFd,
    path: PathBuf,
}

/// What came of trying to lock a folder.
#[derive(Debug)]
pub(crate) enum TryLock {
    /// It is ours.
    Ours(FolderLock),
    /// Another process, or another thread of this one, has it.
    Busy,
    /// There is no such folder.
    Missing,
}

/// Tries for a folder's lock, again and again if need be.
///
/// Who waits for a lock watches the folder ([`until`]), and sees there every descriptor of it being closed. So a
/// waiter keeps one open from try to try, and one of the board in it: two waiters that opened and closed them would wake
/// each other for ever.
#[derive(Debug)]
pub(crate) struct Knocker<'a> {
    path: &'a Path,
    folder: Option<OwnedFd>,
    board: Option<OwnedFd>,
}

impl<'a> Knocker<'a> {
    pub(crate) fn new(path: &'a Path) -> Self {
        Self { path, folder: None, board: None }
    }

    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// What a living supervisor says in this folder; `None`: there is none.
    pub(crate) fn read_board(&mut self) -> Result<Option<Notice>> {
        let path = self.path.join(BOARD);
        let board = match self.board.take() {
            Some(board) if same(&board, &path)? => board,
            _ => match board::open(self.path).map_err(|errno| os("open", &path, errno))? {
                Some(board) => board,
                None => return Ok(None),
            },
        };
        let notice = Notice::read(&board).map_err(|errno| os("read", &path, errno))?;
        self.board = Some(board);
        Ok(notice)
    }

    /// Locks the folder if it is there and free.
    pub(crate) fn knock(&mut self) -> Result<TryLock> {
        loop {
            let folder = match self.folder.take() {
                Some(folder) => folder,
                None => match open(self.path)? {
                    Some(folder) => folder,
                    None => return Ok(TryLock::Missing),
                },
            };
            let locked = try_lock(&folder, FlockOperation::NonBlockingLockExclusive)
                .map_err(|errno| os("lock", self.path, errno))?
                .is_some();
            // Not the same: its last holder removed it after our open. Perhaps there is another by now.
            if same(&folder, self.path)? {
                if locked {
                    return Ok(TryLock::Ours(FolderLock { folder, path: self.path.into() }));
                }
                self.folder = Some(folder);
                return Ok(TryLock::Busy);
            }
        }
    }
}

impl FolderLock {
    /// Locks a folder that stays for ever, waiting for others. They hold it for some system calls only; one that was
    /// stopped in between holds up nobody longer than to the deadline.
    ///
    /// # Errors
    /// Timeout; the operating system's.
    pub(crate) fn wait(path: &Path, operation: FlockOperation, deadline: Deadline) -> Result<Self> {
        let begun = Instant::now();
        let folder = open(path)?.ok_or_else(|| os("lock", path, Errno::NOENT))?;
        let failed = |step, errno| os(step, path, errno);
        match until(path, deadline, failed, || {
            try_lock(&folder, operation).map_err(|errno| failed("lock", errno))
        })? {
            Some(()) => Ok(Self { folder, path: path.into() }),
            None => Err(Error::timeout(format!("the lock of {}", path.display()), begun.elapsed())),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is still the folder at its path.
    pub(crate) fn is_there(&self) -> Result<bool> {
        same(&self.folder, &self.path)
    }

    /// Removes what is in the folder, and it itself.
    pub(crate) fn remove(self) -> Result<()> {
        remove_tree(&self.path).map_err(|error| Error::os("remove", self.path.display().to_string(), error))
    }
}

impl AsFd for FolderLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

/// `None`: somebody else has it.
///
/// # Errors
/// As flock(2).
pub(crate) fn try_lock(
    file: &impl AsFd,
    operation: FlockOperation,
) -> std::result::Result<Option<()>, Errno> {
    loop {
        match rustix::fs::flock(file, operation) {
            Ok(()) => return Ok(Some(())),
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// The kernel tells of a descriptor's closing shortly before it drops the descriptor's lock. So after an event there is
/// one more try, this much later.
const CLOSED: Duration = Duration::from_millis(20);

/// Tries until `attempt` gives something or the deadline comes (`None`): at once, and each time that something happens
/// to what is at `path`. What is not there is not waited for. An attempt must not open and close what is at the path,
/// which would wake others that wait as it does.
///
/// # Errors
/// Those of the attempt, and of a step of ours as `failed` makes them.
pub(crate) fn until<T, E>(
    path: &Path,
    deadline: Deadline,
    failed: impl Fn(&'static str, Errno) -> E,
    mut attempt: impl FnMut() -> std::result::Result<Option<T>, E>,
) -> std::result::Result<Option<T>, E> {
    let mut watch: Option<Watch> = None;
    let mut woken = false;
    loop {
        if let Some(result) = attempt()? {
            return Ok(Some(result));
        }
        // A watch that was made before the last attempt misses nothing.
        let Some(watch) = watch.take() else {
            watch = Watch::new(path).map_err(|errno| failed("watch", errno))?;
            continue;
        };
        let limit = if woken { soonest(deadline, Deadline::after(CLOSED)) } else { deadline };
        woken = watch.wait(limit).map_err(|errno| failed("wait for a change of", errno))?;
        if deadline.has_passed() {
            return attempt();
        }
    }
}

fn soonest(a: Deadline, b: Deadline) -> Deadline {
    match (a.instant(), b.instant()) {
        (Some(first), Some(second)) => Deadline::At(first.min(second)),
        (None, _) => b,
        (_, None) => a,
    }
}

/// Sees what happens to a file or folder from the moment it is made.
#[derive(Debug)]
struct Watch {
    events: OwnedFd,
}

impl Watch {
    /// `None`: there is no such thing.
    fn new(path: &Path) -> std::result::Result<Option<Self>, Errno> {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // A lock ends with the closing of its holder's descriptor, which the kernel reports too.
        let wanted = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVED_TO
            | WatchFlags::CLOSE_NOWRITE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DONT_FOLLOW;
        match inotify::add_watch(&events, path, wanted) {
            Ok(_) => Ok(Some(Self { events })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Waits until something happened since [`Watch::new`]; false when the deadline came first.
    fn wait(&self, deadline: Deadline) -> std::result::Result<bool, Errno> {
        loop {
            let timeout = deadline.remaining().and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::new(&self.events, PollFlags::IN)], timeout.as_ref()) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

fn open(path: &Path) -> Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(os("open", path, errno)),
    }
}

fn same(folder: &OwnedFd, path: &Path) -> Result<bool> {
    let ours = rustix::fs::fstat(folder).map_err(|errno| os("look at", path, errno))?;
    match rustix::fs::lstat(path) {
        Ok(there) => Ok((ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(os("look at", path, errno)),
    }
}

fn os(step: &'static str, path: &Path, errno: Errno) -> Error {
    Error::os(step, path.display().to_string(), errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_none_when_it_was_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("system");
        assert!(matches!(Knocker::new(&path).knock().unwrap(), TryLock::Missing));
        fs_err::create_dir(&path).unwrap();
        let TryLock::Ours(lock) = Knocker::new(&path).knock().unwrap() else { panic!("it is free") };
        assert!(matches!(Knocker::new(&path).knock().unwrap(), TryLock::Busy));
        // The holder removes it and somebody makes a new one: that one is free.
        lock.remove().unwrap();
        assert!(matches!(Knocker::new(&path).knock().unwrap(), TryLock::Missing));
        fs_err::create_dir(&path).unwrap();
        assert!(matches!(Knocker::new(&path).knock().unwrap(), TryLock::Ours(_)));
        assert!(matches!(Knocker::new(&path).knock().unwrap(), TryLock::Ours(_)));
    }

    #[test]
    fn a_link_in_the_folders_place_is_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("link");
        fs_err::os::unix::fs::symlink(temp.path(), &path).unwrap();
        Knocker::new(&path).knock().unwrap_err();
    }

    #[test]
    fn waiting_twice_makes_no_event_and_a_replaced_folder_is_noticed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("system");
        fs_err::create_dir(&path).unwrap();
        let TryLock::Ours(lock) = Knocker::new(&path).knock().unwrap() else { panic!("it is free") };
        let mut waiter = Knocker::new(&path);
        assert!(matches!(waiter.knock().unwrap(), TryLock::Busy));
        let watch = Watch::new(&path).unwrap().unwrap();
        assert!(matches!(waiter.knock().unwrap(), TryLock::Busy));
        assert!(!watch.wait(Deadline::now()).unwrap(), "a second try woke those who watch");
        lock.remove().unwrap();
        fs_err::create_dir(&path).unwrap();
        assert!(matches!(waiter.knock().unwrap(), TryLock::Ours(_)));
    }

    #[test]
    fn the_end_of_a_lock_wakes_who_waits_and_the_deadline_too() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("system");
        assert!(Watch::new(&path).unwrap().is_none());
        fs_err::create_dir(&path).unwrap();
        let wait = |deadline| FolderLock::wait(&path, FlockOperation::NonBlockingLockExclusive, deadline);
        let lock = wait(Deadline::now()).unwrap();
        let error = wait(Deadline::after(Duration::from_millis(10))).unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("system"), "{error}");
        std::thread::scope(|scope| {
            let waiters: Vec<_> =
                (0..4).map(|_| scope.spawn(|| drop(wait(Deadline::after(PATIENCE)).unwrap()))).collect();
            drop(lock);
            for waiter in waiters {
                waiter.join().unwrap();
            }
        });
    }

    #[test]
    fn an_event_that_comes_before_what_it_tells_of_is_followed_by_one_more_try() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("system");
        fs_err::create_dir(&path).unwrap();
        let mut tries = 0;
        let begun = Instant::now();
        let failed = |step, errno| os(step, &path, errno);
        let found = until(&path, Deadline::after(PATIENCE), failed, || {
            tries += 1;
            if tries == 2 {
                // Before the watch is waited on, and nothing happens afterwards.
                fs_err::write(path.join("event"), "").unwrap();
            }
            Ok((tries == 5).then_some(()))
        });
        assert!(found.unwrap().is_some());
        assert!(begun.elapsed() < PATIENCE);
    }

    const PATIENCE: Duration = Duration::from_secs(30);
}
