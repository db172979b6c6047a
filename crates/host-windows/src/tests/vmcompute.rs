//! The first generation.

use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use hcs_abi::vmcompute::{self as abi, CallbackHandle, NotificationCallback};
use hcs_abi::{Handle, ProcessHandle, ProcessInformation, SystemHandle, TextIn, TextOut};
use hcs_contract::{
    ComputeSystem, Deadlines, ErrorKind, EventType, Hresult, Operation, OperationKind, ProcessStreams,
};

use super::service::{
    Allocator, Answer, PLATFORM, Service, called, given_back, information, new_handle, put, register,
    registered, tell,
};
use super::{PATIENCE, subscriber};
use crate::exports::Library;
use crate::v1::{self, V1};

const PENDING: u32 = 0xC037_0103;

unsafe extern "system" fn create(
    _: TextIn,
    _: TextIn,
    _: Handle,
    system: *mut SystemHandle,
    result: *mut TextOut,
) -> i32 {
    let answer = called("HcsCreateComputeSystem", 0);
    // SAFETY: the crate under test hands in places for both.
    unsafe { system.write(if answer.no_handle { null_mut() } else { new_handle() }) };
    put(answer.said, result, Allocator::Task);
    answer.code.cast_signed()
}

/// Any call on a system with a text.
macro_rules! acts {
    ($($function:ident = $export:literal;)*) => {$(
        unsafe extern "system" fn $function(system: SystemHandle, _: TextIn, result: *mut TextOut) -> i32 {
            let answer = called($export, system.addr());
            put(answer.said, result, Allocator::Task);
            answer.code.cast_signed()
        }
    )*};
}
acts! {
    start = "HcsStartComputeSystem";
    terminate = "HcsTerminateComputeSystem";
}

/// Registrations, unregistrations and closings, of systems and of processes.
macro_rules! ends {
    ($($register:ident $unregister:ident $close:ident = $r:literal $u:literal $c:literal;)*) => {$(
        unsafe extern "system" fn $register(
            handle: *mut c_void,
            callback: Option<NotificationCallback>,
            context: *mut c_void,
            registration: *mut CallbackHandle,
        ) -> i32 {
            let callback = callback.unwrap() as *const c_void;
            register(handle, callback.expose_provenance(), context);
            let answer = called($r, handle.addr());
            if answer.code.cast_signed() >= 0 {
                // SAFETY: the crate under test hands in a place for it.
                unsafe { registration.write(new_handle()) };
            }
            answer.code.cast_signed()
        }

        unsafe extern "system" fn $unregister(registration: CallbackHandle) -> i32 {
            called($u, 0);
            given_back(registration);
            0
        }

        unsafe extern "system" fn $close(handle: *mut c_void) -> i32 {
            called($c, handle.addr());
            given_back(handle);
            0
        }
    )*};
}
ends! {
    register_system unregister_system close_system = "HcsRegisterComputeSystemCallback" "HcsUnregisterComputeSystemCallback" "HcsCloseComputeSystem";
    register_process unregister_process close_process = "HcsRegisterProcessCallback" "HcsUnregisterProcessCallback" "HcsCloseProcess";
}

unsafe extern "system" fn create_process(
    system: SystemHandle,
    _: TextIn,
    place: *mut ProcessInformation,
    process: *mut ProcessHandle,
    result: *mut TextOut,
) -> i32 {
    let answer = called("HcsCreateProcess", system.addr());
    information(&answer, place);
    // SAFETY: the crate under test hands in a place for it.
    unsafe { process.write(if answer.no_handle { null_mut() } else { new_handle() }) };
    put(answer.said, result, Allocator::Task);
    answer.code.cast_signed()
}

unsafe extern "system" fn process_properties(
    process: ProcessHandle,
    properties: *mut TextOut,
    result: *mut TextOut,
) -> i32 {
    let answer = called("HcsGetProcessProperties", process.addr());
    put(answer.document, properties, Allocator::Task);
    put(answer.said, result, Allocator::Task);
    answer.code.cast_signed()
}

