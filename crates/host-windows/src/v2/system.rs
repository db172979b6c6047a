//! Systems by computecore.dll.

use std::ptr::{null, null_mut};
use std::sync::Arc;

use hcs_abi::TextIn;
use hcs_abi::computecore::{GENERIC_ALL, OperationHandle};
use hcs_contract::{
    Callback, ComputeProcess, ComputeSystem, CreatedProcess, Deadlines, Error, Object, ObjectKind, Operation,
    OperationKind, ProcessStreams, Result, Subscription,
};

use super::handle::{Handle, operate};
use super::operation::Canceller;
use super::process::Process;
use super::{V2, no_handle};
use crate::exports::success;
use crate::kind::Kind;
use crate::text::Wide;
use crate::watched::{PIPES, Watched, blocking};

/// A handle of a system.
#[derive(Debug)]
pub(crate) struct System {
    id: String,
    watched: Arc<Watched<Handle>>,
    deadlines: Arc<Deadlines>,
}

/// Creates a system. Its handle is there when the request is accepted; whom to tell the service learns when the system is
/// made.
pub(crate) fn create(
    dll: &Arc<V2>,
    id: &str,
    document: &str,
    deadlines: &Arc<Deadlines>,
) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
    let (wide_id, wide_document) = (Wide::id(id)?, Wide::document(document)?);
    let system = System::new(id, deadlines);
    let (operation, call) = system.watched.begin(OperationKind::Create);
    let call = call.ok_or_else(Error::disconnected)?.with_document(document);
    let canceller = Canceller::of(&call);
    let make = |operation| {
        let call = dll.exports.HcsCreateComputeSystem()?;
        let mut raw = null_mut();
        // SAFETY: the texts are ended by NUL and outlive the call; the operation is open and tracks nothing else; no security
        // descriptor is null; the output may be written to.
        let code = unsafe { call(wide_id.as_ptr(), wide_document.as_ptr(), operation, null(), &raw mut raw) };
        // Owned before the code is looked at.
        let handle = Handle::new(Arc::clone(dll), raw, Kind::System).map(Arc::new);
        if let Some(handle) = &handle
            && code >= 0
        {
            system.watched.opened(Arc::clone(handle));
        }
        Ok((code, handle))
    };
    let watched = Arc::clone(&system.watched);
    dll.request(&canceller, ObjectKind::System, make, move |outcome| {
        let result = outcome.and_then(|(handle, flight)| {
            let document = flight.optional_document(ObjectKind::System)?;
            handle.ok_or_else(no_handle)?.register(&watched)?;
            Ok(document)
        });
        drop(watched);
        call.complete(result);
    });
    // What the request itself was refused for is known at once.
    match operation.try_result() {
        Some(Err(error)) => Err(error),
        _ => Ok((Arc::new(system), operation)),
    }
}

/// Opens a system.
pub(crate) fn open(dll: &Arc<V2>, id: &str, deadlines: &Arc<Deadlines>) -> Result<Arc<dyn ComputeSystem>> {
    let wide_id = Wide::id(id)?;
    let system = System::new(id, deadlines);
    let (dll, watched) = (Arc::clone(dll), Arc::clone(&system.watched));
    let open = move || {
        let call = dll.exports.HcsOpenComputeSystem()?;
        let mut raw = null_mut();
        // SAFETY: the id is ended by NUL and outlives the call; the output may be written to.
        let code = unsafe { call(wide_id.as_ptr(), GENERIC_ALL, &raw mut raw) };
        let handle = Handle::new(Arc::clone(&dll), raw, Kind::System);
        success(code, ObjectKind::System)?;
        let handle = Arc::new(handle.ok_or_else(no_handle)?);
        watched.opened(Arc::clone(&handle));
        handle.register(&watched)
    };
    blocking(deadlines, OperationKind::OpenSystem, &Object::system(id), open)?;
    Ok(Arc::new(system))
}

impl System {
    fn new(id: &str, deadlines: &Arc<Deadlines>) -> Self {
        let watched = Watched::new(Object::system(id));
        Self { id: id.to_owned(), watched, deadlines: Arc::clone(deadlines) }
    }

    /// A call that takes a system and a text, which is null when it is empty.
    fn act(
        &self,
        kind: OperationKind,
        text: &str,
        export: impl FnOnce(&Handle) -> Result<Export>,
    ) -> Operation {
        let make = |system: &Handle, operation| {
            let (call, text) = (export(system)?, Wide::document(text)?);
            // SAFETY: the handle is open as long as `system` is; the operation is open and tracks nothing else; the text is
            // null or ended by NUL, and outlives the call.
            Ok((unsafe { call(system.raw(), operation, text.as_optional_ptr()) }, ()))
        };
        operate(&self.watched, kind, "", make, |(), flight| flight.optional_document(ObjectKind::System))
    }
}

