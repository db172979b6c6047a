//! An operation, as a client uses it: made for one request, waited for, closed.
#![expect(unsafe_code, reason = "calls of the DLL")]

use std::ptr::null_mut;

use hcs_abi::ProcessInformation;
use hcs_abi::computecore::OperationHandle;

use super::PATIENCE;
use super::dll::{export, take};

/// What a request came to: its code and its document.
pub(super) type Outcome = (u32, String);

/// Makes a request by `call`, which is given the operation, and waits for its result. A request that fails by itself has
/// its document in the operation, too.
pub(super) fn request(call: impl FnOnce(OperationHandle) -> i32) -> Outcome {
    with(|operation| {
        let (begun, mut text) = (call(operation), null_mut());
        // SAFETY: the operation is open; `text` may be written to.
        let result = unsafe { export!(HcsWaitForOperationResult)(operation, PATIENCE, &raw mut text) };
        if begun < 0 {
            assert_eq!(begun, result, "the operation says what its request said");
        }
        (result.cast_unsigned(), take(text))
    })
}

/// The same for what gives a process.
pub(super) fn request_process(call: impl FnOnce(OperationHandle) -> i32) -> (Outcome, ProcessInformation) {
    with(|operation| {
        let begun = call(operation);
        let (mut text, mut information) = (null_mut(), ProcessInformation::EMPTY);
        let wait = export!(HcsWaitForOperationResultAndProcessInfo);
        // SAFETY: the operation is open; both places may be written to.
        let result = unsafe { wait(operation, PATIENCE, &raw mut information, &raw mut text) };
        assert!(begun >= 0 || begun == result);
        ((result.cast_unsigned(), take(text)), information)
    })
}

fn with<T>(body: impl FnOnce(OperationHandle) -> T) -> T {
    // SAFETY: no callback, so no context.
    let operation = unsafe { export!(HcsCreateOperation)(null_mut(), None) };
    assert!(!operation.is_null());
    let result = body(operation);
    // SAFETY: any handle may be given.
    unsafe { export!(HcsCloseOperation)(operation) };
    result
}
