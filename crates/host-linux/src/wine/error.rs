//! Why a base can't be found or made.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a base can't be found or made. Each variant asks another answer of the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum WineError {
    /// Wine's loader or a part of it is not installed.
    #[error(
        "no 64-bit Wine: {missing} is missing; install it (Debian: apt-get install --no-install-recommends wine wine64)"
    )]
    NoWine { missing: PathBuf },
    /// Wine is there, but not the version that this recipe knows.
    #[error("{loader} says it is {found:?}; the base recipe knows Wine 8.0")]
    OtherWine { loader: PathBuf, found: String },
    /// A library that Wine needs is not installed.
    #[error(
        "library {name}, needed by {needed_by}, is in none of the system's library folders; reinstall Wine"
    )]
    NoLibrary { name: String, needed_by: PathBuf },
    /// A file of ours that goes into the base is not where it was said to be.
    #[error("{path} is missing; it is part of this program's installation (`./x install`)")]
    NoGuestFile { path: PathBuf, source: io::Error },
    /// Bases belong to uid 0 and are made with mounts.
    #[error("making a Wine base needs root (now uid {uid}); run the command with sudo")]
    NotRoot { uid: u32 },
    /// The file system of the bases is too full.
    #[error(
        "{folder}: {available} bytes are free, making a Wine base needs {needed}; free some space or move HCS_ROOT"
    )]
    DiskFull { folder: PathBuf, available: u64, needed: u64 },
    /// No base has this id.
    #[error("there is no Wine base {id}; `hcs base ls` shows the ones that are there")]
    NotFound { id: String },
    /// A base's description can't be understood.
    #[error("{path} is not the description of a Wine base; remove the folder, the base is made anew")]
    BadInfo { path: PathBuf, source: serde_json::Error },
    /// Wine's own set-up of the prefix failed.
    #[error("{program} ended with {status} while making the Wine base; its last words: {output:?}")]
    SetupFailed { program: String, status: String, output: String },
    /// The container in which the set-up is run can't be made, or broke.
    #[error("the container for making a Wine base failed")]
    Sandbox { source: Box<dyn std::error::Error + Send + Sync> },
    /// The deadline came first.
    #[error("timed out after {} s waiting for {waiting}", waited.as_secs())]
    Timeout { waiting: String, waited: Duration },
    /// A program file has an unexpected form.
    #[error("{path} is not a 64-bit ELF library")]
    NotElf { path: PathBuf },
    /// The set-up left a file that can't be edited.
    #[error("{path}: {what}; this Wine's set-up differs from the one that the recipe knows")]
    UnexpectedPrefix { path: PathBuf, what: &'static str },
    /// The host's name for a time zone leads nowhere.
    #[error("there is no time zone {name:?} in the system's zone database (package tzdata)")]
    NoTimeZone { name: String },
    /// Somebody's own prefix can't be used.
    #[error("{} is not a Wine prefix that the DLLs can go into: {what}", .folder.display())]
    NoPrefix { folder: PathBuf, what: &'static str },
    /// Its server writes the registry when it ends, over what was changed meanwhile.
    #[error("programs run in the Wine prefix {}; end them, or all at once with `wineserver -k`", .folder.display())]
    PrefixInUse { folder: PathBuf },
    /// Any other failing call.
    #[error("cannot {step} {path}")]
    Io { step: &'static str, path: PathBuf, source: io::Error },
}

impl WineError {
    /// For `map_err`: a step on a path, when the error itself does not name it.
    pub(super) fn io<E: Into<io::Error>>(
        step: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |error| Self::Io { step, path, source: error.into() }
    }
}

/// fs-err's errors name the call and the path already.
impl From<io::Error> for WineError {
    fn from(source: io::Error) -> Self {
        Self::Io { step: "make or change files of", path: PathBuf::from("the Wine base"), source }
    }
}
