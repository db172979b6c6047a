//! Windows layers as tars: the mapping that OCI images of Windows have.
//!
//! Each file is an entry in PAX form; what Windows says of it stands in records `MSWINDOWS.*`, alternate streams are entries
//! of their own behind it, and `.wh.NAME` says what is hidden. What each kind of entry becomes stands in the repository's
//! `docs/support/storage.md`.
//!
//! Source: microsoft/hcsshim, `pkg/ociwclayer` and go-winio's `backuptar` (the form of their latest commits).

mod canonical;
mod entry;
mod export;
mod import;
mod order;
mod out;
mod record;
mod unpack;

pub(crate) use export::has_record;
pub use export::{Export, ExportReport};
pub use import::{Import, ImportReport};
pub use record::RECORD;
pub use unpack::Unpack;

pub use hcs_ext4::tar::Source;
#[cfg(feature = "compressed")]
pub use hcs_ext4::tar::{Opened, open};

use std::io;

use hcs_ext4::tar::TarError;

use crate::LayerError;

/// Records by which tars say what Windows says of a file.
mod key {
    pub(super) const ATTRIBUTES: &[u8] = b"MSWINDOWS.fileattr";
    pub(super) const SECURITY: &[u8] = b"MSWINDOWS.rawsd";
    pub(super) const SDDL: &[u8] = b"MSWINDOWS.sd";
    pub(super) const MOUNT_POINT: &[u8] = b"MSWINDOWS.mountpoint";
    pub(super) const EA: &[u8] = b"MSWINDOWS.xattr.";
    pub(super) const CREATED: &[u8] = b"LIBARCHIVE.creationtime";
}

/// What names begin with that hide others.
const WHITEOUT: &str = ".wh.";

/// How far an import or export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the tar.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
}

/// Why a tar can't become a layer, or a layer a tar.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum TarLayerError {
    /// The tar is damaged.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// An entry can't be part of a layer.
    #[error("tar entry {entry} at byte {offset}")]
    Entry { entry: String, offset: u64, source: EntryProblem },
    /// The layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A file of the layer has no form in a tar.
    #[error("{name}")]
    Export { name: String, source: EntryProblem },
    /// Of a Linux layer there is only the tar that it came as.
    #[error("this is a layer of a Linux image, of which {what}")]
    Linux { what: &'static str },
    /// The record of how the tar looked.
    #[error("{RECORD} {what}")]
    Record { what: &'static str },
    /// The tar or its record could not be written.
    #[error("cannot write the tar")]
    Write { source: io::Error },
}

/// Why an entry can't be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum EntryProblem {
    /// The layer refuses it.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A record's value is not what it can be.
    #[error("the record {key} {what}")]
    Record { key: String, what: &'static str },
    /// An old form of security descriptors.
    #[error(
        "its security descriptor is in text form (MSWINDOWS.sd), which is not read; only MSWINDOWS.rawsd is"
    )]
    Sddl,
    /// Not part of Windows.
    #[error("it is a {kind}, which no Windows layer has")]
    Kind { kind: &'static str },
    /// Type and attributes of one entry.
    #[error("its type says {kind} and the record MSWINDOWS.fileattr the contrary")]
    Contrary { kind: &'static str },
    /// A reparse point that has no form in a tar.
    #[error("unsupported reparse point {tag:x}")]
    Reparse { tag: u32 },
    /// An attribute that is none of a tar's business.
    #[error("the extended attribute {name:?} steers overlays; a tar must not bring it")]
    Xattr { name: String },
    /// A link whose target is no text.
    #[error("its target is no text")]
    Target,
    /// A name that no record can have, or no value, by which a record would be taken back.
    #[error("the extended attribute {name:?} has a name that no record can have, or no value")]
    EaRecord { name: String },
}
