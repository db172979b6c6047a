//! A layer's folder: writing and reading it file by file.
//!
//! `Files`, `Hives` and `UtilityVM/Files` hold what Linux has a place for; the rest stands in [`crate::metadata`].

mod below;
mod fill;
mod links;
mod names;
mod reader;
mod tree;
mod writer;

pub(crate) use below::Below;
pub(crate) use fill::{Filler, Finish, Target};
pub(crate) use hcs_ext4::tar::printable as text;
pub(crate) use reader::from_stat;
pub use reader::{Backup, Item, LayerReader, What};
pub(crate) use tree::{Case, Tree};
pub use writer::{LayerOptions, LayerWriter};
pub(crate) use writer::{times as disk_times, umask};

use std::io;

use crate::backup::{BackupError, StreamId};
use crate::ea::EaError;
use crate::metadata::MetadataError;
use crate::path::PathProblem;
use crate::reparse::ReparseError;
use crate::security::SecurityError;

/// The mark in a folder that hides what lower layers have in it, as tars name it.
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

/// Why a layer can't be written or read. The texts name the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum LayerError {
    /// A name that a layer can't have.
    #[error("{name}")]
    Path { name: String, source: PathProblem },
    /// The system refused a step.
    #[error("cannot {step} {name}")]
    Io { step: &'static str, name: String, source: io::Error },
    /// The file with metadata.
    #[error("the layer's metadata")]
    Metadata(#[from] MetadataError),
    /// A backup stream that is none.
    #[error("{name}")]
    Backup { name: String, source: BackupError },
    /// A stream that a layer does not keep.
    #[error("{name}: backup stream {id} is not kept in layers")]
    Stream { name: String, id: StreamId },
    /// A security descriptor that is none.
    #[error("{name}")]
    Security { name: String, source: SecurityError },
    /// A reparse buffer that is none.
    #[error("{name}")]
    Reparse { name: String, source: ReparseError },
    /// Extended attributes that are none.
    #[error("{name}")]
    Ea { name: String, source: EaError },
    /// Parts of a file that do not fit together.
    #[error("{name}: {what}")]
    File { name: String, what: &'static str },
    /// Something is where the layer is to be.
    #[error("{folder}: there is something already; a layer needs a folder that is new or empty")]
    NotEmpty { folder: String },
    /// The lowest layer has nothing below it to remove from.
    #[error("base layer cannot have tombstones: {name}")]
    BaseTombstone { name: String },
    /// Only what lies in `Files` and `UtilityVM/Files` can be removed or linked.
    #[error("invalid {what} {name}: only what lies below Files and UtilityVM/Files can be one")]
    Place { what: &'static str, name: String },
    /// A hard link to nothing.
    #[error("failed to find link target for {name:?} -> {target:?}")]
    LinkTarget { name: String, target: String },
    /// An object of a kind that Windows does not know.
    #[error("{name} is a {kind}, which no Windows layer has")]
    Kind { name: String, kind: &'static str },
    /// A folder that is to go, but is no layer.
    #[error("{folder} has nothing of a layer in it, so it is not removed")]
    NoLayer { folder: String },
    /// A layer that is in use.
    #[error("{folder} is in use: {place} is mounted")]
    Mounted { folder: String, place: String },
    /// Bytes without a file that they belong to.
    #[error("closed: no file is being written")]
    Closed,
}

impl LayerError {
    /// An error of the system.
    pub(crate) fn io(step: &'static str, name: &[u8], source: impl Into<io::Error>) -> Self {
        Self::Io { step, name: text(name), source: source.into() }
    }

    /// An error about a name.
    pub(crate) fn path(name: &str, source: PathProblem) -> Self {
        Self::Path { name: text(name.as_bytes()), source }
    }

    /// An error about what a file is made of.
    pub(crate) fn file(name: &str, what: &'static str) -> Self {
        Self::File { name: text(name.as_bytes()), what }
    }
}
