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

pub use answer::{Generation, full_register, invalid_handle, without_token};
pub use delivery::Delivery;
pub use documents::Document;
pub use paths::{Place, place};
pub use settings::{FILE, Settings};
pub use table::Table;
#[cfg(windows)]
pub use win::{
    Callback, Out, Process, answer, answer_or, document_for_host, host, set_last_error, text, text_or_empty,
};

/// Exports that take whatever they are given and answer `E_NOTIMPL`: they are there, so that looking them up does not
/// fail. In the 64-bit convention the caller takes its arguments off, so that none need be declared.
#[macro_export]
macro_rules! not_implemented {
    ($($name:ident)*) => {
        $(
            // SAFETY: no other symbol of the DLL has this name.
            #[unsafe(no_mangle)]
            extern "system" fn $name() -> i32 {
                ::hcs_contract::Hresult::E_NOTIMPL.to_i32()
            }
        )*
    };
}
