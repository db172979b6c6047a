//! The exports, by what they are about. Each looks at its arguments, does one call, and hands the result out.

mod elsewhere;
mod network;
mod process;
mod service;
mod system;

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::TextOut;
use hcs_abi::vmcompute::{CallbackHandle, NotificationCallback};
use hcs_bridge::{Callback, Generation, Out};
use hcs_contract::{Error, Hresult, Result};

use crate::watchers::unregister;

const GENERATION: Generation = Generation::First;

/// The compiler compares each export with the signature that callers know.
macro_rules! as_declared {
    ($($module:ident: $($name:ident)*;)*) => {
        $($(const _: hcs_abi::vmcompute::$name = $module::$name;)*)*
    };
}

as_declared! {
    network: HNSCall;
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

/// A whole export that registers: `register` has the object do it.
///
/// # Safety
/// `registration` may be written to, or is null; the callback may be called on any thread until it is unregistered.
#[expect(unsafe_code, reason = "passes a client's pointers on")]
unsafe fn register(
    callback: Option<NotificationCallback>,
    context: *mut c_void,
    registration: *mut CallbackHandle,
    register: impl FnOnce(Callback) -> Result<CallbackHandle>,
) -> i32 {
    let body = || {
        // SAFETY: the caller's promise.
        let place = unsafe { Out::new(registration, null_mut())? };
        let callback = callback.ok_or_else(|| Error::invalid_argument("callback", "it is null"))?;
        // SAFETY: the caller's promise.
        place.set(register(unsafe { Callback::new(callback, context) })?);
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), body) }
}

/// A whole export that ends a registration.
#[expect(unsafe_code, reason = "no pointer of a client's")]
fn end_registration(registration: CallbackHandle) -> i32 {
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), || unregister(registration).map(|()| Hresult::S_OK)) }
}
