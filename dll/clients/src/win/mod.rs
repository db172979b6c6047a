//! The client's cases.

mod bad;
mod dll;
mod lifecycle;
mod operation;

pub(crate) use bad::bad;
pub(crate) use lifecycle::lifecycle;

/// Longer than anything here takes on a busy machine, in milliseconds: a hang fails instead of hanging the run.
const PATIENCE: u32 = 60_000;

/// A text for a call.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
