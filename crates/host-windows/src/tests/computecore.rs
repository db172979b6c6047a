//! The second generation.

use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use hcs_abi::computecore::{
    self as abi, Event, EventCallback, OperationCompletion, OperationHandle, event_options,
};
use hcs_abi::{ProcessHandle, ProcessInformation, SystemHandle, TextIn, TextOut};
use hcs_contract::{ComputeSystem, EventType, Hresult, Operation, ProcessStreams};

use super::service::{
    Allocator, Answer, PLATFORM, Service, called, given_back, information, new_handle, put, register,
    registered,
};
use super::{PATIENCE, subscriber};
use crate::exports::Library;
use crate::v2::{self, V2};

unsafe extern "system" fn create_operation(
    context: *mut c_void,
    callback: Option<OperationCompletion>,
) -> OperationHandle {
    let answer = called("HcsCreateOperation", 0);
    if answer.no_handle {
        return null_mut();
    }
    let operation = new_handle();
    register(operation, (callback.unwrap() as *const c_void).expose_provenance(), context);
    operation
}

unsafe extern "system" fn close_operation(operation: OperationHandle) {
    called("HcsCloseOperation", operation.addr());
    given_back(operation);
}

unsafe extern "system" fn cancel_operation(operation: OperationHandle) -> i32 {
    called("HcsCancelOperation", operation.addr()).code.cast_signed()
}

unsafe extern "system" fn result(operation: OperationHandle, text: *mut TextOut) -> i32 {
    let answer = called("HcsGetOperationResult", operation.addr());
    put(answer.said, text, Allocator::Local);
    answer.code.cast_signed()
}

unsafe extern "system" fn result_and_process(
    operation: OperationHandle,
    place: *mut ProcessInformation,
    text: *mut TextOut,
) -> i32 {
    let answer = called("HcsGetOperationResultAndProcessInfo", operation.addr());
    information(&answer, place);
    put(answer.said, text, Allocator::Local);
    answer.code.cast_signed()
}

/// The operation has completed: on whatever thread this is.
fn complete(operation: usize) {
    let (callback, context) = registered(operation);
    let callback: *const c_void = std::ptr::with_exposed_provenance(callback);
    // SAFETY: the number is the address of the callback that the operation was made with.
    let callback = unsafe { std::mem::transmute::<*const c_void, OperationCompletion>(callback) };
    // SAFETY: the callback takes any operation and any context.
    unsafe {
        callback(std::ptr::without_provenance_mut(operation), std::ptr::without_provenance_mut(context));
    }
}

/// Answers a request: it completes at once, on another thread, unless something else is to happen meanwhile.
fn request(export: &'static str, on: usize, operation: OperationHandle) -> i32 {
    let answer = called(export, on);
    let number = operation.addr();
    if answer.code.cast_signed() >= 0 && !answer.pipes {
        std::thread::spawn(move || complete(number));
    }
    answer.code.cast_signed()
}

unsafe extern "system" fn create(
    _: TextIn,
    _: TextIn,
    operation: OperationHandle,
    _: *const c_void,
    system: *mut SystemHandle,
) -> i32 {
    // SAFETY: the crate under test hands in a place for it.
    unsafe { system.write(new_handle()) };
    request("HcsCreateComputeSystem", 0, operation)
}

unsafe extern "system" fn start(system: SystemHandle, operation: OperationHandle, _: TextIn) -> i32 {
    request("HcsStartComputeSystem", system.addr(), operation)
}

unsafe extern "system" fn close_system(system: SystemHandle) {
    called("HcsCloseComputeSystem", system.addr());
    given_back(system);
}

unsafe extern "system" fn set_callback(
    handle: *mut c_void,
    options: u32,
    context: *mut c_void,
    callback: Option<EventCallback>,
) -> i32 {
    assert_eq!(options, event_options::NONE, "operations have callbacks, which others exclude");
    register(handle, (callback.unwrap() as *const c_void).expose_provenance(), context);
    called("HcsSetCallback", handle.addr()).code.cast_signed()
}

unsafe extern "system" fn create_process(
    system: SystemHandle,
    _: TextIn,
    operation: OperationHandle,
    _: *const c_void,
    process: *mut ProcessHandle,
) -> i32 {
    // SAFETY: the crate under test hands in a place for it.
    unsafe { process.write(new_handle()) };
    request("HcsCreateProcess", system.addr(), operation)
}

