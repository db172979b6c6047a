//! Calls of Wine's server that no Windows call stands for: devices of ours, and what a process is to Linux.
//!
//! A device that a program opens is served by whoever made it. Windows makes devices in the kernel and Wine in
//! ntoskrnl.exe, which would cost each container as much as the agent itself. What is needed of it are four calls of
//! the server. The layout of these and of the one for process ids is that of Wine 8.0 (`server/protocol.def`);
//! [`is_known`] says whether this is that Wine.
#![expect(unsafe_code, reason = "calls of Wine's server, and handles that come from it")]

use std::ffi::{CStr, c_void};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

use super::size::bytes_u32;

/// `STATUS_PENDING`
pub(crate) const PENDING: u32 = 0x103;
/// `STATUS_NOT_SUPPORTED`
const NOT_SUPPORTED: u32 = 0xc000_00bb;
/// `STATUS_BUFFER_OVERFLOW`
const BUFFER_OVERFLOW: u32 = 0x8000_0005;

const GET_THREAD_TIMES: i32 = 15;
const SET_IRP_RESULT: i32 = 131;
const CREATE_DEVICE_MANAGER: i32 = 236;
const CREATE_DEVICE: i32 = 237;
const GET_NEXT_DEVICE_REQUEST: i32 = 239;

windows_link::link!("ntdll.dll" "C" fn wine_server_call(request: *mut c_void) -> u32);

/// `struct __server_request_info`: request and reply in one place, and where their variable parts are.
#[repr(C)]
struct Call {
    words: [u32; 16],
    data_count: u32,
    reply_data: *mut u8,
    data: [(*const u8, u32); 5],
}

impl Call {
    fn new(request: i32) -> Self {
        let mut words = [0; 16];
        words[0] = request.cast_unsigned();
        Self { words, data_count: 0, reply_data: null_mut(), data: [(std::ptr::null(), 0); 5] }
    }

    /// Makes the call; the fixed part of the reply, or the status that is not success.
    fn make(mut self, data: &[u8], reply: &mut [u8]) -> Result<[u32; 16], u32> {
        if !data.is_empty() {
            self.data[0] = (data.as_ptr(), bytes_u32(data));
            self.data_count = 1;
            self.words[1] = bytes_u32(data);
        }
        self.reply_data = reply.as_mut_ptr();
        self.words[2] = bytes_u32(reply);
        // SAFETY: the structure is that of Wine 8.0 (`is_known`, which every user of this module asks first); the data
        // lives for the call, the reply buffer is writable for the size given in the request.
        let status = unsafe { wine_server_call((&raw mut self).cast()) };
        if status == 0 || status == BUFFER_OVERFLOW { Ok(self.words) } else { Err(status) }
    }
}

/// Whether the server is the one whose calls are known here.
pub(crate) fn is_known() -> bool {
    version() == Some(c"8.0")
}

/// Whether there is such a server: no Windows behind us, but Linux.
pub(crate) fn is_wine() -> bool {
    version().is_some()
}

/// Wine's version; `None` on Windows itself.
fn version() -> Option<&'static CStr> {
    let name: Vec<u16> = "ntdll.dll\0".encode_utf16().collect();
    // SAFETY: both names end with a NUL; ntdll is in every process.
    let found =
        unsafe { GetProcAddress(GetModuleHandleW(name.as_ptr()), c"wine_get_version".as_ptr().cast()) }?;
    // SAFETY: `const char * CDECL wine_get_version(void)` gives a constant string.
    Some(unsafe {
        let call = std::mem::transmute::<
            unsafe extern "system" fn() -> isize,
            unsafe extern "C" fn() -> *const std::ffi::c_char,
        >(found);
        CStr::from_ptr(call())
    })
}

/// The Linux process that this thread of Windows belongs to.
pub(crate) fn linux_pid(thread: BorrowedHandle<'_>) -> Option<u32> {
    if !is_known() {
        return None;
    }
    let mut call = Call::new(GET_THREAD_TIMES);
    call.words[3] = number(thread.as_raw_handle());
    // The reply: error, size, two times of two words, process id.
    let pid = call.make(&[], &mut []).ok()?[6];
    // The server gives -1 of a thread that has ended.
    (1..=i32::MAX.cast_unsigned()).contains(&pid).then_some(pid)
}

