//! Exports that are about processes.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::vmcompute::{CallbackHandle, NotificationCallback};
use hcs_abi::{ProcessHandle, ProcessInformation, SystemHandle, TextIn, TextOut};
use hcs_bridge::{Out, text, text_or_empty};
use hcs_contract::{Deadline, Hresult, ProcessStreams};

use super::{GENERATION, answer, end_registration};
use crate::process::Process;
use crate::system::System;

/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null. So it is for all exports
/// of this file.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateProcess(
    system: SystemHandle,
    parameters: TextIn,
    information: *mut ProcessInformation,
    process: *mut ProcessHandle,
    result: *mut TextOut,
) -> i32 {
    let create = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(process, null_mut())? };
        // SAFETY: as above.
        let out = unsafe { Out::new(information, ProcessInformation::EMPTY)? };
        let system = System::get(system)?;
        // SAFETY: the client's promise.
        let parameters = unsafe { text("parameters", parameters)? };
        let created = system.system.create_process(&parameters, ProcessStreams::default());
        let process = hcs_bridge::Process::created(&*created.wait(Deadline::Never)?, system.system.id())?;
        out.set(process.information()?);
        place.set(Process::insert(process));
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, create) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsOpenProcess(
    system: SystemHandle,
    process_id: u32,
    process: *mut ProcessHandle,
    result: *mut TextOut,
) -> i32 {
    let open = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(process, null_mut())? };
        let system = System::get(system)?;
        let process =
            hcs_bridge::Process::opened(system.system.open_process(process_id)?, system.system.id());
        place.set(Process::insert(process));
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, open) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCloseProcess(process: ProcessHandle) -> i32 {
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), || Process::close(process).map(|()| Hresult::S_OK)) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsTerminateProcess(
    process: ProcessHandle,
    result: *mut TextOut,
) -> i32 {
    let terminate = || {
        Process::get(process)?.process.process().terminate("").wait(Deadline::Never)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, terminate) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSignalProcess(
    process: ProcessHandle,
    options: TextIn,
    result: *mut TextOut,
) -> i32 {
    let signal = || {
        let process = Process::get(process)?;
        // SAFETY: the client's promise.
        let options = unsafe { text_or_empty("options", options)? };
        process.process.process().signal(&options).wait(Deadline::Never)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, signal) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetProcessInfo(
    process: ProcessHandle,
    information: *mut ProcessInformation,
    result: *mut TextOut,
) -> i32 {
    let get = || {
        // SAFETY: the client's promise.
        let out = unsafe { Out::new(information, ProcessInformation::EMPTY)? };
        let information = Process::get(process)?.process.information()?;
        out.set(information);
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, get) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetProcessProperties(
    process: ProcessHandle,
    properties: *mut TextOut,
    result: *mut TextOut,
) -> i32 {
    let get = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(properties, null_mut())? };
        let status = Process::get(process)?.process.process().properties().wait(Deadline::Never)?;
        place.give(GENERATION, &status)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, get) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsModifyProcess(
    process: ProcessHandle,
    settings: TextIn,
    result: *mut TextOut,
) -> i32 {
    let modify = || {
        let process = Process::get(process)?;
        // SAFETY: the client's promise.
        let settings = unsafe { text("settings", settings)? };
        process.process.modify(&settings)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, modify) }
}

/// # Safety
/// As for [`HcsCreateProcess`]; the callback may be called on any thread until it is unregistered.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsRegisterProcessCallback(
    process: ProcessHandle,
    callback: Option<NotificationCallback>,
    context: *mut c_void,
    registration: *mut CallbackHandle,
) -> i32 {
    let register = |callback| {
        let process = Process::get(process)?;
        let subscribe = |callback| process.process.process().subscribe(callback);
        process.watchers.register(callback, subscribe)
    };
    // SAFETY: the client's promise.
    unsafe { super::register(callback, context, registration, register) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsUnregisterProcessCallback(registration: CallbackHandle) -> i32 {
    end_registration(registration)
}
