//! What an engine writes about a system beside it: enough to list it without asking it, and to clear away after it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt as _;
use hcs_contract::{Error, Hresult, Result};
use hcs_fault::Point;
use rustix::fs::{Mode, OFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ids::Life;
use crate::paths::{META, STATE, not_writable};

/// Version of the files of this module. A newer engine reads this one and the one before.
pub(crate) const VERSION: u32 = 1;

/// More than most of them have.
const SMALL: usize = 1024;

/// What does not change in a system's life. Written once, before anything that it names is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// [`VERSION`] of the engine that wrote it.
    pub(crate) version: u32,
    /// The id that the client chose.
    pub(crate) id: String,
    /// Text of the [`Life`].
    pub(crate) life: String,
    /// The kernel's boot in which it was made: after another boot nothing of it runs.
    pub(crate) boot: String,
    /// The document's owner.
    pub(crate) owner: String,
    /// The document's name, or the id.
    pub(crate) name: String,
    /// `Container`.
    pub(crate) system_type: String,
    /// What runs inside.
    pub(crate) guest: GuestOs,
    /// The document's labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// When it was made, UTC, RFC 3339.
    pub(crate) created: String,
    /// Schema of its document: 1 or 2.
    pub(crate) schema: u32,
    /// Keep the record after the system's end.
    pub(crate) keep: bool,
    /// It ends with its last handle.
    pub(crate) ends_with_last_handle: bool,
    /// Number of its id range.
    pub(crate) ids: Option<u32>,
    /// It has a folder below `scratch`.
    pub(crate) scratch: bool,
    /// Id of its Wine base.
    pub(crate) base: Option<String>,
}

/// The guest's kind, as properties name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GuestOs {
    /// Programs of the host's own kind.
    Linux,
    /// Programs on Wine.
    Windows,
}

impl Meta {
    /// The life, unless the file was tampered with.
    pub(crate) fn life(&self) -> Option<Life> {
        Life::parse(&self.life)
    }

    /// Writes it into a system's folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_json(&folder.join(META), self)
    }

    /// Reads it from a system's folder. `None`: there is none (yet), or it was cut off by a crash.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let Some(text) = read_text(&folder.join(META))? else { return Ok(None) };
        // The file of this version, as a rule, is read once.
        if let Some(meta) = parse::<Self>(&text).filter(|meta| meta.version <= VERSION) {
            return Ok(Some(meta));
        }
        check_version(&folder.join(META), &text)?;
        Ok(None)
    }
}

/// How a kept system ended. Its supervisor writes it; where that was killed, the engine that clears away after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FinalState {
    pub(crate) version: u32,
    /// `Stopped`.
    pub(crate) state: String,
    /// As the service names it.
    pub(crate) exit_type: String,
    /// UTC, RFC 3339, as all times here.
    pub(crate) created: Option<String>,
    /// `None`: it was never started, or nobody knows.
    pub(crate) started: Option<String>,
    /// `None`: nobody knows.
    pub(crate) exited: Option<String>,
    /// What the first process that was started in it ended with; `None`: there was none, or nobody knows.
    #[serde(default)]
    pub(crate) exit_code: Option<u32>,
    /// Processes that the memory limit ended.
    pub(crate) oom_kills: u64,
}

impl FinalState {
    /// Of a system whose supervisor could not write it.
    pub(crate) fn unexpected(meta: &Meta) -> Self {
        Self {
            version: VERSION,
            state: "Stopped".into(),
            exit_type: "UnexpectedExit".into(),
            created: Some(meta.created.clone()),
            started: None,
            exited: None,
            exit_code: None,
            oom_kills: 0,
        }
    }

    /// Reads it from a record. `None`: there is none (yet), or it was cut off by a crash.
    pub(crate) fn read(record: &Path) -> Result<Option<Self>> {
        let path = record.join(STATE);
        let Some(text) = read_text(&path)? else { return Ok(None) };
        check_version(&path, &text)?;
        Ok(parse(&text))
    }

    /// Writes it into a record.
    pub(crate) fn write(&self, record: &Path) -> Result<()> {
        write_json(&record.join(STATE), self)
    }
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(alias = "Version")]
    version: u32,
}

