//! The messages between a client and a system's supervisor, over a `SOCK_SEQPACKET` socket.
//!
//! A connection is one handle on the system. The client's first message is [`Hello`], the supervisor's first answer
//! its [`Welcome`]. After that the client sends [`Request`]s, each answered by one [`Message::Answer`], in any order;
//! [`Message::Event`]s come in between. End of file means that the system is gone with all it held.
//!
//! An onlooker ([`Purpose::Watch`]) is no handle: it asks for nothing and is told everything that happens to the system
//! ([`Message::Sight`]) until it goes.

use std::path::PathBuf;

use hcs_guest_protocol as guest;
use serde::{Deserialize, Serialize};

use crate::cgroup::{IoLimit, Limits};
use crate::spec::{HostPipe, Mount};

/// Version of these messages. A supervisor of version N also serves clients of version N−1.
///
/// Version 2 has onlookers. What it tells to handles is what version 1 told them. Version 3 has the requests from
/// [`Request::Map`] on.
pub const VERSION: u16 = 3;

/// The oldest version that a supervisor serves.
pub const OLDEST: u16 = 1;

/// The first message of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The newest version that the client speaks.
    pub version: u16,
    /// What the connection is for.
    pub purpose: Purpose,
}

impl Hello {
    /// The version that both speak from here on; 0: there is none.
    pub(crate) fn agree(self) -> u16 {
        let needed = if self.purpose == Purpose::Watch { 2 } else { OLDEST };
        if self.version < needed { 0 } else { self.version.min(VERSION) }
    }
}

/// What a connection is for. The first two are on the wire what the flag "only a look" was in version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A handle on the system.
    Handle,
    /// Only to see the [`Welcome`]: the connection is no handle, and ends with that. Clients now read the board
    /// ([`crate::board`]); it is answered for those that were built before.
    Look,
    /// To see what happens, from the [`Welcome`] on: no handle either.
    Watch,
}

/// The supervisor's answer to [`Hello`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from here on, or 0 if there is none.
    pub version: u16,
    /// Where the system stands.
    pub status: Status,
    /// How many other handles there are.
    pub others: u32,
}

/// A request with the number that its answer carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToSupervisor {
    /// Chosen by the client, unique among its unanswered requests.
    pub id: u32,
    /// What to do.
    pub request: Request,
}

/// What a supervisor can be asked. `process` is the number that [`Reply::Process`] gave; it is the same on every
/// connection and never reused, unlike a process id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Created → Running.
    Start,
    /// Ask every process to end; the answer says that they were asked, the exit is an event.
    Shutdown,
    /// End every process; answered when they are gone.
    Terminate,
    /// Stop every process where it stands.
    Pause,
    /// Let them go on.
    Resume,
    /// [`Reply::Status`].
    Status,
    /// [`Reply::Statistics`].
    Statistics,
    /// [`Reply::Processes`].
    Processes,
    /// Start a process; the descriptors for its [`Stream::Given`] streams come along in order.
    CreateProcess(Process),
    /// A process by the id that programs inside see; it counts as opened by this connection.
    OpenProcess {
        /// Process id inside the container.
        pid: u32,
    },
    /// This connection is done with the process.
    CloseProcess {
        /// See [`Request`].
        process: u32,
    },
    /// [`Reply::Process`] again, with fresh duplicates of its pipes.
    ProcessInfo {
        /// See [`Request`].
        process: u32,
    },
    /// [`Reply::ProcessStatus`].
    ProcessStatus {
        /// See [`Request`].
        process: u32,
    },
    /// End the process (Windows: and all that it started).
    Kill {
        /// See [`Request`].
        process: u32,
    },
    /// Tell the process something.
    Signal {
        /// See [`Request`].
        process: u32,
        /// What.
        signal: Signal,
    },
    /// New size of the process's terminal.
    Resize {
        /// See [`Request`].
        process: u32,
        /// Character cells.
        console: guest::Console,
    },
    /// Close the supervisor's end of a pipe, so that the process sees the end of its input.
    CloseStream {
        /// See [`Request`].
        process: u32,
        /// Which of 0, 1, 2.
        stream: u8,
    },
    /// New limits; a member that is `None` stays as it is.
    Update(Limits),
    /// Mount a folder or file of the host into the container, and limit the disks that it is on.
    Map {
        /// What, and where. Nothing may be mapped to that place yet.
        mount: Mount,
        /// For disks that had no limit until now.
        io: Vec<IoLimit>,
    },
    /// Take a mapped folder or file away. What a program has open there keeps it ([`Failure::Os`], `EBUSY`).
    Unmap {
        /// Where it is mapped, as it was given.
        target: String,
        /// It must be this one, if one is given.
        source: Option<PathBuf>,
    },
    /// Serve a named pipe in a Windows container.
    MapPipe(HostPipe),
    /// Serve it no longer. Clients that are connected stay so.
    UnmapPipe {
        /// What follows `\\.\pipe\`.
        name: String,
        /// It must lead there, if a path is given.
        path: Option<PathBuf>,
    },
    /// [`Reply::Mapped`].
    Mapped,
}

