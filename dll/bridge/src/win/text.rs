//! Text that a client hands in.
#![expect(unsafe_code, reason = "reads a client's memory up to a NUL")]

use hcs_abi::TextIn;
use hcs_contract::{Error, Result};

/// Code units of a text, at most: more than the longest document that hcsd takes.
const MOST: usize = 1 << 22;

/// The text, which must be there.
///
/// # Errors
/// Invalid argument: it is null, too long, or not UTF-16.
///
/// # Safety
/// `raw` is null, or readable from there up to a NUL. It need not be aligned.
pub unsafe fn text(name: &'static str, raw: TextIn) -> Result<String> {
    if raw.is_null() {
        return Err(Error::invalid_argument(name, "it is null"));
    }
    let mut units = Vec::new();
    loop {
        // SAFETY: by this function's contract there is memory up to a NUL, and none was met before this unit.
        let unit = unsafe { raw.add(units.len()).read_unaligned() };
        if unit == 0 {
            break;
        }
        if units.len() == MOST {
            return Err(Error::invalid_argument(name, format!("it is longer than {MOST} characters")));
        }
        units.push(unit);
    }
    String::from_utf16(&units).map_err(|_| Error::invalid_argument(name, "it is not UTF-16"))
}

/// The text; null is the empty one, as in options and queries.
///
/// # Errors
/// Invalid argument: it is too long, or not UTF-16.
///
/// # Safety
/// As for [`text`].
pub unsafe fn text_or_empty(name: &'static str, raw: TextIn) -> Result<String> {
    if raw.is_null() {
        return Ok(String::new());
    }
    // SAFETY: the same contract.
    unsafe { text(name, raw) }
}
