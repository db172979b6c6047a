//! Making the container: cgroups, process 1 in new namespaces, id maps, mounts.

use std::fmt::Display;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use hcs_fault::{Point, Role};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Pid, Rlimit};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::mounts;
use crate::board::{Board, Notice};
use crate::capability::CapabilitySet;
use crate::cgroup::systemd::{Held, Scope, is_gone};
use crate::cgroup::{Cgroup, CgroupError, Hierarchies, Instance};
use crate::client::SOCKET;
use crate::init::{self, FromInit, ToInit};
use crate::protocol::{Failure, State, Status};
use crate::seccomp::{Filter, Profile};
use crate::spec::{IdRange, Seccomp, Spec};
use crate::sys;
use crate::wire::{self, Receiver};

/// A made container, before anything runs in it but init.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) init: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) socket: OwnedFd,
    pub(super) cgroup: Cgroup,
    pub(super) listener: OwnedFd,
    /// The kernel's numbers of the specification's mapped folders.
    pub(super) mapped: Vec<u64>,
    pub(super) board: Board,
}

/// For `map_err`: a kernel call that failed.
pub(super) fn failure(step: &str, object: impl Display, errno: Errno) -> Failure {
    Failure::Os { step: step.into(), object: object.to_string(), errno: errno.raw_os_error() }
}

/// The same for a folder that the client named.
pub(super) fn folder_failure(step: &str, folder: impl Display, errno: Errno) -> Failure {
    failure(step, folder, errno)
}

pub(super) fn of_cgroup(error: &CgroupError) -> Failure {
    let errno = error.errno().map_or(libc::EIO, Errno::raw_os_error);
    Failure::Os { step: "use".into(), object: error.to_string(), errno }
}

/// The engine's place in the cgroup hierarchies.
#[derive(Debug)]
pub(super) struct Home {
    instance: Instance,
    engine: Cgroup,
    hierarchies: Hierarchies,
    scope: Option<(Scope, Held)>,
}

impl Home {
    pub(super) fn find(spec: &Spec) -> Result<Self, Failure> {
        Self::open(spec).map_err(|error| of_cgroup(&error))
    }

    fn open(spec: &Spec) -> Result<Self, CgroupError> {
        let hierarchies = Hierarchies::detect()?;
        let (instance, scope) = match Scope::of(&hierarchies, &spec.cgroup_parent, &spec.instance) {
            Some(mut scope) => {
                let (instance, held) = scope.open(&hierarchies)?;
                (instance, Some((scope, held)))
            }
            None => (Instance::open(&hierarchies, &spec.cgroup_parent, &spec.instance)?, None),
        };
        let engine = instance.engine()?;
        Ok(Self { instance, engine, hierarchies, scope })
    }

    /// Becomes two, the supervisor in its cgroup.
    pub(super) fn bear(&self) -> Result<sys::clone::Side, Errno> {
        sys::clone::fork(0, self.engine.clone_target())
    }

    /// Whether nobody could be born because systemd has taken the scope away since it was found.
    pub(super) fn may_be_gone(&self, errno: Errno) -> bool {
        self.scope.is_some() && is_gone(Some(errno))
    }

    /// The supervisor's move into the version 1 hierarchies, and its word with systemd, if that is there.
    pub(super) fn enter(&mut self) -> Result<(), Failure> {
        if let Some((scope, held)) = self.scope.take() {
            drop(held);
            let anew = scope.confirm(&self.hierarchies).map_err(|error| of_cgroup(&error))?;
            if let Some(instance) = anew {
                self.engine = instance.engine().map_err(|error| of_cgroup(&error))?;
                self.instance = instance;
            }
        }
        self.engine.enter_self().map_err(|error| of_cgroup(&self.engine.enter_error(error)))
    }
}

/// What the container gets of the client's, though its supervisor has something else.
#[derive(Debug)]
pub(super) struct OfClient {
    pub(super) open_files: Rlimit,
    /// `oom_score_adj`.
    oom_score: Vec<u8>,
}

impl OfClient {
    /// Also spares the supervisor, as far as the kernel lets it: with it all of the container would die, and it holds
    /// next to nothing. Not entirely (that were -1000): one that grows without bounds is still to be found.
    pub(super) fn take(open_files: Rlimit) -> Self {
        const SPARED: &[u8] = b"-999";
        const FILE: &str = "/proc/self/oom_score_adj";
        let oom_score = fs_err::read(FILE).unwrap_or_else(|_| b"0".to_vec());
        let _ = fs_err::write(FILE, SPARED);
        Self { open_files, oom_score }
    }
}

