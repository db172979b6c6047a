//! A process by way of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hcs_contract::{
    Callback, ComputeProcess, CreatedProcess, Error, Object, Operation, OperationKind, ProcessInformation,
    Result, Subscription,
};
use hcs_remote_protocol::{Information, Opened, WRITTEN_HEADER};

use crate::handle::Handle;
use crate::session::Session;
use crate::stream;

/// A handle of a process.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    handle: Arc<Handle>,
    /// Bytes written to its input by way of this handle.
    written: Arc<AtomicU64>,
}

impl Process {
    pub(crate) fn new(session: &Arc<Session>, number: u64, system: &str, pid: u32) -> Self {
        let handle = Handle::new(session, "processes", number, Object::process(system, pid));
        Self { pid, handle, written: Arc::default() }
    }

    /// A new one, with its streams.
    pub(crate) fn created(
        session: &Arc<Session>,
        system: &str,
        opened: &Opened,
    ) -> Result<Arc<CreatedProcess>> {
        let information = opened.information.as_ref();
        let information =
            information.ok_or_else(|| Error::unexpected_value("a new process without a number"))?;
        let process = Self::new(session, opened.handle, system, information.process_id);
        let information = stream::connect(session, information, &process.written)?;
        Ok(Arc::new(CreatedProcess { process: Arc::new(process), information }))
    }

    fn information(&self) -> Result<Arc<ProcessInformation>> {
        self.handle.check_open()?;
        let path = format!("{}/info", self.handle.path());
        let session = self.handle.session();
        let information: Information = session.ask(OperationKind::GetProcessInfo, &path, "", b"")?;
        stream::connect(session, &information, &self.written).map(Arc::new)
    }
}

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn terminate(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::TerminateProcess, "terminate", "", options)
    }

    fn signal(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::SignalProcess, "signal", "", options)
    }

    fn modify(&self, settings: &str) -> Operation {
        let written = self.written.load(Ordering::Acquire);
        let headers = format!("{WRITTEN_HEADER}: {written}\r\n");
        self.handle.call(OperationKind::ModifyProcess, "modify", &headers, settings)
    }

    fn properties(&self) -> Operation {
        self.handle.call(OperationKind::GetProcessProperties, "properties", "", "")
    }

    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        Operation::done(OperationKind::GetProcessInfo, self.handle.object().clone(), self.information())
    }

    fn wait_exit(&self) -> Operation {
        self.handle.wait_exit(OperationKind::WaitProcessExit)
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.handle.subscribe(callback)
    }

    fn close(&self) {
        self.handle.close();
    }
}
