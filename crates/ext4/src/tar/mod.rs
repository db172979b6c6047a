//! Tar archives: ustar, GNU and PAX, as they come, without a seek. And writing them, in PAX.
//!
//! Our own because what is read is the untrusted half of a conversion: every error names entry and offset, every length
//! has a limit, and content is handed on from the buffer it was read into.
//!
//! Source: POSIX.1-2024, pax; GNU tar's manual, "Basic Tar Format" and "Storing Sparse Files".

mod entry;
mod error;
mod header;
mod input;
#[cfg(feature = "compressed")]
mod open;
mod pax;
mod reader;
mod sparse;
mod writer;

pub use entry::{Entry, Kind};
pub use error::{TarError, TarProblem};
pub use input::Source;
#[cfg(feature = "compressed")]
pub use open::{Opened, open};
pub use reader::Reader;
pub use writer::{Item, Writer, time_text};

pub use crate::write::text as printable;

/// Bytes of a header, and what content is padded to.
pub const RECORD: usize = 512;
