//! Exports that are about the service.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ptr::null_mut;

use hcs_abi::computecore::OperationHandle;
use hcs_abi::{TextIn, TextOut};
use hcs_bridge::{host, not_null, text_or_empty};
use hcs_contract::{ComputeService as _, Deadline, OperationKind};

use super::{answer, give};
use crate::operation::Request;
use crate::ticket::Ticket;

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsEnumerateComputeSystems(
    query: TextIn,
    operation: OperationHandle,
) -> i32 {
    let request = Request { kind: Some(OperationKind::Enumerate), ..Request::default() };
    let enumerate = || {
        Ticket::request(operation, request, |ticket| {
            // SAFETY: the client's promise.
            let query = unsafe { text_or_empty("query", query)? };
            ticket.track(&host()?.enumerate_systems(&query));
            Ok(())
        })
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), enumerate) }
}

/// # Safety
/// As for [`HcsEnumerateComputeSystems`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetServiceProperties(query: TextIn, result: *mut TextOut) -> i32 {
    let get = || {
        not_null(result)?;
        // SAFETY: the client's promise.
        let query = unsafe { text_or_empty("query", query)? };
        let document = host()?.service_properties(&query).wait(Deadline::Never)?;
        // SAFETY: the client's promise.
        unsafe { give(result, &document) }
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, get) }
}
