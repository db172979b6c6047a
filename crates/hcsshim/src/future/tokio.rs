//! Standard streams for tokio (feature `tokio`): [`AsyncStream`] reads and writes, [`AsyncStdin`] also ends the input.
//!
//! The futures of this crate need no adapter; only streams do, because a runtime must hear when they are ready.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hcs_contract::Stream;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Process, Stdin};

/// A stream of a process, driven by tokio's reactor.
///
/// A pipe is opened anew, so that others who hold it do not find it non-blocking. A terminal can't be: the processes that
/// read it beside this one see the change.
#[derive(Debug)]
pub struct AsyncStream(AsyncFd<OwnedFd>);

/// The end of a pipe that a process reads from: shutting it down, or dropping it, ends the process's input.
#[derive(Debug)]
pub struct AsyncStdin {
    stream: Option<AsyncStream>,
    process: Process,
}

impl AsyncStream {
    /// Takes the stream over. Must be called within a runtime whose I/O is enabled, else it panics, as all of tokio's I/O.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] for a stream that is no descriptor (of a remote host); the operating system's.
    pub fn new(stream: Stream) -> io::Result<Self> {
        let fd = stream
            .into_fd()
            .map_err(|_| io::Error::new(io::ErrorKind::Unsupported, "a remote stream has no descriptor"))?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe for types that change their descriptor; this one can't"
        )]
        let registered = AsyncFd::new(non_blocking(fd)?);
        Ok(Self(registered?))
    }
}

fn non_blocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd as _;
    let flags = rustix::fs::fcntl_getfl(&fd)?;
    if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) == FileType::Fifo {
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let flags = (flags & OFlags::ACCMODE) | OFlags::NONBLOCK | OFlags::CLOEXEC;
        return Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    }
    rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
    Ok(fd)
}

impl AsyncRead for AsyncStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // Before it is waited for: of a FIFO that is opened when its last writer has gone, as a Windows program's is
            // that ended soon, the kernel never says that it is readable, not even at its end.
            let read = match rustix::io::read(self.0.get_ref(), buffer.initialize_unfilled()) {
                Err(Errno::AGAIN) => {
                    let mut guard = ready!(self.0.poll_read_ready(context))?;
                    match guard.try_io(|fd| Ok(rustix::io::read(fd.as_fd(), buffer.initialize_unfilled())?)) {
                        Ok(read) => read,
                        Err(_not_ready) => continue,
                    }
                }
                read => read.map_err(io::Error::from),
            };
            match read {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // The master of a terminal answers EIO when the last process has closed its side.
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for AsyncStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(context))?;
            match guard.try_io(|fd| Ok(rustix::io::write(fd.as_fd(), bytes)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_not_ready) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A pipe has no half to close: dropping it does.
        Poll::Ready(Ok(()))
    }
}

impl AsyncStdin {
    /// Takes the stream over, as [`AsyncStream::new`].
    ///
    /// # Errors
    /// As there. The process's input has ended then.
    pub fn new(stdin: Stdin) -> io::Result<Self> {
        let process = stdin.process().clone();
        AsyncStream::new(stdin.into_stream())
            .inspect_err(|_| process.tell_stdin_closed())
            .map(|stream| Self { stream: Some(stream), process: process.clone() })
    }

    fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            drop(stream);
            self.process.tell_stdin_closed();
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut AsyncStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for AsyncStdin {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for AsyncStdin {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::fs::mknodat;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[test]
    fn a_fifo_whose_writer_has_gone_gives_what_is_left_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let open = |flags| rustix::fs::openat(CWD, &path, flags, Mode::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for left in ["", "left"] {
            let reader = open(OFlags::RDONLY | OFlags::NONBLOCK);
            let writer = open(OFlags::WRONLY);
            rustix::io::write(&writer, left.as_bytes()).unwrap();
            drop(writer);
            let text = runtime.block_on(async {
                let mut stream = AsyncStream::new(Stream::from(reader)).unwrap();
                let mut text = String::new();
                let read = stream.read_to_string(&mut text);
                tokio::time::timeout(Duration::from_secs(10), read).await.expect("there is an end").unwrap();
                text
            });
            assert_eq!(text, left);
        }
    }
}
