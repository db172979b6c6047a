//! Starting processes, in the manner of `std::process::Command`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::thread;

use hcs_contract::{Error, ProcessStreams, Result, Stream};
use hcs_schema::compute::v2::ProcessParameters;

use crate::stdio::{Resolved, Which};
use crate::{Container, ExitStatus, Guest, Process, Stdio, windows_command_line};

/// A process to be started in a container.
///
/// Made by [`Container::command`]. Without further words its streams are [`Stdio::Null`].
///
/// ```
/// use hcsshim::Stdio;
///
/// # let host = hcsshim::Host::fake(&hcsshim::fake::FakeHost::new());
/// # let container = host.create_container("web", r#"{"SystemType":"Container"}"#)?;
/// # container.start()?;
/// let output = container.command("env").arg("COLOUR").env("COLOUR", "blue").output()?;
/// assert_eq!((output.status.code(), &output.stdout[..]), (0, &b"COLOUR=blue\r\n"[..]));
/// let status = container.command("exit").arg("7").stdout(Stdio::Inherit).status()?;
/// assert_eq!(status.code(), 7);
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing runs before spawn, status or output"]
pub struct Command {
    container: Container,
    arguments: Vec<String>,
    windows_line: Option<String>,
    environment: BTreeMap<String, String>,
    directory: String,
    user: String,
    console: Option<(u16, u16)>,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
}

/// How a process ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its output, byte by byte.
    pub stdout: Vec<u8>,
    /// All of its error output; empty with a console.
    pub stderr: Vec<u8>,
}

/// What the call is made with.
pub(crate) struct Starting {
    pub(crate) parameters: ProcessParameters,
    pub(crate) streams: ProcessStreams,
    /// Streams of ours that it can't get as they are.
    pub(crate) carried: [Option<Stream>; 3],
}