/// A queue of requests to the devices made with it. The handle is signaled when there is one.
#[derive(Debug)]
pub(crate) struct DeviceManager {
    handle: OwnedHandle,
    /// What is to be told of the request that was handed out last.
    last: Option<Outcome>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Outcome {
    request: u32,
    status: u32,
    pending: bool,
}

/// A request to a device of ours.
#[derive(Debug)]
pub(crate) struct ControlRequest {
    handle: u32,
    /// The control code.
    pub(crate) code: u32,
    /// Input, and behind it for the codes that ask for it what is in the output buffer.
    pub(crate) input: Vec<u8>,
    /// Most bytes of output.
    pub(crate) output: u32,
}

impl AsHandle for DeviceManager {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl DeviceManager {
    /// A manager without devices. The error is an `NTSTATUS`.
    pub(crate) fn new() -> Result<Self, u32> {
        const SYNCHRONIZE: u32 = 0x0010_0000;
        let mut call = Call::new(CREATE_DEVICE_MANAGER);
        call.words[3] = SYNCHRONIZE;
        let reply = call.make(&[], &mut [])?;
        // SAFETY: success gives a new handle that nobody else owns.
        let handle = unsafe { OwnedHandle::from_raw_handle(pointer(reply[2])) };
        Ok(Self { handle, last: None, buffer: vec![0; 4096] })
    }

    /// Makes a device of this name; it lives as long as the manager.
    pub(crate) fn add(&self, name: &str) -> Result<(), u32> {
        let mut call = Call::new(CREATE_DEVICE);
        // Any number but 0, by which the server knows the device to us.
        call.words[4] = 1;
        call.words[6] = number(self.handle.as_raw_handle());
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        call.make(&name, &mut []).map(drop)
    }

    /// The next control request; `None` when the queue is empty. Requests of other kinds are answered here.
    pub(crate) fn next(&mut self) -> Option<ControlRequest> {
        const CLOSE: u32 = 2;
        const IOCTL: u32 = 6;
        loop {
            let mut call = Call::new(GET_NEXT_DEVICE_REQUEST);
            call.words[3] = number(self.handle.as_raw_handle());
            if let Some(last) = self.last.take() {
                call.words[4] = last.request;
                call.words[5] = last.status;
                call.words[8] = u32::from(last.pending);
                call.words[9] = last.status;
            }
            let reply = call.make(&[], &mut self.buffer).ok()?;
            let size = reply[14] as usize;
            if reply[0] == BUFFER_OVERFLOW {
                self.buffer = vec![0; size];
                continue;
            }
            // The reply: error, size, parameters (8 words, the first says the kind), request, thread, …, input size.
            let (kind, request) = (reply[2], reply[10]);
            if kind == IOCTL {
                self.last = Some(Outcome { request: 0, status: PENDING, pending: true });
                let input = self.buffer.get(..size).unwrap_or_default().to_vec();
                return Some(ControlRequest { handle: request, code: reply[3], input, output: reply[4] });
            }
            // With an open comes a handle of the file too. The server closes it by itself when it is told of the outcome: it
            // is not ours to close, and by then its number might be that of another thread's new handle.
            let status = if kind > CLOSE && kind < 8 { NOT_SUPPORTED } else { 0 };
            self.last = Some(Outcome { request, status, pending: false });
        }
    }
}

impl ControlRequest {
    /// Answers the request: status, output, and the number of bytes that the caller is told.
    pub(crate) fn answer(self, status: u32, output: &[u8], information: u32) {
        let mut call = Call::new(SET_IRP_RESULT);
        call.words[3] = self.handle;
        call.words[4] = status;
        call.words[5] = information;
        // It fails when the caller is gone, and then nobody waits for it.
        let _ = call.make(output, &mut []);
    }
}

/// A handle as the server counts it.
fn number(handle: HANDLE) -> u32 {
    u32::try_from(handle.addr()).expect("handles of Wine's server have 32 bits")
}

fn pointer(number: u32) -> HANDLE {
    std::ptr::without_provenance_mut(number as usize)
}
