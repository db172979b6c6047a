//! What of the operating system is needed beside the service's DLLs; tests have their own.

use hcs_abi::Handle;
use hcs_contract::Stream;

use crate::text::Free;

/// Which way bytes go through a pipe's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// They are read from it.
    Read,
    /// They are written to it.
    Write,
}

/// The functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Platform {
    /// Frees text of vmcompute.dll: `CoTaskMemFree`.
    pub(crate) free_task_memory: Free,
    /// Frees text of computecore.dll: `LocalFree`.
    pub(crate) free_local: Free,
    /// Closes a kernel handle.
    pub(crate) close: unsafe fn(Handle),
    /// Makes a stream of an overlapped pipe's end, which it takes over.
    pub(crate) stream: unsafe fn(Handle, Direction) -> Stream,
}
