//! A container: its life, its processes, its notifications.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hcs_contract::{
    ComputeSystem, Deadline, Error, Hresult, Notification, Object, ProcessStreams, Result, Subscription,
};
use hcs_schema::Document;
use hcs_schema::compute::{OsType, SystemExitStatus};

use crate::call::{finish, finish_by};
use crate::documents::{Guest, ModifyDocument, ProcessDocument};
use crate::host::Shared;
use crate::{Command, Process, SystemExit};

/// A handle of a container: created, running, or stopped and not yet forgotten.
///
/// Clones are the same handle; [`crate::Host::open_container`] gives another. Dropping the last clone closes it,
/// which ends the container only if its document says so (`TerminateOnLastHandleClosed`,
/// `ShouldTerminateOnLastHandleClosed`). May be used from any number of threads at once.
#[derive(Clone)]
#[doc(alias = "container")]
pub struct Container(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) system: Arc<dyn ComputeSystem>,
    pub(crate) host: Arc<Shared>,
    guest: OnceLock<Guest>,
}

impl Container {
    pub(crate) fn new(system: Arc<dyn ComputeSystem>, host: Arc<Shared>, guest: Option<Guest>) -> Self {
        let guest = guest.map_or_else(OnceLock::new, OnceLock::from);
        Self(Arc::new(Inner { system, host, guest }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Its id. Makes no call.
    pub fn id(&self) -> &str {
        self.0.system.id()
    }

    /// What runs inside. Asks the service once (`HcsGetComputeSystemProperties`), unless the document said it.
    ///
    /// # Errors
    /// Those of the call.
    pub fn guest(&self) -> Result<Guest> {
        if let Some(guest) = self.0.guest.get() {
            return Ok(*guest);
        }
        let properties = self.properties(&[])?;
        // Without a word it is Windows: services before build 17763 know no other.
        let linux = properties.runtime_os_type.as_str().eq_ignore_ascii_case(OsType::LINUX.as_str());
        Ok(*self.0.guest.get_or_init(|| if linux { Guest::Linux } else { Guest::Windows }))
    }

    /// Starts it. Returns when it runs.
    ///
    /// Of one host at most `HCSSHIM_MAX_PARALLEL_START` starts are under way at once; others wait their turn.
    /// Service call: `HcsStartComputeSystem`.
    ///
    /// # Errors
    /// Invalid state, when it was started before; already stopped; a timeout; the service's own.
    #[doc(alias = "Start")]
    pub fn start(&self) -> Result<()> {
        let deadline = self.0.host.deadlines.deadline(hcs_contract::OperationKind::Start);
        let _permit = self.0.host.starts.enter(deadline).map_err(|error| error.with_object(self.object()))?;
        finish(&self.0.system.start(""), &self.0.host.deadlines).map(drop)
    }

    /// Asks it to shut down. Returns when the request is accepted; [`Container::wait`] returns when it is down.
    ///
    /// Service call: `HcsShutdownComputeSystem`.
    ///
    /// # Errors
    /// Already stopped ([`Error::is_already_stopped`]); the service's own.
    #[doc(alias = "Shutdown")]
    pub fn shutdown(&self) -> Result<()> {
        accepted(finish(&self.0.system.shutdown(""), &self.0.host.deadlines))
    }

    /// Ends it at once. Returns when that is under way; [`Container::wait`] returns when it is down. One that has
    /// stopped is a success.
    ///
    /// Service call: `HcsTerminateComputeSystem`.
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "Terminate")]
    pub fn terminate(&self) -> Result<()> {
        match accepted(finish(&self.0.system.terminate(""), &self.0.host.deadlines)) {
            Err(error) if error.hresult().to_v2() == Hresult::HCS_E_SYSTEM_ALREADY_STOPPED => Ok(()),
            result => result,
        }
    }

    /// Shuts it down, and terminates it when it is not down after `grace` or can't be asked. Returns when it is down.
    ///
    /// This is what callers of the original wrote themselves (`hcs.md` 7.1). Service calls:
    /// `HcsShutdownComputeSystem`, then perhaps `HcsTerminateComputeSystem`.
    ///
    /// # Errors
    /// Those of [`Container::terminate`], and a timeout when even that does not end it.
    pub fn stop(&self, grace: Duration) -> Result<SystemExit> {
        match self.shutdown() {
            Ok(()) => match self.wait_timeout(grace) {
                Err(error) if error.is_timeout() => {}
                ended => return ended,
            },
            Err(error) if error.is_already_stopped() => return self.wait_terminated(),
            Err(error) if error.is_already_closed() => return Err(error),
            // Whatever kept it from shutting down: the next step is the same.
            Err(error) => tracing::debug!(object = self.id(), %error, "no shutdown, so terminate"),
        }
        self.terminate()?;
        self.wait_terminated()
    }

    fn wait_terminated(&self) -> Result<SystemExit> {
        self.wait_timeout(self.0.host.deadlines.terminate)
    }

    /// Stops every process where it stands. Service call: `HcsPauseComputeSystem`.
    ///
    /// # Errors
    /// Invalid state, when it does not run; a timeout; the service's own.
    #[doc(alias = "Pause")]
    pub fn pause(&self) -> Result<()> {
        finish(&self.0.system.pause(""), &self.0.host.deadlines).map(drop)
    }

    /// Lets the processes go on. Service call: `HcsResumeComputeSystem`.
    ///
    /// # Errors
    /// Invalid state, when it is not paused; a timeout; the service's own.
    #[doc(alias = "Resume")]
    pub fn resume(&self) -> Result<()> {
        finish(&self.0.system.resume(""), &self.0.host.deadlines).map(drop)
    }

    /// Waits until it has ended, without limit. Any number of threads may, each as often as it likes; an exit that
    /// has happened is returned at once.
    ///
    /// Service call: none; it waits for the notification of the exit.
    ///
    /// # Errors
    /// Already closed, when the handle is closed meanwhile; disconnected, when the service is gone.
    #[doc(alias = "Wait")]
    pub fn wait(&self) -> Result<SystemExit> {
        self.wait_by(Deadline::Never)
    }

    /// Waits until it has ended, but not longer than `limit`.
    ///
    /// Service call: none; it waits for the notification of the exit.
    ///
    /// # Errors
    /// As [`Container::wait`], and a timeout ([`Error::is_timeout`]).
    #[doc(alias = "WaitTimeout")]
    pub fn wait_timeout(&self, limit: Duration) -> Result<SystemExit> {
        self.wait_by(Deadline::after(limit))
    }

    /// How it ended, if it has. Does not wait.
    ///
    /// Service call: none; it looks whether the notification of the exit has come.
    ///
    /// # Errors
    /// As [`Container::wait`].
    pub fn exit_status(&self) -> Result<Option<SystemExit>> {
        match self.wait_by(Deadline::now()) {
            Err(error) if error.is_timeout() => Ok(None),
            ended => ended.map(Some),
        }
    }

    fn wait_by(&self, deadline: Deadline) -> Result<SystemExit> {
        let text = finish_by(&self.0.system.wait_exit(), &self.0.host.deadlines, deadline)?;
        self.parse::<SystemExitStatus>("exit status", &text).map(|document| SystemExit::from(&document))
    }

    /// Changes it. Service call: `HcsModifyComputeSystem`.
    ///
    /// # Errors
    /// Not supported, with the resource by name; invalid state; the service's own. The error keeps the document.
    #[doc(alias = "Modify")]
    pub fn modify(&self, request: &(impl ModifyDocument + ?Sized)) -> Result<()> {
        let json = request.json();
        finish(&self.0.system.modify(&json), &self.0.host.deadlines)
            .map(drop)
            .map_err(|error| with_document(error, &json))
    }

    /// A process to be started inside: see [`Command`]. Makes no call.
    pub fn command(&self, program: impl Into<String>) -> Command {
        Command::new(self.clone(), program.into())
    }

    /// Starts a process from its document. Service call: `HcsCreateProcess`.
    ///
    /// # Errors
    /// Invalid state, when the container does not run; of the program as [`Command::spawn`] says. The error keeps
    /// the document, secrets masked.
    #[doc(alias = "CreateProcess")]
    pub fn create_process(&self, parameters: &(impl ProcessDocument + ?Sized)) -> Result<Process> {
        self.create_process_with(parameters, ProcessStreams::default())
    }

    /// The same, with streams beside those that the document asks for. Service call: `HcsCreateProcess`.
    ///
    /// # Errors
    /// As [`Container::create_process`]; not supported, when this host can't pass a stream on.
    pub fn create_process_with(
        &self,
        parameters: &(impl ProcessDocument + ?Sized),
        streams: ProcessStreams,
    ) -> Result<Process> {
        let json = parameters.json();
        let deadlines = &self.0.host.deadlines;
        finish(&self.0.system.create_process(&json, streams), deadlines)
            .map(|created| Process::created(created, self.id(), Arc::clone(deadlines)))
            .map_err(|error| with_document(error, &json))
    }

    /// Opens a process by its number within the container. Service call: `HcsOpenProcess`.
    ///
    /// # Errors
    /// Not found, for one that does not run and is not remembered.
    #[doc(alias = "OpenProcess")]
    pub fn open_process(&self, pid: u32) -> Result<Process> {
        let handle = self.0.system.open_process(pid)?;
        Ok(Process::opened(handle, self.id(), Arc::clone(&self.0.host.deadlines)))
    }

    /// Calls `callback` for each of its notifications, until the returned value is dropped. It runs on a thread of
    /// the host and must not block. An exit that has happened is delivered at once.
    ///
    /// Service call: `HcsRegisterComputeSystemCallback` or `HcsSetComputeSystemCallback`.
    ///
    /// # Errors
    /// Already closed, or the connection's.
    pub fn subscribe(
        &self,
        callback: impl Fn(&Notification) + Send + Sync + 'static,
    ) -> Result<Subscription> {
        self.0.system.subscribe(Arc::new(callback))
    }

    /// Closes the handle; further calls fail with "already closed", waits end. Neither ends the container nor waits
    /// for it, unless its document says that it ends with its last handle. A second close does nothing.
    ///
    /// Service call: `HcsCloseComputeSystem`.
    #[doc(alias = "Close")]
    pub fn close(&self) {
        self.0.system.close();
    }

    pub(crate) fn object(&self) -> Object {
        Object::system(self.id())
    }

    /// Reads an answer of the service.
    pub(crate) fn parse<D: Document>(&self, what: &str, text: &str) -> Result<D> {
        D::from_json(text)
            .map_err(|error| Error::unexpected_value(format!("{what}: {error}")).with_object(self.object()))
    }
}

/// vmcompute answers "pending" where computecore has accepted; for requests that nobody waits for both are success.
fn accepted(result: Result<String>) -> Result<()> {
    match result {
        Err(error) if error.is_pending() => Ok(()),
        result => result.map(drop),
    }
}

fn with_document(error: Error, json: &str) -> Error {
    if error.document().is_some() { error } else { error.with_document(json) }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Container({})", self.id())
    }
}
