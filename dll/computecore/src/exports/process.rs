//! Exports that are about processes.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use hcs_abi::computecore::{EventCallback, OperationHandle};
use hcs_abi::{ProcessHandle, SystemHandle, TextIn, TextOut};
use hcs_bridge::{not_null, text, text_or_empty, without_token};
use hcs_contract::{Deadline, Error, Hresult, OperationKind, ProcessStreams, Result};

use super::{answer, deadline, give};
use crate::objects::{Process, System};
use crate::operation::{Outcome, Request};
use crate::ticket::Ticket;

/// The process is there when this returns, since its handle is.
///
/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null. So it is for all exports
/// of this file.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsCreateProcess(
    system: SystemHandle,
    parameters: TextIn,
    operation: OperationHandle,
    security: *const c_void,
    process: *mut ProcessHandle,
) -> i32 {
    let create = || {
        let about = Request { kind: Some(OperationKind::CreateProcess), system: system.addr(), process: 0 };
        Ticket::request(operation, about, |ticket| {
            let place = not_null(process)?;
            // SAFETY: not null; the client's promise.
            unsafe { place.write_unaligned(null_mut()) };
            without_token("securityDescriptor", security)?;
            let system = System::get(system)?;
            // SAFETY: the client's promise.
            let parameters = unsafe { text("processParameters", parameters)? };
            let created = system.system.create_process(&parameters, ProcessStreams::default());
            let process = hcs_bridge::Process::created(&*created.wait(Deadline::Never)?, system.system.id())?;
            let (process, handle) = Process::insert(process);
            ticket.made(|request| request.process = handle.addr());
            // SAFETY: as above.
            unsafe { place.write_unaligned(handle) };
            ticket.complete(Outcome { text: String::new(), process: Some(process) });
            Ok(())
        })
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), create) }
}

/// Whatever rights are asked for: who may reach hcsd has all.
///
/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsOpenProcess(
    system: SystemHandle,
    process_id: u32,
    _access: u32,
    process: *mut ProcessHandle,
) -> i32 {
    let open = || {
        let place = not_null(process)?;
        // SAFETY: not null; the client's promise.
        unsafe { place.write_unaligned(null_mut()) };
        let system = System::get(system)?;
        let process =
            hcs_bridge::Process::opened(system.system.open_process(process_id)?, system.system.id());
        let (_, handle) = Process::insert(process);
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
pub(super) unsafe extern "system" fn HcsCloseProcess(process: ProcessHandle) {
    hcs_bridge::answer_or((), || Process::close(process));
}

/// A request on a process, which `call` makes.
fn request(
    kind: OperationKind,
    process: ProcessHandle,
    operation: OperationHandle,
    call: impl FnOnce(&Ticket, Arc<Process>) -> Result<()>,
) -> i32 {
    let about = Request { kind: Some(kind), system: 0, process: process.addr() };
    let request = || Ticket::request(operation, about, |ticket| call(ticket, Process::get(process)?));
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), request) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsTerminateProcess(
    process: ProcessHandle,
    operation: OperationHandle,
    options: TextIn,
) -> i32 {
    // computecore has a number for signals, and none for this.
    request(OperationKind::TerminateProcess, process, operation, |ticket, process| {
        // SAFETY: the client's promise.
        let options = unsafe { text_or_empty("options", options)? };
        ticket.track(&process.process.process().terminate(&options));
        Ok(())
    })
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSignalProcess(
    process: ProcessHandle,
    operation: OperationHandle,
    options: TextIn,
) -> i32 {
    request(OperationKind::SignalProcess, process, operation, |ticket, process| {
        // SAFETY: the client's promise.
        let options = unsafe { text_or_empty("options", options)? };
        ticket.track(&process.process.process().signal(&options));
        Ok(())
    })
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetProcessInfo(
    process: ProcessHandle,
    operation: OperationHandle,
) -> i32 {
    request(OperationKind::GetProcessInfo, process, operation, |ticket, process| {
        ticket.complete(Outcome { text: String::new(), process: Some(process) });
        Ok(())
    })
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsGetProcessProperties(
    process: ProcessHandle,
    operation: OperationHandle,
    query: TextIn,
) -> i32 {
    request(OperationKind::GetProcessProperties, process, operation, |ticket, process| {
        // SAFETY: the client's promise.
        let query = unsafe { text_or_empty("propertyQuery", query)? };
        if !matches!(query.trim(), "" | "{}") {
            return Err(Error::not_supported("propertyQuery", "a process has one document of properties"));
        }
        ticket.track(&process.process.process().properties());
        Ok(())
    })
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsModifyProcess(
    process: ProcessHandle,
    operation: OperationHandle,
    settings: TextIn,
) -> i32 {
    request(OperationKind::ModifyProcess, process, operation, |ticket, process| {
        // SAFETY: the client's promise.
        let settings = unsafe { text("settings", settings)? };
        let text = process.process.modify(&settings)?;
        ticket.complete(Outcome { text, process: None });
        Ok(())
    })
}

/// # Safety
/// The callback may be called on any thread until the handle is closed.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsSetProcessCallback(
    process: ProcessHandle,
    options: u32,
    context: *mut c_void,
    callback: Option<EventCallback>,
) -> i32 {
    let set = || {
        let callback = callback.ok_or_else(|| Error::invalid_argument("callback", "it is null"))?;
        let process = Process::get(process)?;
        let subscribe = |callback| process.process.process().subscribe(callback);
        process.events.set(options, context, callback, subscribe)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), set) }
}

/// # Safety
/// As for [`HcsCreateProcess`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcsWaitForProcessExit(
    process: ProcessHandle,
    milliseconds: u32,
    result: *mut TextOut,
) -> i32 {
    let wait = || {
        let exited = Process::get(process)?.process.process().wait_exit();
        let document = exited.wait(deadline(milliseconds))?;
        // SAFETY: the client's promise.
        unsafe { give(result, &document) }
    };
    // SAFETY: the client's promise.
    unsafe { answer(result, wait) }
}
