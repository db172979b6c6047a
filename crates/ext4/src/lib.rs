//! ext4 images, written in one pass and as small as their files.

#![forbid(unsafe_code)]

mod convert;
mod format;
pub mod read;
mod storage;
pub mod tar;
pub mod verity;
pub mod vhd;
mod write;

pub use convert::{Convert, ConvertError, Progress, Report, Whiteouts};
pub use format::time::Time;
pub use format::xattr::Xattr;
pub use storage::{Memory, Storage};
pub use write::{Error, Metadata, Node, Options, Part, Result, Summary, Uuid, Writer};
