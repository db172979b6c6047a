//! The contract over the compute service of Windows, by its two DLLs.
//!
//! [`WindowsHost`] implements `ComputeService` by vmcompute.dll (the first generation, whose calls complete by notification)
//! or computecore.dll (the second, by operations): see [`Generation`]. Documents pass verbatim, members that this version
//! does not know among them. Two things are looked at before: that a document is a JSON object at all, so that a failure
//! says where it is not, and `LinuxHost`, which only the engine on Linux has and which is refused by name.
//!
//! # What holds whatever the service does
//! - DLLs come from the System directory only, and each function is looked up when it is first called. A function that an
//!   older Windows lacks is refused by its name, with the build that has it.
//! - A handle, a text or a pipe that the service hands out is ours from that moment on, whatever the call returns, and is
//!   closed or freed once: text of vmcompute by `CoTaskMemFree`, of computecore by `LocalFree`.
//! - No call is abandoned: a wait may end, and the call, with all that was given to it, lasts until the service returns. A
//!   handle that comes after its caller has gone is closed.
//! - Callbacks get a number, not a pointer, so that a late one leads to nobody. They hand over to a thread of ours and
//!   return: they never block, and no panic leaves them.
//! - Codes of both families come out as one, computecore's.
//!
//! Everything but the loader, the pipes and the allocators is plain code over tables of functions, and is tested on any
//! system with tables of the tests' own. `WindowsHost::open` is there on Windows only.

#![cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows opens a host"))]

mod calls;
mod expected;
mod exports;
mod failure;
mod host;
mod information;
mod kind;
mod mailbox;
mod options;
mod platform;
mod table;
mod text;
mod v1;
mod v2;
mod watched;
#[cfg(windows)]
mod win;
mod workers;

#[cfg(test)]
mod tests;

pub use host::WindowsHost;
pub use options::{Generation, Options};
