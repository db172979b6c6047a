//! The compute part of the contract: the service, its systems, their processes.
//!
//! Rules for every method, beside those of the crate's header:
//! - A document that does not parse is [`crate::ErrorKind::InvalidDocument`]. An empty `options` or `query` text
//!   means the empty document.
//! - After `close`, every method of that handle fails with [`crate::ErrorKind::AlreadyClosed`]; a second `close`
//!   does nothing.
//! - Methods that return an [`Operation`] report every failure through it, so callers have one place to look.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    Callback, Error, Object, Operation, OperationKind, Records, Result, Stream, Subscription, SystemEvents,
};

/// A host: makes, finds and lists compute systems.
pub trait ComputeService: fmt::Debug + Send + Sync {
    /// Creates the system `id` from a schema 1 or schema 2 document. It does not start it.
    ///
    /// The handle is valid at once; the system can be started when the operation has completed.
    ///
    /// # Errors
    /// What is known at once: an invalid document, a member that this host can't honour, an id in use
    /// ([`crate::ErrorKind::AlreadyExists`]). Everything later comes through the operation.
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)>;

    /// Opens another handle of a system that exists.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for an id that nobody has.
    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>>;

    /// Lists systems. `query` is a `ComputeSystemQuery`, the result an array of basic properties, `[]` for none.
    fn enumerate_systems(&self, query: &str) -> Operation;

    /// Asks for properties of the service itself. `query` is a `PropertyQuery`, the result a `ServiceProperties`.
    fn service_properties(&self, query: &str) -> Operation;

    /// What happens to all systems of this host from now on, whoever makes it happen. Hosts without it leave this
    /// default, which refuses.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotSupported`]; the operating system's or the connection's.
    fn events(&self) -> Result<Box<dyn SystemEvents>> {
        let refused =
            Error::not_supported("events", "this host can't tell what happens to all of its systems");
        Err(refused.with_operation(OperationKind::Subscribe).with_object(Object::service()))
    }

    /// What this host keeps of its systems beyond the service's own knowledge; `None`: nothing, the default.
    fn records(&self) -> Option<&dyn Records> {
        None
    }
}

/// A handle of one compute system.
pub trait ComputeSystem: fmt::Debug + Send + Sync {
    /// The system's id.
    fn id(&self) -> &str;

    /// Starts it. Completes when it runs.
    fn start(&self, options: &str) -> Operation;

    /// Asks it to shut down. Completes when the request is accepted; the exit is [`ComputeSystem::wait_exit`].
    ///
    /// A system that has stopped answers [`crate::ErrorKind::AlreadyStopped`].
    fn shutdown(&self, options: &str) -> Operation;

    /// Ends it at once. Completes when that is under way; the exit is [`ComputeSystem::wait_exit`].
    fn terminate(&self, options: &str) -> Operation;

    /// Freezes every process in it.
    fn pause(&self, options: &str) -> Operation;

    /// Lets them go on.
    fn resume(&self, options: &str) -> Operation;

    /// Saves its state to where `options` (`SaveOptions`) says. Hosts without it leave this default, which refuses.
    fn save(&self, options: &str) -> Operation {
        let _ = options;
        let refused = Error::not_supported("Save", "this host can't save the state of a compute system");
        Operation::done(OperationKind::Save, Object::system(self.id()), Err(refused))
    }

    /// Asks for properties. `query` is a `PropertyQuery`; the result has the shape of the document that the system
    /// was created from: `ContainerProperties` for schema 1, `Properties` for schema 2.
    fn properties(&self, query: &str) -> Operation;

    /// What [`ComputeSystem::properties`] would answer, if that is known here without waiting for anybody; `None`: ask.
    /// A server looks first, on a thread that must not wait. Hosts without it leave this default.
    fn properties_at_once(&self, query: &str) -> Option<Result<String>> {
        let _ = query;
        None
    }

    /// Changes it: a `ResourceModificationRequestResponse` (schema 1) or `ModifySettingRequest` (schema 2).
    ///
    /// What is added where something is already is refused ([`Error::is_already_exists`]), as is the removal of what
    /// is not there ([`Error::is_not_exist`]). What a program has open is not removed (`ERROR_BUSY`).
    fn modify(&self, request: &str) -> Operation;

    /// Starts a process. `parameters` is a `ProcessConfig` (schema 1) or `ProcessParameters` (schema 2).
    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>>;

    /// Opens a process by its number within the system.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for one that does not run and is not remembered.
    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>>;

    /// Registers for the system's notifications. An exit that has happened is delivered at once.
    ///
    /// # Errors
    /// [`crate::ErrorKind::AlreadyClosed`], or the connection's.
    fn subscribe(&self, callback: Callback) -> Result<Subscription>;

    /// Completes when the system has exited, with the document `{Status, ExitType}`; any number of times.
    fn wait_exit(&self) -> Operation;

    /// Closes this handle. The system goes on, unless its document says that it ends with its last handle.
    fn close(&self);
}

