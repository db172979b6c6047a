//! The service manager's pipe before there is a service manager: the first caller's connection is passed on.
#![expect(unsafe_code, reason = "named pipe calls")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, GENERIC_READ, GENERIC_WRITE,
    GetLastError, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile, WriteFile,
};
use windows_sys::Win32::System::IO::{GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES,
    SetNamedPipeHandleState, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};

use super::failure::{check, last, wide};

const NAME: &str = r"\\.\pipe\svcctl";

/// Milliseconds that whoever comes waits for an instance of the pipe: longer than services take to start.
const PATIENCE: u32 = 60_000;

/// As rpcrt4 makes its pipes.
const BUFFER: u32 = 5840;

/// Our instance of the service manager's pipe, and what waits for its first client.
#[derive(Debug)]
pub(crate) struct Listener {
    pipe: Arc<Pipe>,
    connected: Box<Overlapped>,
}

/// An open end of a pipe for overlapped use.
#[derive(Debug)]
struct Pipe(OwnedHandle);

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
        // SAFETY: null security and no name ask for the defaults: a manual-reset event, not set.
        let raw = unsafe { CreateEventW(null(), 1, 0, null()) };
        if raw.is_null() {
            return Err(last("CreateEventW"));
        }
        // SAFETY: not null, so a new handle that nobody else owns.
        let event = unsafe { OwnedHandle::from_raw_handle(raw) };
        Ok(Box::new(Self { raw: OVERLAPPED { hEvent: raw, ..Default::default() }, event }))
    }
}

impl Listener {
    /// Waits for a client of the service manager.
    pub(crate) fn new() -> Result<Self, Failure> {
        let name = wide("CreateNamedPipeW", NAME)?;
        // SAFETY: the name ends with a NUL, null security asks for the default.
        let raw = unsafe {
            CreateNamedPipeW(
                name.as_ptr(),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                PIPE_UNLIMITED_INSTANCES,
                BUFFER,
                BUFFER,
                PATIENCE,
                null(),
            )
        };
        if raw == INVALID_HANDLE_VALUE {
            return Err(last("CreateNamedPipeW"));
        }
        // SAFETY: a valid new handle that nobody else owns.
        let pipe = Pipe(unsafe { OwnedHandle::from_raw_handle(raw) });
        let mut connected = Overlapped::new()?;
        // SAFETY: the pipe is open for overlapped use; the structure is boxed and lives as long as the pipe does.
        let ok = unsafe { ConnectNamedPipe(pipe.0.as_raw_handle(), &raw mut connected.raw) };
        // SAFETY: no pointers.
        match unsafe { GetLastError() } {
            ERROR_IO_PENDING | ERROR_PIPE_CONNECTED => {}
            _ if ok != 0 => {}
            _ => return Err(last("ConnectNamedPipe")),
        }
        Ok(Self { pipe: Arc::new(pipe), connected })
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

    /// Passes the client's connection on to the service manager, on threads of their own.
    pub(crate) fn pass_on(self) -> Result<(), Failure> {
        let service = Arc::new(connect()?);
        let client = self.pipe;
        for (from, to) in [(Arc::clone(&client), Arc::clone(&service)), (service, client)] {
            let thread = std::thread::Builder::new().stack_size(128 << 10);
            // A failure drops an end of the connection, which the other side sees.
            let _ =
                thread.spawn(move || while from.read().is_ok_and(|message| to.write(&message).is_ok()) {});
        }
        Ok(())
    }
}

/// The service manager's own end. Waits for it: until the manager has made its pipe, ours is the only one.
fn connect() -> Result<Pipe, Failure> {
    let name = wide("CreateFileW", NAME)?;
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
            return Err(last(format!("CreateFileW({NAME:?})")));
        }
        // SAFETY: the name ends with a NUL.
        check("WaitNamedPipeW", unsafe { WaitNamedPipeW(name.as_ptr(), PATIENCE) })?;
    };
    // SAFETY: a valid new handle that nobody else owns.
    let pipe = Pipe(unsafe { OwnedHandle::from_raw_handle(raw) });
    let mode = PIPE_READMODE_MESSAGE;
    // SAFETY: the pipe is open, the mode a live local; the other two are not changed.
    let ok = unsafe { SetNamedPipeHandleState(raw, &raw const mode, null(), null()) };
    check("SetNamedPipeHandleState", ok)?;
    Ok(pipe)
}

impl Pipe {
    /// One whole message.
    fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut message = Vec::new();
        loop {
            let mut part = vec![0; BUFFER as usize];
            let mut operation = Overlapped::new()?;
            let mut count = 0;
            // SAFETY: the pipe is open for overlapped use; buffer and structure live until the result is fetched.
            let ok = unsafe {
                ReadFile(
                    self.0.as_raw_handle(),
                    part.as_mut_ptr(),
                    BUFFER,
                    null_mut(),
                    &raw mut operation.raw,
                )
            };
            // SAFETY: no pointers.
            let code = unsafe { GetLastError() };
            if ok == 0 && code != ERROR_IO_PENDING && code != ERROR_MORE_DATA {
                return Err(last("ReadFile"));
            }
            // SAFETY: pipe and structure are those of the operation; the count goes to a live local.
            let ok = unsafe {
                GetOverlappedResult(self.0.as_raw_handle(), &raw const operation.raw, &raw mut count, 1)
            };
            // SAFETY: no pointers.
            let more = ok == 0 && unsafe { GetLastError() } == ERROR_MORE_DATA;
            if ok == 0 && !more {
                return Err(last("GetOverlappedResult"));
            }
            message.extend_from_slice(&part[..count as usize]);
            if !more {
                return Ok(message);
            }
        }
    }

    fn write(&self, message: &[u8]) -> Result<(), Failure> {
        let mut operation = Overlapped::new()?;
        let size = u32::try_from(message.len()).expect("messages of RPC are far below 4 GiB");
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
