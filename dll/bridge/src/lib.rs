//! What the service's DLLs for Wine have in common.
//!
//! A DLL is the C ABI over `hcs-host-remote`: it turns arguments into calls of the contract, and errors into HRESULTs
//! with result documents. Here stands what does not depend on the ABI's generation. What calls Windows is below `win`;
//! the rest compiles and is tested on any platform.
//!
//! Invariants:
//! - A handle that a client holds is a number in a [`Table`], never a pointer: a stale, foreign or made-up one is found
//!   out by looking it up.
//! - A client's callback runs on a thread of ours that nobody else waits for ([`Delivery`]).
//! - No panic leaves an export, and loading a DLL runs no code of ours.

mod answer;
mod delivery;
mod documents;
mod paths;
mod settings;
mod table;
#[cfg(windows)]
mod win;

pub use answer::{Generation, invalid_handle, not_null, without_token};
pub use delivery::Delivery;
pub use documents::Document;
pub use paths::{Place, place};
pub use settings::{FILE, Settings};
pub use table::Table;
#[cfg(windows)]
pub use win::{
    Process, answer, answer_or, document_for_host, host, set_last_error, text, text_or_empty, write,
};
