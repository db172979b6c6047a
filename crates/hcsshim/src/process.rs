//! A process in a container.

mod relay;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hcs_contract::{
    ComputeProcess, CreatedProcess, Deadline, Deadlines, Error, Hresult, Notification, Object, Operation,
    ProcessInformation, Result, Stream, Subscription,
};
use hcs_schema::Document;
use hcs_schema::compute::{
    CloseHandle, ConsoleSize, ProcessModifyRequest, ProcessOperation, ProcessStatus, SignalProcessOptions,
    StdHandle,
};

use crate::call::{Call, Done};
use crate::{ExitStatus, Signal, Stdin};

/// A handle of a process within a container: running, or ended and not yet forgotten.
///
/// Clones are the same handle. Dropping the last one closes it; that does not end the process.
///
/// ```
/// use std::io::{Read, Write};
///
/// use hcsshim::Stdio;
///
/// # let host = hcsshim::Host::fake(&hcsshim::fake::FakeHost::new());
/// # let container = host.create_container("web", r#"{"SystemType":"Container"}"#)?;
/// # container.start()?;
/// let process = container.command("cat").stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn()?;
/// let mut input = process.take_stdin()?.expect("a pipe was asked for");
/// let mut output = process.take_stdout()?.expect("a pipe was asked for");
/// input.write_all(b"hello")?;
/// input.close()?;
/// let mut text = String::new();
/// output.read_to_string(&mut text)?;
/// assert_eq!((text.as_str(), process.wait()?.code()), ("hello", 0));
/// // Who wanted it ended is done.
/// assert!(process.kill().unwrap_err().is_already_stopped());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "process")]
pub struct Process(Arc<Inner>);

struct Inner {
    handle: Arc<dyn ComputeProcess>,
    system: String,
    deadlines: Arc<Deadlines>,
    /// Filled when the process was created through this handle, otherwise by the first request for a stream.
    information: OnceLock<Information>,
    /// What carries its output to streams of ours that it could not get.
    relay: OnceLock<relay::Relay>,
}

enum Information {
    Created(Arc<CreatedProcess>),
    Asked(Arc<ProcessInformation>),
}

impl Information {
    fn get(&self) -> &ProcessInformation {
        match self {
            Self::Created(created) => &created.information,
            Self::Asked(information) => information,
        }
    }
}

/// The three standard streams as fresh handles; `None` for those that are no pipes.
#[derive(Debug, Default)]
pub struct StdioPipes {
    /// Writes what the process reads.
    pub stdin: Option<Stdin>,
    /// Reads what the process writes; with a console all of it.
    pub stdout: Option<Stream>,
    /// Reads what the process writes as errors.
    pub stderr: Option<Stream>,
}

impl Process {
    pub(crate) fn created(created: Arc<CreatedProcess>, system: &str, deadlines: Arc<Deadlines>) -> Self {
        let handle = Arc::clone(&created.process);
        Self::new(handle, system, deadlines, OnceLock::from(Information::Created(created)))
    }

    pub(crate) fn opened(handle: Arc<dyn ComputeProcess>, system: &str, deadlines: Arc<Deadlines>) -> Self {
        Self::new(handle, system, deadlines, OnceLock::new())
    }

    fn new(
        handle: Arc<dyn ComputeProcess>,
        system: &str,
        deadlines: Arc<Deadlines>,
        information: OnceLock<Information>,
    ) -> Self {
        Self(Arc::new(Inner {
            handle,
            system: system.into(),
            deadlines,
            information,
            relay: OnceLock::new(),
        }))
    }

    /// Its number within the container. Makes no call.
    #[doc(alias = "Pid")]
    pub fn pid(&self) -> u32 {
        self.0.handle.pid()
    }

    /// The id of its container. Makes no call.
    pub fn container_id(&self) -> &str {
        &self.0.system
    }

    /// The end of its input, once; `None` when there is no pipe or it was taken.
    ///
    /// Service call: none for a process that this handle created; `HcsGetProcessInfo` for an opened one.
    ///
    /// # Errors
    /// Those of the call.
    pub fn take_stdin(&self) -> Result<Option<Stdin>> {
        Ok(self.information()?.take_stdin().map(|stream| Stdin::new(stream, self.clone())))
    }

    /// The end of its output, once; with a console all that it writes.
    ///
    /// Service call: none for a process that this handle created; `HcsGetProcessInfo` for an opened one.
    ///
    /// # Errors
    /// As [`Process::take_stdin`].
    pub fn take_stdout(&self) -> Result<Option<Stream>> {
        Ok(self.information()?.take_stdout())
    }

    /// The end of its error output, once.
    ///
    /// Service call: none for a process that this handle created; `HcsGetProcessInfo` for an opened one.
    ///
    /// # Errors
    /// As [`Process::take_stdin`].
    pub fn take_stderr(&self) -> Result<Option<Stream>> {
        Ok(self.information()?.take_stderr())
    }

