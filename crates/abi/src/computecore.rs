//! computecore.dll: the second generation. A request returns at once; its result is fetched from an operation.

use std::ffi::c_void;

use crate::{Handle, Hresult, ProcessHandle, ProcessInformation, SystemHandle, TextIn, TextOut, exports};

/// A call under way (`HCS_OPERATION`); it tracks one request at a time.
pub type OperationHandle = *mut c_void;

/// What is called when an operation completes, on a thread of the DLL's.
#[doc(alias = "HCS_OPERATION_COMPLETION")]
pub type OperationCompletion = unsafe extern "system" fn(operation: OperationHandle, context: *mut c_void);

/// What an event is delivered to, on a thread of the DLL's. The event is valid until it returns.
#[doc(alias = "HCS_EVENT_CALLBACK")]
pub type EventCallback = unsafe extern "system" fn(event: *const Event, context: *mut c_void);

/// Something that happened to a system or process (`HCS_EVENT`).
#[doc(alias = "HCS_EVENT")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// What happened: the number of an `hcs_contract::EventType`.
    pub kind: u32,
    /// A JSON document, or null.
    pub data: TextIn,
    /// The operation that this is about, or null.
    pub operation: OperationHandle,
}

/// Options of a callback for events (`HCS_EVENT_OPTIONS`): flags.
pub mod event_options {
    /// None.
    pub const NONE: u32 = 0;
    /// Operations without a callback of their own are reported as events.
    pub const OPERATION_CALLBACKS: u32 = 1;
    /// Steps in a virtual machine's life.
    pub const VM_LIFECYCLE: u32 = 2;
    /// Steps of a live migration.
    pub const LIVE_MIGRATION: u32 = 4;
}

/// What the platform's callers ask for when they open something: every right.
pub const GENERIC_ALL: u32 = 0x1000_0000;

/// "No limit" of the functions that wait, in milliseconds.
pub const INFINITE: u32 = 0xFFFF_FFFF;

