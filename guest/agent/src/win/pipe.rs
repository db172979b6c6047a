//! Named pipes for overlapped use: an instance that waits for its client, and whole messages in both directions.
#![expect(unsafe_code, reason = "named pipe calls")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_NO_DATA, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, GENERIC_READ,
    GENERIC_WRITE, GetLastError, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile, WriteFile,
};
use windows_sys::Win32::System::IO::{GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES,
    SetNamedPipeHandleState, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects, WaitForSingleObject,
};

use super::failure::{check, last, wide};

/// What an instance is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Making<'a> {
    /// Full name, such as `\\.\pipe\svcctl`.
    pub(crate) name: &'a str,
    /// Bytes that each direction holds.
    pub(crate) buffer: u32,
    /// Milliseconds that whoever comes waits for an instance by default.
    pub(crate) patience: u32,
}

/// One instance of a pipe with messages, and what waits for its client.
#[derive(Debug)]
pub(crate) struct Instance {
    pipe: Pipe,
    connected: Box<Overlapped>,
}

/// Bytes that are read at once.
const PART: u32 = 64 << 10;

/// An open end of a pipe. Its two directions may be used by two threads.
#[derive(Debug)]
pub(crate) struct Pipe(OwnedHandle);

/// An operation under way and its event. Boxed by its owners: the system writes to it until the event is set.
struct Overlapped {
    raw: OVERLAPPED,
    event: OwnedHandle,
}

// SAFETY: the raw structure holds a handle that `event` owns and otherwise numbers.
unsafe impl Send for Overlapped {}

impl std::fmt::Debug for Overlapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlapped").field("event", &self.event).finish_non_exhaustive()
    }
}

impl Overlapped {
    fn new() -> Result<Box<Self>, Failure> {
        let event = event()?;
        let raw = event.as_raw_handle();
        Ok(Box::new(Self { raw: OVERLAPPED { hEvent: raw, ..Default::default() }, event }))
    }

    fn set(&self) -> Result<(), Failure> {
        // SAFETY: the event is open.
        check("SetEvent", unsafe { SetEvent(self.event.as_raw_handle()) })
    }
}

/// Tells whoever waits for clients to wait no longer.
#[derive(Debug)]
pub(crate) struct Stop(OwnedHandle);

impl Stop {
    pub(crate) fn new() -> Result<Self, Failure> {
        event().map(Self)
    }

    pub(crate) fn set(&self) -> Result<(), Failure> {
        // SAFETY: the event is open.
        check("SetEvent", unsafe { SetEvent(self.0.as_raw_handle()) })
    }
}

/// A manual-reset event, not set.
fn event() -> Result<OwnedHandle, Failure> {
    // SAFETY: null security and no name ask for the defaults.
    let raw = unsafe { CreateEventW(null(), 1, 0, null()) };
    if raw.is_null() {
        return Err(last("CreateEventW"));
    }
    // SAFETY: not null, so a new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}

impl Instance {
    /// Waits for a client from now on.
    pub(crate) fn new(making: Making<'_>) -> Result<Self, Failure> {
        let Making { name, buffer, patience } = making;
        let call = format!("CreateNamedPipeW({name:?})");
        let name = wide(&call, name)?;
        // SAFETY: the name ends with a NUL, null security asks for the default.
        let raw = unsafe {
            CreateNamedPipeW(
                name.as_ptr(),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                PIPE_UNLIMITED_INSTANCES,
                buffer,
                buffer,
                patience,
                null(),
            )
        };
        if raw == INVALID_HANDLE_VALUE {
            return Err(last(call));
        }
        // SAFETY: a valid new handle that nobody else owns.
        let pipe = Pipe(unsafe { OwnedHandle::from_raw_handle(raw) });
        let mut connected = Overlapped::new()?;
        // SAFETY: the pipe is open for overlapped use; the structure is boxed and lives as long as the pipe does.
        let ok = unsafe { ConnectNamedPipe(pipe.0.as_raw_handle(), &raw mut connected.raw) };
        // SAFETY: no pointers.
        match unsafe { GetLastError() } {
            // A client was faster than the second call, and may be gone again. There is nothing to complete then, and
            // nobody sets the event.
            ERROR_PIPE_CONNECTED | ERROR_NO_DATA if ok == 0 => connected.set()?,
            ERROR_IO_PENDING if ok == 0 => {}
            _ if ok != 0 => connected.set()?,
            _ => return Err(last("ConnectNamedPipe")),
        }
        Ok(Self { pipe, connected })
    }

    /// The event that is set when a client has connected.
    pub(crate) fn event(&self) -> BorrowedHandle<'_> {
        self.connected.event.as_handle()
    }

    /// Stops waiting for a client.
    pub(crate) fn close(self) {
        drop(self.pipe);
        // The system still says into it that the wait is over. This happens once, so nothing grows.
        std::mem::forget(self.connected);
    }

    /// Whether a client has connected.
    pub(crate) fn is_connected(&self) -> bool {
        // SAFETY: the event is open; a wait of no time only looks.
        unsafe { WaitForSingleObject(self.connected.event.as_raw_handle(), 0) == WAIT_OBJECT_0 }
    }

    /// Waits for a client; false when the waiting is stopped before one comes.
    pub(crate) fn wait_unless(&self, stop: &Stop) -> bool {
        let events = [self.connected.event.as_raw_handle(), stop.0.as_raw_handle()];
        // SAFETY: two open events.
        unsafe { WaitForMultipleObjects(2, events.as_ptr(), 0, INFINITE) == WAIT_OBJECT_0 }
    }

    /// The client's connection, once there is one.
    pub(crate) fn into_pipe(self) -> Pipe {
        self.pipe
    }
}

