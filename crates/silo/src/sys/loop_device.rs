//! Loop devices: a file of the host as a block device (loop(4)).

#![expect(unsafe_code, reason = "the ioctl calls of loop devices have no safe wrapper")]

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

const CONTROL: &str = "/dev/loop-control";
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4C82;
const LOOP_CONFIGURE: libc::Ioctl = 0x4C0A;
const LO_FLAGS_READ_ONLY: u32 = 1;
const LO_FLAGS_AUTOCLEAR: u32 = 4;

/// How often somebody else may take the device that the kernel has just named as free.
const TRIES: u32 = 64;

/// `struct loop_info64` (linux/loop.h).
#[repr(C)]
#[derive(Clone, Copy)]
struct LoopInfo {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

/// `struct loop_config`.
#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    info: LoopInfo,
    reserved: [u64; 8],
}

/// A device, and the path by which it is mounted. It is cleared by the kernel when nobody has it open or mounted.
#[derive(Debug)]
pub(crate) struct LoopDevice {
    pub(crate) path: String,
    _open: OwnedFd,
}

/// The first `length` bytes of a file as a block device.
///
/// The device keeps the file open, and with it a lock that the caller has on it.
///
/// # Errors
/// `ENOENT` or `ENXIO` when this kernel has no loop devices.
pub(crate) fn attach(file: &OwnedFd, length: u64, read_only: bool) -> Result<LoopDevice, Errno> {
    let control = rustix::fs::open(CONTROL, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let access = if read_only { OFlags::RDONLY } else { OFlags::RDWR };
    for _ in 0..TRIES {
        // SAFETY: the control device is open; this call takes no argument.
        let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE) };
        if number < 0 {
            return Err(super::last_errno());
        }
        let path = format!("/dev/loop{number}");
        let device = rustix::fs::open(&path, access | OFlags::CLOEXEC, Mode::empty())?;
        match configure(&device, file, length, read_only) {
            Ok(()) => return Ok(LoopDevice { path, _open: device }),
            // Somebody else was faster.
            Err(Errno::BUSY) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::BUSY)
}

fn configure(device: &OwnedFd, file: &OwnedFd, length: u64, read_only: bool) -> Result<(), Errno> {
    let info = LoopInfo {
        device: 0,
        inode: 0,
        rdevice: 0,
        offset: 0,
        size_limit: length,
        number: 0,
        encrypt_type: 0,
        encrypt_key_size: 0,
        flags: LO_FLAGS_AUTOCLEAR | if read_only { LO_FLAGS_READ_ONLY } else { 0 },
        file_name: [0; 64],
        crypt_name: [0; 64],
        encrypt_key: [0; 32],
        init: [0; 2],
    };
    let fd = file.as_fd().as_raw_fd().cast_unsigned();
    let config = LoopConfig { fd, block_size: 0, info, reserved: [0; 8] };
    // SAFETY: the device is open, and LOOP_CONFIGURE reads one `loop_config`, whose layout the structure above has and
    // which lives until the call returns.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE, std::ptr::from_ref(&config)) };
    if result < 0 { Err(super::last_errno()) } else { Ok(()) }
}
