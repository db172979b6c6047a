//! What all calls of one engine share: its settings, its folders, and finding a system by its id.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use hcs_contract::{Deadline, Error, Object, Result};
use hcs_fault::Point;
use hcs_silo::board::Notice;
use hcs_silo::client::{self, Connection, LaunchError};
use hcs_silo::protocol::State;
use rustix::fs::FlockOperation;

use super::errors;
use crate::ids::{IdName, Life};
use crate::lock::{self, FolderLock, Knocker, TryLock};
use crate::network::Networks;
use crate::options::Options;
use crate::paths::{Layout, not_writable};
use crate::record::Meta;

/// An engine, opened.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) options: Options,
    pub(super) layout: Layout,
    networks: Networks,
}

/// What there is of a system. `L` is what one gets of a living one.
#[derive(Debug)]
pub(super) enum Found<L> {
    /// Its supervisor runs.
    Live(L),
    /// Its supervisor is dead. What it left is ours to clear away.
    Dead(FolderLock),
    /// Nothing, or nothing but a record.
    Nothing,
}

/// What there is of a system, just now.
enum Look<L> {
    Found(Found<L>),
    /// It is going.
    Changing,
    /// Somebody has its folder: who makes it, clears it away, or is not found for another reason.
    Held,
}

/// A way to find that a supervisor lives.
pub(super) trait Contact: Sized {
    /// `None`: none does.
    fn make(knocker: &mut Knocker<'_>, id: &str, until: Option<Instant>) -> Result<Option<Self>>;
    /// Somebody has the folder whom `make` does not find.
    ///
    /// # Errors
    /// It is one who never will be found.
    fn missed(_: &mut Knocker<'_>, _: &str, _: Option<Instant>) -> Result<()> {
        Ok(())
    }
    /// Its state, and how many other handles there are.
    fn seen(&self) -> (State, u32);
    fn leave(self);
}

/// A handle on the system.
impl Contact for Arc<Connection> {
    fn make(knocker: &mut Knocker<'_>, id: &str, until: Option<Instant>) -> Result<Option<Self>> {
        match client::connect_until(knocker.path(), until) {
            Ok(connection) => Ok(Some(connection)),
            Err(LaunchError::NotThere { .. }) => Ok(None),
            Err(error) => Err(errors::from_launch(error, id)),
        }
    }

    fn seen(&self) -> (State, u32) {
        (self.first_status().state, self.first_others())
    }

    fn leave(self) {
        self.close();
    }
}

/// A look at it, of which it knows nothing.
impl Contact for Notice {
    fn make(knocker: &mut Knocker<'_>, _: &str, _: Option<Instant>) -> Result<Option<Self>> {
        knocker.read_board()
    }

    fn missed(knocker: &mut Knocker<'_>, id: &str, until: Option<Instant>) -> Result<()> {
        // Whoever serves has put up a board before, and takes it down when that is over. One that serves before and after
        // a look for the board, and has none, is of a version that knew none.
        let directory = knocker.path();
        let older = client::is_served(directory, until)
            && knocker.read_board()?.is_none()
            && client::is_served(directory, until);
        if older {
            let older = LaunchError::Version { directory: directory.into() };
            return Err(errors::from_launch(older, id));
        }
        Ok(())
    }

    fn seen(&self) -> (State, u32) {
        (self.status.state, self.handles)
    }