fn lookup(export: &CStr) -> Option<NonNull<c_void>> {
    let function = match export.to_str().unwrap() {
        "HcsCreateComputeSystem" => create as abi::HcsCreateComputeSystem as *const c_void,
        "HcsStartComputeSystem" => start as abi::HcsStartComputeSystem as *const c_void,
        "HcsTerminateComputeSystem" => terminate as abi::HcsTerminateComputeSystem as *const c_void,
        "HcsRegisterComputeSystemCallback" => {
            register_system as abi::HcsRegisterComputeSystemCallback as *const c_void
        }
        "HcsUnregisterComputeSystemCallback" => {
            unregister_system as abi::HcsUnregisterComputeSystemCallback as *const c_void
        }
        "HcsCloseComputeSystem" => close_system as abi::HcsCloseComputeSystem as *const c_void,
        "HcsRegisterProcessCallback" => register_process as abi::HcsRegisterProcessCallback as *const c_void,
        "HcsUnregisterProcessCallback" => {
            unregister_process as abi::HcsUnregisterProcessCallback as *const c_void
        }
        "HcsCloseProcess" => close_process as abi::HcsCloseProcess as *const c_void,
        "HcsCreateProcess" => create_process as abi::HcsCreateProcess as *const c_void,
        "HcsGetProcessProperties" => process_properties as abi::HcsGetProcessProperties as *const c_void,
        _ => return None,
    };
    NonNull::new(function.cast_mut())
}

pub(super) fn dll() -> Arc<V1> {
    V1::new(Library { name: "vmcompute.dll", lookup: Box::new(lookup) }, PLATFORM)
}

fn created() -> (Arc<dyn ComputeSystem>, Operation) {
    v1::create(&dll(), "web", "{}", &Arc::default()).unwrap()
}

/// The only system of a test is the first that is handed out.
const SYSTEM: usize = 1;

#[test]
fn a_create_is_completed_by_what_the_registration_repeats() {
    let service = Service::new();
    service.answer("HcsCreateComputeSystem", Answer { code: PENDING, said: Some("{}"), ..Answer::default() });
    let replayed = move || tell(registered(SYSTEM), 2, 0, None);
    let meanwhile: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(replayed));
    service.answer("HcsRegisterComputeSystemCallback", Answer { meanwhile, ..Answer::default() });
    let (system, operation) = created();
    operation.wait(PATIENCE).unwrap();
    drop(system);
    let log = service.log();
    let order: Vec<_> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(order[2..], ["HcsUnregisterComputeSystemCallback", "HcsCloseComputeSystem"], "{log:?}");
}

#[test]
fn what_a_failed_create_hands_out_is_given_back() {
    let service = Service::new();
    let said = r#"{"Error":-1070137073,"ErrorMessage":"taken","ErrorEvents":[{"Message":"by another"}]}"#;
    service.answer(
        "HcsCreateComputeSystem",
        Answer { code: 0xC037_010F, said: Some(said), ..Answer::default() },
    );
    let error = v1::create(&dll(), "web", "{}", &Arc::default()).unwrap_err();
    assert_eq!((error.hresult(), error.message()), (Hresult::HCS_E_SYSTEM_ALREADY_EXISTS, Some("taken")));
    assert_eq!(error.events()[0].message, "by another");
    service.until_called("HcsCloseComputeSystem");
}

#[test]
fn a_create_that_comes_after_its_deadline_is_ended_and_closed() {
    let service = Service::new();
    let (go, may_return) = channel::<()>();
    let meanwhile: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(move || may_return.recv().unwrap()));
    service.answer("HcsCreateComputeSystem", Answer { meanwhile, ..Answer::default() });
    let mut deadlines = Deadlines::default();
    deadlines.create = Duration::from_millis(10);
    let error = v1::create(&dll(), "web", "{}", &Arc::new(deadlines)).unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("web"), "{error}");
    go.send(()).unwrap();
    service.until_called("HcsTerminateComputeSystem");
    service.until_called("HcsCloseComputeSystem");
}

#[test]
fn a_system_that_can_t_be_registered_is_ended_and_closed() {
    let service = Service::new();
    service.answer("HcsRegisterComputeSystemCallback", Answer { code: 0x8007_0008, ..Answer::default() });
    assert!(v1::create(&dll(), "web", "{}", &Arc::default()).is_err());
    service.until_called("HcsTerminateComputeSystem");
}

#[test]
fn a_completion_during_its_call_completes_it_and_a_late_one_no_other() {
    let service = Service::new();
    let (system, _) = created();
    let meanwhile: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(|| tell(registered(SYSTEM), 3, 0, None)));
    service.answer("HcsStartComputeSystem", Answer { code: PENDING, meanwhile, ..Answer::default() });
    system.start("").wait(PATIENCE).unwrap();
    // One that is given up keeps its completion to itself.
    service.answer("HcsStartComputeSystem", Answer { code: PENDING, ..Answer::default() });
    let given_up = system.start("");
    assert!(given_up.wait(Duration::from_millis(10)).unwrap_err().is_timeout());
    assert!(given_up.cancel());
    service.answer("HcsStartComputeSystem", Answer { code: PENDING, ..Answer::default() });
    let next = system.start("");
    service.until_called_times("HcsStartComputeSystem", 3);
    tell(registered(SYSTEM), 3, 0xC037_0105, None);
    assert!(next.wait(Duration::from_millis(50)).unwrap_err().is_timeout());
    tell(registered(SYSTEM), 3, 0, None);
    next.wait(PATIENCE).unwrap();
}