unsafe extern "system" fn process_properties(
    process: ProcessHandle,
    operation: OperationHandle,
    _: TextIn,
) -> i32 {
    request("HcsGetProcessProperties", process.addr(), operation)
}

unsafe extern "system" fn close_process(process: ProcessHandle) {
    called("HcsCloseProcess", process.addr());
    given_back(process);
}

fn lookup(export: &CStr) -> Option<NonNull<c_void>> {
    let function = match export.to_str().unwrap() {
        "HcsCreateOperation" => create_operation as abi::HcsCreateOperation as *const c_void,
        "HcsCloseOperation" => close_operation as abi::HcsCloseOperation as *const c_void,
        "HcsCancelOperation" => cancel_operation as abi::HcsCancelOperation as *const c_void,
        "HcsGetOperationResult" => result as abi::HcsGetOperationResult as *const c_void,
        "HcsGetOperationResultAndProcessInfo" => {
            result_and_process as abi::HcsGetOperationResultAndProcessInfo as *const c_void
        }
        "HcsCreateComputeSystem" => create as abi::HcsCreateComputeSystem as *const c_void,
        "HcsStartComputeSystem" => start as abi::HcsStartComputeSystem as *const c_void,
        "HcsCloseComputeSystem" => close_system as abi::HcsCloseComputeSystem as *const c_void,
        "HcsSetComputeSystemCallback" => set_callback as abi::HcsSetComputeSystemCallback as *const c_void,
        "HcsCreateProcess" => create_process as abi::HcsCreateProcess as *const c_void,
        "HcsGetProcessProperties" => process_properties as abi::HcsGetProcessProperties as *const c_void,
        "HcsCloseProcess" => close_process as abi::HcsCloseProcess as *const c_void,
        "HcsSetProcessCallback" => set_callback as abi::HcsSetProcessCallback as *const c_void,
        _ => return None,
    };
    NonNull::new(function.cast_mut())
}

pub(super) fn dll() -> Arc<V2> {
    V2::new(Library { name: "computecore.dll", lookup: Box::new(lookup) }, PLATFORM)
}

fn create_web() -> (Arc<dyn ComputeSystem>, Operation) {
    v2::create(&dll(), "web", "{}", &Arc::default()).unwrap()
}

fn created() -> Arc<dyn ComputeSystem> {
    let (system, operation) = create_web();
    operation.wait(PATIENCE).unwrap();
    system
}

