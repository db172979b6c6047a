//! Why an image could not be written.

use std::io;

/// What went wrong. Names are shown as text; bytes that are none become U+FFFD.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// The storage did not take bytes: the disk is full, most of the time.
    #[error("cannot write the image near byte {offset}")]
    Write { offset: u64, source: io::Error },
    /// What was written could not be read back.
    #[error("cannot read the image back at byte {offset}")]
    ReadBack { offset: u64, source: io::Error },
    /// A temporary file, which holds what does not fit into memory, failed.
    #[error("cannot use a temporary file (in TMPDIR, or /tmp)")]
    Spill { source: io::Error },
    /// The image got larger than it may be.
    #[error("disk exceeded maximum size of {limit} bytes")]
    TooBig { limit: u64 },
    /// A name is empty, longer than 255 bytes, has a NUL, or is `.` or `..`.
    #[error("{path}: invalid name: a name has 1 to 255 bytes and no NUL")]
    InvalidName { path: String },
    /// A path leads out of the image.
    #[error("{path}: the path leads out of the root by ..")]
    Escapes { path: String },
    /// A path is longer than the kernel takes.
    #[error("{path}: the path has over 4,096 bytes")]
    PathTooLong { path: String },
    /// A path leads through too many symbolic links, or in a circle.
    #[error("{path}: the path leads through over 40 symbolic links")]
    TooManyLinksOnPath { path: String },
    /// Something on the way to a name is no folder.
    #[error("{path}: path not found: {component} is not a folder")]
    NotAFolder { path: String, component: String },
    /// A link's target is not there.
    #[error("{path}: file not found: {target}, of which it is to be a link")]
    NoTarget { path: String, target: String },
    /// A folder can't have two names.
    #[error("{path}: {target} is a folder, of which there are no links")]
    LinkToFolder { path: String, target: String },
    /// More than 65,000 names of one file.
    #[error("{path}: {target} has 65,000 links already, which is the most that ext4 takes")]
    TooManyLinks { path: String, target: String },
    /// A file would take the place of a folder.
    #[error("{path}: cannot replace a directory with a file")]
    FileOverFolder { path: String },
    /// A folder would take the place of a file.
    #[error("{path}: cannot replace a file with a directory")]
    FolderOverFile { path: String },
    /// The root must stay a folder and has no other names.
    #[error("{path}: the root can only be a folder")]
    Root { path: String },
    /// A file of over 16 TiB.
    #[error("{path}: file too big: {size} > 17592186040320")]
    FileTooBig { path: String, size: u64 },
    /// A device's numbers don't fit.
    #[error("{path}: device {major}:{minor}: major numbers end at 4095, minor ones at 1048575")]
    Device { path: String, major: u32, minor: u32 },
    /// A symbolic link's target is empty, too long, or has a NUL.
    #[error("{path}: the link's target has {length} bytes; 1 to 4,095 without NUL can be")]
    Target { path: String, length: usize },
    /// An extended attribute does not fit beside the others.
    #[error("{path}: could not fit xattr {name}: a file has room for about 4,000 bytes of them")]
    XattrTooBig { path: String, name: String },
    /// An extended attribute's name or value is none.
    #[error(
        "{path}: xattr {name}: the name, or the access control list in it, is none that the kernel takes"
    )]
    XattrInvalid { path: String, name: String },
    /// A file's holes overlap, are not in order, or lie behind its end.
    #[error(
        "{path}: the parts of a sparse file must be in order, apart, and end at its size of {size} bytes"
    )]
    Holes { path: String, size: u64 },
    /// More was written than the file has.
    #[error("{path}: wrote too much: the file was to have {size} bytes")]
    TooMuch { path: String, size: u64 },
    /// Less was written than the file has.
    #[error("{path}: did not write the right amount: {written} != {size}")]
    TooLittle { path: String, written: u64, size: u64 },
    /// Bytes came without a file that they belong to.
    #[error("there is no file being written")]
    NoFile,
    /// Over 2^32 inodes, or 4 GiB of names.
    #[error("too many files for one image: {what}")]
    TooMany { what: &'static str },
}

/// What the functions of the writer return.
pub type Result<T> = std::result::Result<T, Error>;

/// As errors show names.
pub fn text(bytes: &[u8]) -> String {
    // A hostile name could fill a screen, or take over a terminal.
    let cut = bytes.get(..200).unwrap_or(bytes);
    let mut text: String = String::from_utf8_lossy(cut)
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if cut.len() < bytes.len() {
        text.push('…');
    }
    text
}
