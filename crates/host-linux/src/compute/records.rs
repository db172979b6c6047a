//! What this host knows of its systems beyond the contract: labels, times, documents, logs, kept records.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hcs_contract::{Error, Object, OperationKind, Result};
use hcs_fault::Point;
use hcs_silo::board::Notice;

use super::engine::Found;
use super::reclaim::remove_folder;
use super::service::{Condition, LinuxHost, Surveyed};
use crate::idrange;
use crate::ids::IdName;
use crate::paths::{DOCUMENT, LOG, SCRATCH};
use crate::record::{GuestOs, read_text};

/// A system, running or kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemInfo {
    /// Its id.
    pub id: String,
    /// The document's name, or the id.
    pub name: String,
    /// The document's owner.
    pub owner: String,
    /// `Windows` or `Linux`.
    pub guest: &'static str,
    /// The document's labels.
    pub labels: BTreeMap<String, String>,
    /// Its state, as the service names it.
    pub state: &'static str,
    /// How it ended, as the service names it.
    pub exit_type: Option<String>,
    /// When it was created, UTC, RFC 3339, as all times here.
    pub created: String,
    /// When it was started.
    pub started: Option<String>,
    /// When it ended.
    pub exited: Option<String>,
    /// What the first process that was started in it ended with, all 32 bits; `None` before its end, and when there
    /// was no process.
    pub exit_code: Option<u32>,
    /// How many processes the memory limit has ended in it; of a running system only known at its end.
    pub oom_kills: Option<u64>,
    /// Its record stays after its end.
    pub kept: bool,
    /// Process id of its process 1 on the host, while it lives.
    pub init_pid: Option<u32>,
    /// Schema of its document: 1 or 2.
    pub schema: u32,
    folder: PathBuf,
}

/// What a system wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// The host's id that was the system's id 0.
    pub first_id: u32,
}

impl SystemInfo {
    fn new(found: Surveyed) -> Self {
        let (state, exit_type) = (found.state(), found.exit_type().map(str::to_owned));
        let Surveyed { meta, condition, folder } = found;
        let (started, exited, exit_code, oom_kills, init_pid) = match condition {
            Condition::Alive(status) => (
                stamp(status.started_100ns),
                status.exit.and_then(|exit| stamp(exit.at_100ns)),
                status.exit.and_then(|exit| exit.first_process).map(|process| process.code),
                status.exit.map(|exit| exit.oom_kills),
                (status.init_pid != 0).then_some(status.init_pid),
            ),
            Condition::Unknown => (None, None, None, None, None),
            Condition::Kept(state) => {
                (state.started, state.exited, state.exit_code, Some(state.oom_kills), None)
            }
        };
        Self {
            id: meta.id,
            name: meta.name,
            owner: meta.owner,
            guest: match meta.guest {
                GuestOs::Linux => "Linux",
                GuestOs::Windows => "Windows",
            },
            labels: meta.labels,
            state,
            exit_type,
            created: meta.created,
            started,
            exited,
            exit_code,
            oom_kills,
            kept: meta.keep,
            init_pid,
            schema: meta.schema,
            folder,
        }
    }

    /// The document that it was created from, as the client sent it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn document(&self) -> Result<String> {
        Ok(read_text(&self.folder.join(DOCUMENT))?.unwrap_or_default())
    }
}

fn stamp(steps: u64) -> Option<String> {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(steps) * 100).ok()?;
    (steps != 0).then(|| moment.to_string())
}

impl LinuxHost {
    /// Every system of this engine, running or kept, by name. Dead ones are cleared away on the way.
    ///
    /// # Errors
    /// When the engine's folders can't be listed, or a dead system not be cleared away.
    pub fn systems(&self) -> Result<Vec<SystemInfo>> {
        Ok(self.engine.survey(|_| true)?.into_iter().map(SystemInfo::new).collect())
    }

    /// One system, running or kept.
    ///
    /// # Errors
    /// Not found, and those of [`LinuxHost::systems`].
    pub fn inspect(&self, id: &str) -> Result<SystemInfo> {
        let found = self.engine.survey_one(id)?;
        let found = found.ok_or_else(|| Error::not_found(Object::system(id)))?;
        Ok(SystemInfo::new(found))
    }

    /// The files that hold what a system's processes wrote and nobody had asked for, the oldest first; none when
    /// nothing was written. Each line is `time stream F text`, or `P` in place of `F` when the line goes on.
    ///
    /// Those of a system whose record is kept stay with it; those of another go with it.
    ///
    /// # Errors
    /// As [`LinuxHost::inspect`].
    pub fn logs(&self, id: &str) -> Result<Vec<PathBuf>> {
        let folder = self.log_folder(id)?;
        let files = [folder.join(format!("{LOG}.1")), folder.join(LOG)];
        Ok(files.into_iter().filter(|file| file.exists()).collect())
    }

    /// The folder of [`LinuxHost::logs`], to watch it while the system runs.
    ///
    /// # Errors
    /// As [`LinuxHost::inspect`].
    pub fn log_folder(&self, id: &str) -> Result<PathBuf> {
        let info = self.inspect(id)?;
        Ok(if info.kept { self.engine.layout.record(&IdName::new(id)?) } else { info.folder })
    }

    /// What a system wrote to its root, or a Windows one to its drive `C:`, when its document asked to keep that
    /// (`LinuxHost.KeepScratch`): the upper folder of an overlay, as the kernel left it.
    ///
    /// # Errors
    /// Not found; invalid state, when the system has not ended; not supported, when nothing was kept.
    pub fn written(&self, id: &str) -> Result<Written> {
        let found = self.engine.survey_one(id)?;
        let found = found.ok_or_else(|| Error::not_found(Object::system(id)))?;
        if !matches!(found.condition, Condition::Kept(_)) {
            return Err(Error::invalid_state(Object::system(id), found.state()).with_hint("stop it first"));
        }
        let scratch = found.folder.join(SCRATCH);
        if !scratch.is_dir() {
            let reason = "what the system wrote went with it: its document did not ask to keep it";
            return Err(Error::not_supported("LinuxHost.KeepScratch", reason));
        }
        let ids = found.meta.ids.map(|number| idrange::range(self.engine.options.ids, number));
        Ok(Written {
            folder: super::spec::written(&scratch, found.meta.guest),
            first_id: ids.map_or(0, |ids| ids.base),
        })
    }

    /// Removes the kept record of an ended system, with its logs; then its id is free.
    ///
    /// # Errors
    /// Not found; invalid state, when the system lives.
    pub fn remove(&self, id: &str) -> Result<()> {
        let object = || Object::system(id);
        let name = IdName::new(id)?;
        let deadline = self.engine.options.deadlines.deadline(OperationKind::OpenSystem);
        match self.engine.find::<Notice>(&name, id, deadline)? {
            Found::Live(welcome) => {
                let state = super::errors::state_name(welcome.status.state);
                let hint = match state {
                    "Stopped" => "some program still has it open: it goes when that closes its handle",
                    _ => "terminate it first",
                };
                return Err(Error::invalid_state(object(), state).with_hint(hint));
            }
            Found::Dead(lock) => drop(self.engine.reclaim(lock)?),
            Found::Nothing => {}
        }
        // With the id taken nobody makes a record of this name meanwhile.
        let lock = self.engine.claim(&name, id, deadline)?;
        let record = self.engine.layout.record(&name);
        let there = record.exists();
        hcs_fault::step(Point::RemoveRecord);
        let removed = remove_folder(&record);
        lock.remove()?;
        removed?;
        if there { Ok(()) } else { Err(Error::not_found(object())) }
    }
}