    /// Handles of all its streams, at each call: the first time those that it was created with, unless they were
    /// taken, then fresh ones. Several readers of one stream compete for its bytes.
    ///
    /// Service call: `HcsGetProcessInfo`.
    ///
    /// # Errors
    /// Those of the call.
    #[doc(alias = "Stdio")]
    pub fn stdio(&self) -> Result<StdioPipes> {
        self.asking_stdio().wait().map(|information| self.pipes(&information))
    }

    pub(crate) fn asking_stdio(&self) -> AskingStdio {
        Call::new(self.0.handle.info(), &self.0.deadlines, |information| information)
    }

    pub(crate) fn pipes(&self, fresh: &ProcessInformation) -> StdioPipes {
        // Left here, the first handle of its input would keep that from ever ending.
        let first = self.0.information.get().map(Information::get);
        let first = |take: fn(&ProcessInformation) -> Option<Stream>| first.and_then(take);
        let stdin = first(ProcessInformation::take_stdin).or_else(|| fresh.take_stdin());
        StdioPipes {
            stdin: stdin.map(|stream| Stdin::new(stream, self.clone())),
            stdout: first(ProcessInformation::take_stdout).or_else(|| fresh.take_stdout()),
            stderr: first(ProcessInformation::take_stderr).or_else(|| fresh.take_stderr()),
        }
    }

    /// Waits until it has ended, without limit, and until all that it wrote to inherited streams is written. Any
    /// number of threads may, each as often as it likes.
    ///
    /// Service call: none; it waits for the notification of the exit.
    ///
    /// # Errors
    /// Already closed, when the handle is closed meanwhile; disconnected, when the service is gone; the exit's own
    /// failure, when the service lost the process.
    #[doc(alias = "Wait")]
    pub fn wait(&self) -> Result<ExitStatus> {
        self.wait_by(Deadline::Never)
    }

    /// Waits until it has ended, but not longer than `limit`.
    ///
    /// Service call: none; it waits for the notification of the exit.
    ///
    /// # Errors
    /// As [`Process::wait`], and a timeout ([`Error::is_timeout`]).
    #[doc(alias = "WaitTimeout")]
    pub fn wait_timeout(&self, limit: Duration) -> Result<ExitStatus> {
        self.wait_by(Deadline::after(limit))
    }

    fn wait_by(&self, deadline: Deadline) -> Result<ExitStatus> {
        let status = self.exit(deadline).wait()?;
        self.written(deadline)?;
        self.exit_status(&status)
    }

    pub(crate) fn exit(
        &self,
        deadline: Deadline,
    ) -> Call<String, impl FnOnce(Result<String>) -> Result<ProcessStatus>> {
        Call::until(self.0.handle.wait_exit(), &self.0.deadlines, deadline, |text| self.parse(&text?))
    }

    /// Its exit code. Works as long as the handle is open, whether or not anybody has waited.
    ///
    /// Service call: `HcsGetProcessProperties`.
    ///
    /// # Errors
    /// Invalid state while it runs; the failure that the service recorded instead of a code.
    #[doc(alias = "ExitCode")]
    pub fn exit_code(&self) -> Result<u32> {
        self.code_of(&self.status()?)
    }

    pub(crate) fn code_of(&self, status: &ProcessStatus) -> Result<u32> {
        if !status.exited {
            return Err(Error::invalid_state(self.object(), "Running")
                .with_hint("wait for its exit before asking for its exit code"));
        }
        self.exit_status(status).map(ExitStatus::code)
    }

    /// Its state. Service call: `HcsGetProcessProperties`.
    ///
    /// # Errors
    /// Those of the call.
    #[doc(alias = "Properties")]
    pub fn status(&self) -> Result<ProcessStatus> {
        self.asking_status().wait()
    }

    pub(crate) fn asking_status(&self) -> Call<String, impl FnOnce(Result<String>) -> Result<ProcessStatus>> {
        Call::new(self.0.handle.properties(), &self.0.deadlines, |text| self.parse(&text?))
    }

    /// Ends it at once (Windows: with all that it started). Does not wait for its exit.
    ///
    /// Service call: `HcsTerminateProcess`.
    ///
    /// # Errors
    /// Not found or already stopped, when it has ended; [`Error::is_already_stopped`] is true for both.
    #[doc(alias = "Kill")]
    pub fn kill(&self) -> Result<()> {
        self.killing().wait()
    }

    pub(crate) fn killing(&self) -> Done {
        self.plain(self.0.handle.terminate(""))
    }

    fn plain(&self, operation: Operation) -> Done {
        Call::plain(operation, &self.0.deadlines)
    }