/// The number of the handle on which an export was called first.
fn handle_of(service: &Service, export: &str) -> usize {
    let log = service.log();
    let line = log.iter().find(|line| line.starts_with(export)).unwrap_or_else(|| panic!("{log:?}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn tell(handle: usize, kind: u32, data: Option<&str>) {
    let (callback, context) = registered(handle);
    let callback: *const c_void = std::ptr::with_exposed_provenance(callback);
    // SAFETY: the number is the address of the callback that was set for the handle.
    let callback = unsafe { std::mem::transmute::<*const c_void, EventCallback>(callback) };
    let data: Option<Vec<u16>> = data.map(|data| data.encode_utf16().chain([0]).collect());
    let data = data.as_ref().map_or(std::ptr::null(), Vec::as_ptr);
    let event = Event { kind, data, operation: null_mut() };
    // SAFETY: the event and its text outlive the call.
    unsafe { callback(&raw const event, std::ptr::without_provenance_mut(context)) };
}

#[test]
fn every_operation_and_every_text_is_given_back() {
    let service = Service::new();
    let system = created();
    service.answer("HcsGetOperationResult", Answer { said: Some(r#"{"x":1}"#), ..Answer::default() });
    assert_eq!(system.start("").wait(PATIENCE).unwrap(), r#"{"x":1}"#);
    drop(system);
    service.until_called("HcsCloseComputeSystem");
    service.until_called_times("HcsCloseOperation", 2);
}

#[test]
fn a_refused_request_has_the_service_s_words_and_a_late_callback_finds_nothing() {
    let service = Service::new();
    let system = created();
    service.answer("HcsStartComputeSystem", Answer { code: 0x8037_0105, ..Answer::default() });
    let said = r#"{"Error":-2143878907,"ErrorMessage":"not now"}"#;
    service
        .answer("HcsGetOperationResult", Answer { code: 0x8037_0105, said: Some(said), ..Answer::default() });
    let error = system.start("").wait(PATIENCE).unwrap_err();
    assert!(error.is_operation_invalid_state());
    assert_eq!(error.message(), Some("not now"));
    let log = service.log();
    let asked: Vec<_> = log.iter().filter(|line| line.starts_with("HcsGetOperationResult")).collect();
    complete(asked[1].rsplit(' ').next().unwrap().parse().unwrap());
}

#[test]
fn a_failure_of_the_operation_is_that_of_the_call() {
    let service = Service::new();
    let system = created();
    service.answer("HcsGetOperationResult", Answer { code: 0x8037_0110, ..Answer::default() });
    assert!(system.start("").wait(PATIENCE).unwrap_err().is_already_stopped());
}

#[test]
fn a_completion_before_the_request_has_returned_is_not_lost() {
    let service = Service::new();
    let system = created();
    // Of the second operation, whose handle is the third that is handed out.
    let meanwhile: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(|| complete(3)));
    service.answer("HcsStartComputeSystem", Answer { meanwhile, pipes: true, ..Answer::default() });
    system.start("").wait(PATIENCE).unwrap();
    assert_eq!(handle_of(&service, "HcsStartComputeSystem"), 2);
}

#[test]
fn a_cancelled_call_is_cancelled_there_and_its_operation_closed_when_it_completes() {
    let service = Service::new();
    let system = created();
    // It does not complete by itself.
    service.answer("HcsStartComputeSystem", Answer { pipes: true, ..Answer::default() });
    let start = system.start("");
    assert!(start.cancel());
    service.until_called("HcsCancelOperation");
    complete(handle_of(&service, "HcsCancelOperation"));
    service.until_called_times("HcsCloseOperation", 2);
}

#[test]
fn without_an_operation_the_call_fails_and_nothing_is_asked() {
    let service = Service::new();
    let system = created();
    service.answer("HcsCreateOperation", Answer { no_handle: true, ..Answer::default() });
    assert_eq!(system.start("").wait(PATIENCE).unwrap_err().code(), "os-failure");
    assert!(!service.log().iter().any(|line| line.starts_with("HcsStart")));
}

#[test]
fn a_process_whose_operation_fails_leaves_neither_handle_nor_pipes() {
    let service = Service::new();
    let system = created();
    let refused = Answer { code: 0x8007_0002, pipes: true, ..Answer::default() };
    service.answer("HcsGetOperationResultAndProcessInfo", refused);
    let failed = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE);
    assert_eq!(failed.unwrap_err().hresult(), Hresult::ERROR_FILE_NOT_FOUND);
    service.until_called("HcsCloseProcess");
}

#[test]
fn a_process_s_exit_without_a_document_is_asked_for() {
    let service = Service::new();
    let system = created();
    let created = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE).unwrap();
    let handles: Vec<_> =
        service.log().into_iter().filter(|line| line.starts_with("HcsSetCallback")).collect();
    let process = handles[1].rsplit(' ').next().unwrap().parse().unwrap();
    let status = r#"{"ProcessId":7,"Exited":true,"ExitCode":5,"LastWaitResult":0}"#;
    service.answer("HcsGetOperationResult", Answer { said: Some(status), ..Answer::default() });
    tell(process, EventType::PROCESS_EXITED.0, None);
    assert_eq!(created.process.wait_exit().wait(PATIENCE).unwrap(), status);
}

#[test]
fn events_have_computecore_s_numbers() {
    let service = Service::new();
    let system = created();
    let (callback, told) = subscriber();
    let subscription = system.subscribe(callback).unwrap();
    let handle = handle_of(&service, "HcsSetCallback");
    // In vmcompute's numbers this is "create completed", and the next one is "service gone".
    tell(handle, 0x2, None);
    tell(handle, 0x0100_0000, None);
    let exit = r#"{"Status":-2143878906,"ExitType":"UnexpectedExit"}"#;
    tell(handle, 0x1, Some(exit));
    tell(handle, 0x0200_0000, None);
    let kinds = [(); 4].map(|()| {
        let notification = told.recv_timeout(PATIENCE).unwrap();
        (notification.kind, notification.status)
    });
    let ok = Hresult::S_OK;
    assert_eq!(
        kinds,
        [
            (EventType::SYSTEM_CRASH_INITIATED, ok),
            (EventType::OPERATION_CALLBACK, ok),
            (EventType::SYSTEM_EXITED, Hresult::HCS_E_UNEXPECTED_EXIT),
            (EventType::SERVICE_DISCONNECT, ok),
        ]
    );
    assert_eq!(system.wait_exit().wait(PATIENCE).unwrap(), exit);
    drop(subscription);
}
