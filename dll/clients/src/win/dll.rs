//! Looks exports up, and takes texts over.
#![expect(unsafe_code, reason = "exports of a DLL that is loaded when it is needed")]

use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{FARPROC, LocalFree};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

use super::wide;

/// The export of this name in the DLL of the system directory.
pub(super) fn look_up(name: &CStr) -> FARPROC {
    static MODULE: OnceLock<usize> = OnceLock::new();
    let module = *MODULE.get_or_init(|| {
        let name = wide("computecore.dll");
        // SAFETY: the name ends with a NUL; the reserved handle is null.
        let module = unsafe { LoadLibraryExW(name.as_ptr(), null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
        assert!(!module.is_null(), "computecore.dll: {}", std::io::Error::last_os_error());
        module.expose_provenance()
    });
    // SAFETY: the module stays loaded, and the name ends with a NUL.
    let found =
        unsafe { GetProcAddress(std::ptr::with_exposed_provenance_mut(module), name.as_ptr().cast()) };
    assert!(found.is_some(), "{name:?} is not exported");
    found
}

/// The export as the function that its declaration says it is.
macro_rules! export {
    ($name:ident) => {{
        let found = $crate::win::dll::look_up(
            std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes())
                .expect("one NUL, at the end"),
        );
        #[allow(unused_unsafe, reason = "it is used within unsafe blocks, and outside")]
        // SAFETY: the DLL exports under this name what is declared under it.
        let function = unsafe {
            std::mem::transmute::<windows_sys::Win32::Foundation::FARPROC, hcs_abi::computecore::$name>(found)
        };
        function
    }};
}
pub(super) use export;

/// A text that the DLL gave; freed as computecore's are.
pub(super) fn take(text: *mut u16) -> String {
    if text.is_null() {
        return String::new();
    }
    let mut length = 0;
    // SAFETY: the DLL's texts end with a NUL, which was not met before this unit.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: so many units were read above.
    let owned = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) });
    // SAFETY: from LocalAlloc by the API's contract, and not used again.
    unsafe { LocalFree(text.cast()) };
    owned
}
