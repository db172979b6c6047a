//! The frame of an export: results go out, failures become codes and documents, and no panic passes.
#![expect(unsafe_code, reason = "writes where a client says")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use hcs_abi::TextOut;
use hcs_contract::{Error, Hresult, Result};
use windows_sys::Win32::Foundation::SetLastError;

use crate::answer::Generation;
use crate::win::memory;

/// Does what an export does, and gives what it returns. `result` is set to null, and after a failure to the document
/// that explains it; a client that passes null for it does not want to know.
///
/// # Safety
/// `result` is null, or may be written to. It need not be aligned.
pub unsafe fn answer(
    generation: Generation,
    result: *mut TextOut,
    body: impl FnOnce() -> Result<Hresult>,
) -> i32 {
    let set = |text: TextOut| {
        if !result.is_null() {
            // SAFETY: not null, and by this function's contract to be written to.
            unsafe { result.write_unaligned(text) };
        }
    };
    set(null_mut());
    match guarded(body) {
        Ok(code) => generation.code(code).to_i32(),
        Err(error) => {
            if !result.is_null()
                && let Ok(document) = memory::give(generation, &generation.document(&error))
            {
                set(document);
            }
            generation.hresult(&error)
        }
    }
}

/// Does what an export without HRESULT does; after a failure it returns `otherwise`.
pub fn answer_or<T>(otherwise: T, body: impl FnOnce() -> Result<T>) -> T {
    guarded(body).unwrap_or(otherwise)
}

/// Runs it; a panic is a failure.
fn guarded<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic leaves behind is behind locks that take a poisoned state as it is: each change there is whole.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(Error::from_hresult(Hresult::E_UNEXPECTED)))
}

/// Gives the client a text.
///
/// # Errors
/// Out of memory.
///
/// # Safety
/// `place` may be written to. It need not be aligned.
pub unsafe fn write(generation: Generation, place: *mut TextOut, text: &str) -> Result<()> {
    let text = memory::give(generation, text)?;
    // SAFETY: by this function's contract.
    unsafe { place.write_unaligned(text) };
    Ok(())
}

/// Sets the thread's last error, for an export that returns no code.
pub fn set_last_error(code: u32) {
    // SAFETY: sets a number of the calling thread.
    unsafe { SetLastError(code) };
}
