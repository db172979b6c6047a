//! Standard streams of a process: where they go, and the ends that we hold.

use std::fs::File;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hcs_contract::{Error, Result, Stream, StreamSource};

use crate::process::Process;

/// Where one standard stream of a new process goes.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Stdio {
    /// No stream of ours: input is empty, output is nobody's. The engine on Linux writes it to the container's log.
    #[default]
    Null,
    /// A pipe, whose other end the [`Process`] hands out.
    Pipe,
    /// This program's own stream of the same name.
    ///
    /// A Linux program gets it as it is. On Linux, where a process can't get it (a Windows program; any with a
    /// console), threads of this program carry the bytes. Then too all output is written when [`Process::wait`] or
    /// [`Process::wait_timeout`] returns; nothing is carried after this program's end, and while input is carried the
    /// process's handle stays open.
    Inherit,
    /// This stream becomes the process's own: nothing is copied on the way. Not every host and guest can.
    Given(Stream),
}

impl From<Stream> for Stdio {
    fn from(stream: Stream) -> Self {
        Self::Given(stream)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Self {
        Self::Given(file.into())
    }
}

#[cfg(unix)]
impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Self {
        Self::Given(fd.into())
    }
}

/// Which of the three.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Stdin,
    Stdout,
    Stderr,
}

/// How the process gets a stream.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// Whether the document asks for a pipe.
    pub(crate) pipe: bool,
    /// What is handed over beside the document.
    pub(crate) source: StreamSource,
    /// The stream of ours that the pipe is to be carried to or from.
    pub(crate) carried: Option<Stream>,
}

impl Stdio {
    /// `direct`: the process can get a stream of ours as it is.
    pub(crate) fn resolve(self, which: Which, direct: bool) -> Result<Resolved> {
        Ok(match self {
            Self::Null => Resolved::default(),
            Self::Pipe => Resolved { pipe: true, ..Resolved::default() },
            Self::Inherit if direct => {
                Resolved { source: StreamSource::Given(own(which)?), ..Resolved::default() }
            }
            Self::Inherit => Resolved { pipe: true, carried: Some(own(which)?), ..Resolved::default() },
            Self::Given(stream) => Resolved { source: StreamSource::Given(stream), ..Resolved::default() },
        })
    }
}

#[cfg(unix)]
fn own(which: Which) -> Result<Stream> {
    let (name, copy) = match which {
        Which::Stdin => ("standard input", io::stdin().as_fd().try_clone_to_owned()),
        Which::Stdout => ("standard output", io::stdout().as_fd().try_clone_to_owned()),
        Which::Stderr => ("standard error", io::stderr().as_fd().try_clone_to_owned()),
    };
    copy.map(Stream::from).map_err(|error| Error::os("duplicate", name, error))
}

#[cfg(windows)]
fn own(which: Which) -> Result<Stream> {
    use std::os::windows::io::AsHandle;
    let (name, copy) = match which {
        Which::Stdin => ("standard input", io::stdin().as_handle().try_clone_to_owned()),
        Which::Stdout => ("standard output", io::stdout().as_handle().try_clone_to_owned()),
        Which::Stderr => ("standard error", io::stderr().as_handle().try_clone_to_owned()),
    };
    copy.map(Stream::from).map_err(|error| Error::os("duplicate", name, error))
}

/// The end of a pipe that a process reads from.
///
/// The service holds that end too, so the process sees the end of its input only when both are closed:
/// [`Stdin::close`] does, and so does dropping this value.
#[derive(Debug)]
pub struct Stdin {
    stream: Option<Stream>,
    process: Process,
}

impl Stdin {
    pub(crate) fn new(stream: Stream, process: Process) -> Self {
        Self { stream: Some(stream), process }
    }

    /// Closes it on both sides. Service call: `HcsModifyProcess` (`CloseHandle`, `StdIn`).
    ///
    /// # Errors
    /// The service's; that the process has ended is none.
    pub fn close(mut self) -> Result<()> {
        let told = self.process.close_stdin();
        self.stream = None;
        match told {
            Err(error) if error.is_already_stopped() || error.is_not_exist() => Ok(()),
            told => told,
        }
    }

    /// The stream alone; dropping that one does not tell the service.
    #[expect(clippy::missing_panics_doc, reason = "it can't: see the message")]
    pub fn into_stream(mut self) -> Stream {
        self.stream.take().expect("taken only by calls that consume the value")
    }

    #[cfg(all(feature = "tokio", target_os = "linux"))]
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// The descriptor, to poll it; `None` when the stream is remote.
    #[cfg(unix)]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().and_then(Stream::as_fd)
    }

    fn stream(&mut self) -> &mut Stream {
        self.stream.as_mut().expect("taken only by calls that consume the value")
    }
}

impl Write for Stdin {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream().flush()
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            drop(stream);
            self.process.tell_stdin_closed();
        }
    }
}
