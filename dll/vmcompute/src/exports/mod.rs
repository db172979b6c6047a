//! The exports, by what they are about. Each looks at its arguments, does one call, and hands the result out.

mod elsewhere;
mod process;
mod service;
mod system;

use hcs_abi::TextOut;
use hcs_bridge::Generation;
use hcs_contract::{Hresult, Result};

const GENERATION: Generation = Generation::First;

/// The compiler compares each export with the signature that callers know.
macro_rules! as_declared {
    ($($module:ident: $($name:ident)*;)*) => {
        $($(const _: hcs_abi::vmcompute::$name = $module::$name;)*)*
    };
}

as_declared! {
    service: HcsEnumerateComputeSystems HcsGetServiceProperties HcsModifyServiceSettings;
    system: HcsCreateComputeSystem HcsOpenComputeSystem HcsCloseComputeSystem HcsStartComputeSystem
        HcsShutdownComputeSystem HcsTerminateComputeSystem HcsPauseComputeSystem HcsResumeComputeSystem
        HcsSaveComputeSystem HcsGetComputeSystemProperties HcsModifyComputeSystem
        HcsRegisterComputeSystemCallback HcsUnregisterComputeSystemCallback;
    process: HcsCreateProcess HcsOpenProcess HcsCloseProcess HcsTerminateProcess HcsSignalProcess
        HcsGetProcessInfo HcsGetProcessProperties HcsModifyProcess HcsRegisterProcessCallback
        HcsUnregisterProcessCallback;
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
