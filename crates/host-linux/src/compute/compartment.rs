//! Compartments: the network namespaces of containers, and the one that a thread is in.
//!
//! The number of a compartment is the kernel's own number for the namespace, which has 32 bits and which no other namespace
//! has at the same time: there is no list of numbers to keep. 1 is the host's own, as on Windows.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::OnceLock;

use hcs_contract::{Error, Object, ObjectKind, Result};
use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::service::LinuxHost;

/// The host's own compartment, as Windows numbers it.
const HOST: u32 = 1;

/// A network namespace, held.
#[derive(Debug)]
struct Namespace {
    fd: OwnedFd,
    number: u32,
}

impl Namespace {
    fn open(path: &str) -> Result<Self> {
        let failed = |errno: rustix::io::Errno| Error::os("open", path, errno.into());
        let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
        let inode = rustix::fs::fstat(&fd).map_err(failed)?.st_ino;
        // The kernel counts them in 32 bits (proc_alloc_inum).
        let number = u32::try_from(inode)
            .map_err(|_| Error::unexpected_value(format!("{path}: namespace number {inode}")))?;
        Ok(Self { fd, number })
    }

    /// The one that the program was started in, or has moved its first thread to before it used this module.
    fn host() -> Result<&'static Self> {
        static HELD: OnceLock<Namespace> = OnceLock::new();
        if let Some(held) = HELD.get() {
            return Ok(held);
        }
        let found = Self::open("/proc/self/ns/net")?;
        Ok(HELD.get_or_init(|| found))
    }

    fn enter(&self) -> Result<()> {
        move_into_link_name_space(self.fd.as_fd(), Some(LinkNameSpaceType::Network)).map_err(|errno| {
            Error::os("move the thread into", compartment(self.number).to_string(), errno.into())
        })
    }
}

/// A path that stands for the host's own network namespace as long as this process runs, for others as well.
///
/// # Errors
/// The operating system's.
pub(crate) fn host_netns_path() -> Result<PathBuf> {
    let host = Namespace::host()?.fd.as_raw_fd();
    Ok(format!("/proc/{}/fd/{host}", std::process::id()).into())
}

fn compartment(number: u32) -> Object {
    Object::new(ObjectKind::Namespace, number.to_string())
}

impl LinuxHost {
    /// Moves the calling thread, and no other, into the network namespace of this number: 1 is the host's own, others
    /// are those of this engine's containers. Looks at each of them until it is found.
    ///
    /// # Errors
    /// Not found; invalid argument for 0, which is none; access denied without root's rights.
    pub fn set_current_thread_compartment_id(&self, id: u32) -> Result<()> {
        // Before the thread goes, so that the way back is known.
        let host = Namespace::host()?;
        match id {
            0 => Err(Error::invalid_argument("id", "0 is no compartment; the host's own is 1")),
            HOST => host.enter(),
            id => {
                let found = self.systems()?.into_iter().filter_map(|system| system.init_pid);
                // One that has just ended is not the one.
                let found = found.filter_map(|pid| Namespace::open(&format!("/proc/{pid}/ns/net")).ok());
                let found = { found }.find(|namespace| namespace.number == id && id != host.number);
                found.ok_or_else(|| Error::not_found(compartment(id)))?.enter()
            }
        }
    }

    /// The number of the network namespace that the calling thread is in; 1: the host's own.
    ///
    /// # Errors
    /// The operating system's.
    pub fn current_thread_compartment_id(&self) -> Result<u32> {
        let own = Namespace::open("/proc/thread-self/ns/net")?.number;
        Ok(if own == Namespace::host()?.number { HOST } else { own })
    }

    /// The number of a container's network namespace.
    ///
    /// # Errors
    /// Not found; already stopped.
    pub fn compartment_id(&self, id: &str) -> Result<u32> {
        let stopped = || Error::already_stopped(Object::system(id));
        let pid = self.inspect(id)?.init_pid.ok_or_else(stopped)?;
        // Its process 1 may have ended since.
        Namespace::open(&format!("/proc/{pid}/ns/net"))
            .map(|namespace| namespace.number)
            .map_err(|_| stopped())
    }
}
