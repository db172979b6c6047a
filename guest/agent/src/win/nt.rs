//! Calls that windows-sys lacks or ties to a DLL which the agent would otherwise not load.
//!
//! The registry functions come from kernelbase.dll, where Windows and Wine implement them: importing advapi32.dll
//! costs its loading and that of its own imports at every start of a container.
#![expect(unsafe_code, reason = "declarations of foreign functions")]

use std::ffi::c_void;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::{HANDLE, UNICODE_STRING};
use windows_sys::Win32::Storage::FileSystem::{GetFileAttributesW, INVALID_FILE_ATTRIBUTES};
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOEXW;

use super::failure::{failure, wide};
use super::size::{bytes_u32, size_of_u32};

/// `OBJECT_ATTRIBUTES` of ntdef.h.
#[repr(C)]
struct ObjectAttributes {
    length: u32,
    root_directory: HANDLE,
    object_name: *const UNICODE_STRING,
    attributes: u32,
    security_descriptor: *const c_void,
    security_quality_of_service: *const c_void,
}

windows_link::link!("ntdll.dll" "system" fn NtCreateEvent(
    handle: *mut HANDLE, access: u32, attributes: *const ObjectAttributes, kind: u32, state: u8) -> i32);
windows_link::link!("ntdll.dll" "system" fn NtOpenSection(
    handle: *mut HANDLE, access: u32, attributes: *const ObjectAttributes) -> i32);

const EVENT_ALL_ACCESS: u32 = 0x001f_0003;
const SECTION_ALL_ACCESS: u32 = 0x000f_001f;
const OBJ_OPENIF: u32 = 0x80;
const NOTIFICATION_EVENT: u32 = 0;

fn with_attributes<T>(name: &str, attributes: u32, call: impl FnOnce(&ObjectAttributes) -> T) -> T {
    let text: Vec<u16> = name.encode_utf16().collect();
    let bytes = u16::try_from(text.len() * 2).expect("object names of ours are short");
    let name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: text.as_ptr().cast_mut() };
    call(&ObjectAttributes {
        length: size_of_u32::<ObjectAttributes>(),
        root_directory: std::ptr::null_mut(),
        object_name: &raw const name,
        attributes,
        security_descriptor: null(),
        security_quality_of_service: null(),
    })
}

/// Opens the named manual-reset event, or makes it, not set. The error is an `NTSTATUS`.
pub(crate) fn event(name: &str) -> Result<OwnedHandle, i32> {
    let mut handle = std::ptr::null_mut();
    let status = with_attributes(name, OBJ_OPENIF, |attributes| {
        // SAFETY: both pointers are to live locals; the name behind `attributes` lives for the closure's call.
        unsafe { NtCreateEvent(&raw mut handle, EVENT_ALL_ACCESS, attributes, NOTIFICATION_EVENT, 0) }
    });
    if status < 0 {
        return Err(status);
    }
    // SAFETY: a status of success (or "name exists") comes with a new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Opens the named section with all access. The error is an `NTSTATUS`.
pub(crate) fn section(name: &str) -> Result<OwnedHandle, i32> {
    let mut handle = std::ptr::null_mut();
    let status = with_attributes(name, 0, |attributes| {
        // SAFETY: both pointers are to live locals; the name behind `attributes` lives for the closure's call.
        unsafe { NtOpenSection(&raw mut handle, SECTION_ALL_ACCESS, attributes) }
    });
    if status < 0 {
        return Err(status);
    }
    // SAFETY: success comes with a new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

windows_link::link!("ntdll.dll" "system" fn NtQueryInformationProcess(
    process: HANDLE, class: u32, buffer: *mut c_void, length: u32, returned: *mut u32) -> i32);
windows_link::link!("ntdll.dll" "system" fn NtQuerySystemInformation(
    class: u32, buffer: *mut c_void, length: u32, returned: *mut u32) -> i32);

/// The address of another process's PEB.
pub(crate) fn peb_address(process: HANDLE) -> Option<usize> {
    const PROCESS_BASIC_INFORMATION: u32 = 0;
    // Exit status, PEB, affinity, priority, process id, parent's id: six words, the second is asked for.
    let mut words = [0usize; 6];
    // SAFETY: the buffer is a live local of the size given.
    let status = unsafe {
        NtQueryInformationProcess(
            process,
            PROCESS_BASIC_INFORMATION,
            words.as_mut_ptr().cast(),
            bytes_u32(&words),
            std::ptr::null_mut(),
        )
    };
    (status >= 0 && words[1] != 0).then_some(words[1])
}

/// `SYSTEM_BASIC_INFORMATION`, as far as it is used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine {
    /// Physical memory in pages of 4 KiB.
    pub(crate) physical_pages: u32,
    /// Processors that this session may use.
    pub(crate) processors: u32,
}

/// What the system says of the machine; zeros where it says nothing.
pub(crate) fn machine() -> Machine {
    const SYSTEM_BASIC_INFORMATION: u32 = 0;
    let mut words = [0u64; 8];
    // SAFETY: the buffer is a live local of the size given, which is that of the 64-bit structure.
    let status = unsafe {
        NtQuerySystemInformation(
            SYSTEM_BASIC_INFORMATION,
            words.as_mut_ptr().cast(),
            bytes_u32(&words),
            std::ptr::null_mut(),
        )
    };
    if status < 0 {
        return Machine::default();
    }
    // Six u32 (the fourth: number of physical pages), four words, then the number of processors in one byte.
    Machine { physical_pages: (words[1] >> 32) as u32, processors: (words[7] & 0xff) as u32 }
}

/// `SYSTEM_PROCESSOR_INFORMATION`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Processor {
    /// Family.
    pub(crate) level: u16,
    /// Model in the high byte, stepping in the low one.
    pub(crate) revision: u16,
    /// Feature bits in the system's own order.
    pub(crate) features: u32,
}

