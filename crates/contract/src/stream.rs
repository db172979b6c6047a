//! One owned end of a byte stream: a pipe, socket or terminal of this machine, or a connection to a remote host.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(windows)]
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};

/// A standard stream of a process, as its user holds it. Dropping it closes it, which the process sees as the end
/// of its input, or as nobody reading its output.
#[derive(Debug)]
pub struct Stream(Inner);

#[derive(Debug)]
enum Inner {
    Local(File),
    Remote(Box<dyn RemoteStream>),
}

/// A stream that no descriptor or handle of this process stands for: of a remote host, or an overlapped pipe that
/// must be read in its own way.
pub trait RemoteStream: Read + Write + fmt::Debug + Send + Sync {}

impl<T: Read + Write + fmt::Debug + Send + Sync> RemoteStream for T {}

impl Stream {
    /// A stream that is served by other means than a descriptor.
    pub fn remote(stream: impl RemoteStream + 'static) -> Self {
        Self(Inner::Remote(Box::new(stream)))
    }

    /// Another handle of the same stream; two readers compete for the bytes.
    ///
    /// # Errors
    /// The operating system's, and [`io::ErrorKind::Unsupported`] for a remote stream.
    pub fn try_clone(&self) -> io::Result<Self> {
        match &self.0 {
            Inner::Local(file) => Ok(Self(Inner::Local(file.try_clone()?))),
            Inner::Remote(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a remote stream has one handle: share it behind a lock",
            )),
        }
    }
}

#[cfg(unix)]
impl Stream {
    /// The descriptor, or the stream itself when it has none.
    ///
    /// # Errors
    /// The unchanged stream, when it is remote.
    pub fn into_fd(self) -> Result<OwnedFd, Self> {
        match self.0 {
            Inner::Local(file) => Ok(file.into()),
            remote @ Inner::Remote(_) => Err(Self(remote)),
        }
    }

    /// The descriptor, to poll it or to pass it on; `None` when the stream is remote.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.0 {
            Inner::Local(file) => Some(file.as_fd()),
            Inner::Remote(_) => None,
        }
    }
}

#[cfg(unix)]
impl From<OwnedFd> for Stream {
    fn from(fd: OwnedFd) -> Self {
        Self(Inner::Local(fd.into()))
    }
}

#[cfg(windows)]
impl Stream {
    /// The handle, or the stream itself when it has none.
    ///
    /// # Errors
    /// The unchanged stream, when it is remote.
    pub fn into_handle(self) -> Result<OwnedHandle, Self> {
        match self.0 {
            Inner::Local(file) => Ok(file.into()),
            remote @ Inner::Remote(_) => Err(Self(remote)),
        }
    }

    /// The handle; `None` when the stream is remote.
    pub fn as_handle(&self) -> Option<BorrowedHandle<'_>> {
        match &self.0 {
            Inner::Local(file) => Some(file.as_handle()),
            Inner::Remote(_) => None,
        }
    }
}

#[cfg(windows)]
impl From<OwnedHandle> for Stream {
    fn from(handle: OwnedHandle) -> Self {
        Self(Inner::Local(handle.into()))
    }
}

impl From<File> for Stream {
    fn from(file: File) -> Self {
        Self(Inner::Local(file))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            // The master of a terminal answers EIO, not 0, when the last process has closed its side.
            #[cfg(unix)]
            Inner::Local(file) => match file.read(buffer) {
                Err(error) if error.raw_os_error() == Some(EIO) => Ok(0),
                other => other,
            },
            #[cfg(not(unix))]
            Inner::Local(file) => file.read(buffer),
            Inner::Remote(stream) => stream.read(buffer),
        }
    }
}

/// Linux, include/uapi/asm-generic/errno-base.h.
#[cfg(unix)]
const EIO: i32 = 5;

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Local(file) => file.write(buffer),
            Inner::Remote(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Local(file) => file.flush(),
            Inner::Remote(stream) => stream.flush(),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_and_dropping_the_writer_ends_the_reader() {
        let (reader, writer) = io::pipe().unwrap();
        let (mut reader, mut writer) =
            (Stream::from(OwnedFd::from(reader)), Stream::from(OwnedFd::from(writer)));
        let mut second = reader.try_clone().unwrap();
        writer.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
        drop(writer);
        assert_eq!(second.read(&mut bytes).unwrap(), 0);
        assert!(reader.as_fd().is_some() && reader.into_fd().is_ok());
    }

    #[test]
    fn a_remote_stream_has_no_descriptor() {
        let mut stream = Stream::remote(io::Cursor::new(b"far".to_vec()));
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "far");
        assert_eq!(stream.try_clone().unwrap_err().kind(), io::ErrorKind::Unsupported);
        assert!(stream.as_fd().is_none());
        assert!(stream.into_fd().is_err());
    }
}
