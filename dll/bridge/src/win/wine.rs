//! Asks Wine which file of the host's a path of Windows is.
#![expect(unsafe_code, reason = "an export that only Wine has")]

use std::ffi::{CStr, c_char};

use hcs_contract::{Error, Hresult, Result};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{GetProcessHeap, HeapFree};

use crate::paths::{Place, place};
use crate::win::wide;

type GetUnixFileName = unsafe extern "C" fn(*const u16) -> *mut c_char;

/// The host's path, for one that is of the prefix; `None` for one that goes to the host as it is.
pub(crate) fn host_path(path: &str) -> Result<Option<String>> {
    match place(path) {
        Place::Elsewhere => Ok(None),
        Place::Unix(rest) => Ok(Some(rest.replace('\\', "/"))),
        Place::Drive(path) => ask(path).map(Some),
    }
}

fn ask(path: &str) -> Result<String> {
    let nowhere = |why: &str| {
        Error::invalid_argument("path", format!("{path:?}: {why}"))
            .with_hresult(Hresult::ERROR_PATH_NOT_FOUND)
    };
    let function =
        function().ok_or_else(|| nowhere("this is not Wine, so the path has no place on the host"))?;
    let name = wide(path);
    // SAFETY: the name ends with a NUL. Wine declares the function so (include/winbase.h, `wine_get_unix_file_name`).
    let unix = unsafe { function(name.as_ptr()) };
    if unix.is_null() {
        return Err(nowhere("there is no such drive or folder in the Wine prefix"));
    }
    // SAFETY: not null, so a string with a NUL behind it, ours until it is freed below.
    let text = unsafe { CStr::from_ptr(unix) }.to_str().map(str::to_owned);
    // SAFETY: Wine has it from the process's heap, and says that callers free it there.
    unsafe { HeapFree(GetProcessHeap(), 0, unix.cast()) };
    text.map_err(|_| nowhere("the host's path is not UTF-8"))
}

fn function() -> Option<GetUnixFileName> {
    let name = wide("kernel32.dll");
    // SAFETY: the name ends with a NUL; the module is in every process.
    let module = unsafe { GetModuleHandleW(name.as_ptr()) };
    if module.is_null() {
        return None;
    }
    // SAFETY: the module is loaded, and the name ends with a NUL.
    let function = unsafe { GetProcAddress(module, c"wine_get_unix_file_name".as_ptr().cast()) }?;
    // SAFETY: Wine's export of that name has this signature.
    Some(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, GetUnixFileName>(function) })
}