/// What the system says of its processors.
pub(crate) fn processor() -> Processor {
    const SYSTEM_PROCESSOR_INFORMATION: u32 = 1;
    let mut words = [0u16; 6];
    // SAFETY: the buffer is a live local of the size given, which is that of the structure.
    let status = unsafe {
        NtQuerySystemInformation(
            SYSTEM_PROCESSOR_INFORMATION,
            words.as_mut_ptr().cast(),
            bytes_u32(&words),
            std::ptr::null_mut(),
        )
    };
    if status < 0 {
        return Processor::default();
    }
    // Architecture, level, revision, number, and the feature bits as a u32.
    let features = u32::from(words[4]) | u32::from(words[5]) << 16;
    Processor { level: words[1], revision: words[2], features }
}

windows_link::link!("ntdll.dll" "system" fn NtSetEvent(event: HANDLE, previous: *mut i32) -> i32);

/// Sets an event; whether that worked.
pub(crate) fn set_event(event: &OwnedHandle) -> bool {
    // SAFETY: the handle is an open event, the previous state is not asked for.
    unsafe { NtSetEvent(event.as_raw_handle(), std::ptr::null_mut()) >= 0 }
}

windows_link::link!("ntdll.dll" "system" fn RtlGetVersion(version: *mut OSVERSIONINFOEXW) -> i32);

/// The Windows version as the system reports it, without regard to any manifest.
pub(crate) fn version() -> OSVERSIONINFOEXW {
    let mut version =
        OSVERSIONINFOEXW { dwOSVersionInfoSize: size_of_u32::<OSVERSIONINFOEXW>(), ..Default::default() };
    // SAFETY: the structure is a live local whose size is set to that of the longer form.
    unsafe { RtlGetVersion(&raw mut version) };
    version
}

windows_link::link!("ntdll.dll" "system" fn RtlAdjustPrivilege(
    privilege: u32, enable: u8, thread_only: u8, before: *mut u8) -> i32);
windows_link::link!("ntdll.dll" "system" fn RtlNtStatusToDosError(status: i32) -> u32);

/// Enables `SeBackupPrivilege` of this process, which saving registry keys needs.
pub(crate) fn enable_backup_privilege() -> Result<(), Failure> {
    const SE_BACKUP_PRIVILEGE: u32 = 17;
    let mut before = 0;
    // SAFETY: the previous state goes to a live local.
    let status = unsafe { RtlAdjustPrivilege(SE_BACKUP_PRIVILEGE, 1, 0, &raw mut before) };
    if status < 0 { Err(failure("RtlAdjustPrivilege(SeBackupPrivilege)", dos_error(status))) } else { Ok(()) }
}

/// The Win32 code for an `NTSTATUS`.
pub(crate) fn dos_error(status: i32) -> u32 {
    // SAFETY: no pointers.
    unsafe { RtlNtStatusToDosError(status) }
}

