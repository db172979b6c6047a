//! The one export that is about networks: HNS v1.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ptr::null_mut;

use hcs_abi::computenetwork::Answer;
use hcs_abi::{TextIn, TextOut};
use hcs_bridge::{Out, full_register, host, text, text_or_empty};
use hcs_contract::{Hresult, NetworkService as _};

use super::{GENERATION, answer};

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HNSCall(
    method: TextIn,
    path: TextIn,
    object: TextIn,
    response: *mut TextOut,
) -> Answer {
    let request = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(response, null_mut())? };
        // SAFETY: as above.
        let (method, path) = unsafe { (text("method", method)?, text("path", path)?) };
        // SAFETY: as above.
        let object = unsafe { text_or_empty("object", object)? };
        place.give(GENERATION, &host()?.hns_call(&method, &path, &object)?)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    full_register(unsafe { answer(null_mut(), request) })
}
