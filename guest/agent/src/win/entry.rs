//! The program's entry, and the few functions that compiled code expects of a C library.
//!
//! With msvcrt.dll (and ucrtbase.dll behind it) each start of the program took 5 ms longer, and a container starts it
//! twice. Memory functions come from ntdll.dll, which every process has.
#![expect(unsafe_code, reason = "symbols that the linker looks for, and foreign functions")]

use std::ffi::c_void;

use windows_sys::Win32::System::Memory::{GetProcessHeap, HEAP_ZERO_MEMORY, HeapAlloc, HeapFree};
use windows_sys::Win32::System::Threading::{ExitProcess, GetCurrentProcess, TerminateProcess};

/// Where Windows begins (`-Wl,--entry=entry` in build.rs).
#[unsafe(no_mangle)]
extern "system" fn entry() -> ! {
    let code = super::run();
    // SAFETY: ends this process; no argument is a pointer.
    unsafe { ExitProcess(code) }
}

// Calls to these come from the compiler; being declared with this DLL they are found here before any C library.
windows_link::link!("ntdll.dll" "C" fn memcpy(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void);
windows_link::link!("ntdll.dll" "C" fn memmove(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void);
windows_link::link!("ntdll.dll" "C" fn memset(to: *mut c_void, byte: i32, n: usize) -> *mut c_void);
windows_link::link!("ntdll.dll" "C" fn memcmp(a: *const c_void, b: *const c_void, n: usize) -> i32);

/// For the unwinder that the standard library is linked with; nothing is ever unwound here (panic = abort).
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    const STATUS_FATAL_APP_EXIT: u32 = 0x4000_0015;
    // SAFETY: the pseudo handle of this process.
    unsafe { TerminateProcess(GetCurrentProcess(), STATUS_FATAL_APP_EXIT) };
    // SAFETY: as in `entry`; the call above does not return for the own process.
    unsafe { ExitProcess(STATUS_FATAL_APP_EXIT) }
}

/// As [`abort`].
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return std::ptr::null_mut() };
    // SAFETY: the process heap, which is always there.
    unsafe { HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes) }
}

/// As [`abort`].
///
/// # Safety
/// `memory` is null or from [`calloc`], and freed once.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(memory: *mut c_void) {
    // SAFETY: from the process heap, by the caller's promise; null is allowed.
    unsafe { HeapFree(GetProcessHeap(), 0, memory) };
}
