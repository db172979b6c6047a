//! Calls of Linux, for what no call of Windows reaches.
//!
//! A file below `/proc/self` has to be opened by the agent itself: opened by Windows' calls, it is that of Wine's server.
//! And Wine 8.0 has no unix sockets. Callers know that they run on Linux ([`super::server::is_wine`]).
#![expect(unsafe_code, reason = "system calls of Linux")]

use std::arch::asm;
use std::ffi::CStr;

const WRITE: usize = 1;
const OPEN: usize = 2;
const CLOSE: usize = 3;
const SOCKET: usize = 41;
const CONNECT: usize = 42;
const SENDTO: usize = 44;
const RECVFROM: usize = 45;
const RECVMSG: usize = 47;
const SHUTDOWN: usize = 48;

const WRITE_ONLY: usize = 1;
const CLOSE_ON_EXEC: usize = 0o2_000_000;
const AF_UNIX: u16 = 1;
const SOCK_STREAM: usize = 1;
const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;
const MSG_PEEK: usize = 0x2;
const MSG_TRUNC: usize = 0x20;
const MSG_NOSIGNAL: usize = 0x4000;
const MSG_CMSG_CLOEXEC: usize = 0x4000_0000;

const EINTR: i32 = 4;
const EIO: i32 = 5;
const ENAMETOOLONG: i32 = 36;

/// An errno of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

/// An open descriptor of this process.
#[derive(Debug)]
struct Descriptor(usize);

/// A connected socket. Its two directions may be used by two threads.
#[derive(Debug)]
pub(crate) struct Socket(Descriptor);

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own, and is not used after it.
        unsafe { call(CLOSE, [self.0, 0, 0, 0, 0, 0]) };
    }
}

/// Writes a file at once; a kernel that refuses is not asked again.
pub(crate) fn write_file(path: &CStr, bytes: &[u8]) {
    // SAFETY: the path ends with a NUL and lives; nothing else is passed.
    let file = unsafe { call(OPEN, [path.as_ptr().addr(), WRITE_ONLY | CLOSE_ON_EXEC, 0, 0, 0, 0]) };
    let Ok(file) = result(file).map(Descriptor) else { return };
    // SAFETY: the descriptor is open; the slice lives and has this length.
    unsafe { call(WRITE, [file.0, bytes.as_ptr().addr(), bytes.len(), 0, 0, 0]) };
}

/// `struct sockaddr_un`.
#[repr(C)]
struct Address {
    family: u16,
    path: [u8; 108],
}

/// `struct msghdr`, for one part and room for one descriptor.
#[repr(C)]
struct Header {
    name: usize,
    name_length: u32,
    parts: *mut Part,
    count: usize,
    control: *mut Control,
    control_length: usize,
    flags: i32,
}

/// `struct iovec`.
#[repr(C)]
struct Part {
    base: *mut u8,
    length: usize,
}

/// `struct cmsghdr` with one descriptor behind it.
#[repr(C)]
#[derive(Default)]
struct Control {
    length: usize,
    level: i32,
    kind: i32,
    descriptor: i32,
    padding: i32,
}

impl Socket {
    /// Connects to the stream socket at this path.
    pub(crate) fn connect(path: &str) -> Result<Self, Errno> {
        let mut address = Address { family: AF_UNIX, path: [0; 108] };
        // The last byte stays the NUL.
        let (room, bytes) = (&mut address.path[..107], path.as_bytes());
        room.get_mut(..bytes.len()).ok_or(Errno(ENAMETOOLONG))?.copy_from_slice(bytes);
        // SAFETY: no pointers.
        let socket = unsafe { call(SOCKET, [usize::from(AF_UNIX), SOCK_STREAM | CLOSE_ON_EXEC, 0, 0, 0, 0]) };
        let socket = Self(Descriptor(result(socket)?));
        // SAFETY: the address is a live local of the size given, and is only read.
        again(|| unsafe {
            let address = (&raw const address).expose_provenance();
            call(CONNECT, [socket.0.0, address, size_of::<Address>(), 0, 0, 0])
        })?;
        Ok(socket)
    }

