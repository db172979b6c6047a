//! Win32 backup streams: what BackupRead gives and BackupWrite takes, a file's streams one behind the other.
//!
//! Source: Windows SDK, `WIN32_STREAM_ID`; "BackupRead function", "BackupWrite function".

mod push;
mod reader;
mod writer;

pub use push::{Event, Push};
pub use reader::Reader;
pub use writer::Writer;

use std::io;

use crate::bytes;

/// Bytes of a header, without its name.
pub(crate) const HEADER: usize = 20;
/// Bytes of a name: no file system has names of more than 32,767 units.
const NAME: u32 = 0xfffe;

/// What a stream holds. Ids that are not known stay representable: who meets one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(pub u32);

impl StreamId {
    /// The content.
    #[doc(alias = "BackupData")]
    pub const DATA: Self = Self(1);
    /// Extended attributes: a list as [`crate::ea`] reads it.
    #[doc(alias = "BackupEaData")]
    pub const EA_DATA: Self = Self(2);
    /// A security descriptor: see [`crate::security`].
    #[doc(alias = "BackupSecurity")]
    pub const SECURITY: Self = Self(3);
    /// An alternate stream; the header has its name.
    #[doc(alias = "BackupAlternateData")]
    pub const ALTERNATE_DATA: Self = Self(4);
    /// A hard link.
    #[doc(alias = "BackupLink")]
    pub const LINK: Self = Self(5);
    /// Properties, which no system makes any more.
    #[doc(alias = "BackupPropertyData")]
    pub const PROPERTY_DATA: Self = Self(6);
    /// The object id of NTFS.
    #[doc(alias = "BackupObjectId")]
    pub const OBJECT_ID: Self = Self(7);
    /// A reparse buffer: see [`crate::reparse`].
    #[doc(alias = "BackupReparseData")]
    pub const REPARSE_DATA: Self = Self(8);
    /// A part of a sparse file, at an offset that the header has.
    #[doc(alias = "BackupSparseBlock")]
    pub const SPARSE_BLOCK: Self = Self(9);
    /// Of transactional NTFS.
    #[doc(alias = "BackupTxfsData")]
    pub const TXFS_DATA: Self = Self(10);

    const NAMES: [&str; 10] = [
        "data",
        "extended attributes",
        "security",
        "alternate data",
        "link",
        "property data",
        "object id",
        "reparse data",
        "sparse block",
        "transactional data",
    ];
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.0.checked_sub(1).and_then(|n| Self::NAMES.get(bytes::length(n.into())));
        match name {
            Some(name) => write!(formatter, "{} ({name})", self.0),
            None => write!(formatter, "{}", self.0),
        }
    }
}

/// A stream's attribute: what follows has holes.
#[doc(alias = "StreamSparseAttributes")]
pub const SPARSE_ATTRIBUTE: u32 = 8;

/// What stands before a stream's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "BackupHeader")]
pub struct StreamHeader {
    /// What the stream holds.
    pub id: StreamId,
    /// Bits; see [`SPARSE_ATTRIBUTE`].
    pub attributes: u32,
    /// Bytes that follow. A sparse block's offset is not among them.
    pub size: u64,
    /// `:NAME:$DATA` of an alternate stream, in UTF-16 units, else empty.
    pub name: Vec<u16>,
    /// A sparse block's place in the file, in bytes.
    pub offset: u64,
}

impl StreamHeader {
    /// A stream of `size` bytes without a name.
    pub fn new(id: StreamId, size: u64) -> Self {
        Self { id, attributes: 0, size, name: Vec::new(), offset: 0 }
    }

    /// The fixed part: the header without name and offset, the bytes of the name, and whether an offset follows it.
    fn decode(fixed: &[u8; HEADER]) -> Result<(Self, usize, bool), BackupError> {
        // All of them lie within the 20 bytes.
        let word = |at| bytes::u32(fixed, at).unwrap_or_default();
        let (id, attributes, name) = (StreamId(word(0)), word(4), word(16));
        let size = bytes::array(fixed, 8).map(i64::from_le_bytes).unwrap_or_default();
        if name > NAME || !name.is_multiple_of(2) {
            return Err(BackupError::Name { id, length: name });
        }
        let bad = BackupError::Size { id, size };
        let mut size = u64::try_from(size).map_err(|_| BackupError::Size { id, size })?;
        let sparse = id == StreamId::SPARSE_BLOCK;
        if sparse {
            size = size.checked_sub(8).ok_or(bad)?;
        }
        let header = Self { id, attributes, size, name: Vec::new(), offset: 0 };
        Ok((header, bytes::length(name.into()), sparse))
    }

    /// Sets what follows the fixed part.
    fn complete(&mut self, rest: &[u8], name: usize) -> Result<(), BackupError> {
        let (name, offset) = rest.split_at(name.min(rest.len()));
        self.name = bytes::units(name);
        if let Some(offset) = bytes::array(offset, 0) {
            let offset = i64::from_le_bytes(offset);
            self.offset =
                u64::try_from(offset).map_err(|_| BackupError::Size { id: self.id, size: offset })?;
        }
        Ok(())
    }

    /// As bytes.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, BackupError> {
        let sparse = self.id == StreamId::SPARSE_BLOCK;
        let too_large = || BackupError::Size { id: self.id, size: i64::MAX };
        let size = self.size.checked_add(if sparse { 8 } else { 0 }).ok_or_else(too_large)?;
        let size = i64::try_from(size).map_err(|_| too_large())?;
        let name = u32::try_from(self.name.len() * 2).ok().filter(|length| *length <= NAME);
        let name = name.ok_or(BackupError::Name { id: self.id, length: u32::MAX })?;
        let mut out = Vec::with_capacity(HEADER + self.name.len() * 2 + 8);
        out.extend(self.id.0.to_le_bytes());
        out.extend(self.attributes.to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend(name.to_le_bytes());
        out.extend(bytes::from_units(&self.name));
        if sparse {
            out.extend(i64::try_from(self.offset).map_err(|_| too_large())?.to_le_bytes());
        }
        Ok(out)
    }
}

/// Why a backup stream could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum BackupError {
    /// The file or pipe said so.
    #[error("cannot read or write the backup stream")]
    Io(#[source] io::Error),
    /// It ends within a header or a stream.
    #[error("the backup stream ends within {within}")]
    CutOff { within: &'static str },
    /// A length that no name has.
    #[error("backup stream {id}: a name of {length} bytes")]
    Name { id: StreamId, length: u32 },
    /// Negative, or less than what has to be there.
    #[error("backup stream {id}: {size} is no size or offset")]
    Size { id: StreamId, size: i64 },
    /// A stream got fewer bytes than its header says.
    #[error("missing {missing} bytes of backup stream {id}")]
    Missing { id: StreamId, missing: u64 },
    /// A stream got more.
    #[error("too many bytes by {excess} in backup stream {id}")]
    TooMany { id: StreamId, excess: u64 },
}

impl From<io::Error> for BackupError {
    /// An error of ours that went through [`io::Read`] or [`io::Write`] is itself again.
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Io)
    }
}

impl From<BackupError> for io::Error {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Io(error) => error,
            BackupError::CutOff { .. } => Self::new(io::ErrorKind::UnexpectedEof, error),
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