    /// Tells it something. Service call: `HcsSignalProcess`.
    ///
    /// # Errors
    /// Not supported, when the guest has no such signal; as [`Process::kill`] when it has ended.
    #[doc(alias = "Signal")]
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.signalling(signal).wait()
    }

    pub(crate) fn signalling(&self, signal: Signal) -> Done {
        let options = SignalProcessOptions { signal: Some(signal.into()), ..Default::default() };
        self.plain(self.0.handle.signal(&options.to_json()))
    }

    /// Gives its console a new size, in character cells. Only for a process with a console.
    ///
    /// Service call: `HcsModifyProcess` (`ConsoleSize`).
    ///
    /// # Errors
    /// The service's, among them that there is no console.
    #[doc(alias = "ResizeConsole")]
    pub fn resize_console(&self, width: u16, height: u16) -> Result<()> {
        self.modify(&size(width, height))
    }

    /// Closes the service's end of its input, so that it sees the end once our own end is closed too:
    /// [`Stdin::close`] does both.
    ///
    /// Service call: `HcsModifyProcess` (`CloseHandle`, `StdIn`).
    ///
    /// # Errors
    /// The service's, among them that the process has ended.
    #[doc(alias = "CloseStdin")]
    pub fn close_stdin(&self) -> Result<()> {
        self.modify(&close(StdHandle::STD_IN))
    }

    /// The same without waiting for the answer, which nobody could do anything about.
    pub(crate) fn tell_stdin_closed(&self) {
        drop(self.0.handle.modify(&close(StdHandle::STD_IN).to_json()));
    }

    /// Sends any change. Service call: `HcsModifyProcess`.
    ///
    /// # Errors
    /// The service's.
    pub fn modify(&self, request: &ProcessModifyRequest) -> Result<()> {
        self.modifying(request).wait()
    }

    pub(crate) fn modifying(&self, request: &ProcessModifyRequest) -> Done {
        self.plain(self.0.handle.modify(&request.to_json()))
    }

    /// Calls `callback` for each of its notifications, until the returned value is dropped. It runs on a thread of
    /// the host and must not block. An exit that has happened is delivered at once.
    ///
    /// Service call: `HcsRegisterProcessCallback` or `HcsSetProcessCallback`.
    ///
    /// # Errors
    /// Already closed, or the connection's.
    pub fn subscribe(
        &self,
        callback: impl Fn(&Notification) + Send + Sync + 'static,
    ) -> Result<Subscription> {
        self.0.handle.subscribe(Arc::new(callback))
    }

    /// Closes the handle; further calls fail, waits end. The process goes on. A second close does nothing.
    ///
    /// Service call: `HcsCloseProcess`.
    #[doc(alias = "Close")]
    pub fn close(&self) {
        self.0.handle.close();
    }

    #[cfg(feature = "async")]
    pub(crate) fn is_informed(&self) -> bool {
        self.0.information.get().is_some()
    }

    fn information(&self) -> Result<&ProcessInformation> {
        if let Some(information) = self.0.information.get() {
            return Ok(information.get());
        }
        self.asking_stdio().wait().map(|asked| self.keep(asked))
    }

    /// Another thread may have been faster: then its streams are the ones to take, and these are closed.
    pub(crate) fn keep(&self, asked: Arc<ProcessInformation>) -> &ProcessInformation {
        self.0.information.get_or_init(|| Information::Asked(asked)).get()
    }

    pub(crate) fn object(&self) -> Object {
        Object::process(&self.0.system, self.pid())
    }

    fn parse(&self, status: &str) -> Result<ProcessStatus> {
        ProcessStatus::from_json(status).map_err(|error| {
            Error::unexpected_value(format!("process status: {error}")).with_object(self.object())
        })
    }

    pub(crate) fn exit_status(&self, status: &ProcessStatus) -> Result<ExitStatus> {
        match status.last_wait_result {
            0 => Ok(ExitStatus::from_code(status.exit_code)),
            failure => Err(Error::from_hresult(Hresult::from_go_errno(failure.cast_unsigned()))
                .with_object(self.object())),
        }
    }
}

/// What asks a process for its streams.
pub(crate) type AskingStdio =
    Call<Arc<ProcessInformation>, fn(Result<Arc<ProcessInformation>>) -> Result<Arc<ProcessInformation>>>;

pub(crate) fn size(width: u16, height: u16) -> ProcessModifyRequest {
    ProcessModifyRequest {
        operation: ProcessOperation::CONSOLE_SIZE,
        console_size: Some(ConsoleSize { height, width, ..Default::default() }),
        ..Default::default()
    }
}

pub(crate) fn close(handle: StdHandle) -> ProcessModifyRequest {
    ProcessModifyRequest {
        operation: ProcessOperation::CLOSE_HANDLE,
        close_handle: Some(CloseHandle { handle, ..Default::default() }),
        ..Default::default()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({} of {})", self.pid(), self.0.system)
    }
}
