//! What Windows says of files and Linux has no place for, in one file beside them that only grows.
//!
//! The format stands in the repository's `docs/layers.md`. In short: a header of 16 bytes, then records, each with its
//! length and a CRC-32C. A later record for a path takes the place of an earlier one. A file that does not end with an
//! end record belongs to a layer that is not finished.

mod read;
mod write;

pub(crate) use read::{Found, MetadataReader, StreamAt};
pub(crate) use write::MetadataWriter;

use std::io;

use crate::filetime::{BasicInfo, FileTime};

/// The file's name, in the layer's folder.
pub const FILE: &str = "layer.meta";

const MAGIC: &[u8; 8] = b"hcslayer";
const VERSION: u32 = 1;
const HEADER: u64 = 16;
/// Bytes of a record's length and checksum.
const FRAME: usize = 8;
/// Bytes of a record: attributes of 64 KiB, a descriptor of 128 KiB, two paths; and pieces of streams.
const MOST: usize = 1 << 20;
/// Bytes of a stream in one record.
const PIECE: usize = 64 << 10;

/// What a record is about.
mod kind {
    pub(super) const OBJECT: u8 = 1;
    pub(super) const STREAM: u8 = 2;
    pub(super) const PIECE: u8 = 3;
    pub(super) const DESCRIPTOR: u8 = 4;
    pub(super) const LINK: u8 = 5;
    pub(super) const TOMBSTONE: u8 = 6;
    pub(super) const OPAQUE: u8 = 7;
    pub(super) const FOLDER: u8 = 8;
    pub(super) const END: u8 = 9;
}

/// A member of an object that it need not have.
mod member {
    pub(super) const REPARSE: u8 = 1;
    pub(super) const ATTRIBUTES: u8 = 2;
    pub(super) const SHORT_NAME: u8 = 3;
    pub(super) const OBJECT_ID: u8 = 4;
}

/// What is known of a file, folder or link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Attributes and times.
    pub info: BasicInfo,
    /// The security descriptor, if there is one.
    pub security: Option<Vec<u8>>,
    /// The reparse buffer.
    pub reparse: Option<Vec<u8>>,
    /// Extended attributes, as a buffer.
    pub attributes: Option<Vec<u8>>,
    /// The name of eight and three characters, in UTF-16 units.
    pub short_name: Option<Vec<u16>>,
    /// NTFS' object id.
    pub object_id: Option<Vec<u8>>,
}

/// Why the file with a layer's metadata can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum MetadataError {
    /// The system said so.
    #[error("cannot read or write {FILE}")]
    Io(#[from] io::Error),
    /// Not such a file.
    #[error("{FILE} does not begin as one")]
    Magic,
    /// Made by a later version.
    #[error("{FILE} has the format {found}, this program reads {VERSION}")]
    Version { found: u32 },
    /// Something in it is not what it can be.
    #[error("{FILE} is damaged at byte {at}: {what}")]
    Damaged { at: u64, what: &'static str },
    /// Nobody finished it.
    #[error("{FILE} has no end: the layer was not imported to its end; remove it and import it again")]
    Unfinished,
    /// There is no room for that.
    #[error("a record of {length} bytes, at most {MOST} are possible")]
    TooLarge { length: usize },
}

/// Times in the order in which they lie.
fn times(info: &BasicInfo) -> [FileTime; 4] {
    [info.created, info.accessed, info.written, info.changed]
}
