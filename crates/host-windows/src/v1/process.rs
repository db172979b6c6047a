//! Processes by vmcompute.dll.

use std::ptr::null_mut;
use std::sync::Arc;

use hcs_contract::{
    Callback, ComputeProcess, Object, ObjectKind, Operation, OperationKind, ProcessInformation, Result,
    Subscription, reading,
};

use super::handle::Handle;
use super::{V1, no_handle};
use crate::information::Information;
use crate::kind::Kind;
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
}

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn terminate(&self, options: &str) -> Operation {
        let options = reading::no_options(options);
        self.watched.blocking(OperationKind::TerminateProcess, move |process| {
            options?;
            process.dll().terminate_process(process)
        })
    }

    fn signal(&self, options: &str) -> Operation {
        let options = Wide::document(options);
        self.watched.blocking(OperationKind::SignalProcess, move |process| {
            process.dll().signal_process(process, &options?)
        })
    }

    fn modify(&self, settings: &str) -> Operation {
        let settings = Wide::document(settings);
        self.watched.blocking(OperationKind::ModifyProcess, move |process| {
            process.dll().modify_process(process, &settings?)
        })
    }

    fn properties(&self) -> Operation {
        self.watched.blocking(OperationKind::GetProcessProperties, |process| {
            process.dll().process_properties(process)
        })
    }

    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        self.watched.blocking(OperationKind::GetProcessInfo, |process| {
            process.dll().process_info(process).map(|information| Arc::new(information.into_streams()))
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

/// Calls that block. Each has a handle that is open as long as the reference to it.
impl V1 {
    /// A new process.
    pub(super) fn create_process(
        self: &Arc<Self>,
        system: &Handle,
        parameters: &Wide,
    ) -> Result<(Handle, Information)> {
        let call = self.exports.HcsCreateProcess()?;
        let (mut process, mut information) = (null_mut(), Information::empty(self.platform));
        let answer = self.ask(ObjectKind::System, |result| {
            // SAFETY: the handle is open; the text is ended by NUL and outlives the call; the three outputs may be written to.
            unsafe { call(system.raw(), parameters.as_ptr(), information.out(), &raw mut process, result) }
        });
        // Owned before the answer is looked at.
        let handle = Handle::new(Arc::clone(self), process, Kind::Process);
        answer?;
        Ok((handle.ok_or_else(no_handle)?, information))
    }

    /// A further handle of a process.
    pub(super) fn open_process(self: &Arc<Self>, system: &Handle, pid: u32) -> Result<Handle> {
        let call = self.exports.HcsOpenProcess()?;
        let mut process = null_mut();
        let answer = self.ask(ObjectKind::Process, |result| {
            // SAFETY: the handle is open; both outputs may be written to.
            unsafe { call(system.raw(), pid, &raw mut process, result) }
        });
        let handle = Handle::new(Arc::clone(self), process, Kind::Process);
        answer?;
        handle.ok_or_else(no_handle)
    }

    /// Its state.
    pub(super) fn process_properties(&self, process: &Handle) -> Result<String> {
        let call = self.exports.HcsGetProcessProperties()?;
        let mut properties = self.text();
        self.ask(ObjectKind::Process, |result| {
            // SAFETY: the handle is open; both outputs may be written to.
            unsafe { call(process.raw(), properties.out(), result) }
        })?;
        properties.document()
    }

    fn process_info(&self, process: &Handle) -> Result<Information> {
        let call = self.exports.HcsGetProcessInfo()?;
        let mut information = Information::empty(self.platform);
        self.ask(ObjectKind::Process, |result| {
            // SAFETY: the handle is open; both outputs may be written to.
            unsafe { call(process.raw(), information.out(), result) }
        })?;
        Ok(information)
    }

    /// This export has no options, whatever it was once called with: a third parameter would be taken for the result.
    fn terminate_process(&self, process: &Handle) -> Result<String> {
        let call = self.exports.HcsTerminateProcess()?;
        self.ask(ObjectKind::Process, |result| {
            // SAFETY: the handle is open; the output may be written to.
            unsafe { call(process.raw(), result) }
        })?;
        Ok(String::new())
    }

    fn signal_process(&self, process: &Handle, options: &Wide) -> Result<String> {
        let call = self.exports.HcsSignalProcess()?;
        self.ask(ObjectKind::Process, |result| {
            // SAFETY: the handle is open; the text is ended by NUL and outlives the call; the output may be written to.
            unsafe { call(process.raw(), options.as_ptr(), result) }
        })?;
        Ok(String::new())
    }

    fn modify_process(&self, process: &Handle, settings: &Wide) -> Result<String> {
        let call = self.exports.HcsModifyProcess()?;
        self.ask(ObjectKind::Process, |result| {
            // SAFETY: as in `signal_process`.
            unsafe { call(process.raw(), settings.as_ptr(), result) }
        })?;
        Ok(String::new())
    }
}
