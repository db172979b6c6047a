//! What this host knows of its systems beyond the contract: labels, times, documents, logs, kept records.

use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use hcs_contract::{Error, Object, OperationKind, Records, Result};
use hcs_fault::Point;
use hcs_schema::host::{Collected, Feature, Inspection, Mapped, MappedDirectory, MappedPipe, Record};
use hcs_silo::board::Notice;

use super::engine::Found;
use super::gc::GcReport;
use super::mapped::{MappedFolder, MappedNow, MappedSocket};
use super::reclaim::remove_folder;
use super::service::{Condition, LinuxHost, Surveyed};
use crate::idrange;
use crate::ids::IdName;
use crate::paths::{DOCUMENT, LOG, SCRATCH};
use crate::record::{GuestOs, read_text};

/// What a system wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// The host's id that was the system's id 0.
    pub first_id: u32,
}

/// What there is to tell of a system.
fn record(found: Surveyed) -> Record {
    let (state, exit_type) = (found.state().to_owned(), found.exit_type().map(str::to_owned));
    let Surveyed { meta, condition, folder: _ } = found;
    let (started, exited, exit_code, oom_kills, init_pid) = match condition {
        Condition::Alive(status) => (
            stamp(status.started_100ns),
            status.exit.and_then(|exit| stamp(exit.at_100ns)),
            status.exit.and_then(|exit| exit.first_process).map(|process| process.code),
            status.exit.map(|exit| exit.oom_kills),
            (status.init_pid != 0).then_some(status.init_pid),
        ),
        Condition::Unknown => (None, None, None, None, None),
        Condition::Kept(state) => (state.started, state.exited, state.exit_code, Some(state.oom_kills), None),
    };
    Record {
        id: meta.id,
        name: meta.name,
        owner: meta.owner,
        guest: match meta.guest {
            GuestOs::Linux => "Linux".to_owned(),
            GuestOs::Windows => "Windows".to_owned(),
        },
        state,
        exit_type,
        created: meta.created,
        started,
        exited,
        exit_code,
        oom_kills,
        labels: meta.labels,
        kept: meta.keep,
        init_pid,
        schema: meta.schema,
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
    pub fn systems(&self) -> Result<Vec<Record>> {
        Ok(self.engine.survey(|_| true)?.into_iter().map(record).collect())
    }

    /// One system, running or kept.
    ///
    /// # Errors
    /// Not found, and those of [`LinuxHost::systems`].
    pub fn inspect(&self, id: &str) -> Result<Record> {
        self.surveyed(id).map(record)
    }

    fn surveyed(&self, id: &str) -> Result<Surveyed> {
        self.engine.survey_one(id)?.ok_or_else(|| Error::not_found(Object::system(id)))
    }

    /// The document that a system was created from, as the client sent it.
    ///
    /// # Errors
    /// As [`LinuxHost::inspect`].
    pub fn document(&self, id: &str) -> Result<String> {
        Ok(read_text(&self.surveyed(id)?.folder.join(DOCUMENT))?.unwrap_or_default())
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
        let found = self.surveyed(id)?;
        Ok(if found.meta.keep { self.engine.layout.record(&IdName::new(id)?) } else { found.folder })
    }

    /// What a system wrote to its root, or a Windows one to its drive `C:`, when its document asked to keep that
    /// (`LinuxHost.KeepScratch`): the upper folder of an overlay, as the kernel left it.
    ///
    /// # Errors
    /// Not found; invalid state, when the system has not ended; not supported, when nothing was kept.
    pub fn written(&self, id: &str) -> Result<Written> {
        let found = self.surveyed(id)?;
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

impl Records for LinuxHost {
    fn list(&self) -> Result<Vec<Record>> {
        self.systems()
    }

    fn inspect(&self, id: &str) -> Result<Inspection> {
        let found = self.surveyed(id)?;
        let document = read_text(&found.folder.join(DOCUMENT))?.unwrap_or_default();
        let mapped = match self.mapped(id) {
            Ok(mapped) => Some(named_as_in_documents(mapped)),
            Err(error) if error.is_already_stopped() => None,
            Err(error) => return Err(error),
        };
        Ok(Inspection { record: record(found), document, mapped })
    }

    fn log(&self, id: &str) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for path in self.logs(id)? {
            let read = fs_err::File::open(&path).and_then(|mut file| file.read_to_end(&mut all));
            match read {
                // It was full, and became the older one, which was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::os("read", path.display().to_string(), error)),
                Ok(_) => {}
            }
        }
        // What is being written has its end later.
        let whole = all.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        all.truncate(whole);
        Ok(all)
    }

    fn remove(&self, id: &str) -> Result<()> {
        Self::remove(self, id)
    }

    fn collect(&self, dry_run: bool) -> Result<Collected> {
        let GcReport { found, failures } = self.gc(dry_run)?;
        Ok(Collected { found: found.iter().map(ToString::to_string).collect(), failures, freed: !dry_run })
    }

    fn features(&self) -> Result<Vec<Feature>> {
        Ok(Self::features(self))
    }
}

fn named_as_in_documents(mapped: MappedNow) -> Mapped {
    let MappedNow { folders, pipes } = mapped;
    let directory = |folder: MappedFolder| MappedDirectory {
        host_path: folder.host.display().to_string(),
        container_path: folder.container,
        read_only: folder.read_only,
    };
    let pipe = |pipe: MappedSocket| MappedPipe {
        host_path: pipe.host.display().to_string(),
        container_pipe_name: pipe.name,
    };
    Mapped {
        directories: folders.into_iter().map(directory).collect(),
        pipes: pipes.into_iter().map(pipe).collect(),
    }
}
