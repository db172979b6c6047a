//! Which system holds which range of user ids.
//!
//! A held range is a symbolic link `$HCS_RUN/ids/<n>` to the name of its [`Life`]: making one is atomic and carries
//! its owner. Takers share the folder's lock, sweepers of leftovers have it alone, so that a sweeper never removes a
//! link that was made after it looked. Owners remove their own link without the lock.

use std::path::PathBuf;
use std::time::Duration;

use hcs_contract::{Deadline, Error, Hresult, Result};
use hcs_fault::Point;
use hcs_silo::spec::IdRange;
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::ids::{self, Life};
use crate::lock::FolderLock;
use crate::options::IdPool;
use crate::paths::{Layout, not_writable};

/// How long a sweep waits for takers, who need some microseconds.
const SWEEP: Duration = Duration::from_secs(2);

/// The path of a range's link: what the supervisor removes when its system is gone.
pub(crate) fn path(layout: &Layout, number: u32) -> PathBuf {
    layout.ids().join(number.to_string())
}

/// The ids of range `number`.
pub(crate) fn range(pool: IdPool, number: u32) -> IdRange {
    IdRange { base: pool.first + number * IdPool::RANGE, length: IdPool::RANGE }
}

/// Takes a free range for `life`. `intend` is told which, before it is taken: whoever is killed in between must have
/// left word of it.
pub(crate) fn take(
    layout: &Layout,
    pool: IdPool,
    life: &Life,
    deadline: Deadline,
    mut intend: impl FnMut(u32) -> Result<()>,
) -> Result<u32> {
    let _takers = FolderLock::wait(&layout.ids(), FlockOperation::NonBlockingLockShared, deadline)?;
    // A random start finds a free one at the first try, and keeps engines that share a pool apart as a rule.
    let start = u32::from_le_bytes(ids::random()?) % pool.count;
    for number in (start..pool.count).chain(0..start) {
        if rustix::fs::lstat(path(layout, number)).is_ok() {
            continue;
        }
        intend(number)?;
        let made = hcs_fault::call(Point::TakeIdRange)
            .and_then(|()| rustix::fs::symlink(life.as_str(), path(layout, number)));
        match made {
            Ok(()) => return Ok(number),
            Err(Errno::EXIST) => {}
            Err(errno) => {
                return Err(not_writable("take", &path(layout, number), errno.into()));
            }
        }
    }
    Err(Error::access_denied(format!("all {} id ranges are in use", pool.count))
        .with_hresult(Hresult::HCS_E_ACCESS_DENIED)
        .with_hint("end some containers, run `hcs gc`, or give the engine a larger pool (HCS_IDS)"))
}

/// Gives `number` back if it is `life`'s.
pub(crate) fn give_back(layout: &Layout, number: u32, life: &Life) -> Result<()> {
    let path = path(layout, number);
    match rustix::fs::readlink(&path, Vec::new()) {
        Ok(owner) if owner.as_bytes() == life.as_str().as_bytes() => {}
        Ok(_) | Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(Error::os("read", path.display().to_string(), errno.into())),
    }
    match hcs_fault::call(Point::GiveBackIdRange).and_then(|()| rustix::fs::unlink(&path)) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(Error::os("remove", path.display().to_string(), errno.into())),
    }
}

/// The held ranges whose owner `lives` says no more; removed unless `dry`. Owners that can't be read count as gone.
pub(crate) fn sweep(
    layout: &Layout,
    dry: bool,
    lives: impl Fn(&Life) -> Result<bool>,
) -> Result<Vec<PathBuf>> {
    let folder = layout.ids();
    let operation = FlockOperation::NonBlockingLockExclusive;
    let _alone = FolderLock::wait(&folder, operation, Deadline::after(SWEEP))?;
    let mut found = Vec::new();
    let io = |step| {
        let folder = folder.display().to_string();
        move |error| Error::os(step, folder.clone(), error)
    };
    for entry in fs_err::read_dir(&folder).map_err(io("list"))? {
        let path = entry.map_err(io("list"))?.path();
        let owner = rustix::fs::readlink(&path, Vec::new())
            .ok()
            .and_then(|owner| owner.into_string().ok())
            .and_then(|owner| Life::parse(&owner));
        if let Some(owner) = owner
            && lives(&owner)?
        {
            continue;
        }
        if !dry {
            match fs_err::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("remove")(error));
                }
                _ => {}
            }
        }
        found.push(path);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::IdName;
    use crate::options::Options;

    fn soon() -> Deadline {
        Deadline::after(SWEEP)
    }

    fn life(id: &str) -> Life {
        Life::new(&IdName::new(id).unwrap()).unwrap()
    }

    #[test]
    fn ranges_are_given_once_until_they_come_back_and_an_empty_pool_says_so() {
        let temp = tempfile::tempdir().unwrap();
        let options =
            Options { root: temp.path().join("root"), run: temp.path().join("run"), ..Options::default() };
        let layout = Layout::open(&options).unwrap();
        let pool = IdPool { first: 0x2400_0000, count: 3 };
        let owner = life("a");
        let taken: BTreeSet<u32> =
            (0..3).map(|_| take(&layout, pool, &owner, soon(), |_| Ok(())).unwrap()).collect();
        assert_eq!(taken, BTreeSet::from([0, 1, 2]));
        assert!(
            take(&layout, pool, &owner, soon(), |_| Ok(())).unwrap_err().hint().unwrap().contains("HCS_IDS")
        );

        // Not by somebody else.
        give_back(&layout, 1, &life("a")).unwrap();
        assert!(take(&layout, pool, &owner, soon(), |_| Ok(())).is_err());
        give_back(&layout, 1, &owner).unwrap();
        give_back(&layout, 1, &owner).unwrap();
        let other = life("b");
        assert_eq!(take(&layout, pool, &other, soon(), |_| Ok(())).unwrap(), 1);
        assert_eq!(range(pool, 1), IdRange { base: 0x2401_0000, length: 0x1_0000 });

        let lives = |life: &Life| Ok(*life == other);
        assert_eq!(sweep(&layout, true, lives).unwrap().len(), 2);
        assert_eq!(sweep(&layout, false, lives).unwrap().len(), 2);
        assert_eq!(sweep(&layout, false, lives).unwrap().len(), 0);
        assert!(fs_err::symlink_metadata(path(&layout, 1)).is_ok());
    }
}