/// Makes the container. On an error nothing of it is left but the spec's folders.
pub(super) fn build(spec: &Spec, home: &Home, client: &OfClient) -> Result<Container, Failure> {
    let listener = listen(spec)?;
    let cgroup = home.instance.create(&spec.cgroup, &spec.limits).map_err(|error| of_cgroup(&error))?;
    match start_init(spec, &cgroup, client) {
        Ok(Started { init, pidfd, socket, mapped, board }) => {
            Ok(Container { init, pidfd, socket, cgroup, listener, mapped, board })
        }
        Err(failure) => {
            // The first error is the one to tell.
            let _ = cgroup.remove();
            Err(failure)
        }
    }
}

/// Says for the first time how the system stands: its maker has the one handle.
fn put_up_board(spec: &Spec, init: Pid) -> Result<Board, Failure> {
    let status = Status {
        state: State::Created,
        init_pid: init.as_raw_nonzero().get().cast_unsigned(),
        created_100ns: super::now_100ns(),
        started_100ns: 0,
        exit: None,
    };
    Board::put_up(&spec.directory, Notice { status, handles: 1 })
        .map_err(|errno| failure("make the board in", spec.directory.display(), errno))
}

/// The socket's name until it listens: who sees it appear under its own name can connect.
const UNHEARD: &str = "control.new";

fn listen(spec: &Spec) -> Result<OwnedFd, Failure> {
    let at = |errno| failure("listen in", spec.directory.display(), errno);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).map_err(at)?;
    // By a relative name, since a socket's address holds 107 bytes at most.
    rustix::process::chdir(&spec.directory).map_err(at)?;
    let address = SocketAddrUnix::new(UNHEARD).map_err(at)?;
    let mask = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = hcs_fault::call(Point::MakeSocket).and_then(|()| rustix::net::bind(&socket, &address));
    rustix::process::umask(mask);
    bound.map_err(at)?;
    rustix::net::listen(&socket, 128).map_err(at)?;
    hcs_fault::call(Point::NameSocket).and_then(|()| rustix::fs::rename(UNHEARD, SOCKET)).map_err(at)?;
    rustix::process::chdir("/").map_err(at)?;
    Ok(socket)
}

struct Started {
    init: Pid,
    pidfd: OwnedFd,
    socket: OwnedFd,
    mapped: Vec<u64>,
    board: Board,
}

fn start_init(spec: &Spec, cgroup: &Cgroup, client: &OfClient) -> Result<Started, Failure> {
    let profile = match spec.seccomp {
        Seccomp::Linux => Some(Profile::linux(CapabilitySet::from_bits(spec.capabilities))),
        Seccomp::Windows => Some(Profile::windows()),
        Seccomp::Unconfined => None,
    };
    let compiled = profile.map(|profile| Filter::compile(&profile)).transpose();
    let filter =
        compiled.map_err(|error| Failure::NotSupported(format!("the system call filter: {error}")))?;
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|errno| failure("make", "init's socket", errno))?;

    let mut namespaces = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;
    if spec.ids.is_some() {
        namespaces |= libc::CLONE_NEWUSER;
    }
    if spec.network.is_none() {
        namespaces |= libc::CLONE_NEWNET;
    }
    let joined = spec.network.as_deref().map(Joined::enter).transpose()?;
    hcs_fault::step(Point::MakeInit);
    match sys::clone::fork(namespaces, cgroup.clone_target()) {
        Ok(sys::clone::Side::Child) => {
            drop(ours);
            let open_files = client.open_files;
            let sys = joined.as_ref().map(|joined| &joined.sys);
            let inherited = init::Inherited { spec, cgroup, filter: filter.as_ref(), open_files, sys };
            init::run(&theirs, &inherited)
        }
        Ok(sys::clone::Side::Parent { pid, pidfd }) => {
            drop(theirs);
            hcs_fault::role(Role::Init, pid.as_raw_nonzero().get().cast_unsigned());
            hcs_fault::step(Point::InitMade);
            let made = joined
                .map_or(Ok(()), Joined::leave)
                .and_then(|()| finish(spec, pid, &client.oom_score, &ours))
                .and_then(|mapped| Ok((mapped, put_up_board(spec, pid)?)));
            match made {
                Ok((mapped, board)) => Ok(Started { init: pid, pidfd, socket: ours, mapped, board }),
                Err(failure) => {
                    // Process 1 takes all of its namespaces with it.
                    let _ = rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
                    let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
                    hcs_fault::role(Role::Init, 0);
                    Err(failure)
                }
            }
        }
        Err(errno) => Err(failure("make", "the container's namespaces", errno)),
    }
}

