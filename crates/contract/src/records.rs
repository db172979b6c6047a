//! What a host keeps of its systems beyond what the service knows, and says of itself.

use std::fmt;

use hcs_schema::host::{Collected, Feature, Inspection, Record};

use crate::Result;

/// Records of systems with their labels, times and logs; what a host can do; and clearing away. Not of the service: a
/// host of this project has it, and [`crate::ComputeService::records`] says whether.
///
/// These calls block, as long as reading small files takes; [`Records::collect`] as long as clearing away takes.
pub trait Records: fmt::Debug + Send + Sync {
    /// Every system, living or kept, in the order of their names.
    ///
    /// # Errors
    /// The operating system's, or the connection's.
    fn list(&self) -> Result<Vec<Record>>;

    /// One system, living or kept.
    ///
    /// # Errors
    /// Not found; those of [`Records::list`].
    fn inspect(&self, id: &str) -> Result<Inspection>;

    /// What its processes wrote that nobody had asked for, the oldest first: as bytes, a line for each line
    /// (`time stream F text`, `P` in place of `F` when the line goes on).
    ///
    /// # Errors
    /// As [`Records::inspect`].
    fn log(&self, id: &str) -> Result<Vec<u8>>;

    /// Removes the kept record of an ended system, with its log; then its id is free.
    ///
    /// # Errors
    /// Not found; invalid state, when the system lives.
    fn remove(&self, id: &str) -> Result<()>;

    /// Frees what no living system holds, or with `dry_run` only says what that is. Safe at any time. What could not be
    /// freed stands in the result.
    ///
    /// # Errors
    /// When nothing could be looked at.
    fn collect(&self, dry_run: bool) -> Result<Collected>;

    /// What this host can do: guests, schemas, isolation, limits. Each with the reason when it can't.
    ///
    /// # Errors
    /// The connection's.
    fn features(&self) -> Result<Vec<Feature>>;
}
