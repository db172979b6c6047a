//! Clearing away what a killed system left: its cgroup, scratch folder and id range.
//!
//! Mounts and namespaces need no care: they go with the processes. Whoever clears away has the lock of the system's
//! runtime folder, which is free only when supervisor and process 1 are dead. The folder with its `meta.json` goes
//! last, so that an interrupted clearing is begun again by the next who looks.

use std::path::Path;
use std::time::Duration;

use hcs_contract::{Error, ErrorEvent, Result};
use hcs_fault::Point;
use hcs_silo::cgroup::{self, CgroupError, Hierarchies, Instance};
use hcs_silo::farewell::Farewell;
use hcs_silo::tree::remove_tree;

use super::engine::Engine;
use crate::idrange;
use crate::ids::Life;
use crate::lock::FolderLock;
use crate::network::MARK;
use crate::record::{FinalState, Meta};

/// How long killed processes may take to be gone. One that hangs in the kernel keeps its cgroup, which the next
/// collection of garbage finds.
const LAST_PROCESS: Duration = Duration::from_secs(10);

impl Engine {
    /// Clears away after a dead system and removes its runtime folder. Gives what was known of it.
    pub(super) fn reclaim(&self, lock: FolderLock) -> Result<Option<Meta>> {
        let meta = self.clear(lock.path())?;
        lock.remove()?;
        Ok(meta)
    }

    /// Clears away after a dead system whose id a new one takes: the folder stays, empty.
    pub(super) fn reuse(&self, lock: &FolderLock) -> Result<()> {
        self.clear(lock.path())?;
        let folder = lock.path();
        let empty = || {
            hcs_fault::call(Point::EmptyRuntimeFolder)?;
            for entry in fs_err::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    remove_tree(&entry.path())?;
                } else {
                    fs_err::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        empty().map_err(|error| Error::os("empty", folder.display().to_string(), error))
    }

    /// Frees what a dead system's meta file names. Goes on after a failure; the first is returned with all others.
    fn clear(&self, folder: &Path) -> Result<Option<Meta>> {
        let Some(meta) = Meta::read(folder)? else { return Ok(None) };
        let Some(life) = meta.life() else { return Ok(None) };
        hcs_fault::step(Point::ClearAway);
        let mut failures = Vec::new();
        let mut note = |result: Result<()>| failures.extend(result.err());
        note(self.remove_cgroup(&life));
        if folder.join(MARK).exists() {
            note(self.release_network(&life));
        }
        if meta.scratch {
            note(remove_folder(&self.layout.scratch(&life)));
        }
        if let Some(number) = meta.ids {
            note(idrange::give_back(&self.layout, number, &life));
        }
        if meta.keep {
            note(self.close_record(&meta, &life));
        }
        note(self.remove_farewell(&life));
        one(failures)?;
        Ok(Some(meta))
    }

    /// A supervisor that was killed over its last word has left it.
    fn remove_farewell(&self, life: &Life) -> Result<()> {
        let folder = self.layout.farewells();
        let failed = |error| Error::os("list", folder.display().to_string(), error);
        for entry in fs_err::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let said = entry.file_name().to_str().and_then(Farewell::parse);
            if said.is_some_and(|farewell| farewell.life == life.as_str()) {
                remove_folder(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes the final state that the supervisor could not.
    pub(super) fn close_record(&self, meta: &Meta, life: &Life) -> Result<()> {
        let record = self.layout.record(&life.id_name());
        match Meta::read(&record)? {
            Some(recorded) if recorded.life == meta.life => {}
            _ => return Ok(()),
        }
        if FinalState::read(&record)?.is_none() {
            FinalState::unexpected(meta).write(&record)
        } else {
            Ok(())
        }
    }

    /// Kills what is left in a life's cgroup, and removes it.
    pub(super) fn remove_cgroup(&self, life: &Life) -> Result<()> {
        self.instance()?.map_or(Ok(()), |instance| remove_cgroup(&instance, life.as_str()))
    }

    /// The engine's place in the cgroup hierarchies, if it has one at present.
    pub(super) fn instance(&self) -> Result<Option<Instance>> {
        let of = |error: CgroupError| cgroup_error(&error);
        let hierarchies = Hierarchies::detect().map_err(of)?;
        let instance = self.layout.instance();
        let parent = cgroup::parent(&hierarchies, &self.options.cgroup_parent, instance);
        Instance::find(&hierarchies, &parent, instance).map_err(of)
    }
}

/// Kills what is left in a system's cgroup, and removes it.
pub(super) fn remove_cgroup(instance: &Instance, name: &str) -> Result<()> {
    let of = |error: CgroupError| cgroup_error(&error);
    let cgroup = match instance.system(name) {
        Err(CgroupError::NotFound { .. }) => return Ok(()),
        other => other.map_err(of)?,
    };
    match cgroup.kill() {
        // The unified part went first; the others hold nobody then.
        Ok(()) | Err(CgroupError::NotFound { .. }) => {}
        Err(error) if error.errno() == Some(rustix::io::Errno::NOENT) => {}
        Err(error) => return Err(of(error)),
    }
    // Busy: a process hangs in the kernel. The next collection of garbage finds the cgroup.
    cgroup.remove_when_empty(LAST_PROCESS).map(drop).map_err(of)
}

pub(super) fn cgroup_error(error: &CgroupError) -> Error {
    let errno = error.errno().unwrap_or(rustix::io::Errno::IO);
    Error::os("clear away", "the cgroup", errno.into())
        .with_events([ErrorEvent::new("cgroup", error.to_string())])
}

pub(super) fn remove_folder(path: &Path) -> Result<()> {
    remove_tree(path).map_err(|error| Error::os("remove", path.display().to_string(), error))
}

/// The first failure, with the others as its events.
fn one(mut failures: Vec<Error>) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let first = failures.remove(0);
    Err(first.with_events(failures.iter().map(|other| ErrorEvent::new("clear away", other.to_string()))))
}
