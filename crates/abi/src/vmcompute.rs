//! vmcompute.dll: the first generation. What takes long answers "pending" (0xC0370103) and completes by notification.
//!
//! Every function with a `result` sets it to a result document or null, whether it fails or not. The list of
//! [`OTHER_DOMAINS`] has what the same DLL exports for layers.

use std::ffi::c_void;

use crate::computenetwork::Answer;
use crate::{Hresult, ProcessHandle, ProcessInformation, SystemHandle, TextIn, TextOut, exports};

/// A registration for notifications (`HCS_CALLBACK`).
pub type CallbackHandle = *mut c_void;

/// What a notification is delivered to: its number, the context of the registration, a status, and a document or null.
///
/// It runs on a thread of the DLL's and must not block. The document is valid until it returns.
#[doc(alias = "HCS_NOTIFICATION_CALLBACK")]
pub type NotificationCallback =
    unsafe extern "system" fn(notification: u32, context: *mut c_void, status: Hresult, data: TextIn);

exports! {
    /// Lists systems: a `ComputeSystemQuery` in, an array of basic properties out.
    fn HcsEnumerateComputeSystems(query: TextIn, systems: *mut TextOut, result: *mut TextOut) -> Hresult;
    /// Creates a system; `identity` is null. The handle is valid also when this answers "pending".
    fn HcsCreateComputeSystem(
        id: TextIn,
        configuration: TextIn,
        identity: crate::Handle,
        system: *mut SystemHandle,
        result: *mut TextOut,
    ) -> Hresult;
    /// Opens a further handle of a system.
    fn HcsOpenComputeSystem(id: TextIn, system: *mut SystemHandle, result: *mut TextOut) -> Hresult;
    /// Closes a handle.
    fn HcsCloseComputeSystem(system: SystemHandle) -> Hresult;
    /// Starts it; completes as notification 3.
    fn HcsStartComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Asks it to shut down; completes as notification 1.
    fn HcsShutdownComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Ends it at once; completes as notification 1.
    fn HcsTerminateComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Freezes it; completes as notification 4.
    fn HcsPauseComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Thaws it; completes as notification 5.
    fn HcsResumeComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Saves its state; completes as notification 8.
    fn HcsSaveComputeSystem(system: SystemHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Asks for properties: a `PropertyQuery` in.
    fn HcsGetComputeSystemProperties(
        system: SystemHandle,
        query: TextIn,
        properties: *mut TextOut,
        result: *mut TextOut,
    ) -> Hresult;
    /// Changes it.
    fn HcsModifyComputeSystem(system: SystemHandle, configuration: TextIn, result: *mut TextOut) -> Hresult;
    /// Registers for the system's notifications; what has happened before is delivered then.
    fn HcsRegisterComputeSystemCallback(
        system: SystemHandle,
        callback: Option<NotificationCallback>,
        context: *mut c_void,
        registration: *mut CallbackHandle,
    ) -> Hresult;
    /// Ends a registration; returns when running callbacks have returned.
    fn HcsUnregisterComputeSystemCallback(registration: CallbackHandle) -> Hresult;
    /// Starts a process.
    fn HcsCreateProcess(
        system: SystemHandle,
        parameters: TextIn,
        information: *mut ProcessInformation,
        process: *mut ProcessHandle,
        result: *mut TextOut,
    ) -> Hresult;
    /// Opens a process by its number within the system.
    fn HcsOpenProcess(
        system: SystemHandle,
        process_id: u32,
        process: *mut ProcessHandle,
        result: *mut TextOut,
    ) -> Hresult;
    /// Closes a handle.
    fn HcsCloseProcess(process: ProcessHandle) -> Hresult;
    /// Ends it at once.
    fn HcsTerminateProcess(process: ProcessHandle, result: *mut TextOut) -> Hresult;
    /// Signals it (Windows 10.0.17763 and later).
    fn HcsSignalProcess(process: ProcessHandle, options: TextIn, result: *mut TextOut) -> Hresult;
    /// Its number, and new handles of its standard streams with each call.
    fn HcsGetProcessInfo(
        process: ProcessHandle,
        information: *mut ProcessInformation,
        result: *mut TextOut,
    ) -> Hresult;
    /// Its state, as a `ProcessStatus`.
    fn HcsGetProcessProperties(
        process: ProcessHandle,
        properties: *mut TextOut,
        result: *mut TextOut,
    ) -> Hresult;
    /// Changes it: console size, closing its input.
    fn HcsModifyProcess(process: ProcessHandle, settings: TextIn, result: *mut TextOut) -> Hresult;
    /// Asks the service for its properties.
    fn HcsGetServiceProperties(query: TextIn, properties: *mut TextOut, result: *mut TextOut) -> Hresult;
    /// Changes the service's settings.
    fn HcsModifyServiceSettings(settings: TextIn, result: *mut TextOut) -> Hresult;
    /// Registers for the process's notifications; an exit that has happened is delivered then.
    fn HcsRegisterProcessCallback(
        process: ProcessHandle,
        callback: Option<NotificationCallback>,
        context: *mut c_void,
        registration: *mut CallbackHandle,
    ) -> Hresult;
    /// Ends a registration; returns when running callbacks have returned.
    fn HcsUnregisterProcessCallback(registration: CallbackHandle) -> Hresult;
    /// A request of HNS v1, such as `GET`, `/networks/` and an empty text; the answer is its envelope.
    fn HNSCall(method: TextIn, path: TextIn, object: TextIn, response: *mut TextOut) -> Answer;
}

/// What the DLL exports for layers beside the compute service.
pub const OTHER_DOMAINS: &[&str] = &[
    "ActivateLayer",
    "CopyLayer",
    "CreateLayer",
    "CreateSandboxLayer",
    "DeactivateLayer",
    "DestroyLayer",
    "ExpandSandboxSize",
    "ExportLayer",
    "GetBaseImages",
    "GetLayerMountPath",
    "GrantVmAccess",
    "ImportLayer",
    "LayerExists",
    "NameToGuid",
    "PrepareLayer",
    "ProcessBaseImage",
    "ProcessUtilityImage",
    "UnprepareLayer",
];
