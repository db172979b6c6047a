//! Exports that are about the service.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use hcs_abi::{TextIn, TextOut};
use hcs_bridge::{host, not_null, text_or_empty, write};
use hcs_contract::{ComputeService as _, Deadline, Error, Hresult, Operation, Result};

use super::{GENERATION, answer};

/// Does what a query asks for, and hands out its document.
///
/// # Safety
/// As the exports below: `query` is null or a text, `place` null or to be written to.
unsafe fn ask(
    query: TextIn,
    place: *mut TextOut,
    call: impl FnOnce(&str) -> Result<Operation>,
) -> Result<Hresult> {
    let place = not_null(place)?;
    // SAFETY: not null; by the contract.
    unsafe { place.write_unaligned(std::ptr::null_mut()) };
    // SAFETY: by the contract.
    let query = unsafe { text_or_empty("query", query)? };
    let document = call(&query)?.wait(Deadline::Never)?;
    // SAFETY: not null; by the contract.
    unsafe { write(GENERATION, place, &document)? };
    Ok(Hresult::S_OK)
}

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsEnumerateComputeSystems(
    query: TextIn,
    systems: *mut TextOut,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { answer(result, || ask(query, systems, |query| Ok(host()?.enumerate_systems(query)))) }
}

/// # Safety
/// As for [`HcsEnumerateComputeSystems`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetServiceProperties(
    query: TextIn,
    properties: *mut TextOut,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { answer(result, || ask(query, properties, |query| Ok(host()?.service_properties(query)))) }
}

/// # Safety
/// As for [`HcsEnumerateComputeSystems`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsModifyServiceSettings(_: TextIn, result: *mut TextOut) -> i32 {
    let refused = || {
        let error =
            Error::not_supported("HcsModifyServiceSettings", "hcsd's settings are its command line's");
        Err(error.with_hresult(Hresult::E_NOTIMPL))
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, refused) }
}
