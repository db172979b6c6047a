//! Events, and an overlapped read that can be given up.
#![expect(unsafe_code, reason = "overlapped calls")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use hcs_contract::Result;
use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, GetLastError, WAIT_OBJECT_0};
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects};

use crate::win::os;

/// An event that one thread sets and one waits for; the wait takes it back.
#[derive(Debug)]
pub(crate) struct Event(OwnedHandle);

impl Event {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: null security and no name ask for the defaults.
        let raw = unsafe { CreateEventW(null(), 0, 0, null()) };
        if raw.is_null() {
            return Err(os("make", "an event"));
        }
        // SAFETY: not null, so a new handle, which nobody else owns.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(raw) }))
    }

    pub(crate) fn set(&self) {
        // SAFETY: the event is open. It can't fail for an event of ours.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}

/// What a read came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// So many bytes, at the buffer's start; 0: a message without any.
    Bytes(usize),
    /// The other side has closed its end, or the read failed.
    End,
    /// The event was set, and nothing had come.
    Woken,
}

/// Reads an overlapped handle, one read at a time.
#[derive(Debug)]
pub(crate) struct Reader {
    handle: OwnedHandle,
    done: Event,
    buffer: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(handle: OwnedHandle, size: u32) -> Result<Self> {
        Ok(Self { handle, done: Event::new()?, buffer: vec![0; size as usize] })
    }

    /// The buffer; [`Read::Bytes`] says how much of it counts.
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Waits for bytes, or for `wake`.
    pub(crate) fn read(&mut self, wake: &Event) -> Read {
        self.start(Some(wake))
    }

    /// Reads what lies in the pipe now; [`Read::Woken`] when nothing does.
    pub(crate) fn read_rest(&mut self) -> Read {
        let mut available = 0;
        let raw = self.handle.as_raw_handle();
        // SAFETY: the handle is open; of the results only the number of bytes is asked for.
        let peeked = unsafe { PeekNamedPipe(raw, null_mut(), 0, null_mut(), &raw mut available, null_mut()) };
        match (peeked, available) {
            (0, _) => Read::End,
            (_, 0) => Read::Woken,
            _ => self.start(None),
        }
    }

    fn start(&mut self, wake: Option<&Event>) -> Read {
        let (raw, done) = (self.handle.as_raw_handle(), self.done.0.as_raw_handle());
        let mut overlapped = OVERLAPPED { hEvent: done, ..OVERLAPPED::default() };
        let size = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        // SAFETY: the handle is open and overlapped; buffer and structure stay where they are until the read is over,
        // which `GetOverlappedResult` below waits for on every way out of this function.
        let started =
            unsafe { ReadFile(raw, self.buffer.as_mut_ptr(), size, null_mut(), &raw mut overlapped) };
        // SAFETY: asks for a number of the calling thread.
        if started == 0 && unsafe { GetLastError() } != ERROR_IO_PENDING {
            return Read::End;
        }
        let mut woken = false;
        if let Some(wake) = wake {
            let handles = [done, wake.0.as_raw_handle()];
            // SAFETY: two open handles, as many as said.
            woken = unsafe { WaitForMultipleObjects(2, handles.as_ptr(), 0, INFINITE) } != WAIT_OBJECT_0;
            if woken {
                // SAFETY: the handle is open. A read that is over can't be given up, which the result tells.
                unsafe { CancelIoEx(raw, &raw const overlapped) };
            }
        }
        let mut count = 0;
        // SAFETY: the structure is that of the read on this handle. It waits until the read is over.
        let whole = unsafe { GetOverlappedResult(raw, &raw const overlapped, &raw mut count, 1) } != 0;
        match (whole, woken) {
            (true, _) => Read::Bytes(count as usize),
            (false, true) => Read::Woken,
            (false, false) => Read::End,
        }
    }
}
