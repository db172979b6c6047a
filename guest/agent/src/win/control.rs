//! Console control events for processes that have no console.
//!
//! `GenerateConsoleCtrlEvent` needs a console, and in Wine 8 it fails for a group. Both Windows and Wine deliver an
//! event by a thread in the receiver that runs `kernelbase!CtrlRoutine`, which calls the handlers in turn and at last
//! the default one. Wine's default handler ends the process with 0 where Windows says `STATUS_CONTROL_C_EXIT`, so the
//! thread that is made here runs a routine of ours: the same, but for that code. A program whose own handler or
//! `main` ends it with 0 still ends with 0.
#![expect(unsafe_code, reason = "remote threads, and another process's memory")]

use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use hcs_guest_protocol::{ControlEvent, Failure};
use windows_sys::Win32::Foundation::{ERROR_NOT_SUPPORTED, ERROR_PROC_NOT_FOUND, HANDLE};
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_EXECUTE_READWRITE, VirtualAllocEx};
use windows_sys::Win32::System::Threading::{
    CreateRemoteThread, GetCurrentProcess, LPTHREAD_START_ROUTINE, OpenProcess, PROCESS_CREATE_THREAD,
    PROCESS_QUERY_INFORMATION, PROCESS_VM_OPERATION, PROCESS_VM_READ, PROCESS_VM_WRITE,
};

use super::failure::{check, failure, last};
use super::nt;

/// `STATUS_CONTROL_C_EXIT`: what Windows' default handler ends a process with.
const CONTROL_C_EXIT: u32 = 0xc000_013a;

/// What the thread in the receiver works on; it lies behind the code there.
#[repr(C)]
#[derive(Debug)]
struct Parameters {
    /// Where kernelbase keeps the first entry of its list of handlers.
    head: usize,
    exit_process: usize,
    event: u32,
    exit_code: u32,
}

/// Bytes set aside for the code; it has 63.
const CODE: usize = 128;

// A thread routine: rcx = Parameters. Calls each handler of the list until one returns TRUE. The last entry, whose next
// is null, is the default handler; in its place the process is ended. It refers to nothing by its own address, so it
// works wherever it is copied to.
std::arch::global_asm!(
    ".globl hcs_event_thread",
    ".globl hcs_event_thread_end",
    "hcs_event_thread:",
    "push rbx",
    "push rsi",
    "sub rsp, 0x28",
    "mov rsi, rcx",
    "mov rax, [rsi]",
    "mov rbx, [rax]",
    "2:",
    "cmp qword ptr [rbx + 8], 0",
    "je 3f",
    "mov ecx, [rsi + 16]",
    "call qword ptr [rbx]",
    "test eax, eax",
    "jne 4f",
    "mov rbx, [rbx + 8]",
    "jmp 2b",
    "3:",
    "mov ecx, [rsi + 20]",
    "call qword ptr [rsi + 8]",
    "4:",
    "mov eax, 1",
    "add rsp, 0x28",
    "pop rsi",
    "pop rbx",
    "ret",
    "hcs_event_thread_end:",
);

unsafe extern "C" {
    static hcs_event_thread: u8;
    static hcs_event_thread_end: u8;
}