/// A handle of one process of a compute system.
pub trait ComputeProcess: fmt::Debug + Send + Sync {
    /// The process's number within its system.
    fn pid(&self) -> u32;

    /// Ends it at once. Completes when that is under way. Gone already: [`crate::ErrorKind::NotFound`] or
    /// [`crate::ErrorKind::AlreadyStopped`], for both of which [`Error::is_already_stopped`] is true.
    fn terminate(&self, options: &str) -> Operation;

    /// Signals it: `options` is a `SignalProcessOptions`.
    fn signal(&self, options: &str) -> Operation;

    /// Changes it: `settings` is a `ProcessModifyRequest` (console size, closing a stream).
    fn modify(&self, settings: &str) -> Operation;

    /// Its state, as a `ProcessStatus` document.
    fn properties(&self) -> Operation;

    /// Its number and new handles of its standard streams; several readers of one stream compete.
    fn info(&self) -> Operation<Arc<ProcessInformation>>;

    /// Completes when the process has exited, with its `ProcessStatus`; any number of times.
    fn wait_exit(&self) -> Operation;

    /// Registers for the process's notifications. An exit that has happened is delivered at once.
    ///
    /// # Errors
    /// [`crate::ErrorKind::AlreadyClosed`], or the connection's.
    fn subscribe(&self, callback: Callback) -> Result<Subscription>;

    /// Closes this handle. The process goes on.
    fn close(&self);
}

/// Where one standard stream of a new process comes from.
#[derive(Debug, Default)]
pub enum StreamSource {
    /// As the document says: a pipe when its `Create…Pipe` member is set, whose other end is handed out in the
    /// [`ProcessInformation`]; otherwise nothing.
    #[default]
    FromDocument,
    /// This descriptor or handle becomes the process's own: no copying between. The document's member must be
    /// false. A host that can't pass it on refuses.
    Given(Stream),
}

/// Where the standard streams of a new process come from.
#[derive(Debug, Default)]
pub struct ProcessStreams {
    /// What the process reads.
    pub stdin: StreamSource,
    /// What it writes.
    pub stdout: StreamSource,
    /// What it writes of errors. Not used with a console, which has one output.
    pub stderr: StreamSource,
}

impl ProcessStreams {
    /// For a host that can pass no stream on, because of `reason`: none may be given. One that is given where the
    /// document `parameters` asks for a pipe is wrong on any host.
    ///
    /// # Errors
    /// Invalid argument, or not supported, by the stream's name.
    pub fn none_given(&self, parameters: &str, reason: &'static str) -> Result<()> {
        let Self { stdin, stdout, stderr } = self;
        let given = [
            (stdin, "stdin", "CreateStdInPipe"),
            (stdout, "stdout", "CreateStdOutPipe"),
            (stderr, "stderr", "CreateStdErrPipe"),
        ];
        let given = given.into_iter().find(|(source, ..)| matches!(source, StreamSource::Given(_)));
        let Some((_, name, member)) = given else { return Ok(()) };
        let document: serde_json::Value = serde_json::from_str(parameters).unwrap_or_default();
        let mut members = document.as_object().into_iter().flatten();
        if members.any(|(key, value)| key.eq_ignore_ascii_case(member) && *value == true) {
            let reason = format!("a stream is given, and {member} asks for a pipe");
            return Err(Error::invalid_argument(name, reason));
        }
        Err(Error::not_supported(name, reason).with_hint("ask for a pipe, and carry the bytes"))
    }
}

/// What a process is known by, and its standard streams, each to be taken once.
#[derive(Debug, Default)]
pub struct ProcessInformation {
    pid: u32,
    stdin: Mutex<Option<Stream>>,
    stdout: Mutex<Option<Stream>>,
    stderr: Mutex<Option<Stream>>,
}

impl ProcessInformation {
    /// The information of process `pid`; a stream is `None` when no pipe was asked for.
    pub fn new(pid: u32, stdin: Option<Stream>, stdout: Option<Stream>, stderr: Option<Stream>) -> Self {
        Self { pid, stdin: Mutex::new(stdin), stdout: Mutex::new(stdout), stderr: Mutex::new(stderr) }
    }

    /// The process's number within its system.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The end that writes to the process; `None` when there is none or it was taken.
    pub fn take_stdin(&self) -> Option<Stream> {
        take(&self.stdin)
    }

    /// The end that reads what the process writes; with a console, all it writes.
    pub fn take_stdout(&self) -> Option<Stream> {
        take(&self.stdout)
    }

    /// The end that reads what the process writes as errors.
    pub fn take_stderr(&self) -> Option<Stream> {
        take(&self.stderr)
    }
}

fn take(slot: &Mutex<Option<Stream>>) -> Option<Stream> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// What [`ComputeSystem::create_process`] gives.
#[derive(Debug)]
pub struct CreatedProcess {
    /// The new process.
    pub process: Arc<dyn ComputeProcess>,
    /// Its number and streams.
    pub information: ProcessInformation,
}