impl Request {
    /// The version of the protocol from which on it is known.
    pub(crate) fn since(&self) -> u16 {
        match self {
            Self::Map { .. }
            | Self::Unmap { .. }
            | Self::MapPipe(_)
            | Self::UnmapPipe { .. }
            | Self::Mapped => 3,
            _ => OLDEST,
        }
    }
}

/// How to start a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The program, for the kind of guest that the system has.
    pub program: Program,
    /// Standard input, output and error.
    pub streams: [Stream; 3],
    /// A terminal of this size takes the place of all three streams.
    pub console: Option<guest::Console>,
}

/// A program by kind of guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// For a Linux guest.
    Linux(LinuxProgram),
    /// For a Windows guest; its `streams` member is the supervisor's to fill.
    Windows(guest::CreateProcess),
}

/// A Linux program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinuxProgram {
    /// Program and arguments.
    pub command: crate::spec::Command,
    /// Absolute path inside; empty: `/`.
    pub directory: String,
    /// Who it runs as.
    pub user: User,
}

/// A user inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum User {
    /// By number.
    Ids {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// Further groups.
        groups: Vec<u32>,
    },
    /// `user[:group]`, names looked up in the container's own `/etc/passwd` and `/etc/group`.
    Name(String),
}

impl Default for User {
    fn default() -> Self {
        Self::Ids { uid: 0, gid: 0, groups: Vec::new() }
    }
}

/// Where a standard stream of a new process goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Nowhere (`/dev/null`, `NUL`).
    Null,
    /// A pipe whose other end comes with [`Reply::Process`].
    Pipe,
    /// A descriptor that comes with the request.
    Given,
    /// The system's log.
    Log,
}

/// What to tell a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// A Linux signal by number.
    Linux(u8),
    /// A console control event of Windows.
    Windows(guest::ControlEvent),
}

/// From the supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// To the request with this number.
    Answer {
        /// [`ToSupervisor::id`].
        id: u32,
        /// What came of it.
        result: Result<Reply, Failure>,
    },
    /// Something happened.
    Event(Event),
    /// The same for an onlooker, in more detail.
    Sight(Sight),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Nothing more to tell.
    Done,
    /// See [`Status`].
    Status(Status),
    /// See [`Statistics`].
    Statistics(Statistics),
    /// The processes inside.
    Processes(Vec<ProcessRow>),
    /// A process was started or found. A descriptor comes along for each `true` of `pipes`, in order.
    Process {
        /// Its number, see [`Request`].
        process: u32,
        /// Its id as programs inside see it.
        pid: u32,
        /// Whether there is a pipe (or for a console its master, as the first) for input, output, error.
        pipes: [bool; 3],
    },
    /// See [`ProcessStatus`].
    ProcessStatus(ProcessStatus),
    /// See [`Mapped`].
    Mapped(Mapped),
}

/// What of the host a container sees, now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Folders and files, in the order in which they were mapped.
    pub folders: Vec<Mount>,
    /// Sockets, as named pipes.
    pub pipes: Vec<HostPipe>,
}

/// Where a system stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// Process id of process 1 as the host sees it; 0 when it has ended.
    pub init_pid: u32,
    /// When it was created, 100 ns since the Unix epoch.
    pub created_100ns: u64,
    /// When it was started, 100 ns since the Unix epoch; 0: never.
    pub started_100ns: u64,
    /// How it ended, once it has.
    pub exit: Option<Exit>,
}

/// The states of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the service")]
pub enum State {
    Created,
    Running,
    Paused,
    Stopped,
}

/// How a system ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Why.
    pub kind: ExitKind,
    /// Processes that the memory limit ended in its life.
    pub oom_kills: u64,
    /// How the first process that was started in it ended; `None`: there was none.
    pub first_process: Option<ProcessExit>,
    /// When, 100 ns since the Unix epoch.
    pub at_100ns: u64,
}

