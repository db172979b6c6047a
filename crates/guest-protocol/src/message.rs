//! What the supervisor asks of an agent, and what the agent answers and reports.

use serde::{Deserialize, Serialize};

/// Goes up with every change of a message. Supervisor and agent are installed together, so both must be equal.
pub const PROTOCOL_VERSION: u16 = 4;

/// From the supervisor to the agent. Each is answered by one [`FromAgent::Answer`] with the same `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToAgent {
    /// Chosen by the supervisor, unique among the unanswered requests of this channel.
    pub id: u32,
    /// What to do.
    pub request: Request,
}

/// What an agent can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// `CreateProcessW` in a job object of its own, so that its whole tree can be ended. Answer: [`Response::Created`].
    Create(CreateProcess),
    /// `TerminateJobObject` with this exit code. Answer: [`Response::Done`], also when the process has just ended.
    Terminate {
        /// The Windows process id that `Created` gave.
        pid: u32,
        /// The exit code that the processes get.
        exit_code: u32,
    },
    /// A console control event for one process. Answer: [`Response::Done`].
    Control {
        /// The Windows process id that `Created` gave.
        pid: u32,
        /// The event.
        event: ControlEvent,
    },
    /// New size of the console that this channel's launcher sits in. Answer: [`Response::Done`].
    Resize(Console),
    /// Every process of the session but the agent and Wine's own. Answer: [`Response::Processes`].
    List,
    /// Apply registry changes in order; stops at the first failure. Answer: [`Response::Done`].
    Registry(Vec<RegistryChange>),
    /// Serve these named pipes from now on, each by a socket. Answer: [`Response::Done`] when all are there.
    Pipes(Vec<MappedPipe>),
    /// Serve a named pipe no longer; clients that are connected stay so. Answer: [`Response::Done`] when nobody can
    /// connect any more.
    RemovePipe {
        /// What follows `\\.\pipe\`.
        name: String,
    },
    /// CTRL_SHUTDOWN to every user process, and the registry made durable once they have ended.
    /// Answer: [`Response::Done`] when no user process is left; the supervisor keeps the deadline.
    Shutdown,
}

/// A named pipe that stands for a socket outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedPipe {
    /// What follows `\\.\pipe\`.
    pub name: String,
    /// Path inside the container of a socket at which a connection to the one outside is handed out: who connects gets one
    /// message of [`HANDED_OUT`] bytes, and with it a descriptor.
    pub socket: String,
}

/// Length of a [`HandedOut`] message.
pub const HANDED_OUT: usize = 8;

/// The message with which a connection is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOut {
    /// An errno of Linux; 0: the connection comes along.
    pub errno: i32,
    /// The connection carries messages, not a stream of bytes.
    pub messages: bool,
}

impl HandedOut {
    /// As it goes over the socket: two little-endian numbers.
    pub fn to_bytes(self) -> [u8; HANDED_OUT] {
        let numbers = [self.errno.to_le_bytes(), u32::from(self.messages).to_le_bytes()];
        std::array::from_fn(|at| numbers[at / 4][at % 4])
    }

    /// What such a message says.
    pub fn from_bytes(bytes: [u8; HANDED_OUT]) -> Self {
        let [a, b, c, d, messages, ..] = bytes;
        Self { errno: i32::from_le_bytes([a, b, c, d]), messages: messages != 0 }
    }
}

/// How to start a Windows process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateProcess {
    /// `lpApplicationName`, or `None` to take it from the command line as CreateProcess does.
    pub application: Option<String>,
    /// The whole command line, quoted by the caller.
    pub command_line: String,
    /// `None`: `C:\`.
    pub working_directory: Option<String>,
    /// Set over the agent's own environment; names compare without case.
    pub environment: Vec<(String, String)>,
    /// The user's name that the process shall see; `None`: the agent's.
    pub user: Option<String>,
    /// The standard streams.
    pub streams: Streams,
}

/// Where a Windows process's standard streams go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Streams {
    /// Paths inside the container (`/run/hcs/io/…`) of FIFOs that the supervisor holds open; `None`: `NUL`.
    Paths {
        /// Opened for reading.
        stdin: Option<String>,
        /// Opened for writing.
        stdout: Option<String>,
        /// Opened for writing; may equal `stdout`.
        stderr: Option<String>,
    },
    /// The console that the launcher sits in; only on a launcher's channel.
    Console,
    /// All three are `NUL`.
    #[default]
    Null,
}

/// The size of a console in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// A console control event, by its Windows number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Windows constants")]
pub enum ControlEvent {
    CtrlC = 0,
    CtrlBreak = 1,
    CtrlClose = 2,
    CtrlLogoff = 5,
    CtrlShutdown = 6,
}

/// One change of the registry, by full path from the root (`HKLM\Software\…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryChange {
    /// Makes the key if need be and sets a value.
    Set {
        /// `HKLM\…`, `HKCU\…` or `HKU\…`.
        key: String,
        /// Empty: the key's default value.
        name: String,
        /// Type and content.
        data: RegistryData,
        /// The key, when it must be made, lives in memory only.
        volatile: bool,
    },
    /// Removes a key with all below it; a key that is not there is no error.
    DeleteKey {
        /// As above.
        key: String,
    },
}

/// A registry value by type (`REG_…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the Windows types")]
pub enum RegistryData {
    None,
    String(String),
    ExpandString(String),
    MultiString(Vec<String>),
    Binary(Vec<u8>),
    Dword(u32),
    Qword(u64),
    Custom { kind: u32, bytes: Vec<u8> },
}

/// From the agent to the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromAgent {
    /// The first message of a channel: the session is up and requests are taken.
    Ready {
        /// [`PROTOCOL_VERSION`] of the agent.
        version: u16,
    },
    /// To the request with this id.
    Answer {
        /// [`ToAgent::id`].
        id: u32,
        /// What came of it.
        result: Result<Response, Failure>,
    },
    /// A process that `Create` made has ended. Comes once for each, after its `Created`.
    Exited {
        /// Its Windows process id.
        pid: u32,
        /// All 32 bits of it.
        code: u32,
    },
    /// The Linux process that a process is, where the agent can tell. Comes after its `Created` and before it runs, so
    /// before anything that the supervisor hears of that Linux process.
    ///
    /// Windows has no exit code for a process that the kernel has killed, and Wine says 0 of it, which is a success.
    /// Only by this can the supervisor know better.
    Native {
        /// Its Windows process id.
        pid: u32,
        /// Its Linux process id inside the container.
        linux_pid: u32,
    },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// Nothing more to tell.
    Done,
    /// The process runs.
    Created {
        /// Its Windows process id.
        pid: u32,
    },
    /// The session's processes.
    Processes(Vec<ProcessRow>),
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{call} failed with Windows error {code}")]
pub struct Failure {
    /// The Windows function that failed.
    pub call: String,
    /// Its Win32 error code.
    pub code: u32,
}

/// A process of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// Windows process id.
    pub pid: u32,
    /// The parent's Windows process id, 0 if unknown.
    pub parent: u32,
    /// File name of the program, such as `cmd.exe`.
    pub image: String,
    /// Start time: 100 ns units since 1601-01-01 UTC (FILETIME).
    pub created_100ns: u64,
    /// Processor time in user mode, 100 ns units.
    pub user_100ns: u64,
    /// Processor time in kernel mode, 100 ns units.
    pub kernel_100ns: u64,
    /// Bytes of memory in use that only this process has.
    pub private_bytes: u64,
    /// Bytes of memory in use, shared pages included.
    pub working_set_bytes: u64,
}
