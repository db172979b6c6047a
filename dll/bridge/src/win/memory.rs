//! Text that a client gets and frees: each generation says from which allocator.
#![expect(unsafe_code, reason = "memory that a client frees")]

use std::ffi::c_void;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::OnceLock;

use hcs_abi::TextOut;
use hcs_contract::{Error, Hresult, Result};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::Memory::{LMEM_FIXED, LocalAlloc};

use crate::answer::Generation;
use crate::win::wide;

type CoTaskMemAlloc = unsafe extern "system" fn(usize) -> *mut c_void;

/// A copy of the text with a NUL behind it, from the generation's allocator; the client frees it.
pub(crate) fn give(generation: Generation, text: &str) -> Result<TextOut> {
    let units = wide(text);
    let bytes = size_of_val(units.as_slice());
    let memory = match generation {
        Generation::First | Generation::Network => task_memory(bytes),
        // SAFETY: any size may be asked for.
        Generation::Second => unsafe { LocalAlloc(LMEM_FIXED, bytes) },
    };
    if memory.is_null() {
        return Err(Error::from_hresult(Hresult::E_OUTOFMEMORY));
    }
    let memory = memory.cast::<u16>();
    // SAFETY: new memory of `bytes` bytes, which is what `units` takes; both allocators align to 16.
    unsafe { memory.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    Ok(memory)
}

/// From COM's allocator. Its DLL is loaded with the first text: it brings a good part of Windows with it, and a client
/// that frees our texts has it anyway.
fn task_memory(bytes: usize) -> *mut c_void {
    static ALLOCATE: OnceLock<usize> = OnceLock::new();
    let address = *ALLOCATE.get_or_init(|| {
        let name = wide("combase.dll");
        // SAFETY: the name ends with a NUL; the reserved handle is null. The DLL is never unloaded.
        let module = unsafe { LoadLibraryExW(name.as_ptr(), null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
        if module.is_null() {
            return 0;
        }
        // SAFETY: the module is loaded, and the name ends with a NUL.
        unsafe { GetProcAddress(module, c"CoTaskMemAlloc".as_ptr().cast()) }
            .map_or(0, |function| function as usize)
    });
    if address == 0 {
        return null_mut();
    }
    // SAFETY: the address of the export of that name, whose documented signature this is.
    let allocate: CoTaskMemAlloc = unsafe { std::mem::transmute(without_provenance_mut::<c_void>(address)) };
    // SAFETY: any size may be asked for.
    unsafe { allocate(bytes) }
}
