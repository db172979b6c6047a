//! The folders where systems come and go, watched by inotify.
//!
//! Three kinds of folder: the one of all systems, in which a system's own appears and goes; each system's own, in which
//! its socket appears; and the one of farewells. The kernel queues what happens in all of them in one order.

use std::collections::{BTreeMap, VecDeque};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use hcs_contract::{Error, Result};
use hcs_silo::client::SOCKET;
use hcs_silo::farewell::Farewell;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use crate::ids::IdName;
use crate::paths::Layout;

/// As many bytes of events as are taken at once; the largest has 272.
const BUFFER: usize = 8 << 10;

/// Something that happened in a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A system's folder is there.
    Appeared(IdName),
    /// Its supervisor can be reached.
    Listens(IdName),
    /// A system's folder is gone.
    Gone(IdName),
    /// A system has ended.
    Farewell(Farewell),
    /// The queue was full: more has happened.
    Overflow,
    /// The folder of all systems is gone itself.
    Removed,
}

/// The watched folders.
#[derive(Debug)]
pub(super) struct Folders {
    inotify: OwnedFd,
    systems: i32,
    farewells: i32,
    own: BTreeMap<i32, IdName>,
}

impl Folders {
    /// Watches the folders of an engine.
    pub(super) fn new(layout: &Layout) -> Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .map_err(|errno| failed("watch", &layout.systems(), errno))?;
        let watch = |path: &Path, wanted| {
            inotify::add_watch(&inotify, path, wanted | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW)
                .map_err(|errno| failed("watch", path, errno))
        };
        let coming_and_going = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE;
        let systems = watch(&layout.systems(), coming_and_going)?;
        let farewells = watch(&layout.farewells(), WatchFlags::CREATE)?;
        Ok(Self { inotify, systems, farewells, own: BTreeMap::new() })
    }

    /// Watches a system's own folder; `false`: there is none.
    pub(super) fn watch(&mut self, path: &Path, name: &IdName) -> Result<bool> {
        let wanted = WatchFlags::MOVED_TO | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW;
        match inotify::add_watch(&self.inotify, path, wanted) {
            Ok(number) => {
                self.own.insert(number, name.clone());
                Ok(true)
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(failed("watch", path, errno)),
        }
    }

    /// Adds what has happened, and waits for nothing.
    pub(super) fn read(&mut self, changes: &mut VecDeque<Change>) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        // An error is that there is nothing, or a signal: then the descriptor is still readable.
        while let Ok(event) = reader.next() {
            let flags = event.events();
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                changes.push_back(Change::Overflow);
            } else if flags.contains(ReadFlags::IGNORED) {
                self.own.remove(&event.wd());
                if event.wd() == self.systems {
                    changes.push_back(Change::Removed);
                }
            } else if let Some(name) = event.file_name().and_then(|name| name.to_str().ok()) {
                changes.extend(self.change(event.wd(), name, flags.contains(ReadFlags::DELETE)));
            }
        }
    }

    fn change(&self, folder: i32, name: &str, gone: bool) -> Option<Change> {
        if folder == self.farewells {
            Farewell::parse(name).map(Change::Farewell)
        } else if folder == self.systems {
            let name = IdName::from_file_name(name)?;
            Some(if gone { Change::Gone(name) } else { Change::Appeared(name) })
        } else {
            (name == SOCKET).then(|| self.own.get(&folder).cloned().map(Change::Listens)).flatten()
        }
    }
}

impl AsFd for Folders {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn failed(step: &'static str, path: &Path, errno: Errno) -> Error {
    let error = Error::os(step, path.display().to_string(), errno.into());
    match errno {
        Errno::MFILE => error.with_hint(
            "too many programs of this user watch files: raise sysctl fs.inotify.max_user_instances",
        ),
        Errno::NOSPC => error
            .with_hint("too many files of this user are watched: raise sysctl fs.inotify.max_user_watches"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn systems_come_listen_say_farewell_and_go_and_other_names_are_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let options =
            Options { root: temp.path().join("root"), run: temp.path().join("run"), ..Options::default() };
        let layout = Layout::open(&options).unwrap();
        let mut folders = Folders::new(&layout).unwrap();
        let name = IdName::new("a/b").unwrap();
        let folder = layout.system(&name);
        assert!(!folders.watch(&folder, &name).unwrap());
        fs_err::create_dir(&folder).unwrap();
        fs_err::write(layout.systems().join(".hidden"), "").unwrap();
        assert!(folders.watch(&folder, &name).unwrap());
        fs_err::write(folder.join("control.new"), "").unwrap();
        fs_err::rename(folder.join("control.new"), folder.join(SOCKET)).unwrap();
        let life = "a.0123456789abcdef";
        fs_err::create_dir(layout.farewells().join(format!("{life}~{:042x}g000000070000", 1))).unwrap();
        fs_err::create_dir(layout.farewells().join("nonsense")).unwrap();
        fs_err::remove_dir_all(&folder).unwrap();
        let mut changes = VecDeque::new();
        folders.read(&mut changes);
        assert_eq!(changes[0], Change::Appeared(name.clone()));
        assert_eq!(changes[1], Change::Listens(name.clone()));
        assert!(
            matches!(&changes[2], Change::Farewell(farewell) if farewell.life == life && farewell.code == Some(7))
        );
        assert_eq!(changes[3], Change::Gone(name));
        assert_eq!(changes.len(), 4);
        fs_err::remove_dir_all(layout.systems()).unwrap();
        folders.read(&mut changes);
        assert!(changes.contains(&Change::Removed), "{changes:?}");
        assert!(folders.own.is_empty());
    }
}