    fn leave(self) {}
}

impl Engine {
    pub(crate) fn open(options: Options) -> Result<Self> {
        options.check()?;
        let layout = Layout::open(&options)?;
        Ok(Self { options, layout, networks: Networks::default() })
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The process 1 of a life, by its number on the host; `None`: it is gone.
    pub(crate) fn init_of(&self, life: &Life) -> Result<Option<u32>> {
        let name = life.id_name();
        let folder = self.layout.system(&name);
        let Some(meta) = Meta::read(&folder)?.filter(|meta| meta.life == life.as_str()) else {
            return Ok(None);
        };
        let pid = match self.glance(&name, &meta)? {
            Some(Found::Live(notice)) => notice.status.init_pid,
            // A dead one is the next one's to clear away.
            Some(Found::Dead(_) | Found::Nothing) | None => 0,
        };
        Ok((pid != 0).then_some(pid))
    }

    /// The life of a system that runs, and its runtime folder.
    pub(crate) fn living(&self, id: &str) -> Result<(Life, PathBuf)> {
        let not_found = || Error::not_found(Object::system(id));
        let folder = self.layout.system(&IdName::new(id)?);
        let meta = Meta::read(&folder)?.filter(|meta| meta.id == id).ok_or_else(not_found)?;
        let life = meta.life().ok_or_else(not_found)?;
        match self.init_of(&life)? {
            Some(_) => Ok((life, folder)),
            None => Err(Error::already_stopped(Object::system(id))),
        }
    }

    /// Looks a system up, waiting while it is made or going.
    pub(super) fn find<L: Contact>(&self, name: &IdName, id: &str, deadline: Deadline) -> Result<Found<L>> {
        let begun = Instant::now();
        let path = self.layout.system(name);
        let mut knocker = Knocker::new(&path);
        let failed =
            |step, errno: rustix::io::Errno| Error::os(step, path.display().to_string(), errno.into());
        let found = lock::until(&path, deadline, failed, || {
            Ok(match look(&mut knocker, id, deadline, || self.goes_with_last_handle(name))? {
                Look::Found(found) => Some(found),
                Look::Changing => None,
                Look::Held => {
                    L::missed(&mut knocker, id, deadline.instant())?;
                    None
                }
            })
        })?;
        found.ok_or_else(|| {
            let waiting = format!("compute system {id}, which is being made or cleared away");
            Error::timeout(waiting, begun.elapsed())
        })
    }

    /// A look without waiting: `None` while it changes. `meta` was read from the system's folder just now.
    pub(super) fn glance(&self, name: &IdName, meta: &Meta) -> Result<Option<Found<Notice>>> {
        let path = self.layout.system(name);
        let says_so = || meta.ends_with_last_handle;
        Ok(match look(&mut Knocker::new(&path), &meta.id, Deadline::now(), says_so)? {
            Look::Found(found) => Some(found),
            Look::Changing | Look::Held => None,
        })
    }

    /// Takes the id: its runtime folder is made, ours, and empty, whatever an earlier system left there.
    ///
    /// # Errors
    /// Already exists, when a system has the id and keeps it.
    pub(super) fn claim(&self, name: &IdName, id: &str, deadline: Deadline) -> Result<FolderLock> {
        loop {
            self.make_folder(name, deadline)?;
            match self.find::<Notice>(name, id, deadline)? {
                Found::Live(_) => return Err(Error::already_exists(Object::system(id))),
                Found::Dead(lock) => {
                    self.reuse(&lock)?;
                    return Ok(lock);
                }
                // Removed before we had it: another try.
                Found::Nothing => {}
            }
        }
    }

    fn goes_with_last_handle(&self, name: &IdName) -> bool {
        // Without the file the folder is being removed.
        let meta = Meta::read(&self.layout.system(name));
        meta.is_ok_and(|meta| meta.is_none_or(|meta| meta.ends_with_last_handle))
    }

    fn make_folder(&self, name: &IdName, deadline: Deadline) -> Result<()> {
        // Shared with other makers; the collector of garbage has it alone while it removes the engine's cgroup.
        let _makers =
            FolderLock::wait(&self.layout.systems(), FlockOperation::NonBlockingLockShared, deadline)?;
        let path = self.layout.system(name);
        let made = hcs_fault::call(Point::MakeRuntimeFolder)
            .and_then(|()| rustix::fs::mkdir(&path, rustix::fs::Mode::RWXU));
        match made {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(errno) => Err(not_writable("make", &path, errno.into())),
        }
    }

    /// The names of all runtime folders.
    pub(super) fn system_names(&self) -> Result<Vec<IdName>> {
        names(&self.layout.systems())
    }

    /// The names of all records.
    pub(super) fn record_names(&self) -> Result<Vec<IdName>> {
        names(&self.layout.records())
    }
}

/// `says_so`: the system goes with its last handle.
fn look<L: Contact>(
    knocker: &mut Knocker<'_>,
    id: &str,
    deadline: Deadline,
    says_so: impl FnOnce() -> bool,
) -> Result<Look<L>> {
    match L::make(knocker, id, deadline.instant())? {
        Some(contact) if is_going(&contact, says_so) => {
            contact.leave();
            return Ok(Look::Changing);
        }
        Some(contact) => return Ok(Look::Found(Found::Live(contact))),
        None => {}
    }
    Ok(match knocker.knock()? {
        TryLock::Ours(lock) => Look::Found(Found::Dead(lock)),
        TryLock::Missing => Look::Found(Found::Nothing),
        TryLock::Busy => Look::Held,
    })
}

/// Whether nobody else has it open and it goes with its last handle: as every stopped system does, and those that say
/// so. Then there are only milliseconds left of it.
fn is_going(contact: &impl Contact, says_so: impl FnOnce() -> bool) -> bool {
    let (state, others) = contact.seen();
    others == 0 && (state == State::Stopped || says_so())
}

fn names(folder: &Path) -> Result<Vec<IdName>> {
    let list = || {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            names.extend(entry?.file_name().to_str().and_then(IdName::from_file_name));
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|error| Error::os("list", folder.display().to_string(), error))
}