/// The supervisor in a network namespace that a container is to be born in.
///
/// It may belong to another user namespace than the container's, which then could not enter it itself, and could not
/// mount a `/sys` that shows it. So the supervisor does both.
struct Joined {
    own: OwnedFd,
    /// `/sys`, not mounted anywhere.
    sys: OwnedFd,
}

impl Joined {
    fn enter(network: &Path) -> Result<Self, Failure> {
        let open = |path: &Path| {
            rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .map_err(|errno| failure("open the network namespace", path.display(), errno))
        };
        let (own, network_fd) = (open(Path::new("/proc/self/ns/net"))?, open(network)?);
        move_into(&network_fd)
            .map_err(|errno| failure("enter the network namespace", network.display(), errno))?;
        match init::sys_files() {
            Ok(sys) => Ok(Self { own, sys }),
            Err(errno) => {
                // It ends now anyway.
                let _ = move_into(&own);
                Err(failure("make the file system", "sysfs", errno))
            }
        }
    }

    fn leave(self) -> Result<(), Failure> {
        move_into(&self.own).map_err(|errno| failure("leave", "the container's network namespace", errno))
    }
}

fn move_into(network: &OwnedFd) -> Result<(), Errno> {
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
}

fn finish(spec: &Spec, init: Pid, oom_score: &[u8], socket: &OwnedFd) -> Result<Vec<u64>, Failure> {
    let lost = || Failure::Lost("process 1 while the container was made".into());
    let user_namespace = match spec.ids {
        Some(ids) => Some(map_ids(init, ids)?),
        None => None,
    };
    let (mut fds, mapped) = mounts::make_all(spec, user_namespace.as_ref().map(AsFd::as_fd))?;
    fds.push(set_oom_score(init, oom_score)?);
    let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
    let (others, last) = borrowed.split_at(borrowed.len() / wire::MOST_FDS * wire::MOST_FDS);
    for some in others.chunks(wire::MOST_FDS) {
        wire::send(socket, &ToInit::Mounts, some).map_err(|_| lost())?;
    }
    wire::send(socket, &ToInit::Boot, last).map_err(|_| lost())?;
    drop(fds);
    hcs_fault::step(Point::MountsSent);
    match Receiver::new(false).receive::<FromInit>(socket, RecvFlags::empty()) {
        Ok(Some((FromInit::Booted, _))) => {
            hcs_fault::step(Point::ContainerMade);
            Ok(mapped)
        }
        Ok(Some((FromInit::BootFailed(failure), _))) => Err(failure),
        _ => Err(lost()),
    }
}

/// Writes the id maps of init's user namespace and returns the namespace.
fn map_ids(init: Pid, ids: IdRange) -> Result<OwnedFd, Failure> {
    let line = format!("0 {} {}", ids.base, ids.length);
    for map in ["uid_map", "gid_map"] {
        let file = open_proc(init, map, OFlags::WRONLY)?;
        hcs_fault::call(Point::MapIds)
            .and_then(|()| rustix::io::write(file, line.as_bytes()))
            .map_err(|errno| failure("write init's", map, errno))?;
    }
    open_proc(init, "ns/user", OFlags::RDONLY)
}

/// Init's OOM score, the client's, made what it may not go below. A client that the host spares, as it does many daemons,
/// would otherwise hand that on to the container, whose programs could take it up by themselves.
fn set_oom_score(init: Pid, client: &[u8]) -> Result<OwnedFd, Failure> {
    const NAME: &str = "oom_score_adj";
    let at = |errno| failure("set init's", NAME, errno);
    let file = open_proc(init, NAME, OFlags::RDWR)?;
    let spared = client.starts_with(b"-");
    let score = if spared { &b"0"[..] } else { client.trim_ascii() };
    rustix::io::pwrite(&file, score, 0).map_err(at)?;
    Ok(file)
}

pub(super) fn open_proc(init: Pid, name: &str, flags: OFlags) -> Result<OwnedFd, Failure> {
    let path = format!("/proc/{}/{name}", init.as_raw_nonzero());
    rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| failure("open", path, errno))
}