impl Command {
    pub(crate) fn new(container: Container, program: String) -> Self {
        Self {
            container,
            arguments: vec![program],
            windows_line: None,
            environment: BTreeMap::new(),
            directory: String::new(),
            user: String::new(),
            console: None,
            stdin: Stdio::default(),
            stdout: Stdio::default(),
            stderr: Stdio::default(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Windows guests: the command line as it is, in place of the one that [`windows_command_line`] makes from
    /// program and arguments. For programs that split it in their own way, such as `cmd.exe`.
    pub fn command_line(mut self, line: impl Into<String>) -> Self {
        self.windows_line = Some(line.into());
        self
    }

    /// Sets an environment variable, beside those that the container gives its processes.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Sets environment variables.
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Sets the working directory, a path inside the container.
    pub fn current_dir(mut self, directory: impl Into<String>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Sets the user. Windows: `ContainerAdministrator` or `ContainerUser`. Linux: `name[:group]` or `uid[:gid]`.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Gives it a console of this size, in character cells. Its error output is then part of its output.
    pub fn console(mut self, width: u16, height: u16) -> Self {
        self.console = Some((width, height));
        self
    }

    /// Sets where its input comes from.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    /// Sets where its output goes.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Sets where its error output goes.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = stderr.into();
        self
    }

    /// Starts it. Service call: `HcsCreateProcess`.
    ///
    /// # Errors
    /// Invalid argument, when the arguments can't be said in a Windows command line. Of the call: the program is not
    /// there (`ERROR_FILE_NOT_FOUND`, `ERROR_PATH_NOT_FOUND`), can't be run (`E_ACCESSDENIED`,
    /// `ERROR_BAD_EXE_FORMAT`, …); a stream can't be passed on by this host (not supported).
    pub fn spawn(self) -> Result<Process> {
        let container = self.container.clone();
        let starting = self.into_starting()?;
        let process = container.create_process_with(&starting.parameters, starting.streams)?;
        process.carry(starting.carried, starting.parameters.emulate_console)?;
        Ok(process)
    }

    #[cfg(feature = "async")]
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    pub(crate) fn into_starting(self) -> Result<Starting> {
        let (parameters, [stdin, stdout, stderr]) = self.resolve()?;
        Ok(Starting {
            parameters,
            streams: ProcessStreams { stdin: stdin.source, stdout: stdout.source, stderr: stderr.source },
            carried: [stdin.carried, stdout.carried, stderr.carried],
        })
    }

    /// Starts it and waits until it has ended.
    ///
    /// Service calls: `HcsCreateProcess`, and `HcsModifyProcess` when its input is a pipe, to close it; the exit is a
    /// notification.
    ///
    /// # Errors
    /// As [`Command::spawn`] and [`Process::wait`].
    pub fn status(self) -> Result<ExitStatus> {
        let process = self.spawn()?;
        // Nobody writes to it: without this it would wait for more.
        drop(process.take_stdin()?);
        process.wait()
    }

    /// Starts it with pipes, and collects all that it writes until it has ended and nobody writes any more.
    ///
    /// Service calls: `HcsCreateProcess`, and `HcsModifyProcess` when its input is a pipe, to close it; the exit is a
    /// notification.
    ///
    /// # Errors
    /// As [`Command::spawn`] and [`Process::wait`], and a failure of reading.
    pub fn output(mut self) -> Result<Output> {
        self.collects();
        let process = self.spawn()?;
        drop(process.take_stdin()?);
        let (stdout, stderr) = (process.take_stdout()?, process.take_stderr()?);
        // Both at once: a process that fills one pipe must not wait for the end of the other.
        let (stdout, stderr) = thread::scope(|scope| {
            let errors = scope.spawn(|| read_all(stderr));
            (read_all(stdout), errors.join())
        });
        let stderr = stderr.map_err(|_| Error::unexpected_value("reading the error output panicked"))?;
        Ok(Output { status: process.wait()?, stdout: stdout?, stderr: stderr? })
    }

    /// All that it writes comes to us.
    pub(crate) fn collects(&mut self) {
        self.stdout = Stdio::Pipe;
        self.stderr = if self.console.is_some() { Stdio::Null } else { Stdio::Pipe };
    }

    /// The document and the streams beside it.
    fn resolve(self) -> Result<(ProcessParameters, [Resolved; 3])> {
        let guest = self.container.guest()?;
        // Hosts of a user's own decide themselves, off Linux, whether they can pass a stream on.
        let direct = !self.container.inner().host.elsewhere
            && (cfg!(not(target_os = "linux")) || (guest == Guest::Linux && self.console.is_none()));
        let mut parameters = ProcessParameters {
            user: self.user,
            working_directory: self.directory,
            environment: self.environment,
            ..ProcessParameters::default()
        };
        match (guest, self.windows_line) {
            (Guest::Linux, None) => parameters.command_args = self.arguments,
            (Guest::Linux, Some(_)) => {
                return Err(Error::invalid_argument("command_line", "a Linux guest has no command lines")
                    .with_hint("give the program and its arguments one by one"));
            }
            (Guest::Windows, Some(line)) => parameters.command_line = line,
            (Guest::Windows, None) => {
                parameters.command_line = windows_command_line(&self.arguments)
                    .map_err(|error| Error::invalid_argument("arguments", error.to_string()))?;
            }
        }
        let stdin = self.stdin.resolve(Which::Stdin, direct)?;
        let stdout = self.stdout.resolve(Which::Stdout, direct)?;
        let stderr = match self.console {
            // A console has one output.
            Some(_) => Resolved::default(),
            None => self.stderr.resolve(Which::Stderr, direct)?,
        };
        parameters.create_std_in_pipe = stdin.pipe;
        parameters.create_std_out_pipe = stdout.pipe;
        parameters.create_std_err_pipe = stderr.pipe;
        if let Some((width, height)) = self.console {
            parameters.emulate_console = true;
            parameters.console_size = vec![height.into(), width.into()];
        }
        Ok((parameters, [stdin, stdout, stderr]))
    }
}

pub(crate) fn read_all(stream: Option<Stream>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).map_err(|error| Error::os("read", "a process's output", error))?;
    }
    Ok(bytes)
}