#[test]
fn an_exit_ends_what_is_pending_and_is_told_to_all_who_wait() {
    let service = Service::new();
    let (system, _) = created();
    service.answer("HcsStartComputeSystem", Answer { code: PENDING, ..Answer::default() });
    let (start, waits) = (system.start(""), [system.wait_exit(), system.wait_exit()]);
    let (callback, told) = subscriber();
    let subscription = system.subscribe(callback).unwrap();
    service.until_called("HcsStartComputeSystem");
    tell(registered(SYSTEM), 1, 0xC037_0106, None);
    assert!(matches!(start.wait(PATIENCE).unwrap_err().kind(), ErrorKind::UnexpectedExit));
    for wait in waits {
        assert!(wait.wait(PATIENCE).unwrap().contains("UnexpectedExit"));
    }
    let notification = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(
        (notification.kind, notification.status),
        (EventType::SYSTEM_EXITED, Hresult::HCS_E_UNEXPECTED_EXIT)
    );
    drop(subscription);
    system.wait_exit().wait(PATIENCE).unwrap();
}

#[test]
fn a_disconnect_ends_every_wait_and_one_of_computecore_s_number_is_none() {
    let _service = Service::new();
    let (system, _) = created();
    let wait = system.wait_exit();
    tell(registered(SYSTEM), 0x0200_0000, 0, None);
    assert!(wait.wait(Duration::from_millis(20)).unwrap_err().is_timeout());
    tell(registered(SYSTEM), 0x0100_0000, 0, None);
    assert_eq!(wait.wait(PATIENCE).unwrap_err().code(), "service-disconnected");
    assert_eq!(system.wait_exit().wait(PATIENCE).unwrap_err().code(), "service-disconnected");
}

#[test]
fn after_the_close_a_callback_leads_to_nobody_and_waits_have_ended() {
    let service = Service::new();
    let (system, _) = created();
    let (callback, told) = subscriber();
    let subscription = system.subscribe(callback).unwrap();
    let (registration, wait) = (registered(SYSTEM), system.wait_exit());
    system.close();
    assert!(wait.wait(PATIENCE).unwrap_err().is_already_closed());
    service.until_called("HcsCloseComputeSystem");
    for context in [registration.1, 0, usize::MAX] {
        tell((registration.0, context), 1, 0, Some("no JSON \u{1F980}"));
    }
    assert!(told.try_recv().is_err());
    drop(subscription);
}

#[test]
fn what_a_failed_process_hands_out_is_given_back_and_so_is_what_nobody_takes() {
    let service = Service::new();
    let (system, _) = created();
    let refused = Answer { code: 0x8007_0002, pipes: true, said: Some("{}"), ..Answer::default() };
    service.answer("HcsCreateProcess", refused);
    let failed = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE);
    assert_eq!(failed.unwrap_err().hresult(), Hresult::ERROR_FILE_NOT_FOUND);
    service.answer("HcsCreateProcess", Answer { pipes: true, ..Answer::default() });
    let created = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE).unwrap();
    assert_eq!(created.information.pid(), 7);
    drop(created.information.take_stdin().unwrap());
}

#[test]
fn a_process_s_exit_without_a_document_is_asked_for() {
    let service = Service::new();
    let (system, _) = created();
    let created = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE).unwrap();
    let status = r#"{"ProcessId":7,"Exited":true,"ExitCode":3221225477,"LastWaitResult":0}"#;
    service.answer("HcsGetProcessProperties", Answer { document: Some(status), ..Answer::default() });
    let line = service.log().into_iter().find(|line| line.starts_with("HcsRegisterProcess")).unwrap();
    let handle = line.rsplit(' ').next().unwrap().parse().unwrap();
    tell(registered(handle), 0x0001_0000, 0, None);
    assert_eq!(created.process.wait_exit().wait(PATIENCE).unwrap(), status);
}

#[test]
fn a_missing_export_is_refused_by_name_with_the_windows_that_has_it() {
    let _service = Service::new();
    let (system, _) = created();
    let created = system.create_process("{}", ProcessStreams::default()).wait(PATIENCE).unwrap();
    let error = created.process.signal("").wait(PATIENCE).unwrap_err();
    assert_eq!(
        (error.hresult(), error.operation()),
        (Hresult::ERROR_NOT_SUPPORTED, Some(OperationKind::SignalProcess))
    );
    let text = error.to_string();
    assert!(
        text.contains("HcsSignalProcess") && text.contains("17763") && text.contains("vmcompute.dll"),
        "{text}"
    );
}
