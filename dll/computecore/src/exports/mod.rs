//! The exports, by what they are about. Each looks at its arguments, makes one request, and hands the result out.

mod elsewhere;
mod operation;
mod process;
mod service;
mod system;

use std::time::Duration;

use hcs_abi::TextOut;
use hcs_abi::computecore::INFINITE;
use hcs_bridge::Generation;
use hcs_contract::{Deadline, Hresult, Result};

const GENERATION: Generation = Generation::Second;

/// The compiler compares each export with the signature that callers know.
macro_rules! as_declared {
    ($($module:ident: $($name:ident)*;)*) => {
        $($(const _: hcs_abi::computecore::$name = $module::$name;)*)*
    };
}

as_declared! {
    operation: HcsCreateOperation HcsCreateOperationWithNotifications HcsCloseOperation HcsGetOperationContext
        HcsSetOperationContext HcsSetOperationCallback HcsGetOperationId HcsGetOperationType
        HcsGetComputeSystemFromOperation HcsGetProcessFromOperation HcsCancelOperation HcsGetOperationResult
        HcsGetOperationResultAndProcessInfo HcsWaitForOperationResult HcsWaitForOperationResultAndProcessInfo;
    system: HcsCreateComputeSystem HcsOpenComputeSystem HcsCloseComputeSystem HcsStartComputeSystem
        HcsShutDownComputeSystem HcsTerminateComputeSystem HcsPauseComputeSystem HcsResumeComputeSystem
        HcsSaveComputeSystem HcsGetComputeSystemProperties HcsModifyComputeSystem HcsWaitForComputeSystemExit
        HcsSetComputeSystemCallback;
    process: HcsCreateProcess HcsOpenProcess HcsCloseProcess HcsTerminateProcess HcsSignalProcess
        HcsGetProcessInfo HcsGetProcessProperties HcsModifyProcess HcsSetProcessCallback HcsWaitForProcessExit;
    service: HcsEnumerateComputeSystems HcsGetServiceProperties;
}

/// See [`hcs_bridge::answer`].
///
/// # Safety
/// `result` is null, or may be written to.
#[expect(unsafe_code, reason = "passes a client's pointer on")]
unsafe fn answer(result: *mut TextOut, body: impl FnOnce() -> Result<Hresult>) -> i32 {
    // SAFETY: the same contract.
    unsafe { hcs_bridge::answer(GENERATION, result, body) }
}

/// Gives the client a document; an empty one is null, and who passes null does not want it.
///
/// # Safety
/// `place` is null, or may be written to.
#[expect(unsafe_code, reason = "passes a client's pointer on")]
unsafe fn give(place: *mut TextOut, document: &str) -> Result<Hresult> {
    if !place.is_null() && !document.is_empty() {
        // SAFETY: not null; by the contract.
        unsafe { hcs_bridge::write(GENERATION, place, document)? };
    }
    Ok(Hresult::S_OK)
}

/// The end of a wait of so many milliseconds.
fn deadline(milliseconds: u32) -> Deadline {
    if milliseconds == INFINITE {
        Deadline::Never
    } else {
        Deadline::after(Duration::from_millis(milliseconds.into()))
    }
}
