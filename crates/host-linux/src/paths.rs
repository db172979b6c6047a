//! Where an engine keeps what.
//!
//! ```text
//! $HCS_RUN/                runtime state, gone or stale after a reboot
//!   systems/<id>/          one system: control.sock, meta.json, document.json; locked while it lives
//!   ids/<n>                symbolic link: which life holds the n-th id range
//!   volumes/<guid>/        a writable layer that is activated: state.json, its disk and where it is shown
//!   farewells/             empty but for moments: how systems ended, for those who watch (hcs_silo::farewell)
//!   network/               empty: whoever changes networks has its lock
//!   netns/<name>           a network namespace: of a namespace by its id, or of a system by its life
//! $HCS_ROOT/
//!   systems/<id>/          record of a system that asked to be kept: meta.json, document.json, state.json, log, and
//!                          if it asked for that what it wrote: scratch
//!   scratch/<life>/        folders that take a container's writes
//!   bases/                 Wine bases
//!   network.db             what networks, endpoints and namespaces there are
//! /sys/fs/cgroup/…/hcs-<instance>/<life>
//! ```

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};
use rustix::fs::Mode;
use rustix::io::Errno;

use crate::ids::{IdName, Life, instance_id};
use crate::options::Options;

/// Name of a folder's document as the client sent it.
pub(crate) const DOCUMENT: &str = "document.json";
/// Name of a folder's [`crate::record::Meta`].
pub(crate) const META: &str = "meta.json";
/// Name of the final state that a supervisor writes into a record.
pub(crate) const STATE: &str = "state.json";
/// Name of the folder of a record with what the system wrote.
pub(crate) const SCRATCH: &str = "scratch";
/// Name of a system's log.
pub(crate) const LOG: &str = "log";

const AS_ROOT: &str = "run as root (sudo), or set HCS_ROOT and HCS_RUN to folders of yours";

/// The folders of one engine. Both exist.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
    run: PathBuf,
    instance: String,
}

impl Layout {
    /// Makes what is missing. The instance id is taken from the folders' real paths, so that two spellings of one
    /// path are one engine.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let root = ensure(&options.root)?;
        let run = ensure(&options.run)?;
        let instance = instance_id(&root, &run);
        let this = Self { root, run, instance };
        for folder in [
            this.systems(),
            this.ids(),
            this.farewells(),
            this.volumes(),
            this.network(),
            this.netns(),
            this.records(),
            this.scratch_root(),
        ] {
            // Images may hold set-user-id programs and old ones at that: nobody but root may reach them.
            private(&folder)?;
        }
        Ok(this)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// 16 hexadecimal digits.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn systems(&self) -> PathBuf {
        self.run.join("systems")
    }

    pub(crate) fn system(&self, name: &IdName) -> PathBuf {
        self.systems().join(name)
    }

    pub(crate) fn ids(&self) -> PathBuf {
        self.run.join("ids")
    }

    pub(crate) fn farewells(&self) -> PathBuf {
        self.run.join("farewells")
    }

    pub(crate) fn volumes(&self) -> PathBuf {
        self.run.join("volumes")
    }

    pub(crate) fn network(&self) -> PathBuf {
        self.run.join("network")
    }

    pub(crate) fn netns(&self) -> PathBuf {
        self.run.join("netns")
    }

    pub(crate) fn network_database(&self) -> PathBuf {
        self.root.join("network.db")
    }

    pub(crate) fn records(&self) -> PathBuf {
        self.root.join("systems")
    }

    pub(crate) fn record(&self, name: &IdName) -> PathBuf {
        self.records().join(name)
    }

    pub(crate) fn scratch_root(&self) -> PathBuf {
        self.root.join("scratch")
    }

    pub(crate) fn scratch(&self, life: &Life) -> PathBuf {
        self.scratch_root().join(life)
    }
}

/// Makes a folder and its parents, and gives its real path.
fn ensure(path: &Path) -> Result<PathBuf> {
    fs_err::create_dir_all(path)
        .and_then(|()| fs_err::canonicalize(path))
        .map_err(|error| not_writable("make the engine's folder", path, error))
}

/// Makes a folder that only its owner may enter.
fn private(path: &Path) -> Result<()> {
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => {
            let found =
                fs_err::symlink_metadata(path).map_err(|error| not_writable("look at", path, error))?;
            let us = rustix::process::geteuid().as_raw();
            if found.is_dir() && found.uid() == us {
                Ok(())
            } else {
                // Another user could otherwise prepare the folder and put a socket of theirs in a system's place.
                let hint = match found.uid() {
                    0 if found.is_dir() => AS_ROOT,
                    _ => "remove it, or choose another HCS_ROOT and HCS_RUN",
                };
                Err(Error::access_denied(format!("{} is not a folder of this user", path.display()))
                    .with_hint(hint))
            }
        }
        Err(errno) => Err(not_writable("make the engine's folder", path, errno.into())),
    }
}

/// What could not be made or written, with what to do about it.
pub(crate) fn not_writable(step: &'static str, path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::PermissionDenied => Some(AS_ROOT),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Some("free some disk space; `hcs gc` frees what ended systems left")
        }
        _ => None,
    };
    let error = Error::os(step, path.display().to_string(), error);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> Options {
        Options { root: folder.join("root"), run: folder.join("run"), ..Options::default() }
    }

    #[test]
    fn two_spellings_of_a_path_are_one_engine_and_its_folders_are_private() {
        let temp = tempfile::tempdir().unwrap();
        let one = Layout::open(&options(temp.path())).unwrap();
        let mut other = options(temp.path());
        other.run = temp.path().join("root/../run");
        assert_eq!(Layout::open(&other).unwrap().instance(), one.instance());
        for folder in [one.systems(), one.records(), one.scratch_root()] {
            assert_eq!(fs_err::metadata(folder).unwrap().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_folder_that_somebody_else_prepared_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(temp.path().join("run")).unwrap();
        fs_err::os::unix::fs::symlink("/tmp", temp.path().join("run/systems")).unwrap();
        let error = Layout::open(&options(temp.path())).unwrap_err();
        assert_eq!(error.hresult(), hcs_contract::Hresult::E_ACCESSDENIED);
    }
}