/// Why a system ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitKind {
    /// After [`Request::Shutdown`].
    Graceful,
    /// After [`Request::Terminate`], or with its last handle.
    Forced,
    /// Process 1 or the supervisor ended by itself.
    Unexpected,
}

/// How a process fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Its id as programs inside see it.
    pub pid: u32,
    /// How it ended, once it has.
    pub exit: Option<ProcessExit>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessExit {
    /// All 32 bits; of a Linux process that a signal ended, 128 + the signal's number.
    pub code: u32,
    /// The signal that ended a Linux process, or 0.
    pub signal: u8,
    /// The memory limit ended processes of the system while this one ran, and it was killed.
    pub out_of_memory: bool,
}

/// What the container uses and has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names carry the units")]
pub struct Statistics {
    pub at_100ns: u64,
    pub started_100ns: u64,
    pub cpu_total_100ns: u64,
    pub cpu_user_100ns: u64,
    pub cpu_kernel_100ns: u64,
    pub memory_bytes: u64,
    pub memory_peak_bytes: u64,
    pub memory_private_bytes: u64,
    pub read_operations: u64,
    pub read_bytes: u64,
    pub write_operations: u64,
    pub write_bytes: u64,
}

/// A process inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names carry the units")]
pub struct ProcessRow {
    /// Its id as programs inside see it.
    pub pid: u32,
    pub image: String,
    /// 100 ns since the Unix epoch.
    pub created_100ns: u64,
    pub user_100ns: u64,
    pub kernel_100ns: u64,
    pub commit_bytes: u64,
    pub private_bytes: u64,
    pub shared_bytes: u64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The system has ended; its clean-up is still under way.
    Exited(Exit),
    /// A process that this connection opened has ended.
    ProcessExited {
        /// See [`Request`].
        process: u32,
        /// How.
        exit: ProcessExit,
    },
    /// The memory limit ended a process.
    OutOfMemory,
    /// The state changed.
    State(State),
}

/// What an onlooker sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// When it happened, 100 ns since the Unix epoch.
    pub at_100ns: u64,
    /// What.
    pub what: Happening,
}

/// What can happen to a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// Created → Running.
    Started,
    /// Running → Paused.
    Paused,
    /// Paused → Running.
    Resumed,
    /// It has new limits, or something else is mapped into it.
    Modified,
    /// The memory limit ended processes, one or some.
    OutOfMemory,
    /// It has ended; its clean-up is still under way.
    Exited(Exit),
    /// This onlooker did not read, so more has happened than it was told. It is the last that it hears on this connection.
    Missed,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// Not possible in this state.
    #[error("the system is {0:?}")]
    InvalidState(State),
    /// No such process, or it has ended.
    #[error("no such process")]
    NoProcess,
    /// The program can't be started.
    #[error("{program}: {step} failed: {}", std::io::Error::from_raw_os_error(*errno))]
    Exec {
        /// As it was given.
        program: String,
        /// What failed.
        step: Step,
        /// The kernel's reason.
        errno: i32,
    },
    /// A Windows function refused.
    #[error("{call} failed with Windows error {code}")]
    Windows {
        /// The function.
        call: String,
        /// The Win32 error code.
        code: u32,
    },
    /// The user is not known inside the container.
    #[error("user {0:?} is not in the container's /etc/passwd or /etc/group")]
    UnknownUser(String),
    /// This kind of guest or process can't do that.
    #[error("{0}")]
    NotSupported(String),
    /// A kernel call failed.
    #[error("{step} {object}: {}", std::io::Error::from_raw_os_error(*errno))]
    Os {
        /// What was being done.
        step: String,
        /// To what.
        object: String,
        /// The kernel's reason.
        errno: i32,
    },
    /// The guest side broke the protocol or is gone.
    #[error("lost contact with {0}")]
    Lost(String),
    /// Nothing of the kind is mapped there.
    #[error("nothing that fits is mapped to {0}")]
    NotMapped(String),
}

/// The steps between clone and a running program. Shown, one goes between "cannot" and the program's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Step {
    Clone,
    Streams,
    Terminal,
    Groups,
    Group,
    User,
    Directory,
    Exec,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Clone => "make a process for",
            Self::Streams => "set the standard streams of",
            Self::Terminal => "take the terminal for",
            Self::Groups => "set the groups of",
            Self::Group => "set the group id of",
            Self::User => "set the user id of",
            Self::Directory => "enter the working directory of",
            Self::Exec => "run",
        })
    }
}
