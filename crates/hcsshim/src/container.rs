//! A container: its life, its processes, its notifications.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hcs_contract::{
    ComputeSystem, CreatedProcess, Deadline, Error, Hresult, Notification, Object, Operation, ProcessStreams,
    Result, Subscription,
};
use hcs_schema::Document;
use hcs_schema::compute::v1::ContainerProperties;
use hcs_schema::compute::{OsType, SystemExitStatus};

use crate::call::{Call, Done};
use crate::documents::{Guest, ModifyDocument, ProcessDocument};
use crate::host::Shared;
use crate::{Command, Process, SystemExit};

/// A handle of a container: created, running, or stopped and not yet forgotten.
///
/// Clones are the same handle; [`crate::Host::open_container`] gives another. Dropping the last clone closes it,
/// which ends the container only if its document says so (`TerminateOnLastHandleClosed`,
/// `ShouldTerminateOnLastHandleClosed`). May be used from any number of threads at once.
///
/// ```
/// use std::time::Duration;
///
/// # let host = hcsshim::Host::fake(&hcsshim::fake::FakeHost::new());
/// use hcsshim::schema::compute::ExitType;
///
/// let container = host.create_container("web", r#"{"SystemType":"Container","Owner":"docs"}"#)?;
/// container.start()?;
/// assert_eq!(container.properties(&[])?.owner, "docs");
/// assert!(container.exit_status()?.is_none());
/// let exit = container.stop(Duration::from_secs(10))?;
/// assert_eq!(exit.exit_type, ExitType::GRACEFUL_EXIT);
/// // One that has stopped can't be started again, and says so.
/// assert!(container.start().unwrap_err().is_already_stopped());
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Clone)]
#[doc(alias = "container")]
pub struct Container(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) system: Arc<dyn ComputeSystem>,
    pub(crate) host: Arc<Shared>,
    guest: OnceLock<Guest>,
}