windows_link::link!("ntdll.dll" "system" fn NtPowerInformation(
    class: u32, input: *const c_void, in_length: u32, output: *mut c_void, out_length: u32) -> i32);

/// The highest speed of each processor in MHz; zeros where the system does not know.
pub(crate) fn processor_speeds(processors: u32) -> Vec<u32> {
    const PROCESSOR_INFORMATION: u32 = 11;
    // Number, highest, current and limited speed, highest and current idle state of each.
    const MEMBERS: usize = 6;
    let mut words = vec![0u32; processors as usize * MEMBERS];
    // SAFETY: no input, and the output is a live buffer of the size given.
    let status = unsafe {
        NtPowerInformation(PROCESSOR_INFORMATION, null(), 0, words.as_mut_ptr().cast(), bytes_u32(&words))
    };
    let highest = words.chunks_exact(MEMBERS).map(|processor| processor[1]);
    highest.map(|mhz| if status < 0 { 0 } else { mhz }).collect()
}

windows_link::link!("ntdll.dll" "system" fn NtCreateSymbolicLinkObject(
    handle: *mut HANDLE, access: u32, attributes: *const ObjectAttributes, target: *const UNICODE_STRING) -> i32);
windows_link::link!("ntdll.dll" "system" fn NtDeviceIoControlFile(
    file: HANDLE, event: HANDLE, apc: *const c_void, apc_context: *const c_void, status: *mut [usize; 2],
    code: u32, input: *const c_void, in_length: u32, output: *mut c_void, out_length: u32) -> i32);

/// A symbolic link in the object namespace, for as long as the handle lives. The error is an `NTSTATUS`.
pub(crate) fn symbolic_link(name: &str, target: &str) -> Result<OwnedHandle, i32> {
    const SYMBOLIC_LINK_ALL_ACCESS: u32 = 0x000f_0001;
    let mut handle = std::ptr::null_mut();
    let status = with_attributes(name, 0, |attributes| {
        with_attributes(target, 0, |target| {
            // SAFETY: the result goes to a live local; both names live for the closures' calls, and `object_name`
            // points to the second one's string.
            unsafe {
                NtCreateSymbolicLinkObject(
                    &raw mut handle,
                    SYMBOLIC_LINK_ALL_ACCESS,
                    attributes,
                    target.object_name,
                )
            }
        })
    });
    if status < 0 {
        return Err(status);
    }
    // SAFETY: success comes with a new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// A control request to an open device; waits for its end. The status, and how many bytes were told.
pub(crate) fn device_control(device: HANDLE, code: u32, input: &[u8], output: &mut [u8]) -> (u32, u32) {
    let mut result = [0usize; 2];
    // SAFETY: the device is open for synchronous use, so the call returns when it is over; input and output are live
    // slices of the sizes given, the result goes to a live local of two words (IO_STATUS_BLOCK).
    let status = unsafe {
        NtDeviceIoControlFile(
            device,
            std::ptr::null_mut(),
            null(),
            null(),
            &raw mut result,
            code,
            input.as_ptr().cast(),
            bytes_u32(input),
            output.as_mut_ptr().cast(),
            bytes_u32(output),
        )
    };
    (status.cast_unsigned(), u32::try_from(result[1]).unwrap_or(u32::MAX))
}

/// The attributes of a file or folder; `None` when nothing is there.
pub(crate) fn attributes(path: &str) -> Option<u32> {
    let path = wide("GetFileAttributesW", path).ok()?;
    // SAFETY: the path ends with a NUL.
    let attributes = unsafe { GetFileAttributesW(path.as_ptr()) };
    (attributes != INVALID_FILE_ATTRIBUTES).then_some(attributes)
}

windows_link::link!("ntdll.dll" "system" fn NtSuspendProcess(process: HANDLE) -> i32);
windows_link::link!("ntdll.dll" "system" fn NtResumeProcess(process: HANDLE) -> i32);

/// Suspends every thread of a process, once more if it is suspended; whether that went well.
pub(crate) fn suspend(process: HANDLE) -> bool {
    // SAFETY: a handle that is none of a process makes the call fail.
    unsafe { NtSuspendProcess(process) >= 0 }
}

/// Undoes one [`suspend`].
pub(crate) fn resume(process: HANDLE) {
    // SAFETY: as above. It fails when the process has ended, and then there is nothing to undo.
    unsafe { NtResumeProcess(process) };
}
