//! Exports that are about systems.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::computecore::{EventCallback, OperationHandle};
use hcs_abi::{Handle, SystemHandle, TextIn, TextOut};
use hcs_bridge::{Document, document_for_host, host, not_null, text, text_or_empty, without_token};
use hcs_contract::{ComputeService as _, ComputeSystem, Error, Hresult, Operation, OperationKind, Result};

use super::{answer, deadline, give};
use crate::objects::System;
use crate::operation::Request;
use crate::ticket::Ticket;

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null. So it is for all exports
/// of this file.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateComputeSystem(
    id: TextIn,
    configuration: TextIn,
    operation: OperationHandle,
    security: *const c_void,
    system: *mut SystemHandle,
) -> i32 {
    let create = || {
        let request = Request { kind: Some(OperationKind::Create), ..Request::default() };
        Ticket::request(operation, request, |ticket| {
            let place = not_null(system)?;
            // SAFETY: not null; the client's promise.
            unsafe { place.write_unaligned(null_mut()) };
            without_token("securityDescriptor", security)?;
            // SAFETY: the client's promise.
            let (id, document) = unsafe { (text("id", id)?, text("configuration", configuration)?) };
            let document = document_for_host(Document::System, document)?;
            let (system, created) = host()?.create_system(&id, &document)?;
            let handle = System::insert(system);
            ticket.made(|request| request.system = handle.addr());
            // SAFETY: as above.
            unsafe { place.write_unaligned(handle) };
            ticket.track(&created);
            Ok(())
        })
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), create) }
}

/// Whatever rights are asked for: who may reach hcsd has all.
///
/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsOpenComputeSystem(
    id: TextIn,
    _access: u32,
    system: *mut SystemHandle,
) -> i32 {
    let open = || {
        let place = not_null(system)?;
        // SAFETY: not null; the client's promise.
        unsafe { place.write_unaligned(null_mut()) };
        // SAFETY: the client's promise.
        let id = unsafe { text("id", id)? };
        let handle = System::insert(host()?.open_system(&id)?);
        // SAFETY: as above.
        unsafe { place.write_unaligned(handle) };
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), open) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCloseComputeSystem(system: SystemHandle) {
    hcs_bridge::answer_or((), || System::close(system));
}

/// A request on a system, which `call` makes with the document that goes with it.
///
/// # Safety
/// As for [`HcsCreateComputeSystem`].
unsafe fn request(
    kind: OperationKind,
    system: SystemHandle,
    operation: OperationHandle,
    document: TextIn,
    call: impl FnOnce(&dyn ComputeSystem, String) -> Result<Operation>,
) -> i32 {
    let request = || {
        let about = Request { kind: Some(kind), system: system.addr(), process: 0 };
        Ticket::request(operation, about, |ticket| {
            let system = System::get(system)?;
            // SAFETY: the client's promise.
            let document = unsafe { text_or_empty("options", document)? };
            ticket.track(&call(&*system.system, document)?);
            Ok(())
        })
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), request) }
}

/// Requests that take options and nothing else.
macro_rules! requests {
    ($($name:ident: $kind:ident, $method:ident;)*) => {
        $(
            /// # Safety
            /// As for [`HcsCreateComputeSystem`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $name(
                system: SystemHandle,
                operation: OperationHandle,
                options: TextIn,
            ) -> i32 {
                let call = |system: &dyn ComputeSystem, options: String| Ok(system.$method(&options));
                // SAFETY: the client's promise.
                unsafe { request(OperationKind::$kind, system, operation, options, call) }
            }
        )*
    };
}

requests! {
    HcsStartComputeSystem: Start, start;
    HcsShutDownComputeSystem: Shutdown, shutdown;
    HcsTerminateComputeSystem: Terminate, terminate;
    HcsPauseComputeSystem: Pause, pause;
    HcsResumeComputeSystem: Resume, resume;
    HcsGetComputeSystemProperties: GetProperties, properties;
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSaveComputeSystem(
    system: SystemHandle,
    operation: OperationHandle,
    options: TextIn,
) -> i32 {
    let save = |system: &dyn ComputeSystem, options: String| {
        Ok(system.save(&document_for_host(Document::Save, options)?))
    };
    // SAFETY: the client's promise.
    unsafe { request(OperationKind::Save, system, operation, options, save) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsModifyComputeSystem(
    system: SystemHandle,
    operation: OperationHandle,
    configuration: TextIn,
    identity: Handle,
) -> i32 {
    let modify = |system: &dyn ComputeSystem, change: String| {
        without_token("identity", identity)?;
        Ok(system.modify(&document_for_host(Document::Modify, change)?))
    };
    // SAFETY: the client's promise.
    unsafe { request(OperationKind::Modify, system, operation, configuration, modify) }
}

/// # Safety
/// As for [`HcsCreateComputeSystem`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsWaitForComputeSystemExit(
    system: SystemHandle,
    milliseconds: u32,
    result: *mut TextOut,
) -> i32 {
    let wait = || {
        let document = System::get(system)?.system.wait_exit().wait(deadline(milliseconds))?;
        // SAFETY: the client's promise.
        unsafe { give(result, &document) }
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, wait) }
}

/// # Safety
/// The callback may be called on any thread until the handle is closed.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSetComputeSystemCallback(
    system: SystemHandle,
    options: u32,
    context: *mut c_void,
    callback: Option<EventCallback>,
) -> i32 {
    let set = || {
        let callback = callback.ok_or_else(|| Error::invalid_argument("callback", "it is null"))?;
        let system = System::get(system)?;
        system.events.set(options, context, callback, |callback| system.system.subscribe(callback))?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), set) }
}
