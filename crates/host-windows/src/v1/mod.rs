//! The first generation: vmcompute.dll, whose calls block, or complete by a notification.

#![expect(unsafe_code, reason = "calls into vmcompute.dll")]

mod exports;
mod handle;
mod process;
mod system;

use std::ptr::null_mut;
use std::sync::Arc;

use hcs_abi::{TextIn, TextOut};
use hcs_contract::{Error, Hresult, NotificationType, ObjectKind, OperationKind, Result};

use crate::exports::Library;
use crate::failure::failed;
use crate::platform::Platform;
use crate::text::{Given, Wide};

pub(crate) use self::system::{create, open};

use self::exports::VmCompute;
use self::handle::Handle;
use crate::kind::Kind;

/// The DLL and what goes with it.
#[derive(Debug)]
pub(crate) struct V1 {
    exports: VmCompute,
    platform: Platform,
}

/// How a call was answered that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It is done.
    Done,
    /// It completes by a notification.
    Pending,
}

impl V1 {
    pub(crate) fn new(library: Library, platform: Platform) -> Arc<Self> {
        Arc::new(Self { exports: VmCompute::new(library), platform })
    }

    /// Lists systems. Blocks.
    pub(crate) fn enumerate(&self, query: &Wide) -> Result<String> {
        let call = self.exports.HcsEnumerateComputeSystems()?;
        let mut systems = self.text();
        self.ask(ObjectKind::Service, |result| {
            // SAFETY: the query is ended by NUL and outlives the call; both outputs may be written to.
            unsafe { call(query.as_ptr(), systems.out(), result) }
        })?;
        systems.document()
    }

    /// Properties of the service. Blocks.
    pub(crate) fn service_properties(&self, query: &Wide) -> Result<String> {
        let call = self.exports.HcsGetServiceProperties()?;
        let mut properties = self.text();
        self.ask(ObjectKind::Service, |result| {
            // SAFETY: as in `enumerate`.
            unsafe { call(query.as_ptr(), properties.out(), result) }
        })?;
        properties.document()
    }

    /// A new system. The handle is there also while its making is pending.
    fn create_system(self: &Arc<Self>, id: &Wide, document: &Wide) -> Result<(Handle, Answer)> {
        let call = self.exports.HcsCreateComputeSystem()?;
        let mut system = null_mut();
        let answer = self.run(ObjectKind::System, |result| {
            // SAFETY: the texts are ended by NUL and outlive the call; "no identity" is null; both outputs may be written to.
            unsafe { call(id.as_ptr(), document.as_ptr(), null_mut(), &raw mut system, result) }
        });
        // Owned before the answer is looked at.
        let handle = Handle::new(Arc::clone(self), system, Kind::System);
        let answer = answer?;
        Ok((handle.ok_or_else(no_handle)?, answer))
    }

    /// A further handle of a system.
    fn open_system(self: &Arc<Self>, id: &Wide) -> Result<Handle> {
        let call = self.exports.HcsOpenComputeSystem()?;
        let mut system = null_mut();
        let answer = self.ask(ObjectKind::System, |result| {
            // SAFETY: the id is ended by NUL and outlives the call; both outputs may be written to.
            unsafe { call(id.as_ptr(), &raw mut system, result) }
        });
        let handle = Handle::new(Arc::clone(self), system, Kind::System);
        answer?;
        handle.ok_or_else(no_handle)
    }

    /// The exports that take a system and options.
    fn act(
        &self,
        kind: OperationKind,
    ) -> Result<unsafe extern "system" fn(hcs_abi::SystemHandle, TextIn, *mut TextOut) -> i32> {
        match kind {
            OperationKind::Start => self.exports.HcsStartComputeSystem(),
            OperationKind::Shutdown => self.exports.HcsShutdownComputeSystem(),
            OperationKind::Terminate => self.exports.HcsTerminateComputeSystem(),
            OperationKind::Pause => self.exports.HcsPauseComputeSystem(),
            OperationKind::Resume => self.exports.HcsResumeComputeSystem(),
            OperationKind::Save => self.exports.HcsSaveComputeSystem(),
            OperationKind::Modify => self.exports.HcsModifyComputeSystem(),
            other => Err(Error::not_supported(other.to_string(), "vmcompute.dll has no such call")),
        }
    }

    /// Text that the DLL hands out.
    fn text(&self) -> Given {
        Given::none(self.platform.free_task_memory)
    }

    /// A call that may be pending. What it says about itself is read and freed whatever it returns.
    fn run(&self, object: ObjectKind, call: impl FnOnce(*mut TextOut) -> i32) -> Result<Answer> {
        let mut said = self.text();
        let code = Hresult::from_i32(call(said.out()));
        match code.to_v2() {
            Hresult::HCS_E_OPERATION_PENDING => Ok(Answer::Pending),
            code if code.is_success() => Ok(Answer::Done),
            code => Err(failed(code, said.lossy().as_deref(), object)),
        }
    }

    /// A call that has its result when it returns.
    fn ask(&self, object: ObjectKind, call: impl FnOnce(*mut TextOut) -> i32) -> Result<()> {
        match self.run(object, call)? {
            Answer::Done => Ok(()),
            Answer::Pending => Err(Error::pending()),
        }
    }
}

/// What completes a pending call of this kind and is waited for. Shutdown and terminate are accepted when they are
/// pending: their end is the exit.
fn completion_of(kind: OperationKind) -> Option<NotificationType> {
    match kind {
        OperationKind::Shutdown | OperationKind::Terminate => None,
        OperationKind::Modify => Some(NotificationType::SYSTEM_MODIFY_COMPLETED),
        kind => NotificationType::completion_of(kind),
    }
}

fn no_handle() -> Error {
    Error::unexpected_value("success without a handle")
}
