//! Why a file system could not be read.

use std::io;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ReadError {
    /// The storage could not be read.
    #[error("cannot read the image at byte {offset}")]
    Read { offset: u64, source: io::Error },
    /// There is no ext4 file system.
    #[error("not an ext4 file system")]
    NotExt4,
    /// The super block says what can't be.
    #[error("the super block is damaged: {what}")]
    Superblock { what: &'static str },
    /// The file system uses what this does not know.
    #[error("the file system has features that are not known: {unknown:#x}")]
    Features { unknown: u32 },
    /// The journal has changes that are not in the file system yet.
    #[error("the file system was not unmounted; run e2fsck on it first")]
    NeedsRecovery,
    /// The storage ends before the file system does.
    #[error("the image is cut off: {blocks} blocks of {block_size} bytes do not fit into {length} bytes")]
    CutOff { blocks: u64, block_size: u64, length: u64 },
    /// A block's number is none.
    #[error("the file system is damaged: block {block} is outside of it")]
    Outside { block: u64 },
    /// An inode's number is none.
    #[error("the file system is damaged: there is no inode {number}")]
    NoInode { number: u32 },
    /// Something of an inode can't be.
    #[error("inode {inode} is damaged: {what}")]
    Damaged { inode: u32, what: &'static str },
    /// The file is encrypted, or its names are kept in a way that is not known.
    #[error("inode {inode} can't be read: it is {what}")]
    Unsupported { inode: u32, what: &'static str },
    /// There is nothing of that name.
    #[error("{path}: no such file or folder")]
    NotFound { path: String },
    /// Something on the way is no folder.
    #[error("{path}: not a folder")]
    NotAFolder { path: String },
    /// A folder has no content to read.
    #[error("{path}: not a regular file")]
    NotAFile { path: String },
    /// A path leads through too many symbolic links, or in a circle.
    #[error("{path}: over 40 symbolic links on the way")]
    TooManyLinks { path: String },
    /// A tar could not be written.
    #[error("cannot write the tar")]
    Export { source: io::Error },
}