/// Sends `event` to the process with this id. One that has told the system to ignore events does not get it.
pub(crate) fn deliver(pid: u32, event: ControlEvent) -> Result<(), Failure> {
    let process = open(pid)?;
    let head =
        handler_list().ok_or_else(|| failure("SetConsoleCtrlHandler: no list found", ERROR_NOT_SUPPORTED))?;
    if console_flags(process.as_raw_handle()).is_some_and(|flags| flags & IGNORES_EVENTS != 0) {
        return Ok(());
    }
    let parameters =
        Parameters { head, exit_process: exit_process()?, event: event as u32, exit_code: CONTROL_C_EXIT };
    let code = install(&process, &parameters)?;
    // SAFETY: the address is that of code in the receiver that has the signature of a thread routine.
    let routine = unsafe { std::mem::transmute::<*mut u8, LPTHREAD_START_ROUTINE>(code) };
    // SAFETY: the handle has the rights that the call needs. Code and parameters were written to the receiver just
    // now and stay there. The addresses of kernelbase and kernel32 in them are those of this process: Wine loads its
    // own DLLs at their fixed base in every 64-bit process. Should the receiver be different, its new thread faults in
    // the receiver only.
    let thread = unsafe {
        let parameters = code.wrapping_add(CODE).cast();
        CreateRemoteThread(process.as_raw_handle(), null(), 0, routine, parameters, 0, null_mut())
    };
    if thread.is_null() {
        return Err(last("CreateRemoteThread"));
    }
    // SAFETY: not null, so a new handle that nobody else owns; it is closed here because nobody waits for it.
    drop(unsafe { OwnedHandle::from_raw_handle(thread) });
    Ok(())
}

/// The function's own address: that of a declared function is of a jump in this program.
fn exit_process() -> Result<usize, Failure> {
    let module = std::ptr::without_provenance_mut(kernelbase());
    // SAFETY: the module is loaded for as long as the process lives, the name ends with a NUL.
    let found = unsafe { GetProcAddress(module, c"ExitProcess".as_ptr().cast()) };
    let missing = || failure("GetProcAddress(kernelbase!ExitProcess)", ERROR_PROC_NOT_FOUND);
    found.map(|function| (function as *const ()).addr()).ok_or_else(missing)
}

/// Writes the thread's code and parameters to the receiver; the address there. The page is not freed: when the thread
/// is through with it is not known here, and events are few.
fn install(process: &OwnedHandle, parameters: &Parameters) -> Result<*mut u8, Failure> {
    let process = process.as_raw_handle();
    let size = CODE + size_of::<Parameters>();
    // SAFETY: the system chooses the address in the receiver.
    let page =
        unsafe { VirtualAllocEx(process, null(), size, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE) };
    if page.is_null() {
        return Err(last("VirtualAllocEx"));
    }
    let (begin, end) = (&raw const hcs_event_thread, &raw const hcs_event_thread_end);
    let length = end.addr() - begin.addr();
    debug_assert!(length <= CODE);
    // SAFETY: the source is this program's code between the two symbols, the target was allocated for it just now.
    let code = unsafe { WriteProcessMemory(process, page, begin.cast(), length, null_mut()) };
    check("WriteProcessMemory", code)?;
    let behind = page.wrapping_byte_add(CODE);
    // SAFETY: the source is a live structure without padding, the target lies within the allocation of `size`.
    let data = unsafe {
        let source = std::ptr::from_ref(parameters).cast();
        WriteProcessMemory(process, behind, source, size_of::<Parameters>(), null_mut())
    };
    check("WriteProcessMemory", data)?;
    Ok(page.cast())
}