/// What comes after the request to shut down.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Next {
    WaitFor,
    HasEnded,
    Terminate,
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
        Ok(self.learn_guest(&self.properties(&[])?))
    }

    #[cfg(feature = "async")]
    pub(crate) fn knows_guest(&self) -> bool {
        self.0.guest.get().is_some()
    }

    pub(crate) fn learn_guest(&self, properties: &ContainerProperties) -> Guest {
        // Without a word it is Windows: services before build 17763 know no other.
        let linux = properties.runtime_os_type.as_str().eq_ignore_ascii_case(OsType::LINUX.as_str());
        *self.0.guest.get_or_init(|| if linux { Guest::Linux } else { Guest::Windows })
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
        self.starting().wait()
    }

    pub(crate) fn starting(&self) -> Done {
        self.plain(self.0.system.start(""))
    }

    fn plain(&self, operation: Operation) -> Done {
        Call::plain(operation, &self.0.host.deadlines)
    }

    /// Asks it to shut down. Returns when the request is accepted; [`Container::wait`] returns when it is down.
    ///
    /// Service call: `HcsShutdownComputeSystem`.
    ///
    /// # Errors
    /// Already stopped ([`Error::is_already_stopped`]); the service's own.
    #[doc(alias = "Shutdown")]
    pub fn shutdown(&self) -> Result<()> {
        self.shutting_down().wait()
    }

    pub(crate) fn shutting_down(&self) -> Done {
        Call::new(self.0.system.shutdown(""), &self.0.host.deadlines, accepted)
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
        self.terminating().wait()
    }

    pub(crate) fn terminating(&self) -> Done {
        Call::new(self.0.system.terminate(""), &self.0.host.deadlines, |result| match accepted(result) {
            Err(error) if error.hresult().to_v2() == Hresult::HCS_E_SYSTEM_ALREADY_STOPPED => Ok(()),
            result => result,
        })
    }

    /// Shuts it down, and terminates it when it is not down after `grace` or can't be asked. Returns when it is down.
    ///
    /// This is what callers of the original wrote themselves (`hcs.md` 7.1). Service calls:
    /// `HcsShutdownComputeSystem`, then perhaps `HcsTerminateComputeSystem`.
    ///
    /// # Errors
    /// Those of [`Container::terminate`], and a timeout when even that does not end it.
    pub fn stop(&self, grace: Duration) -> Result<SystemExit> {
        match self.after_shutdown(self.shutdown())? {
            Next::WaitFor => match self.wait_timeout(grace) {
                Err(error) if error.is_timeout() => {}
                ended => return ended,
            },
            Next::HasEnded => return self.exit(self.terminated_by()).wait(),
            Next::Terminate => {}
        }
        self.terminate()?;
        self.exit(self.terminated_by()).wait()
    }

    /// What [`Container::stop`] does next.
    pub(crate) fn after_shutdown(&self, result: Result<()>) -> Result<Next> {
        match result {
            Ok(()) => Ok(Next::WaitFor),
            Err(error) if error.is_already_stopped() => Ok(Next::HasEnded),
            Err(error) if error.is_already_closed() => Err(error),
            Err(error) => {
                // Whatever kept it from shutting down: the next step is the same.
                tracing::debug!(object = self.id(), %error, "no shutdown, so terminate");
                Ok(Next::Terminate)
            }
        }
    }

    /// When one that is terminated now must be down.
    pub(crate) fn terminated_by(&self) -> Deadline {
        Deadline::after(self.0.host.deadlines.terminate)
    }

    /// Stops every process where it stands. Service call: `HcsPauseComputeSystem`.
    ///
    /// # Errors
    /// Invalid state, when it does not run; a timeout; the service's own.
    #[doc(alias = "Pause")]
    pub fn pause(&self) -> Result<()> {
        self.pausing().wait()
    }

    pub(crate) fn pausing(&self) -> Done {
        self.plain(self.0.system.pause(""))
    }

    /// Lets the processes go on. Service call: `HcsResumeComputeSystem`.
    ///
    /// # Errors
    /// Invalid state, when it is not paused; a timeout; the service's own.
    #[doc(alias = "Resume")]
    pub fn resume(&self) -> Result<()> {
        self.resuming().wait()
    }

    pub(crate) fn resuming(&self) -> Done {
        self.plain(self.0.system.resume(""))
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
        self.exit(Deadline::Never).wait()
    }

    /// Waits until it has ended, but not longer than `limit`.
    ///
    /// Service call: none; it waits for the notification of the exit.
    ///
    /// # Errors
    /// As [`Container::wait`], and a timeout ([`Error::is_timeout`]).
    #[doc(alias = "WaitTimeout")]
    pub fn wait_timeout(&self, limit: Duration) -> Result<SystemExit> {
        self.exit(Deadline::after(limit)).wait()
    }

    /// How it ended, if it has. Does not wait.
    ///
    /// Service call: none; it looks whether the notification of the exit has come.
    ///
    /// # Errors
    /// As [`Container::wait`].
    pub fn exit_status(&self) -> Result<Option<SystemExit>> {
        match self.exit(Deadline::now()).wait() {
            Err(error) if error.is_timeout() => Ok(None),
            ended => ended.map(Some),
        }
    }

    pub(crate) fn exit(
        &self,
        deadline: Deadline,
    ) -> Call<String, impl FnOnce(Result<String>) -> Result<SystemExit>> {
        Call::until(self.0.system.wait_exit(), &self.0.host.deadlines, deadline, |text| {
            self.parse::<SystemExitStatus>("exit status", &text?).map(|document| SystemExit::from(&document))
        })
    }

    /// Changes it. Service call: `HcsModifyComputeSystem`.
    ///
    /// # Errors
    /// Not supported, with the resource by name; invalid state; the service's own. The error keeps the document.
    #[doc(alias = "Modify")]
    pub fn modify(&self, request: &(impl ModifyDocument + ?Sized)) -> Result<()> {
        self.modifying(request).wait()
    }

    pub(crate) fn modifying<D: ModifyDocument + ?Sized>(
        &self,
        request: &D,
    ) -> Call<String, impl FnOnce(Result<String>) -> Result<()> + use<D>> {
        let json = request.json().into_owned();
        Call::new(self.0.system.modify(&json), &self.0.host.deadlines, move |result| {
            result.map(drop).map_err(|error| with_document(error, &json))
        })
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
        self.creating_process(parameters, streams).wait()
    }

    pub(crate) fn creating_process<'a, D: ProcessDocument + ?Sized>(
        &'a self,
        parameters: &D,
        streams: ProcessStreams,
    ) -> Call<Arc<CreatedProcess>, impl FnOnce(Result<Arc<CreatedProcess>>) -> Result<Process> + use<'a, D>>
    {
        let json = parameters.json().into_owned();
        let deadlines = &self.0.host.deadlines;
        Call::new(self.0.system.create_process(&json, streams), deadlines, move |created| {
            created
                .map(|created| Process::created(created, self.id(), Arc::clone(deadlines)))
                .map_err(|error| with_document(error, &json))
        })
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