    /// Takes the one message that is handed out, and the connection that comes along.
    pub(crate) fn receive_socket(&self, message: &mut [u8]) -> Result<(usize, Option<Self>), Errno> {
        let mut part = Part { base: message.as_mut_ptr(), length: message.len() };
        let mut control = Control::default();
        let mut header = Header {
            name: 0,
            name_length: 0,
            parts: &raw mut part,
            count: 1,
            control: &raw mut control,
            control_length: size_of::<Control>(),
            flags: 0,
        };
        // SAFETY: the header and all that it points to are live locals of the sizes given; the part is the message, which
        // is borrowed for writing.
        let count = again(|| unsafe {
            call(RECVMSG, [self.0.0, (&raw mut header).expose_provenance(), MSG_CMSG_CLOEXEC, 0, 0, 0])
        })?;
        // A control message of one descriptor ends before the padding.
        let whole = std::mem::offset_of!(Control, padding);
        let came = header.control_length >= whole && control.length == whole;
        let is_descriptor = control.level == SOL_SOCKET && control.kind == SCM_RIGHTS;
        let descriptor = usize::try_from(control.descriptor).ok().filter(|_| came && is_descriptor);
        Ok((count, descriptor.map(|descriptor| Self(Descriptor(descriptor)))))
    }

    /// What comes next, of a socket with messages one whole message; nothing at the end.
    pub(crate) fn receive(&self, buffer: &mut Vec<u8>) -> Result<(), Errno> {
        const LEAST: usize = 64 << 10;
        let receive = |buffer: &mut [u8], flags| {
            // SAFETY: the buffer is writable for its length, and no address is asked for.
            again(|| unsafe {
                let target = buffer.as_mut_ptr().expose_provenance();
                call(RECVFROM, [self.0.0, target, buffer.len(), flags, 0, 0])
            })
        };
        buffer.resize(LEAST, 0);
        // Waits, takes nothing, and says how long a message is.
        let length = receive(&mut buffer[..1], MSG_PEEK | MSG_TRUNC)?;
        buffer.resize(length.max(LEAST), 0);
        let count = receive(buffer, 0)?;
        buffer.truncate(count);
        Ok(())
    }

    /// Sends all of it; to a socket with messages, as one.
    pub(crate) fn send(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            // SAFETY: the slice lives and has this length, and is only read; no address is passed.
            let count = again(|| unsafe {
                call(SENDTO, [self.0.0, bytes.as_ptr().expose_provenance(), bytes.len(), MSG_NOSIGNAL, 0, 0])
            })?;
            bytes = bytes.get(count..).ok_or(Errno(EIO))?;
        }
        Ok(())
    }

    /// Sends no more; with `both`, receives no more either.
    pub(crate) fn shut_down(&self, both: bool) {
        const WRITING: usize = 1;
        const BOTH: usize = 2;
        // SAFETY: no pointers. It fails when the other end was faster.
        unsafe { call(SHUTDOWN, [self.0.0, if both { BOTH } else { WRITING }, 0, 0, 0, 0]) };
    }
}

/// A signal of Wine's (a thread is suspended, say) may interrupt a call that waits.
fn again(mut make: impl FnMut() -> isize) -> Result<usize, Errno> {
    loop {
        match result(make()) {
            Err(Errno(EINTR)) => {}
            result => return result,
        }
    }
}

fn result(value: isize) -> Result<usize, Errno> {
    usize::try_from(value).map_err(|_| Errno(i32::try_from(-value).unwrap_or(EIO)))
}

/// A system call of Linux with its result, negative for an error.
///
/// # Safety
/// The process runs on Linux, and the arguments are what the call demands.
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result: isize;
    // SAFETY: by the kernel's convention the call changes rax, rcx and r11 alone; what it reads and writes is the
    // caller's to answer for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number.cast_signed() => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            in("r8") fifth,
            in("r9") sixth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}
