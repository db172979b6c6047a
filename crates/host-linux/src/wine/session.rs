//! Wine programs run in a base under construction: in a container of its own, as a Windows container will run them.
//!
//! Set-up in the host's own tree would bake the host into the registry: its fonts, its drives, its name. And what a
//! set-up that fails has started must not outlive it, nor us.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hcs_contract::Deadline;
use hcs_silo::capability::CapabilitySet;
use hcs_silo::cgroup::Limits;
use hcs_silo::client::{Connection, Launcher};
use hcs_silo::protocol::{Event, LinuxProgram, Process, ProcessExit, Program, Reply, Request, Stream, User};
use hcs_silo::spec::{Command, Guest, Mount, Root, Seccomp, Source, Spec};
use rustix::fs::MemfdFlags;

use super::WineError;

/// How long the supervisor may take to end the container, also when all other time is used up.
const END: Duration = Duration::from_secs(30);

/// What the names of these containers' cgroups begin with.
pub(crate) const SANDBOX: &str = "base-";

/// Most bytes of a failed program's output that an error shows.
const LAST_WORDS: usize = 400;

/// Where and by what the container of a set-up is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// `hcs-init`
    pub supervisor: PathBuf,
    /// See [`Spec::cgroup_parent`].
    pub cgroup_parent: String,
    /// See [`Spec::instance`].
    pub instance: String,
}

/// The container of a set-up.
#[derive(Debug)]
pub(super) struct SetUp<'a> {
    pub(super) sandbox: &'a Sandbox,
    /// The makers' lock. The supervisor holds it too: who gets it finds nothing alive of a maker that was killed.
    pub(super) lock: BorrowedFd<'a>,
    /// Made for this container alone and removed with it.
    pub(super) directory: &'a Path,
    pub(super) root: &'a Path,
    pub(super) prefix: &'a Path,
    pub(super) deadline: Deadline,
}

/// A root folder that is a Wine container's `/`, with a prefix on its `/prefix`.
#[derive(Debug)]
pub(super) struct Session {
    connection: Arc<Connection>,
    /// Set-up takes 10 s on a slow machine; one that goes wrong may start programs for ever.
    deadline: Deadline,
}

impl Session {
    /// Starts the container.
    ///
    /// # Errors
    /// [`WineError::Sandbox`]
    pub(super) fn start(container: &SetUp<'_>) -> Result<Self, WineError> {
        let SetUp { sandbox, directory, deadline, .. } = *container;
        fs_err::create_dir(directory)?;
        let memory = |target: &str| Mount {
            target: target.into(),
            source: Source::Tmpfs { size: 0, mode: 0o1777 },
            read_only: false,
        };
        let bind = |path: &Path| Source::Bind { path: path.into(), id_mapped: false };
        let name = format!("{SANDBOX}{}", std::process::id());
        let spec = Spec {
            id: name.clone(),
            directory: directory.into(),
            cgroup_parent: sandbox.cgroup_parent.clone(),
            instance: sandbox.instance.clone(),
            cgroup: name,
            limits: Limits::default(),
            hostname: "container".into(),
            root: Root { source: bind(container.root), read_only: true },
            mapped: Vec::new(),
            mounts: vec![
                Mount {
                    target: super::PREFIX_INSIDE.into(),
                    source: bind(container.prefix),
                    read_only: false,
                },
                memory("/tmp"),
                memory("/run"),
            ],
            // What set-up makes belongs to root, as the rest of the base; containers see it id-mapped.
            ids: None,
            capabilities: CapabilitySet::EMPTY.bits(),
            seccomp: Seccomp::Windows,
            guest: Guest::Linux,
            end_with_last_handle: true,
            end_with_first_process: false,
            log: None,
            record: None,
            farewells: None,
            // Before the end is answered: the folder around it is about to be renamed.
            remove: vec![directory.into()],
            network: None,
            at_end: None,
        };
        let connection = Launcher::new(&sandbox.supervisor)
            .launch_with(&spec, Some(container.lock), deadline.instant())
            .map_err(|source| WineError::Sandbox { source: Box::new(source) })?;
        let session = Self { connection, deadline };
        session.ask(Request::Start, &[], deadline)?;
        Ok(session)
    }