fn open(pid: u32) -> Result<OwnedHandle, Failure> {
    const ACCESS: u32 = PROCESS_CREATE_THREAD
        | PROCESS_QUERY_INFORMATION
        | PROCESS_VM_OPERATION
        | PROCESS_VM_READ
        | PROCESS_VM_WRITE;
    // SAFETY: no pointers.
    let raw = unsafe { OpenProcess(ACCESS, 0, pid) };
    if raw.is_null() {
        return Err(last(format!("OpenProcess({pid})")));
    }
    // SAFETY: not null, so a new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}

fn kernelbase() -> usize {
    let name: Vec<u16> = "kernelbase.dll\0".encode_utf16().collect();
    // SAFETY: the name ends with a NUL. The module is never unloaded, so its address stays good.
    unsafe { GetModuleHandleW(name.as_ptr()) }.addr()
}

/// Bit of `ConsoleFlags` in `RTL_USER_PROCESS_PARAMETERS`: control events are ignored.
const IGNORES_EVENTS: u32 = 1;

fn console_flags(process: HANDLE) -> Option<u32> {
    read(process, console_flags_address(process)?)
}

fn console_flags_address(process: HANDLE) -> Option<usize> {
    // Offsets in the 64-bit PEB and RTL_USER_PROCESS_PARAMETERS, as winternl.h lays them out.
    const PROCESS_PARAMETERS: usize = 0x20;
    const CONSOLE_FLAGS: usize = 0x18;
    let peb = nt::peb_address(process)?;
    Some(read::<usize>(process, peb + PROCESS_PARAMETERS)? + CONSOLE_FLAGS)
}

/// Makes a process that was made with `CREATE_NEW_PROCESS_GROUP`, and has not run yet, take events all the same.
pub(crate) fn accept_events(process: BorrowedHandle<'_>) -> Result<(), Failure> {
    let process = process.as_raw_handle();
    let address = console_flags_address(process).ok_or_else(|| last("ReadProcessMemory"))?;
    let none = 0u32;
    // SAFETY: the source is a live local of the size given; the target is a member of the other process's parameters,
    // and a bad address fails the call.
    let ok = unsafe {
        let target = std::ptr::without_provenance(address);
        WriteProcessMemory(process, target, (&raw const none).cast(), size_of::<u32>(), null_mut())
    };
    check("WriteProcessMemory", ok)
}

/// Where kernelbase keeps the first entry of its list of handlers, in every process. Found by adding a handler of ours
/// and looking which word of kernelbase's data points to an entry with it.
fn handler_list() -> Option<usize> {
    static FOUND: OnceLock<Option<usize>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: the handler is a function of this program, which is never unloaded.
        if unsafe { SetConsoleCtrlHandler(Some(probe), 1) } == 0 {
            return None;
        }
        let found = search();
        // SAFETY: as above.
        unsafe { SetConsoleCtrlHandler(Some(probe), 0) };
        found
    })
}

extern "system" fn probe(_event: u32) -> i32 {
    0
}

fn search() -> Option<usize> {
    // SAFETY: the pseudo handle needs no closing and is always good.
    let own = unsafe { GetCurrentProcess() };
    let (data, length) = data_section(own, kernelbase())?;
    let inside = |address: usize| (data..data + length).contains(&address);
    for head in (data..data + length).step_by(size_of::<usize>()) {
        let Some(entry) = read::<usize>(own, head) else { continue };
        if entry == 0 || entry % align_of::<usize>() != 0 || inside(entry) {
            continue;
        }
        // An entry is two words: the function and the next entry.
        let Some([function, next]) = read::<[usize; 2]>(own, entry) else { continue };
        if function == (probe as *const ()).addr() && next != 0 {
            return Some(head);
        }
    }
    None
}

/// Address and length of a loaded module's `.data`.
fn data_section(process: HANDLE, base: usize) -> Option<(usize, usize)> {
    const SECTION: usize = 40;
    let header = base + read::<u32>(process, base + 0x3c)? as usize;
    let count = usize::from(read::<u16>(process, header + 6)?);
    let optional = usize::from(read::<u16>(process, header + 20)?);
    let table = header + 24 + optional;
    (0..count).map(|i| table + i * SECTION).find_map(|at| {
        let name = read::<[u8; 8]>(process, at)?;
        let [size, address] = read::<[u32; 2]>(process, at + 8)?;
        (&name == b".data\0\0\0").then_some((base + address as usize, size as usize))
    })
}

/// A value that may hold any bit pattern.
trait Plain: Copy + Default {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for usize {}
impl Plain for [u8; 8] {}
impl Plain for [u32; 2] {}
impl Plain for [usize; 2] {}

fn read<T: Plain>(process: HANDLE, address: usize) -> Option<T> {
    let mut value = T::default();
    // SAFETY: the value is a live local that takes any bytes (`Plain`); a bad address fails the call.
    let ok = unsafe {
        ReadProcessMemory(
            process,
            std::ptr::without_provenance(address),
            (&raw mut value).cast(),
            size_of::<T>(),
            null_mut(),
        )
    };
    (ok != 0).then_some(value)
}
