//! Starting a supervisor, and connecting to a running one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use hcs_fault::Point;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, RecvFlags, SocketAddrUnix, SocketFlags, SocketType};

use super::connection::Connection;
use crate::protocol::{Failure, Hello, Purpose, State, VERSION, Welcome};
use crate::spec::Spec;
use crate::sys;
use crate::wire::{self, Receiver, WireError};

/// The name of a supervisor's socket in the system's runtime folder.
pub const SOCKET: &str = "control.sock";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The supervisor's program can't be run.
    #[error("cannot run the supervisor {path}")]
    Program {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The supervisor could not make the container.
    #[error("cannot make the container {id}")]
    Refused {
        /// The system's id.
        id: String,
        /// Why not.
        source: Failure,
    },
    /// The supervisor ended without a word.
    #[error("the supervisor of {id} ended before it answered")]
    Silent {
        /// The system's id.
        id: String,
    },
    /// The supervisor did not answer in time. It goes on: the container may come to be all the same.
    #[error("the supervisor in {directory} did not answer in time")]
    Timeout {
        /// The system's runtime folder.
        directory: PathBuf,
    },
    /// No supervisor listens in this folder.
    #[error("no supervisor in {directory}")]
    NotThere {
        /// The system's runtime folder.
        directory: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The supervisor speaks only other versions of the protocol.
    #[error("the supervisor in {directory} speaks no version up to {VERSION} of the protocol")]
    Version {
        /// The system's runtime folder.
        directory: PathBuf,
    },
    /// Sending or receiving failed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The kernel refused a socket.
    #[error("cannot make a socket")]
    Socket(#[source] io::Error),
}

/// Starts supervisors.
#[derive(Debug, Clone)]
pub struct Launcher {
    program: PathBuf,
    protected: Arc<OnceLock<OwnedFd>>,
}

impl Launcher {
    /// `program`: path of the static supervisor binary, `hcs-init`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), protected: Arc::default() }
    }

    /// Starts a supervisor that makes the container, and connects to it. On return the system is Created.
    ///
    /// # Errors
    /// [`LaunchError`]; then nothing of the container is left but, perhaps, `spec.directory`.
    pub fn launch(&self, spec: &Spec) -> Result<Arc<Connection>, LaunchError> {
        self.launch_with(spec, None, None)
    }

    /// A name of the program that leads through a read-only mount of nobody's tree.
    ///
    /// Process 1 is a clone of the supervisor. A program started inside as `/proc/self/exe` is therefore this file, and
    /// without the mount root inside could open it for writing once it has ended (as in CVE-2019-5736).
    fn protected_program(&self) -> Result<PathBuf, LaunchError> {
        let failed = |errno: Errno| LaunchError::Program { path: self.program.clone(), source: errno.into() };
        let mount = if let Some(mount) = self.protected.get() {
            mount
        } else {
            let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
            let mount = rustix::mount::open_tree(CWD, &self.program, flags).map_err(failed)?;
            let read_only = MountAttrFlags::MOUNT_ATTR_RDONLY | MountAttrFlags::MOUNT_ATTR_NOSUID;
            sys::mount::restrict(&mount, read_only).map_err(failed)?;
            self.protected.get_or_init(|| mount)
        };
        Ok(format!("/proc/self/fd/{}", mount.as_raw_fd()).into())
    }

    /// [`Launcher::launch`] for at most until `until`.
    ///
    /// `keep` is a descriptor that the supervisor holds as long as it lives, such as one with a
    /// lock on the runtime folder: the lock is free when the supervisor is gone, however it ended, and process 1 with it.
    ///
    /// # Errors
    /// As [`Launcher::launch`], and [`LaunchError::Timeout`].
    pub fn launch_with(
        &self,
        spec: &Spec,
        keep: Option<BorrowedFd<'_>>,
        until: Option<Instant>,
    ) -> Result<Arc<Connection>, LaunchError> {
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(|errno| LaunchError::Socket(errno.into()))?;
        #[expect(clippy::disallowed_methods, reason = "the one place where a client starts a supervisor")]
        let mut child = std::process::Command::new(self.protected_program()?)
            .arg0("hcs-supervisor")
            .arg(spec.id.replace('\0', "?"))
            .env_clear()
            .envs(hcs_fault::inherited())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| LaunchError::Program { path: self.program.clone(), source })?;
        let result = Self::greet(&ours, spec, keep, until);
        // What we started only starts the supervisor, in its own cgroup, and ends.
        let _ = child.wait();
        let welcome = result?;
        Connection::new(ours, welcome).map_err(LaunchError::Socket)
    }

    fn greet(
        socket: &OwnedFd,
        spec: &Spec,
        keep: Option<BorrowedFd<'_>>,
        until: Option<Instant>,
    ) -> Result<Welcome, LaunchError> {
        match wire::send(socket, spec, keep.as_slice()) {
            Ok(()) => {}
            Err(WireError::Os { errno: Errno::PIPE, .. }) => {
                return Err(LaunchError::Silent { id: spec.id.clone() });
            }
            Err(error) => return Err(error.into()),
        }
        hcs_fault::step(Point::SpecificationSent);
        wait_readable(socket, until, &spec.directory)?;
        match Receiver::new(true).receive::<Result<Welcome, Failure>>(socket, RecvFlags::empty())? {
            Some((Ok(welcome), _)) => Ok(welcome),
            Some((Err(source), _)) => Err(LaunchError::Refused { id: spec.id.clone(), source }),
            None => Err(LaunchError::Silent { id: spec.id.clone() }),
        }
    }
}

