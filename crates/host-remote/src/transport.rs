//! One connection's bytes: a Unix socket, TCP, or TLS over TCP.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A connection.
pub(crate) enum Transport {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
}

/// What ends a connection from another thread.
#[derive(Debug)]
pub(crate) enum Closer {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.fmt(f),
            Self::Tcp(socket) => socket.fmt(f),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.sock.fmt(f),
        }
    }
}

impl Transport {
    /// How long a read may wait; `None`: for ever.
    pub(crate) fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.set_read_timeout(limit),
            Self::Tcp(socket) => socket.set_read_timeout(limit),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.sock.set_read_timeout(limit),
        }
    }

    pub(crate) fn closer(&self) -> io::Result<Closer> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Closer::Unix(socket.try_clone()?),
            Self::Tcp(socket) => Closer::Tcp(socket.try_clone()?),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Closer::Tcp(stream.sock.try_clone()?),
        })
    }

    /// Says that nothing more is written, where that must be said.
    pub(crate) fn finish(&mut self) {
        #[cfg(feature = "tls")]
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
            // The other side may have gone first.
            let _ = stream.flush();
        }
    }
}

impl Closer {
    /// Ends it: whoever reads sees the end.
    pub(crate) fn close(&self) {
        // Fails only when it has ended.
        let _ = match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.shutdown(Shutdown::Both),
            Self::Tcp(socket) => socket.shutdown(Shutdown::Both),
        };
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.read(buffer),
            Self::Tcp(socket) => socket.read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.flush(),
            Self::Tcp(socket) => socket.flush(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}