impl Pipe {
    /// Connects to a pipe whose reader takes messages. Waits as long as all of its instances are in use.
    pub(crate) fn connect(making: Making<'_>) -> Result<Self, Failure> {
        let Making { name: text, patience, .. } = making;
        let name = wide("CreateFileW", text)?;
        let raw = loop {
            // SAFETY: the name ends with a NUL; no security, no template.
            let raw = unsafe {
                CreateFileW(
                    name.as_ptr(),
                    GENERIC_READ | GENERIC_WRITE,
                    0,
                    null(),
                    OPEN_EXISTING,
                    FILE_FLAG_OVERLAPPED,
                    null_mut(),
                )
            };
            if raw != INVALID_HANDLE_VALUE {
                break raw;
            }
            // SAFETY: no pointers.
            if unsafe { GetLastError() } != ERROR_PIPE_BUSY {
                return Err(last(format!("CreateFileW({text:?})")));
            }
            // SAFETY: the name ends with a NUL.
            check("WaitNamedPipeW", unsafe { WaitNamedPipeW(name.as_ptr(), patience) })?;
        };
        // SAFETY: a valid new handle that nobody else owns.
        let pipe = Self(unsafe { OwnedHandle::from_raw_handle(raw) });
        let mode = PIPE_READMODE_MESSAGE;
        // SAFETY: the pipe is open, the mode a live local; the other two are not changed.
        let ok = unsafe { SetNamedPipeHandleState(raw, &raw const mode, null(), null()) };
        check("SetNamedPipeHandleState", ok)?;
        Ok(pipe)
    }

    /// One whole message.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut message = Vec::new();
        while self.read_part(&mut message)? {}
        Ok(message)
    }

    /// Appends a part of the message that is being read; whether there is more of it.
    pub(crate) fn read_part(&self, message: &mut Vec<u8>) -> Result<bool, Failure> {
        let begin = message.len();
        message.resize(begin + PART as usize, 0);
        let part = &mut message[begin..];
        let mut operation = Overlapped::new()?;
        let mut count = 0;
        // SAFETY: the pipe is open for overlapped use; buffer and structure live until the result is fetched.
        let ok = unsafe {
            ReadFile(self.0.as_raw_handle(), part.as_mut_ptr(), PART, null_mut(), &raw mut operation.raw)
        };
        // SAFETY: no pointers.
        let code = unsafe { GetLastError() };
        if ok == 0 && code != ERROR_IO_PENDING && code != ERROR_MORE_DATA {
            message.truncate(begin);
            return Err(last("ReadFile"));
        }
        // SAFETY: pipe and structure are those of the operation; the count goes to a live local.
        let ok = unsafe {
            GetOverlappedResult(self.0.as_raw_handle(), &raw const operation.raw, &raw mut count, 1)
        };
        // SAFETY: no pointers.
        let more = ok == 0 && unsafe { GetLastError() } == ERROR_MORE_DATA;
        message.truncate(begin + count as usize);
        if ok == 0 && !more { Err(last("GetOverlappedResult")) } else { Ok(more) }
    }

    /// Writes one message.
    pub(crate) fn write(&self, message: &[u8]) -> Result<(), Failure> {
        let mut operation = Overlapped::new()?;
        let size = u32::try_from(message.len()).expect("a message is far below 4 GiB");
        let mut count = 0;
        // SAFETY: the pipe is open for overlapped use; message and structure live until the result is fetched.
        let ok = unsafe {
            WriteFile(self.0.as_raw_handle(), message.as_ptr(), size, null_mut(), &raw mut operation.raw)
        };
        // SAFETY: no pointers.
        if ok == 0 && unsafe { GetLastError() } != ERROR_IO_PENDING {
            return Err(last("WriteFile"));
        }
        // SAFETY: pipe and structure are those of the operation; the count goes to a live local.
        check("GetOverlappedResult", unsafe {
            GetOverlappedResult(self.0.as_raw_handle(), &raw const operation.raw, &raw mut count, 1)
        })
    }
}
