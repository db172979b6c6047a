//! The supervisor of one system: outside the container, the truth about it, gone with it.
//!
//! One thread, one epoll set, no timer: an idle supervisor makes no system call. It is started by a client as a
//! separate program (`hcs-init`), moves itself into the engine's cgroup so that it does not die with the client's
//! session, makes the container and serves its clients.

mod agent;
mod build;
mod clients;
mod disks;
mod exit;
mod freezer;
pub(crate) mod log;
mod mapped;
mod mounter;
mod mounts;
mod pipes;
mod poll;
mod processes;
mod requests;
mod serve;
mod starts;
mod streams;
mod windows;

use std::os::fd::{AsFd, OwnedFd};

pub use exit::{RECORD, RECORD_VERSION, RESERVED, RESERVED_BYTES};
pub(crate) use streams::{FOLDER as FIFOS, INSIDE as FIFOS_INSIDE};

use hcs_fault::{Point, Role};
use rustix::fs::Mode;
use rustix::net::RecvFlags;
use rustix::process::Rlimit;

use crate::protocol::{Failure, Welcome};
use crate::spec::Spec;
use crate::sys;
use crate::wire::{self, Receiver};

/// The whole life of a supervisor process. `socket`: a `SOCK_SEQPACKET` connection to the client, which sends a
/// [`Spec`] and gets `Result<Welcome, Failure>`; after that it is the client's first connection.
///
/// Must be called first thing in a single-threaded program.
pub fn run(socket: OwnedFd) -> i32 {
    // What the client is like must not be seen in the container: what it does with signals (one that ignores SIGCHLD
    // would hear of no end), its mask for new files, and in init its groups, capabilities and score.
    sys::signal::reset_and_block_all();
    // What it left open for its children: whoever waits for the end of a pipe or for a lock would wait for ours.
    let _ = sys::close_all_but([socket.as_fd(); 2]);
    let _ = rustix::process::umask(Mode::from_raw_mode(0o022));
    // Nobody may look into the process that holds every container's descriptors.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // A busy container takes some descriptors for each process and client, and their number is nobody's intention.
    let open_files = sys::raise_open_files();
    let Ok(Some((spec, kept))) = Receiver::new(true).receive::<Spec>(&socket, RecvFlags::empty()) else {
        return 1;
    };
    hcs_fault::step(Point::SpecificationRead);
    // The parent ends at once, so that the client is left without a child, and the supervisor is born where it stays.
    let born = build::Home::find(&spec).and_then(|home| match home.bear() {
        // The scope ended with its last process just now: once more, as the first one there.
        Err(errno) if home.may_be_gone(errno) => {
            drop(home);
            let home = build::Home::find(&spec)?;
            Ok((home.bear(), home))
        }
        side => Ok((side, home)),
    });
    let (side, mut home) = match born {
        Ok(born) => born,
        Err(failure) => return refuse(&socket, failure),
    };
    match side {
        Ok(sys::clone::Side::Parent { .. }) => 0,
        Ok(sys::clone::Side::Child) => {
            let _ = rustix::process::setsid();
            hcs_fault::role(Role::Supervisor, std::process::id());
            hcs_fault::step(Point::SupervisorBorn);
            let code = supervise(socket, &spec, &mut home, open_files);
            hcs_fault::role(Role::Supervisor, 0);
            // The client's descriptors: a lock that tells others that this system lives.
            drop(kept);
            code
        }
        Err(errno) => refuse(&socket, build::failure("start", "the supervisor", errno)),
    }
}

fn supervise(socket: OwnedFd, spec: &Spec, home: &mut build::Home, open_files: Rlimit) -> i32 {
    let built = home.enter().and_then(|()| build::build(spec, home, &build::OfClient::take(open_files)));
    let container = match built {
        Ok(container) => container,
        Err(failure) => {
            exit::remove_folders(spec);
            return refuse(&socket, failure);
        }
    };
    match serve::Supervisor::new(spec, container, socket) {
        Ok(supervisor) => supervisor.serve(),
        Err(_) => 1,
    }
}

fn refuse(socket: &OwnedFd, failure: Failure) -> i32 {
    // A client that is gone needs no answer.
    let _ = wire::send(socket, &Err::<Welcome, Failure>(failure), &[]);
    1
}

/// Now, in 100 ns since the Unix epoch.
fn now_100ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    now.tv_sec.cast_unsigned() * 10_000_000 + now.tv_nsec.cast_unsigned() / 100
}
