//! Network namespaces: opened, made and entered. What is done inside runs on a thread of its own, so that no failure
//! leaves the caller's thread in another namespace.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::error::Error;

const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace, held open. It lives at least as long as this value.
#[derive(Debug)]
pub struct Netns {
    fd: OwnedFd,
    name: String,
}

impl Netns {
    /// The calling thread's.
    ///
    /// # Errors
    /// [`Error::Namespace`] without `/proc`.
    pub fn current() -> Result<Self, Error> {
        Self::open(OWN)
    }

    /// The one that `path` stands for: a file of `/proc/PID/ns`, or one that a namespace is mounted on.
    ///
    /// # Errors
    /// [`Error::Namespace`] if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file: File = fs_err::File::open(path)
            .map_err(|source| Error::Namespace { name: path.display().to_string(), action: "open", source })?
            .into();
        Ok(Self::from_fd(file.into(), path.display()))
    }

    /// Takes over an open descriptor of a namespace; `name` is what errors call it.
    pub fn from_fd(fd: OwnedFd, name: impl fmt::Display) -> Self {
        Self { fd, name: name.to_string() }
    }

    /// A new one, with a loopback link that is down and nothing else; `name` is what errors call it. It is gone with
    /// the last descriptor, process and mount that refers to it.
    ///
    /// # Errors
    /// [`Error::Namespace`] with `EPERM` when the caller may not make one.
    pub fn create(name: impl fmt::Display) -> Result<Self, Error> {
        let make = || -> io::Result<OwnedFd> {
            unshare()?;
            Ok(File::from(fs_err::File::open(OWN)?).into())
        };
        let fd = on_a_thread(make).map_err(|source| Error::Namespace {
            name: name.to_string(),
            action: "make",
            source,
        })?;
        Ok(Self::from_fd(fd, name))
    }

    /// Another handle on the same namespace.
    ///
    /// # Errors
    /// [`Error::Namespace`] when descriptors run out.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let fd = self.fd.try_clone().map_err(|source| self.failed("hold", source))?;
        Ok(Self { fd, name: self.name.clone() })
    }

    /// Runs `f` on a thread inside. Sockets made there stay in this namespace, and `/proc/sys/net` is its own.
    ///
    /// # Errors
    /// [`Error::Namespace`] if it cannot be entered: `EPERM` without rights over it.
    pub fn inside<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T, Error> {
        let run = || -> io::Result<T> {
            move_into_link_name_space(self.fd.as_fd(), Some(LinkNameSpaceType::Network))?;
            Ok(f())
        };
        on_a_thread(run).map_err(|source| self.failed("enter", source))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> Error {
        Error::Namespace { name: self.name.clone(), action, source }
    }
}

impl AsFd for Netns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl fmt::Display for Netns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Runs `f` on a thread that ends with it; a panic in `f` goes on in the caller.
fn on_a_thread<T: Send>(f: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("netns".to_owned()).spawn_scoped(scope, f)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[expect(unsafe_code, reason = "rustix marks unshare unsafe for the flags that part threads' descriptors")]
fn unshare() -> io::Result<()> {
    // SAFETY: of the flags, CLONE_FILES alone takes descriptors away from other threads; NEWNET is the only one here.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }?;
    Ok(())
}
