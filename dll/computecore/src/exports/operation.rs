//! Exports that are about operations.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::computecore::{EventCallback, OperationCompletion, OperationHandle};
use hcs_abi::{ProcessHandle, ProcessInformation, SystemHandle, TextOut};
use hcs_bridge::{answer_or, not_null, set_last_error};
use hcs_contract::{Deadline, Error, Hresult, OperationKind, Result};

use super::{answer, deadline, give};
use crate::operation::{self, Operation};

/// Windows' word for a function that is not there (`ERROR_CALL_NOT_IMPLEMENTED`).
const CALL_NOT_IMPLEMENTED: u32 = 120;

/// The number that no operation has (`HCS_INVALID_OPERATION_ID`).
const NO_OPERATION: u64 = u64::MAX;

/// # Safety
/// By the API's contract the callback may be called on any thread until the operation is closed.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateOperation(
    context: *mut c_void,
    callback: Option<OperationCompletion>,
) -> OperationHandle {
    answer_or(null_mut(), || Ok(Operation::insert(context, callback)))
}

/// No operation of hcsd's reports progress, so that there is nothing to be told.
///
/// # Safety
/// Anything may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateOperationWithNotifications(
    _: u32,
    _: *mut c_void,
    _: Option<EventCallback>,
) -> OperationHandle {
    set_last_error(CALL_NOT_IMPLEMENTED);
    null_mut()
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCloseOperation(operation: OperationHandle) {
    answer_or((), || Operation::close(operation));
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetOperationContext(operation: OperationHandle) -> *mut c_void {
    answer_or(null_mut(), || Ok(Operation::get(operation)?.context()))
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSetOperationContext(
    operation: OperationHandle,
    context: *mut c_void,
) -> i32 {
    let set = || {
        Operation::get(operation)?.set_context(context);
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), set) }
}

/// # Safety
/// As for [`HcsCreateOperation`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSetOperationCallback(
    operation: OperationHandle,
    context: *mut c_void,
    callback: Option<OperationCompletion>,
) -> i32 {
    let set = || {
        Operation::get(operation)?.set_callback(context, callback)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), set) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetOperationId(operation: OperationHandle) -> u64 {
    answer_or(NO_OPERATION, || Ok(Operation::get(operation)?.id()))
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetOperationType(operation: OperationHandle) -> i32 {
    const NONE: i32 = -1;
    answer_or(NONE, || Ok(Operation::get(operation)?.request().kind.map_or(NONE, OperationKind::number)))
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetComputeSystemFromOperation(
    operation: OperationHandle,
) -> SystemHandle {
    answer_or(null_mut(), || Ok(operation::handle(Operation::get(operation)?.request().system)))
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetProcessFromOperation(operation: OperationHandle) -> ProcessHandle {
    answer_or(null_mut(), || Ok(operation::handle(Operation::get(operation)?.request().process)))
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCancelOperation(operation: OperationHandle) -> i32 {
    let cancel = || {
        Operation::get(operation)?.cancel()?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), cancel) }
}

/// # Safety
/// By the API's contract `result` may be written to, or is null.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetOperationResult(
    operation: OperationHandle,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { fetch(operation, None, result) }
}

/// # Safety
/// As for [`HcsGetOperationResult`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsWaitForOperationResult(
    operation: OperationHandle,
    milliseconds: u32,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { fetch(operation, Some(deadline(milliseconds)), result) }
}

/// # Safety
/// As for [`HcsGetOperationResult`]; so it is with `information`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetOperationResultAndProcessInfo(
    operation: OperationHandle,
    information: *mut ProcessInformation,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { fetch_process(operation, None, information, result) }
}

/// # Safety
/// As for [`HcsGetOperationResultAndProcessInfo`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsWaitForOperationResultAndProcessInfo(
    operation: OperationHandle,
    milliseconds: u32,
    information: *mut ProcessInformation,
    result: *mut TextOut,
) -> i32 {
    // SAFETY: the client's promise.
    unsafe { fetch_process(operation, Some(deadline(milliseconds)), information, result) }
}

/// # Safety
/// As for [`HcsGetOperationResult`].
unsafe fn fetch(operation: OperationHandle, deadline: Option<Deadline>, result: *mut TextOut) -> i32 {
    let fetch = || {
        let outcome = Operation::get(operation)?.result(deadline)?;
        // SAFETY: the client's promise.
        unsafe { give(result, &outcome.text) }
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, fetch) }
}

/// # Safety
/// As for [`HcsGetOperationResultAndProcessInfo`].
unsafe fn fetch_process(
    operation: OperationHandle,
    deadline: Option<Deadline>,
    information: *mut ProcessInformation,
    result: *mut TextOut,
) -> i32 {
    let fetch = || -> Result<Hresult> {
        let out = not_null(information)?;
        // SAFETY: not null; the client's promise.
        unsafe { out.write_unaligned(ProcessInformation::EMPTY) };
        let outcome = Operation::get(operation)?.result(deadline)?;
        let missing = || Error::from_hresult(Hresult::HCS_E_PROCESS_INFO_NOT_AVAILABLE);
        let information = outcome.process.ok_or_else(missing)?.process.information()?;
        // SAFETY: as above.
        unsafe { out.write_unaligned(information) };
        // SAFETY: the client's promise.
        unsafe { give(result, &outcome.text) }
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, fetch) }
}
