//! Finding and freeing whatever of this engine's no living system holds: after a kill -9 that nobody has looked at
//! since, after a reboot, after an engine that was stopped half way.
//!
//! What is listed is listed *before* the living systems are: a life writes its `meta.json` before it makes anything
//! that carries its name, so what is found without one belongs to nobody.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hcs_contract::{Deadline, Error, Result};
use hcs_silo::board::Notice;
use hcs_silo::cgroup::{CgroupError, Instance};
use hcs_silo::farewell::Farewell;
use rustix::fs::FlockOperation;

use super::engine::{Engine, Found};
use super::reclaim::{cgroup_error, remove_folder};
use crate::idrange;
use crate::ids::{IdName, Life};
use crate::lock::FolderLock;
use crate::record::{FinalState, Meta, boot_id};
use crate::storage;

/// How long a supervisor may take to end once it has removed its folder: the kernel may be writing what its mounts
/// hold to a busy disk.
const LAST_SUPERVISOR: Duration = Duration::from_secs(10);

/// How long a system may take to be made or to go before it is passed over.
const CHANGING: Duration = Duration::from_secs(2);

/// What a collection of garbage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcReport {
    /// What was found, and freed unless it was a dry run.
    pub found: Vec<Garbage>,
    /// What could not be looked at or freed, and why.
    pub failures: Vec<String>,
}

/// One thing that no living system holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Garbage {
    /// A system whose supervisor is dead, with all that it held.
    System {
        /// Its id; the name of its folder when the id is not known any more.
        id: String,
        /// It is from before the last reboot.
        earlier_boot: bool,
    },
    /// A range of user ids.
    IdRange(PathBuf),
    /// A folder that took a container's writes.
    Scratch(PathBuf),
    /// A cgroup.
    Cgroup(String),
    /// A kept record without a final state; it gets one.
    Record(String),
    /// What interrupted makers of Wine bases left.
    UnfinishedBase,
    /// The folder of a layer that is not activated, of a call that was killed or from before the last boot.
    Volume(PathBuf),
    /// What a system that is gone had of networks: endpoints, published ports.
    NetworkOf(String),
    /// A network namespace that nobody has.
    NetworkNamespace(PathBuf),
    /// The word of a system's end, whose supervisor was killed as it was said.
    Farewell(PathBuf),
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { id, earlier_boot: true } => {
                write!(f, "compute system {id}, from before the last boot")
            }
            Self::System { id, earlier_boot: false } => {
                write!(f, "compute system {id}, whose supervisor is dead")
            }
            Self::IdRange(path) => write!(f, "id range {}", path.display()),
            Self::Scratch(path) => write!(f, "scratch folder {}", path.display()),
            Self::Cgroup(name) => write!(f, "cgroup {name}"),
            Self::NetworkOf(id) => write!(f, "endpoints of compute system {id}, which is gone"),
            Self::NetworkNamespace(path) => write!(f, "network namespace {}", path.display()),
            Self::UnfinishedBase => f.write_str("unfinished Wine bases"),
            Self::Volume(path) => write!(f, "volume {} of no layer that is activated", path.display()),
            Self::Farewell(path) => write!(f, "farewell {}", path.display()),
            Self::Record(id) => write!(f, "record of {id} without an end"),
        }
    }
}

impl Engine {
    /// Finds what no living system holds, and frees it unless `dry_run`.
    pub(super) fn collect(&self, dry_run: bool) -> Result<GcReport> {
        let mut report = GcReport::default();
        self.dead_systems(dry_run, &mut report)?;
        report.note(self.unfinished_records(dry_run));
        let scratch = self.orphans_of_scratch(dry_run, &mut report);
        report.fail(scratch);
        match idrange::sweep(&self.layout, dry_run, |life| self.lives(life)) {
            Ok(paths) => report.found.extend(paths.into_iter().map(Garbage::IdRange)),
            Err(error) => report.failures.push(error.to_string()),
        }
        let volumes = self.idle_volumes(dry_run, &mut report);
        report.fail(volumes);
        match self.stray_networks(dry_run, &mut report.failures) {
            Ok((systems, namespaces)) => {
                report.found.extend(systems.into_iter().map(Garbage::NetworkOf));
                report.found.extend(namespaces.into_iter().map(Garbage::NetworkNamespace));
            }
            Err(error) => report.failures.push(error.to_string()),
        }
        let farewells = self.unfinished_farewells(dry_run, &mut report);
        report.fail(farewells);
        let bases = self.unfinished_bases(dry_run, &mut report);
        report.fail(bases);
        // Last: with the last cgroup in it the engine's own goes.
        let cgroups = self.orphans_of_cgroups(dry_run, &mut report);
        report.fail(cgroups);
        Ok(report)
    }

    fn dead_systems(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        let boot = boot_id()?;
        for name in self.system_names()? {
            let lock = match self.find::<Notice>(&name, name.as_str(), Deadline::after(CHANGING)) {
                Ok(Found::Dead(lock)) => lock,
                Ok(Found::Live(_) | Found::Nothing) => continue,
                // Still being made: somebody's it is.
                Err(error) if error.is_timeout() => continue,
                Err(error) => {
                    report.failures.push(error.to_string());
                    continue;
                }
            };
            let meta = match Meta::read(lock.path()) {
                Ok(meta) => meta,
                Err(error) => {
                    report.failures.push(error.to_string());
                    continue;
                }
            };
            let id = meta.as_ref().map_or_else(|| name.as_str().to_owned(), |meta| meta.id.clone());
            let earlier_boot = meta.is_some_and(|meta| meta.boot != boot);
            if !dry_run && let Err(error) = self.reclaim(lock) {
                report.failures.push(error.to_string());
            }
            report.found.push(Garbage::System { id, earlier_boot });
        }
        Ok(())
    }

