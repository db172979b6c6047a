//! Exports that are about systems.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::vmcompute::{CallbackHandle, NotificationCallback};
use hcs_abi::{Handle, SystemHandle, TextIn, TextOut};
use hcs_bridge::{Document, Out, document_for_host, host, text, text_or_empty, without_token};
use hcs_contract::{
    ComputeService as _, ComputeSystem, Deadline, Hresult, NotificationType, Operation, Result,
};

use super::{GENERATION, answer, end_registration};
use crate::system::{System, accepted};

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null. So it is for all exports
/// of this file.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateComputeSystem(
    id: TextIn,
    configuration: TextIn,
    identity: Handle,
    system: *mut SystemHandle,
    result: *mut TextOut,
) -> i32 {
    let create = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(system, null_mut())? };
        without_token("identity", identity)?;
        // SAFETY: the client's promise.
        let (id, document) = unsafe { (text("id", id)?, text("configuration", configuration)?) };
        let document = document_for_host(Document::System, document)?;
        let (system, created) = host()?.create_system(&id, &document)?;
        let system = System::new(system);
        let code = system.pending(&created, NotificationType::SYSTEM_CREATE_COMPLETED)?;
        place.set(system.insert());
        Ok(code)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, create) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsOpenComputeSystem(
    id: TextIn,
    system: *mut SystemHandle,
    result: *mut TextOut,
) -> i32 {
    let open = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(system, null_mut())? };
        // SAFETY: the client's promise.
        let id = unsafe { text("id", id)? };
        let system = System::new(host()?.open_system(&id)?);
        place.set(system.insert());
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, open) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCloseComputeSystem(system: SystemHandle) -> i32 {
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), || System::close(system).map(|()| Hresult::S_OK)) }
}

/// A request on a system with options; `call` makes it, `end` says how it completes.
///
/// # Safety
/// As for [`HcsCreateComputeSystem`].
unsafe fn request(
    system: SystemHandle,
    options: TextIn,
    result: *mut TextOut,
    call: impl FnOnce(&dyn ComputeSystem, String) -> Result<Operation>,
    end: impl FnOnce(&System, &Operation) -> Result<Hresult>,
) -> i32 {
    let request = || {
        let system = System::get(system)?;
        // SAFETY: the client's promise.
        let options = unsafe { text_or_empty("options", options)? };
        end(&system, &call(&*system.system, options)?)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, request) }
}

/// Requests that complete by a notification of their own, or by the exit.
macro_rules! requests {
    ($($name:ident: $method:ident, $end:expr;)*) => {
        $(
            /// # Safety
            /// As for [`HcsCreateComputeSystem`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $name(
                system: SystemHandle,
                options: TextIn,
                result: *mut TextOut,
            ) -> i32 {
                // SAFETY: the client's promise.
                unsafe { request(system, options, result, |system, options| Ok(system.$method(&options)), $end) }
            }
        )*
    };
}

requests! {
    HcsStartComputeSystem: start, by(NotificationType::SYSTEM_START_COMPLETED);
    HcsPauseComputeSystem: pause, by(NotificationType::SYSTEM_PAUSE_COMPLETED);
    HcsResumeComputeSystem: resume, by(NotificationType::SYSTEM_RESUME_COMPLETED);
    HcsShutdownComputeSystem: shutdown, |_, operation| accepted(operation);
    HcsTerminateComputeSystem: terminate, |_, operation| accepted(operation);
}

fn by(notification: NotificationType) -> impl FnOnce(&System, &Operation) -> Result<Hresult> {
    move |system, operation| system.pending(operation, notification)
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSaveComputeSystem(
    system: SystemHandle,
    options: TextIn,
    result: *mut TextOut,
) -> i32 {
    let save = |system: &dyn ComputeSystem, options: String| {
        Ok(system.save(&document_for_host(Document::Save, options)?))
    };
    // SAFETY: the client's promise.
    unsafe { request(system, options, result, save, by(NotificationType::SYSTEM_SAVE_COMPLETED)) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsModifyComputeSystem(
    system: SystemHandle,
    configuration: TextIn,
    result: *mut TextOut,
) -> i32 {
    let modify = || {
        let system = System::get(system)?;
        // SAFETY: the client's promise.
        let change = unsafe { text("configuration", configuration)? };
        system.system.modify(&document_for_host(Document::Modify, change)?).wait(Deadline::Never)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, modify) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetComputeSystemProperties(
    system: SystemHandle,
    query: TextIn,
    properties: *mut TextOut,
    result: *mut TextOut,
) -> i32 {
    let get = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(properties, null_mut())? };
        let system = System::get(system)?;
        // SAFETY: the client's promise.
        let query = unsafe { text_or_empty("query", query)? };
        let document = system.system.properties(&query).wait(Deadline::Never)?;
        place.give(GENERATION, &document)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, get) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`]; the callback may be called on any thread until it is unregistered.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsRegisterComputeSystemCallback(
    system: SystemHandle,
    callback: Option<NotificationCallback>,
    context: *mut c_void,
    registration: *mut CallbackHandle,
) -> i32 {
    let register = |callback| {
        let system = System::get(system)?;
        system.watchers.register(callback, |callback| system.system.subscribe(callback))
    };
    // SAFETY: the client's promise.
    unsafe { super::register(callback, context, registration, register) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsUnregisterComputeSystemCallback(registration: CallbackHandle) -> i32 {
    end_registration(registration)
}
