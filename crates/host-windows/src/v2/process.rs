//! Processes by computecore.dll.

use std::sync::Arc;

use hcs_abi::TextIn;
use hcs_abi::computecore::OperationHandle;
use hcs_contract::{
    Callback, ComputeProcess, Object, ObjectKind, Operation, OperationKind, ProcessInformation, Result,
    Subscription,
};

use super::handle::{Handle, operate};
use crate::text::Wide;
use crate::watched::Watched;

/// A handle of a process.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    watched: Arc<Watched<Handle>>,
}

impl Process {
    /// Of a handle that a call gave. Blocks: the service is told whom to tell.
    pub(super) fn new(handle: Handle, system: &str, pid: u32) -> Result<Self> {
        let this = Self { pid, watched: Watched::new(Object::process(system, pid)) };
        let handle = Arc::new(handle);
        this.watched.opened(Arc::clone(&handle));
        handle.register(&this.watched)?;
        Ok(this)
    }

    /// A call that takes a process and a text.
    fn act(
        &self,
        kind: OperationKind,
        text: &str,
        export: impl FnOnce(&Handle) -> Result<Export>,
    ) -> Operation {
        let make = |process: &Handle, operation| {
            let (call, text) = (export(process)?, Wide::document(text)?);
            // Options may be absent; what to change must be said.
            let pointer = match kind {
                OperationKind::ModifyProcess => text.as_ptr(),
                _ => text.as_optional_ptr(),
            };
            // SAFETY: the handle is open as long as `process` is; the operation is open and tracks nothing else; the text is
            // null or ended by NUL, and outlives the call.
            Ok((unsafe { call(process.raw(), operation, pointer) }, ()))
        };
        operate(&self.watched, kind, "", make, |(), flight| flight.optional_document(ObjectKind::Process))
    }
}

/// The exports that take a process and a text.
type Export = unsafe extern "system" fn(hcs_abi::ProcessHandle, OperationHandle, TextIn) -> i32;

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn terminate(&self, options: &str) -> Operation {
        let export = |process: &Handle| process.dll().exports.HcsTerminateProcess();
        self.act(OperationKind::TerminateProcess, options, export)
    }

    fn signal(&self, options: &str) -> Operation {
        let export = |process: &Handle| process.dll().exports.HcsSignalProcess();
        self.act(OperationKind::SignalProcess, options, export)
    }

    fn modify(&self, settings: &str) -> Operation {
        let export = |process: &Handle| process.dll().exports.HcsModifyProcess();
        self.act(OperationKind::ModifyProcess, settings, export)
    }

    fn properties(&self) -> Operation {
        let export = |process: &Handle| process.dll().exports.HcsGetProcessProperties();
        self.act(OperationKind::GetProcessProperties, "", export)
    }

    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        let make = |process: &Handle, operation| {
            let call = process.dll().exports.HcsGetProcessInfo()?;
            // SAFETY: the handle is open as long as `process` is; the operation is open and tracks nothing else.
            Ok((unsafe { call(process.raw(), operation) }, ()))
        };
        operate(&self.watched, OperationKind::GetProcessInfo, "", make, |(), flight| {
            flight.information(ObjectKind::Process).map(|information| Arc::new(information.into_streams()))
        })
    }

    fn wait_exit(&self) -> Operation {
        self.watched.wait_exit(OperationKind::WaitProcessExit)
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.watched.subscribe(callback)
    }

    fn close(&self) {
        self.watched.close();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.watched.close();
    }
}