fn wait_readable(socket: &OwnedFd, until: Option<Instant>, directory: &Path) -> Result<(), LaunchError> {
    let Some(until) = until else { return Ok(()) };
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(socket, PollFlags::IN)], left.as_ref()) {
            Ok(0) => return Err(LaunchError::Timeout { directory: directory.into() }),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(LaunchError::Socket(errno.into())),
        }
    }
}

/// Connects to the supervisor whose runtime folder is `directory`.
///
/// # Errors
/// [`LaunchError::NotThere`] when none listens there (any more), [`LaunchError::Version`] when it is too old or new.
pub fn connect(directory: &Path) -> Result<Arc<Connection>, LaunchError> {
    connect_until(directory, None)
}

/// [`connect`] for at most until `until`.
///
/// # Errors
/// As [`connect`], and [`LaunchError::Timeout`].
pub fn connect_until(directory: &Path, until: Option<Instant>) -> Result<Arc<Connection>, LaunchError> {
    let socket = say_hello(directory, SocketFlags::empty(), Purpose::Handle)?;
    wait_readable(&socket, until, directory)?;
    let received = Receiver::new(true).receive::<Welcome>(&socket, RecvFlags::empty())?;
    let (welcome, _) = received.ok_or_else(|| not_there(directory, Errno::CONNREFUSED))?;
    check_version(directory, welcome)?;
    Connection::new(socket, welcome).map_err(LaunchError::Socket)
}

/// Whether a supervisor serves the system whose runtime folder is `directory`, of whatever version and with a board or
/// without: asked for at most until `until`, without becoming a handle. One that ends is none.
pub fn is_served(directory: &Path, until: Option<Instant>) -> bool {
    let look = || {
        let socket = say_hello(directory, SocketFlags::empty(), Purpose::Look)?;
        wait_readable(&socket, until, directory)?;
        let welcome = Receiver::new(true).receive::<Welcome>(&socket, RecvFlags::empty())?;
        Ok::<_, LaunchError>(welcome.is_some_and(|(welcome, _)| welcome.status.state != State::Stopped))
    };
    look().unwrap_or(false)
}

/// A connection to the supervisor, who will answer with a [`Welcome`].
pub(super) fn say_hello(
    directory: &Path,
    flags: SocketFlags,
    purpose: Purpose,
) -> Result<OwnedFd, LaunchError> {
    let not_there = |errno: Errno| not_there(directory, errno);
    let flags = SocketFlags::CLOEXEC | flags;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
        .map_err(|errno| LaunchError::Socket(errno.into()))?;
    let folder =
        rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(not_there)?;
    // A socket's address holds 107 bytes at most; through the descriptor any folder's path fits.
    let address =
        SocketAddrUnix::new(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())).map_err(not_there)?;
    match rustix::net::connect(&socket, &address) {
        // Only of a socket that does not wait: more clients than the kernel lets wait for a supervisor are before us.
        Err(Errno::AGAIN) => return Err(LaunchError::Timeout { directory: directory.into() }),
        connected => connected.map_err(not_there)?,
    }
    match wire::send(&socket, &Hello { version: VERSION, purpose }, &[]) {
        Ok(()) => Ok(socket),
        Err(WireError::Os { errno, .. }) => Err(not_there(errno)),
        Err(error) => Err(error.into()),
    }
}

fn not_there(directory: &Path, errno: Errno) -> LaunchError {
    LaunchError::NotThere { directory: directory.into(), source: errno.into() }
}

/// The supervisor's word that there is no version that both speak.
pub(super) fn check_version(directory: &Path, welcome: Welcome) -> Result<(), LaunchError> {
    if welcome.version == 0 { Err(LaunchError::Version { directory: directory.into() }) } else { Ok(()) }
}
