//! What is Windows's own: the loader, pipes, allocators.

#![expect(unsafe_code, reason = "calls of the operating system")]

mod pipe;

use std::ffi::{CStr, c_void};
use std::io;
use std::os::windows::io::{FromRawHandle as _, OwnedHandle};
use std::ptr::{NonNull, null_mut};

use hcs_abi::Handle;
use hcs_contract::{Error, Object, Result, Stream};
use windows_sys::Win32::Foundation::{CloseHandle, LocalFree};
use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

use crate::exports::Library;
use crate::options::Generation;
use crate::platform::{Direction, Platform};

/// This Windows.
pub(crate) const PLATFORM: Platform = Platform { free_task_memory, free_local, close, stream };

/// Loads the DLL of a generation, from the System directory and nowhere else. It stays loaded: its threads and callbacks
/// may be anywhere.
pub(crate) fn load(generation: Generation) -> Result<Library> {
    let name = generation.library();
    let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name is ended by NUL and outlives the call; the second parameter must be null.
    let module = unsafe { LoadLibraryExW(wide.as_ptr(), null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if module.is_null() {
        let cause = io::Error::last_os_error();
        let error =
            Error::service_unavailable(format!("{name} can't be loaded from the System directory: {cause}"));
        let hint =
            "install the feature Containers: Enable-WindowsOptionalFeature -Online -FeatureName Containers";
        return Err(error.with_hint(hint).with_object(Object::service()));
    }
    let module = module.addr();
    let lookup = move |export: &CStr| {
        // SAFETY: the module was loaded above and is never unloaded; the name is ended by NUL.
        let found =
            unsafe { GetProcAddress(std::ptr::with_exposed_provenance_mut(module), export.as_ptr().cast()) };
        found.and_then(|export| NonNull::new(export as *mut c_void))
    };
    Ok(Library { name, lookup: Box::new(lookup) })
}

unsafe fn free_task_memory(text: *mut c_void) {
    // SAFETY: the caller gives memory of that allocator, and gives it up.
    unsafe { CoTaskMemFree(text) };
}

unsafe fn free_local(text: *mut c_void) {
    // SAFETY: as above.
    unsafe { LocalFree(text) };
}

unsafe fn close(handle: Handle) {
    // SAFETY: the caller gives a handle that is open, and gives it up.
    unsafe { CloseHandle(handle) };
}

unsafe fn stream(handle: Handle, direction: Direction) -> Stream {
    // SAFETY: as above.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    Stream::remote(pipe::Pipe::new(handle, direction))
}
