//! The Windows side: thin modules over the calls, one for each kind of object.

mod callback;
mod events;
mod export;
mod input;
mod memory;
mod out;
mod output;
mod pipe;
mod process;
mod service;
mod text;
mod wine;

pub use callback::Callback;
pub use export::{answer, answer_or, set_last_error};
pub use out::Out;
pub use process::Process;
pub use service::{document_for_host, host};
pub use text::{text, text_or_empty};

use std::io;

use hcs_contract::Error;

/// The failure of a call of Windows: what it was to do, and to what.
fn os(step: &'static str, object: impl Into<String>) -> Error {
    Error::os(step, object, io::Error::last_os_error())
}

/// The text with a NUL behind it, for a call of Windows.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