    /// Whether a system that lives, or that is still to be cleared away, has this name.
    pub(crate) fn lives(&self, life: &Life) -> Result<bool> {
        let folder = self.layout.system(&life.id_name());
        Ok(Meta::read(&folder)?.is_some_and(|meta| meta.life == life.as_str()))
    }

    /// Records whose system went without a trace, in a reboot that emptied the runtime folder.
    fn unfinished_records(&self, dry_run: bool) -> Result<Vec<Garbage>> {
        let mut found = Vec::new();
        for name in self.record_names()? {
            if let Some(meta) = self.unfinished(&name)? {
                if !dry_run && let Some(life) = meta.life() {
                    self.close_record(&meta, &life)?;
                }
                found.push(Garbage::Record(meta.id));
            }
        }
        Ok(found)
    }

    fn unfinished(&self, name: &IdName) -> Result<Option<Meta>> {
        let record = self.layout.record(name);
        let Some(meta) = Meta::read(&record)? else { return Ok(None) };
        let Some(life) = meta.life() else { return Ok(None) };
        // In this order: an ending system writes its final state before its runtime folder goes.
        if self.lives(&life)? || FinalState::read(&record)?.is_some() {
            return Ok(None);
        }
        Ok(Some(meta))
    }

    fn orphans_of_scratch(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        let folder = self.layout.scratch_root();
        let entries = fs_err::read_dir(&folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .map_err(|error| Error::os("list", folder.display().to_string(), error))?;
        for entry in entries {
            // A name that no engine gives is no life's either.
            let life = entry.file_name().to_str().and_then(Life::parse);
            if let Some(life) = life
                && self.lives(&life)?
            {
                continue;
            }
            let path = entry.path();
            if !dry_run {
                // One that can't be removed spares no other.
                report.fail(remove_folder(&path));
            }
            report.found.push(Garbage::Scratch(path));
        }
        Ok(())
    }

    fn idle_volumes(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        for path in storage::idle(&self.layout)? {
            if !dry_run {
                report.fail(storage::remove_idle(&path));
            }
            report.found.push(Garbage::Volume(path));
        }
        Ok(())
    }

    /// Each is there for one system call of its supervisor's, and is gone at the second look of ours.
    fn unfinished_farewells(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        let folder = self.layout.farewells();
        let list = || -> std::io::Result<Vec<PathBuf>> {
            fs_err::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect()
        };
        let failed = |error| Error::os("list", folder.display().to_string(), error);
        for path in list().map_err(failed)? {
            let life = path.file_name().and_then(|name| name.to_str()).and_then(Farewell::parse);
            let life = life.and_then(|farewell| Life::parse(&farewell.life));
            if let Some(life) = life
                && self.lives(&life)?
            {
                continue;
            }
            if !path.exists() {
                continue;
            }
            if !dry_run {
                report.fail(remove_folder(&path));
            }
            report.found.push(Garbage::Farewell(path));
        }
        Ok(())
    }

    fn orphans_of_cgroups(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        let Some(instance) = self.instance()? else { return Ok(()) };
        for name in instance.systems().map_err(|error| cgroup_error(&error))? {
            if let Some(life) = Life::parse(&name)
                && !self.lives(&life)?
            {
                if !dry_run {
                    report.fail(self.remove_cgroup(&life));
                }
                report.found.push(Garbage::Cgroup(format!("{}/{name}", instance.path())));
            }
        }
        if dry_run { Ok(()) } else { self.remove_empty_engine(instance) }
    }
}

impl Engine {
    /// The engine's own cgroups are no garbage, but nothing is to be left of an engine without systems.
    fn remove_empty_engine(&self, instance: Instance) -> Result<()> {
        if !self.system_names()?.is_empty() {
            return Ok(());
        }
        let of = |error: CgroupError| cgroup_error(&error);
        // A supervisor removes its folder as the last thing but one.
        if !instance
            .engine()
            .and_then(|engine| engine.remove_when_empty(LAST_SUPERVISOR))
            .map_err(of)?
            .is_gone()
        {
            return Ok(());
        }
        // Makers of systems wait at their lock meanwhile, so that none has its cgroup's parent removed under its feet.
        let operation = FlockOperation::NonBlockingLockExclusive;
        let _alone = FolderLock::wait(&self.layout.systems(), operation, Deadline::after(CHANGING))?;
        if self.system_names()?.is_empty() {
            instance.remove().map_err(of)?;
        }
        Ok(())
    }
}

impl GcReport {
    fn note(&mut self, result: Result<Vec<Garbage>>) {
        match result {
            Ok(found) => self.found.extend(found),
            Err(error) => self.failures.push(error.to_string()),
        }
    }

    pub(super) fn fail(&mut self, result: Result<()>) {
        self.failures.extend(result.err().map(|error| error.to_string()));
    }
}
