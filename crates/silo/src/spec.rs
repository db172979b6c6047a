//! What a container is, in plain values: the one thing a client hands to a new supervisor.
//!
//! Paths of the host are absolute. Paths inside the container are absolute from its root and are resolved below it,
//! whatever symbolic links a hostile root folder holds.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cgroup::Limits;

/// A container, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The system's id; for messages only.
    pub id: String,
    /// The system's runtime folder on the host. It exists; the supervisor makes its socket there and removes the
    /// folder when the system is gone.
    pub directory: PathBuf,
    /// Folder of the cgroup hierarchies below which the engine may work; empty: see [`crate::cgroup::parent`].
    pub cgroup_parent: String,
    /// Name of the engine's instance, whose cgroup is the parent of all its systems' cgroups.
    pub instance: String,
    /// Name of the system's cgroup below the instance's.
    pub cgroup: String,
    /// What the container may use.
    pub limits: Limits,
    /// Host name inside.
    pub hostname: String,
    /// What `/` is.
    pub root: Root,
    /// Mounted in this order after the kernel file systems and `/dev`.
    pub mounts: Vec<Mount>,
    /// Folders and files of the host that clients see as mapped, mounted after `mounts`. They can be taken away, and
    /// others be added, while the container runs ([`crate::protocol::Request::Map`]).
    pub mapped: Vec<Mount>,
    /// The container's range of user and group ids; `None` runs without a user namespace.
    pub ids: Option<IdRange>,
    /// Capabilities, as the kernel's bit set (bit n is capability number n).
    pub capabilities: u64,
    /// Which system calls the processes may make.
    pub seccomp: Seccomp,
    /// What kind of programs run inside.
    pub guest: Guest,
    /// End the system when the last connection closes.
    pub end_with_last_handle: bool,
    /// End the system, gracefully, when the first process that was started in it has ended.
    pub end_with_first_process: bool,
    /// Where the output of detached processes goes.
    pub log: Option<Log>,
    /// A folder that keeps the final state after the system is gone; `None`: nothing is kept.
    pub record: Option<PathBuf>,
    /// A folder where the end of the system is told to those who watch it, see [`crate::farewell`]; `None`: nowhere.
    pub farewells: Option<PathBuf>,
    /// Throw-away folders, removed when the system is gone.
    pub remove: Vec<PathBuf>,
    /// The network namespace that the container is in, by a file that stands for it; `None`: one of its own, with
    /// nothing but loopback.
    pub network: Option<PathBuf>,
    /// What frees what others hold for the container.
    pub at_end: Option<AtEnd>,
}

/// A program of the host that runs when a container's last process has ended, in the supervisor's own namespaces. The
/// removal of what is left of the container waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtEnd {
    /// It runs only if there is such a file by then.
    pub mark: PathBuf,
    /// The program, by its path on the host, its arguments and whole environment.
    pub command: Command,
}

impl Spec {
    /// All mounts: those of both lists, and for a Windows guest the folder where its streams' FIFOs appear.
    pub(crate) fn all_mounts(&self) -> Vec<Mount> {
        let mut mounts = [self.mounts.as_slice(), &self.mapped].concat();
        if matches!(self.guest, Guest::Windows { .. }) {
            mounts.push(Mount {
                target: crate::supervisor::FIFOS_INSIDE.into(),
                source: Source::Bind {
                    path: self.directory.join(crate::supervisor::FIFOS),
                    id_mapped: false,
                },
                read_only: false,
            });
        }
        mounts
    }
}

/// What a container sees as `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Where it comes from.
    pub source: Source,
    /// No write reaches it.
    pub read_only: bool,
}

/// A mount inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Path inside; made if it is not there.
    pub target: String,
    /// Where it comes from.
    pub source: Source,
    /// No write reaches it.
    pub read_only: bool,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A folder or file of the host.
    Bind {
        /// Its path on the host.
        path: PathBuf,
        /// Show its owners through the container's id range, so that the host's uid 0 is the container's.
        id_mapped: bool,
    },
    /// Layers of folders, and one that takes the writes.
    Overlay {
        /// Read-only folders of the host, top-most first; shown through the container's id range.
        lowers: Vec<PathBuf>,
        /// Takes the writes; owned by the container's root.
        upper: PathBuf,
        /// The kernel's work folder, on the same file system as `upper`.
        work: PathBuf,
        /// Never sync: faster, but the upper folder is worth nothing after a crash.
        volatile: bool,
    },
    /// A file of the host that holds a file system: a virtual disk. Only for mapped mounts. Nobody else may have it open
    /// for writing while it is mounted, as a lock on the file says.
    Disk {
        /// Its path on the host.
        path: PathBuf,
        /// Bytes from its beginning on that are the disk.
        length: u64,
        /// What the kernel calls the file system that fills it.
        file_system: String,
        /// As of a folder.
        id_mapped: bool,
    },
    /// Memory.
    Tmpfs {
        /// Most bytes it may hold; 0: half of the machine's memory, the kernel's default.
        size: u64,
        /// Permission bits of its root.
        mode: u32,
    },
}

impl Source {
    /// Of a folder or file of the host, or of a disk in one: its path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Bind { path, .. } | Self::Disk { path, .. } => Some(path),
            Self::Overlay { .. } | Self::Tmpfs { .. } => None,
        }
    }
}

/// A range of host ids that a user namespace maps from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    /// The host id that the container's 0 is.
    pub base: u32,
    /// How many ids.
    pub length: u32,
}

/// The system call filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seccomp {
    /// The default allow list for Linux programs.
    Linux,
    /// The default allow list for Wine: the Linux one and what a Wine session needs.
    Windows,
    /// No filter.
    Unconfined,
}

/// What runs in the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guest {
    /// Linux programs.
    Linux,
    /// Windows programs, started by an agent.
    Windows {
        /// Starts the agent; its standard input and output carry the agent's protocol.
        agent: Command,
        /// Starts the launcher of a process with a console; two paths are appended to its arguments.
        launcher: Command,
        /// Registry changes that the agent makes before the system counts as started.
        registry: Vec<hcs_guest_protocol::RegistryChange>,
        /// Named pipes that stand for sockets of the host, there before the system counts as started.
        pipes: Vec<HostPipe>,
    },
}

/// A named pipe inside and the unix socket of the host that its clients are connected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPipe {
    /// What follows `\\.\pipe\`.
    pub name: String,
    /// The socket's path, of 107 bytes at most; of a stream, or of messages (`SOCK_SEQPACKET`).
    pub path: PathBuf,
}

/// A program of the container's file system with its arguments and whole environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments. A program without a slash is looked up in the environment's `PATH`.
    pub argv: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
}

/// The log of a system's detached processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The file; its predecessor is this path with `.1` appended.
    pub path: PathBuf,
    /// Bytes after which the file is rotated.
    pub limit: u64,
}