/// The exports that take a system and a text.
type Export = unsafe extern "system" fn(hcs_abi::SystemHandle, OperationHandle, TextIn) -> i32;

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.id
    }

    fn start(&self, options: &str) -> Operation {
        self.act(OperationKind::Start, options, |system| system.dll().exports.HcsStartComputeSystem())
    }

    fn shutdown(&self, options: &str) -> Operation {
        self.act(OperationKind::Shutdown, options, |system| system.dll().exports.HcsShutDownComputeSystem())
    }

    fn terminate(&self, options: &str) -> Operation {
        self.act(OperationKind::Terminate, options, |system| system.dll().exports.HcsTerminateComputeSystem())
    }

    fn pause(&self, options: &str) -> Operation {
        self.act(OperationKind::Pause, options, |system| system.dll().exports.HcsPauseComputeSystem())
    }

    fn resume(&self, options: &str) -> Operation {
        self.act(OperationKind::Resume, options, |system| system.dll().exports.HcsResumeComputeSystem())
    }

    fn save(&self, options: &str) -> Operation {
        self.act(OperationKind::Save, options, |system| system.dll().exports.HcsSaveComputeSystem())
    }

    fn properties(&self, query: &str) -> Operation {
        let make = |system: &Handle, operation| {
            let (call, query) = (system.dll().exports.HcsGetComputeSystemProperties()?, Wide::query(query)?);
            // SAFETY: the handle is open as long as `system` is; the operation is open and tracks nothing else; the query is
            // ended by NUL and outlives the call.
            Ok((unsafe { call(system.raw(), operation, query.as_ptr()) }, ()))
        };
        operate(&self.watched, OperationKind::GetProperties, "", make, |(), flight| {
            flight.document(ObjectKind::System)
        })
    }

    fn modify(&self, request: &str) -> Operation {
        let make = |system: &Handle, operation| {
            let (call, text) = (system.dll().exports.HcsModifyComputeSystem()?, Wide::document(request)?);
            // SAFETY: as in `properties`; no identity is null.
            Ok((unsafe { call(system.raw(), operation, text.as_ptr(), null_mut()) }, ()))
        };
        operate(&self.watched, OperationKind::Modify, request, make, |(), flight| {
            flight.optional_document(ObjectKind::System)
        })
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let make = |system: &Handle, operation| {
            streams.none_given(parameters, PIPES)?;
            let (call, text) = (system.dll().exports.HcsCreateProcess()?, Wide::document(parameters)?);
            let mut raw = null_mut();
            // SAFETY: as in `properties`; no security descriptor is null; the output may be written to.
            let code = unsafe { call(system.raw(), text.as_ptr(), operation, null(), &raw mut raw) };
            Ok((code, Handle::new(Arc::clone(system.dll()), raw, Kind::Process)))
        };
        let id = self.id.clone();
        operate(&self.watched, OperationKind::CreateProcess, parameters, make, move |handle, flight| {
            let information = flight.information(ObjectKind::System)?;
            let process = Process::new(handle.ok_or_else(no_handle)?, &id, information.pid())?;
            let information = information.into_streams();
            Ok(Arc::new(CreatedProcess { process: Arc::new(process), information }))
        })
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        let object = Object::process(&self.id, pid);
        let kind = OperationKind::OpenProcess;
        let open = || {
            let (system, id) = (self.watched.handle()?, self.id.clone());
            blocking(&self.deadlines, kind, &object, move || {
                let call = system.dll().exports.HcsOpenProcess()?;
                let mut raw = null_mut();
                // SAFETY: the handle is open as long as `system` is; the output may be written to.
                let code = unsafe { call(system.raw(), pid, GENERIC_ALL, &raw mut raw) };
                let handle = Handle::new(Arc::clone(system.dll()), raw, Kind::Process);
                drop(system);
                success(code, ObjectKind::Process)?;
                Process::new(handle.ok_or_else(no_handle)?, &id, pid)
            })
        };
        let failed = |error: Error| error.with_operation(kind).with_object(object.clone());
        Ok(Arc::new(open().map_err(failed)?))
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.watched.subscribe(callback)
    }

    fn wait_exit(&self) -> Operation {
        self.watched.wait_exit(OperationKind::WaitSystemExit)
    }

    fn close(&self) {
        self.watched.close();
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.watched.close();
    }
}
