//! A local named pipe with both of its ends: one for a client, overlapped, as the service hands out; one for us.
#![expect(unsafe_code, reason = "named pipe calls")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

use hcs_abi::Handle;
use hcs_contract::Result;
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_READ_ATTRIBUTES,
    FILE_WRITE_ATTRIBUTES, OPEN_EXISTING, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetCurrentProcessId};

use crate::win::{os, wide};

/// Bytes that a pipe holds.
pub(crate) const BUFFER: u32 = 64 << 10;

/// Which way bytes go, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The client reads. Our end is for calls that block.
    ToClient,
    /// The client writes. Our end is overlapped too.
    FromClient,
}

/// A new pipe: our end, and the client's.
pub(crate) fn pipe(direction: Direction) -> Result<(OwnedHandle, OwnedHandle)> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // SAFETY: no parameters.
    let process = unsafe { GetCurrentProcessId() };
    let name = wide(&format!(r"\\.\pipe\hcs-{process}-{}", LAST.fetch_add(1, Ordering::Relaxed)));
    let (server, client) = match direction {
        Direction::ToClient => (PIPE_ACCESS_OUTBOUND, GENERIC_READ | FILE_WRITE_ATTRIBUTES),
        Direction::FromClient => {
            (PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED, GENERIC_WRITE | FILE_READ_ATTRIBUTES)
        }
    };
    let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name ends with a NUL; null asks for the default rights, this user's.
    let server = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            server | FILE_FLAG_FIRST_PIPE_INSTANCE,
            mode,
            1,
            BUFFER,
            BUFFER,
            0,
            null(),
        )
    };
    let server = owned(server, "make")?;
    // SAFETY: the name ends with a NUL; no security, no template.
    let client = unsafe {
        CreateFileW(name.as_ptr(), client, 0, null(), OPEN_EXISTING, FILE_FLAG_OVERLAPPED, null_mut())
    };
    Ok((server, owned(client, "open")?))
}

fn owned(handle: Handle, step: &'static str) -> Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(os(step, "a pipe for a standard stream"));
    }
    // SAFETY: a new handle, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Another handle of the same end, the caller's to close.
pub(crate) fn duplicate(handle: &OwnedHandle) -> Result<OwnedHandle> {
    let mut new: Handle = null_mut();
    // SAFETY: no parameters; a constant that stands for this process.
    let process = unsafe { GetCurrentProcess() };
    let raw = handle.as_raw_handle();
    // SAFETY: both processes are this one, the handle is open, and `new` may be written to.
    if unsafe { DuplicateHandle(process, raw, process, &raw mut new, 0, 0, DUPLICATE_SAME_ACCESS) } == 0 {
        return Err(os("duplicate", "the handle of a standard stream"));
    }
    // SAFETY: a new handle, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(new) })
}
