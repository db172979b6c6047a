//! A system by way of a server.

use std::sync::Arc;

use hcs_contract::{
    Callback, ComputeProcess, ComputeSystem, CreatedProcess, Error, Object, Operation, OperationKind,
    ProcessStreams, Result, Subscription,
};
use hcs_remote_protocol::{Opened, Outcome};

use crate::handle::Handle;
use crate::process::Process;
use crate::session::Session;

const ELSEWHERE: &str = "a stream of this program can't become that of a process elsewhere";

/// A handle of a system.
#[derive(Debug)]
pub(crate) struct System {
    id: String,
    handle: Arc<Handle>,
}

impl System {
    pub(crate) fn new(session: &Arc<Session>, number: u64, id: &str) -> Self {
        Self { id: id.to_owned(), handle: Handle::new(session, "systems", number, Object::system(id)) }
    }
}

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.id
    }

    fn start(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Start, "start", "", options)
    }

    fn shutdown(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Shutdown, "shutdown", "", options)
    }

    fn terminate(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Terminate, "terminate", "", options)
    }

    fn pause(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Pause, "pause", "", options)
    }

    fn resume(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Resume, "resume", "", options)
    }

    fn save(&self, options: &str) -> Operation {
        self.handle.call(OperationKind::Save, "save", "", options)
    }

    fn properties(&self, query: &str) -> Operation {
        self.handle.call(OperationKind::GetProperties, "properties", "", query)
    }

    fn modify(&self, request: &str) -> Operation {
        self.handle.call(OperationKind::Modify, "modify", "", request)
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let kind = OperationKind::CreateProcess;
        if let Err(error) = self.handle.check_open().and_then(|()| streams.none_given(parameters, ELSEWHERE))
        {
            return Operation::done(kind, self.handle.object().clone(), Err(error));
        }
        let (session, id) = (Arc::downgrade(self.handle.session()), self.id.clone());
        self.handle.call_for(kind, "processes", "", parameters, move |outcome| {
            let session = session.upgrade().ok_or_else(Error::disconnected)?;
            match outcome {
                Outcome::Process(opened) => Process::created(&session, &id, &opened),
                _ => Err(Error::unexpected_value("an outcome of another kind")),
            }
        })
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        let kind = OperationKind::OpenProcess;
        let open = || {
            self.handle.check_open()?;
            let path = format!("{}/open?pid={pid}", self.handle.path());
            let Opened { handle, .. } = self.handle.session().ask(kind, &path, "", b"")?;
            Ok(Arc::new(Process::new(self.handle.session(), handle, &self.id, pid))
                as Arc<dyn ComputeProcess>)
        };
        open().map_err(|error: Error| error.with_operation(kind).with_object(Object::process(&self.id, pid)))
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.handle.subscribe(callback)
    }

    fn wait_exit(&self) -> Operation {
        self.handle.wait_exit(OperationKind::WaitSystemExit)
    }

    fn close(&self) {
        self.handle.close();
    }
}