exports! {
    /// Makes an operation, with a callback or none. Null: failed, with a last error.
    fn HcsCreateOperation(context: *mut c_void, callback: Option<OperationCompletion>) -> OperationHandle;
    /// The same with a callback for events of these kinds.
    fn HcsCreateOperationWithNotifications(
        kinds: u32,
        context: *mut c_void,
        callback: Option<EventCallback>,
    ) -> OperationHandle;
    /// Closes it; a request that goes on does so unwatched.
    fn HcsCloseOperation(operation: OperationHandle);
    /// The context that it was made with, or that was set since.
    fn HcsGetOperationContext(operation: OperationHandle) -> *mut c_void;
    /// Sets the context.
    fn HcsSetOperationContext(operation: OperationHandle, context: *mut c_void) -> Hresult;
    /// Sets context and callback, before a request.
    fn HcsSetOperationCallback(
        operation: OperationHandle,
        context: *mut c_void,
        callback: Option<OperationCompletion>,
    ) -> Hresult;
    /// A number of its own.
    fn HcsGetOperationId(operation: OperationHandle) -> u64;
    /// What it tracks: a number of `hcs_contract::OperationKind`.
    fn HcsGetOperationType(operation: OperationHandle) -> i32;
    /// The system that it tracks a request of.
    fn HcsGetComputeSystemFromOperation(operation: OperationHandle) -> SystemHandle;
    /// The process that it tracks a request of.
    fn HcsGetProcessFromOperation(operation: OperationHandle) -> ProcessHandle;
    /// Ends the request, where it can be ended.
    fn HcsCancelOperation(operation: OperationHandle) -> Hresult;
    /// Further properties of the operation.
    fn HcsGetOperationProperties(
        operation: OperationHandle,
        options: TextIn,
        properties: *mut TextOut,
    ) -> Hresult;
    /// The result, if it is there.
    fn HcsGetOperationResult(operation: OperationHandle, result: *mut TextOut) -> Hresult;
    /// The result of what gives a process, if it is there.
    fn HcsGetOperationResultAndProcessInfo(
        operation: OperationHandle,
        information: *mut ProcessInformation,
        result: *mut TextOut,
    ) -> Hresult;
    /// Waits so many milliseconds for the result.
    fn HcsWaitForOperationResult(
        operation: OperationHandle,
        milliseconds: u32,
        result: *mut TextOut,
    ) -> Hresult;
    /// The same for what gives a process.
    fn HcsWaitForOperationResultAndProcessInfo(
        operation: OperationHandle,
        milliseconds: u32,
        information: *mut ProcessInformation,
        result: *mut TextOut,
    ) -> Hresult;
    /// Gives the request a file, job or socket.
    fn HcsAddResourceToOperation(
        operation: OperationHandle,
        kind: u32,
        uri: TextIn,
        handle: Handle,
    ) -> Hresult;
    /// Creates a system.
    fn HcsCreateComputeSystem(
        id: TextIn,
        configuration: TextIn,
        operation: OperationHandle,
        security: *const c_void,
        system: *mut SystemHandle,
    ) -> Hresult;
    /// Creates a system in a namespace of ids.
    fn HcsCreateComputeSystemInNamespace(
        namespace: TextIn,
        id: TextIn,
        configuration: TextIn,
        operation: OperationHandle,
        options: *const c_void,
        system: *mut SystemHandle,
    ) -> Hresult;
    /// Opens a further handle of a system.
    fn HcsOpenComputeSystem(id: TextIn, access: u32, system: *mut SystemHandle) -> Hresult;
    /// Opens a system in a namespace of ids.
    fn HcsOpenComputeSystemInNamespace(
        namespace: TextIn,
        id: TextIn,
        access: u32,
        system: *mut SystemHandle,
    ) -> Hresult;
    /// Closes a handle.
    fn HcsCloseComputeSystem(system: SystemHandle);
    /// Lists systems.
    fn HcsEnumerateComputeSystems(query: TextIn, operation: OperationHandle) -> Hresult;
    /// Lists the systems in a namespace of ids.
    fn HcsEnumerateComputeSystemsInNamespace(
        namespace: TextIn,
        query: TextIn,
        operation: OperationHandle,
    ) -> Hresult;
    /// Starts it.
    fn HcsStartComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Asks it to shut down. (The capital D is the export's.)
    fn HcsShutDownComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Ends it at once.
    fn HcsTerminateComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Makes its kernel crash.
    fn HcsCrashComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Freezes it.
    fn HcsPauseComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Thaws it.
    fn HcsResumeComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Saves its state.
    fn HcsSaveComputeSystem(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Asks for properties.
    fn HcsGetComputeSystemProperties(system: SystemHandle, operation: OperationHandle, query: TextIn) -> Hresult;
    /// Changes it; `identity` is a token or null.
    fn HcsModifyComputeSystem(
        system: SystemHandle,
        operation: OperationHandle,
        configuration: TextIn,
        identity: Handle,
    ) -> Hresult;
    /// Waits so many milliseconds for its exit.
    fn HcsWaitForComputeSystemExit(system: SystemHandle, milliseconds: u32, result: *mut TextOut) -> Hresult;
    /// Sets what its events are delivered to, once.
    fn HcsSetComputeSystemCallback(
        system: SystemHandle,
        options: u32,
        context: *mut c_void,
        callback: Option<EventCallback>,
    ) -> Hresult;
    /// Starts a process.
    fn HcsCreateProcess(
        system: SystemHandle,
        parameters: TextIn,
        operation: OperationHandle,
        security: *const c_void,
        process: *mut ProcessHandle,
    ) -> Hresult;
    /// Opens a process by its number within the system.
    fn HcsOpenProcess(
        system: SystemHandle,
        process_id: u32,
        access: u32,
        process: *mut ProcessHandle,
    ) -> Hresult;
    /// Closes a handle.
    fn HcsCloseProcess(process: ProcessHandle);
    /// Ends it at once.
    fn HcsTerminateProcess(process: ProcessHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Signals it.
    fn HcsSignalProcess(process: ProcessHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Its number and standard streams.
    fn HcsGetProcessInfo(process: ProcessHandle, operation: OperationHandle) -> Hresult;
    /// Its state.
    fn HcsGetProcessProperties(process: ProcessHandle, operation: OperationHandle, query: TextIn) -> Hresult;
    /// Changes it.
    fn HcsModifyProcess(process: ProcessHandle, operation: OperationHandle, settings: TextIn) -> Hresult;
    /// Sets what its events are delivered to, once.
    fn HcsSetProcessCallback(
        process: ProcessHandle,
        options: u32,
        context: *mut c_void,
        callback: Option<EventCallback>,
    ) -> Hresult;
    /// Waits so many milliseconds for its exit.
    fn HcsWaitForProcessExit(process: ProcessHandle, milliseconds: u32, result: *mut TextOut) -> Hresult;
    /// Asks the service for its properties.
    fn HcsGetServiceProperties(query: TextIn, result: *mut TextOut) -> Hresult;
    /// Changes the service's settings.
    fn HcsModifyServiceSettings(settings: TextIn, result: *mut TextOut) -> Hresult;
    /// Reports a crash.
    fn HcsSubmitWerReport(settings: TextIn) -> Hresult;
    /// Makes the file of a virtual machine's guest state.
    fn HcsCreateEmptyGuestStateFile(path: TextIn) -> Hresult;
    /// Makes the file of a virtual machine's run-time state.
    fn HcsCreateEmptyRuntimeStateFile(path: TextIn) -> Hresult;
    /// Lets a virtual machine open a file.
    fn HcsGrantVmAccess(id: TextIn, path: TextIn) -> Hresult;
    /// Takes that back.
    fn HcsRevokeVmAccess(id: TextIn, path: TextIn) -> Hresult;
    /// Lets every virtual machine open a file.
    fn HcsGrantVmGroupAccess(path: TextIn) -> Hresult;
    /// Takes that back.
    fn HcsRevokeVmGroupAccess(path: TextIn) -> Hresult;
    /// Which processor features a saved state needs.
    fn HcsGetProcessorCompatibilityFromSavedState(path: TextIn, features: *mut TextOut) -> Hresult;
    /// Live migration: at the source, before it.
    fn HcsInitializeLiveMigrationOnSource(
        system: SystemHandle,
        operation: OperationHandle,
        options: TextIn,
    ) -> Hresult;
    /// Live migration: begins at the source.
    fn HcsStartLiveMigrationOnSource(
        system: SystemHandle,
        operation: OperationHandle,
        options: TextIn,
    ) -> Hresult;
    /// Live migration: the memory goes over.
    fn HcsStartLiveMigrationTransfer(
        system: SystemHandle,
        operation: OperationHandle,
        options: TextIn,
    ) -> Hresult;
    /// Live migration: ends.
    fn HcsFinalizeLiveMigration(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
    /// Live migration: is given up.
    fn HcsCancelLiveMigration(system: SystemHandle, operation: OperationHandle, options: TextIn) -> Hresult;
}
