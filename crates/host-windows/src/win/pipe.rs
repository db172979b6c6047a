//! One end of an overlapped pipe as a stream that blocks.

use std::io::{self, Read, Write};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED,
};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Threading::CreateEventW;

use crate::platform::Direction;

/// An end that is read, or one that is written to.
#[derive(Debug)]
pub(super) struct Pipe {
    handle: OwnedHandle,
    direction: Direction,
    /// Signalled when the one transfer that is under way has ended. The handle itself can't say so for two ends that share
    /// it.
    event: Option<OwnedHandle>,
}

impl Pipe {
    pub(super) fn new(handle: OwnedHandle, direction: Direction) -> Self {
        Self { handle, direction, event: None }
    }

    fn event(&mut self) -> io::Result<&OwnedHandle> {
        if self.event.is_none() {
            // SAFETY: no attributes and no name are null; it is reset by hand, as overlapped transfers want it.
            let event = unsafe { CreateEventW(null(), 1, 0, null()) };
            if event.is_null() {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: it was just made, and is nobody else's.
            self.event = Some(unsafe { OwnedHandle::from_raw_handle(event) });
        }
        self.event.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Begins a transfer, and returns when it has ended: until then the system has the buffer and the structure.
    fn transfer(
        &mut self,
        begin: impl FnOnce(*mut std::ffi::c_void, *mut OVERLAPPED) -> i32,
    ) -> io::Result<usize> {
        let event = self.event()?.as_raw_handle();
        let mut overlapped = OVERLAPPED { hEvent: event, ..OVERLAPPED::default() };
        let handle = self.handle.as_raw_handle();
        if begin(handle, &raw mut overlapped) == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_IO_PENDING.cast_signed()) {
                return Err(error);
            }
        }
        let mut count = 0;
        // SAFETY: the transfer was begun on this handle with this structure; both outlive the wait, which has no limit.
        if unsafe { GetOverlappedResult(handle, &raw const overlapped, &raw mut count, 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(count as usize)
    }

    fn check(&self, direction: Direction) -> io::Result<()> {
        if self.direction == direction {
            Ok(())
        } else {
            let text = match self.direction {
                Direction::Read => "a process's output is read, not written",
                Direction::Write => "a process's input is written, not read",
            };
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    }
}

/// The other end is closed.
fn is_end(error: &io::Error) -> bool {
    const ENDS: [u32; 4] = [ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED];
    error.raw_os_error().is_some_and(|code| ENDS.contains(&code.cast_unsigned()))
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check(Direction::Read)?;
        if buffer.is_empty() {
            return Ok(0);
        }
        let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let pointer = buffer.as_mut_ptr();
        // SAFETY: the buffer is that long and stays ours until the transfer has ended, which `transfer` waits for.
        let read = self.transfer(|handle, overlapped| unsafe {
            ReadFile(handle, pointer, length, null_mut(), overlapped)
        });
        match read {
            Err(error) if is_end(&error) => Ok(0),
            other => other,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.check(Direction::Write)?;
        if buffer.is_empty() {
            return Ok(0);
        }
        let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        // SAFETY: as in `read`.
        let written = self.transfer(|handle, overlapped| unsafe {
            WriteFile(handle, buffer.as_ptr(), length, null_mut(), overlapped)
        });
        match written {
            Err(error) if is_end(&error) => Err(io::Error::new(io::ErrorKind::BrokenPipe, error)),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
