//! Win32 errors as the protocol carries them, and strings as Windows takes them.

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER;

/// A failure of `call` with an explicit code.
pub(crate) fn failure(call: impl Into<String>, code: u32) -> Failure {
    Failure { call: call.into(), code }
}

/// A failure of `call` with the thread's last error.
pub(crate) fn last(call: impl Into<String>) -> Failure {
    let code = std::io::Error::last_os_error().raw_os_error().unwrap_or_default();
    failure(call, code.cast_unsigned())
}

/// `call` failed when `ok` is 0, as a `BOOL` function says it.
pub(crate) fn check(call: &str, ok: i32) -> Result<(), Failure> {
    if ok == 0 { Err(last(call)) } else { Ok(()) }
}

/// UTF-16 with a NUL at the end.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` in the name of `call` when the text holds a NUL: Windows would cut it there.
pub(crate) fn wide(call: &str, text: &str) -> Result<Vec<u16>, Failure> {
    if text.contains('\0') {
        return Err(failure(call, ERROR_INVALID_PARAMETER));
    }
    Ok(text.encode_utf16().chain([0]).collect())
}
