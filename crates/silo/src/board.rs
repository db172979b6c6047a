//! How a system stands, for whoever passes by: a file in its runtime folder that its supervisor keeps up to date.
//!
//! Who lists hundreds of systems reads as many small files, and wakes nobody: each answer by a supervisor would take it
//! half a dozen system calls, and its memory out of rest. The supervisor changes the file before it tells anybody of a
//! change, so whoever was told finds it there.
//!
//! The supervisor holds a lock on the file that the kernel drops at its death, however it dies, and that no other process
//! inherits (a record lock, fcntl(2)): a file without the lock says nothing of anybody. A reader that comes while the
//! file is written would see half of it; so it ends with the sum of what is before.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use hcs_fault::Point;
use rustix::fs::{CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType};
use serde::{Deserialize, Serialize};

use crate::protocol::Status;

/// The name of the file in the system's runtime folder.
pub const BOARD: &str = "board";
/// Its name until it says something.
const EMPTY: &str = "board.new";
/// Its size in bytes, from the beginning and for ever: a full disk can't keep a supervisor from changing it.
const SIZE: usize = 128;
const SUM: usize = 8;
/// The first byte: what is written has this form.
const VERSION: u8 = 1;
/// A writer is between two bytes for nanoseconds, unless the kernel stops it just there.
const TRIES: u32 = 64;

/// What stands on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Where the system stands.
    pub status: Status,
    /// How many handles on it there are.
    pub handles: u32,
}

/// The supervisor's side.
#[derive(Debug)]
pub(crate) struct Board {
    file: OwnedFd,
    shown: Notice,
}

impl Board {
    /// Makes the file, says this much, and gives it its name: who sees it appear can read it.
    pub(crate) fn put_up(directory: &Path, notice: Notice) -> Result<Self, Errno> {
        let new = directory.join(EMPTY);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        hcs_fault::call(Point::MakeBoard)?;
        let file = rustix::fs::openat(CWD, &new, flags, Mode::from_raw_mode(0o600))?;
        rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
        write(&file, notice)?;
        hcs_fault::call(Point::NameBoard)?;
        rustix::fs::rename(&new, directory.join(BOARD))?;
        Ok(Self { file, shown: notice })
    }

    /// What it says.
    pub(crate) fn shown(&self) -> Notice {
        self.shown
    }

    /// From here on it says this.
    pub(crate) fn show(&mut self, notice: Notice) {
        if notice != self.shown {
            self.shown = notice;
            // Its bytes have their place on the disk already; on one that is broken readers find the sum wrong.
            let _ = write(&self.file, notice);
        }
    }
}

fn write(file: &OwnedFd, notice: Notice) -> Result<(), Errno> {
    let mut bytes = [0; SIZE];
    bytes[0] = VERSION;
    let (content, sum) = bytes.split_at_mut(SIZE - SUM);
    postcard::to_slice(&notice, &mut content[1..]).map_err(|_| Errno::OVERFLOW)?;
    sum.copy_from_slice(&sum_of(content));
    match rustix::io::pwrite(file, &bytes, 0)? {
        SIZE => Ok(()),
        _ => Err(Errno::NOSPC),
    }
}

/// FNV-1a: it has to notice half a change, not an enemy.
fn sum_of(content: &[u8]) -> [u8; SUM] {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    content.iter().fold(0xcbf2_9ce4_8422_2325, step).to_le_bytes()
}

/// Opens the board in a runtime folder, to read it more than once; `None`: there is none (yet, or any more).
///
/// # Errors
/// Those of openat(2).
pub fn open(directory: &Path) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, directory.join(BOARD), flags, Mode::empty()) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

impl Notice {
    /// What an opened board says just now; `None`: its supervisor is gone.
    ///
    /// # Errors
    /// `EILSEQ` for what no supervisor of this version writes; those of fcntl(2) and pread(2).
    pub fn read(board: impl AsFd) -> Result<Option<Self>, Errno> {
        let mut notice = Err(Errno::ILSEQ);
        for _ in 0..TRIES {
            let mut bytes = [0; SIZE];
            let count = rustix::io::pread(&board, &mut bytes, 0)?;
            notice = parse(&bytes[..count]).ok_or(Errno::ILSEQ);
            if notice.is_ok() {
                break;
            }
        }
        // Afterwards: what a living supervisor's file says was true when it was read.
        let held = rustix::process::fcntl_getlk(&board, &Flock::from(FlockType::ReadLock))?.is_some();
        if held { notice.map(Some) } else { Ok(None) }
    }
}

fn parse(bytes: &[u8]) -> Option<Notice> {
    let (content, sum) = bytes.split_at_checked(SIZE - SUM)?;
    if content[0] != VERSION || sum != sum_of(content) {
        return None;
    }
    postcard::from_bytes(&content[1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Exit, ExitKind, ProcessExit, State};

    fn longest() -> Notice {
        let first_process = Some(ProcessExit { code: u32::MAX, signal: u8::MAX, out_of_memory: true });
        let exit =
            Exit { kind: ExitKind::Unexpected, oom_kills: u64::MAX, first_process, at_100ns: u64::MAX };
        let status = Status {
            state: State::Stopped,
            init_pid: u32::MAX,
            created_100ns: u64::MAX,
            started_100ns: u64::MAX,
            exit: Some(exit),
        };
        Notice { status, handles: u32::MAX }
    }

    #[test]
    fn half_of_a_change_is_noticed_and_the_longest_notice_has_room() {
        let file = tempfile::tempfile().unwrap();
        let file = OwnedFd::from(file);
        write(&file, longest()).unwrap();
        let mut old = [0; SIZE];
        rustix::io::pread(&file, &mut old, 0).unwrap();
        assert_eq!(parse(&old), Some(longest()));
        let mut status = longest().status;
        status.created_100ns = 7;
        write(&file, Notice { status, handles: 1 }).unwrap();
        let mut new = [0; SIZE];
        rustix::io::pread(&file, &mut new, 0).unwrap();
        for cut in 1..SIZE {
            let mixed = [&new[..cut], &old[cut..]].concat();
            assert!(mixed == new || mixed == old || parse(&mixed).is_none(), "cut at {cut}");
            assert_eq!(parse(&old[..cut]), None);
        }
    }

    #[test]
    fn a_board_without_its_supervisor_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(open(dir.path()).unwrap().is_none());
        let board = Board::put_up(dir.path(), longest()).unwrap();
        assert_eq!(Board::put_up(dir.path(), longest()).map(drop), Ok(()), "one that was left is replaced");
        drop(board);
        // To the process that has a record lock, it is free.
        let file = open(dir.path()).unwrap().unwrap();
        assert_eq!(Notice::read(&file), Ok(None));
    }
}