/// Refuses what a newer engine wrote; what is no versioned file at all is the reader's to judge.
pub(crate) fn check_version(path: &Path, text: &str) -> Result<()> {
    match parse::<Versioned>(text) {
        Some(Versioned { version }) if version > VERSION => Err(Error::unexpected_value(format!(
            "{} has version {version}, this engine knows versions up to {VERSION}",
            path.display()
        ))
        .with_hresult(Hresult::ERROR_INVALID_DATA)
        .with_hint("a newer version of the tools made it: use that one")),
        _ => Ok(()),
    }
}

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A file's text; `None`: it is not there.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>> {
    match read_whole(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::os("read", path.display().to_string(), error)),
    }
}

/// `std` asks for the size and the position first; a list of many systems reads many small files.
fn read_whole(path: &Path) -> io::Result<String> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::with_capacity(SMALL);
    loop {
        let room = bytes.capacity() - bytes.len();
        let count = rustix::io::retry_on_intr(|| {
            rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))
        })?;
        // Less than there was room for is a regular file's end.
        if count < room {
            break;
        }
        bytes.reserve(SMALL);
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Writes JSON so that a reader sees all of it or nothing.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_string(value).expect("string keys and plain values only");
    write_atomically(path, &text)
}

/// Writes text so that a reader sees all of it or nothing. The folder is locked or new, so one name is enough.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<()> {
    write_new(path, text, false)
}

/// The same, and after a crash of the machine too it is the old one or the new one, and the new one when this came to its
/// end.
pub(crate) fn write_durably<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_string(value).expect("string keys and plain values only");
    write_new(path, &text, true)
}

fn write_new(path: &Path, text: &str, durably: bool) -> Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    let write = || {
        hcs_fault::call(Point::WriteFile)?;
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(new)?;
        file.write_all(text.as_bytes())?;
        if durably {
            file.sync_all()?;
        }
        hcs_fault::call(Point::NameFile)?;
        fs_err::rename(new, path)?;
        match path.parent() {
            Some(folder) if durably => fs_err::File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().map_err(|error| {
        // Best effort: the folder goes away with the failed system anyway.
        let _ = fs_err::remove_file(new);
        not_writable("write", path, error)
    })
}

/// The kernel's name for the present boot.
pub(crate) fn boot_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    let text = fs_err::read_to_string(path).map_err(|error| Error::os("read", path, error))?;
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::IdName;

    pub(crate) fn meta(id: &str) -> Meta {
        Meta {
            version: VERSION,
            id: id.into(),
            life: Life::new(&IdName::new(id).unwrap()).unwrap().as_str().into(),
            boot: boot_id().unwrap(),
            owner: "owner".into(),
            name: id.into(),
            system_type: "Container".into(),
            guest: GuestOs::Linux,
            labels: BTreeMap::from([("a".into(), "b".into())]),
            created: "2026-01-02T03:04:05.0000006Z".into(),
            schema: 2,
            keep: false,
            ends_with_last_handle: false,
            ids: Some(7),
            scratch: true,
            base: None,
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is_left() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(Meta::read(temp.path()).unwrap(), None);
        let meta = meta("x/y");
        meta.write(temp.path()).unwrap();
        meta.write(temp.path()).unwrap();
        assert_eq!(Meta::read(temp.path()).unwrap(), Some(meta));
        assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_supervisors_final_state_is_understood() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(FinalState::read(temp.path()).unwrap(), None);
        let text = "{\"Version\":1,\"State\":\"Stopped\",\"ExitType\":\"ForcedExit\",\
                    \"Created\":\"2026-01-02T03:04:05.000000600Z\",\"Started\":null,\
                    \"Exited\":\"2026-01-02T03:04:06.000000000Z\",\"ExitCode\":3010,\"OomKills\":2}\n";
        fs_err::write(temp.path().join(STATE), text).unwrap();
        let state = FinalState::read(temp.path()).unwrap().unwrap();
        assert_eq!(
            (state.exit_type.as_str(), state.exit_code, state.oom_kills),
            ("ForcedExit", Some(3010), 2)
        );
        assert_eq!(state.started, None);
        fs_err::write(temp.path().join(STATE), "{\"Version\":2}").unwrap();
        assert!(FinalState::read(temp.path()).is_err());
    }

    #[test]
    fn what_a_crash_cut_off_counts_as_absent_and_what_a_newer_engine_wrote_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(META);
        fs_err::write(&path, "{\"version\":1,\"id\":\"x\"").unwrap();
        assert_eq!(Meta::read(temp.path()).unwrap(), None);
        fs_err::write(&path, "{\"version\":2,\"new\":true}").unwrap();
        let error = Meta::read(temp.path()).unwrap_err();
        assert!(error.to_string().contains("version 2") && error.hint().is_some(), "{error}");
    }
}