    /// Runs a program of the root: a path inside and its arguments.
    ///
    /// # Errors
    /// [`WineError::SetupFailed`] when it fails.
    pub(super) fn run(&self, program: &[&str]) -> Result<(), WineError> {
        let begun = Instant::now();
        // A file and not a pipe: Wine's server keeps the other end open after the program has ended.
        let words = rustix::fs::memfd_create("words", MemfdFlags::CLOEXEC)
            .map_err(WineError::io("make a file for the words of", program[0]))?;
        let exits = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&exits);
        let listener = self.connection.listen(move |event| {
            if let Some(Event::ProcessExited { process, exit }) = event {
                sink.lock().unwrap_or_else(PoisonError::into_inner).push((process, exit));
            }
        });
        let result = self.start_program(program, &words).map(|process| {
            let find = || -> Option<ProcessExit> {
                let exits = exits.lock().unwrap_or_else(PoisonError::into_inner);
                exits.iter().find(|(ended, _)| *ended == process).map(|(_, exit)| *exit)
            };
            self.connection.drive(self.deadline.instant(), &|| find().is_some());
            find()
        });
        self.connection.unlisten(listener);
        match result? {
            Some(ProcessExit { code: 0, .. }) => Ok(()),
            Some(exit) => {
                let status = format!("exit code {}", exit.code);
                Err(WineError::SetupFailed { program: program.join(" "), status, output: last_words(words) })
            }
            None => {
                let waiting = format!("{} while making the Wine base", program.join(" "));
                Err(WineError::Timeout { waiting, waited: begun.elapsed() })
            }
        }
    }

    /// Ends the container and waits until nothing of it is left.
    ///
    /// # Errors
    /// [`WineError::Sandbox`]
    pub(super) fn end(self) -> Result<(), WineError> {
        self.ask(Request::Terminate, &[], Deadline::after(END)).map(drop)
    }

    fn start_program(&self, program: &[&str], words: &OwnedFd) -> Result<u32, WineError> {
        let env = [
            "HOME=/",
            "WINEPREFIX=/prefix",
            "LC_CTYPE=C.UTF-8",
            "WINEARCH=win64",
            "WINEDEBUG=-all",
            // Without these Wine offers to download browsers, and makes menu entries.
            "WINEDLLOVERRIDES=mscoree=;mshtml=;winemenubuilder.exe=",
        ];
        let command = Command {
            argv: program.iter().map(ToString::to_string).collect(),
            env: env.map(String::from).to_vec(),
        };
        let program = LinuxProgram { command, directory: "/".into(), user: User::default() };
        let request = Request::CreateProcess(Process {
            program: Program::Linux(program),
            streams: [Stream::Null, Stream::Null, Stream::Given],
            console: None,
        });
        match self.ask(request, &[words.as_fd()], self.deadline)? {
            Reply::Process { process, .. } => Ok(process),
            _ => Err(WineError::Sandbox { source: "the supervisor answered another question".into() }),
        }
    }

    fn ask(&self, request: Request, fds: &[BorrowedFd<'_>], deadline: Deadline) -> Result<Reply, WineError> {
        let begun = Instant::now();
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        self.connection.request(
            request,
            fds,
            Box::new(move |outcome| {
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }),
        );
        let lock = || slot.lock().unwrap_or_else(PoisonError::into_inner);
        self.connection.drive(deadline.instant(), &|| lock().is_some());
        match lock().take() {
            Some(Ok((reply, _))) => Ok(reply),
            Some(Err(error)) => Err(WineError::Sandbox { source: Box::new(error) }),
            None => Err(WineError::Timeout {
                waiting: "the supervisor of the container in which a Wine base is made".into(),
                waited: begun.elapsed(),
            }),
        }
    }
}

fn last_words(words: OwnedFd) -> String {
    let mut file = File::from(words);
    let mut bytes = Vec::new();
    // The words only explain the failure; without them there is still the status.
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    let start = bytes.len().saturating_sub(LAST_WORDS);
    String::from_utf8_lossy(&bytes[start..]).into_owned()
}
