//! The C ABI of the service's DLLs: what whoever calls them and whoever stands in for them must agree on.
//!
//! Types only, and the names and signatures of the exports: [`vmcompute`] has the first generation (HRESULTs, results
//! by notification), [`computecore`] the second (operations), [`computenetwork`] networks. No code, so that both sides compile the same words:
//! `host-windows` looks exports up and calls them, the DLLs below `dll/` export them. The numbers that cross (HRESULTs,
//! notifications, events) are those of `hcs-contract`.
//!
//! All functions have the `system` calling convention. Strings are UTF-16 with a NUL behind them; those that go in
//! are borrowed for the call. Sources: the platform's headers as windows-sys 0.61 has them (a test compares layouts),
//! and for vmcompute.dll, which has no public header, the declarations of the Go library.

#![forbid(unsafe_code)]

use std::ffi::c_void;

pub mod computecore;
pub mod computenetwork;
pub mod vmcompute;

/// A kernel handle (`HANDLE`), as a process of Windows holds it. Null: none.
pub type Handle = *mut c_void;

/// A compute system (`HCS_SYSTEM`). Each create and each open gives one of its own.
pub type SystemHandle = *mut c_void;

/// A process of a compute system (`HCS_PROCESS`).
pub type ProcessHandle = *mut c_void;

/// Text that goes in (`PCWSTR`).
pub type TextIn = *const u16;

/// Text that comes out (`PWSTR`): its owner is the caller, who frees it with `LocalFree` when it is of computecore.dll, and
/// with `CoTaskMemFree` when it is of another DLL. It may be null after success and after failure.
pub type TextOut = *mut u16;

/// What a function returns (`HRESULT`): negative for a failure.
pub type Hresult = i32;

/// What a process is known by, and its standard streams (`HCS_PROCESS_INFORMATION`).
///
/// The handles are valid in the caller's process and the caller's to close; null where no pipe was asked for. They are
/// ends of pipes in overlapped mode: the process's input is written, its outputs are read.
#[doc(alias = "HCS_PROCESS_INFORMATION")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProcessInformation {
    /// The process's number within its system.
    pub process_id: u32,
    /// Zero.
    pub reserved: u32,
    /// Writes what the process reads.
    pub std_input: Handle,
    /// Reads what the process writes.
    pub std_output: Handle,
    /// Reads what the process writes as errors.
    pub std_error: Handle,
}

impl ProcessInformation {
    /// Nothing: what a caller hands in.
    pub const EMPTY: Self = Self {
        process_id: 0,
        reserved: 0,
        std_input: std::ptr::null_mut(),
        std_output: std::ptr::null_mut(),
        std_error: std::ptr::null_mut(),
    };
}

/// Declares the exports of a DLL: a type for each, by the export's name, and the list of all names.
macro_rules! exports {
    ($($(#[$doc:meta])* fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        $(
            $(#[$doc])*
            pub type $name = unsafe extern "system" fn($($parameter: $type),*) $(-> $result)?;
        )*

        /// The names of all exports above, in that order.
        pub const EXPORTS: &[&str] = &[$(stringify!($name)),*];
    };
}
use exports;

#[cfg(test)]
mod tests;
