//! Where a server listens: Unix sockets, TCP of this machine, TLS; made here, or handed over by systemd.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::systemd::Given;
use crate::tls::{self, TlsError};
use crate::token::Token;

/// One place where a server listens, and how its clients prove who they are.
pub struct Listener {
    pub(crate) socket: Socket,
    /// The socket's file, which goes with us when we made it.
    made: Option<PathBuf>,
}

pub(crate) enum Socket {
    Unix(UnixListener),
    Loopback(TcpListener, Token),
    Tls(TcpListener, TlsAcceptor),
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) enum Accepted {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// The files of TLS.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the options")]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: PathBuf,
}

/// Why it can't listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The operating system refuses.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Its answer.
        source: io::Error,
    },
    /// Somebody else does.
    #[error("another server listens on {0}")]
    Taken(String),
    /// Others could reach it, with nothing but a token that goes over the network in the clear.
    #[error("{0} is not an address of this machine alone: use TLS for others")]
    NotLoopback(SocketAddr),
    /// The certificates can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match &self.socket {
            Socket::Unix(_) => return write!(f, "Listener(unix {:?})", self.made),
            Socket::Loopback(socket, _) => ("http", socket.local_addr()),
            Socket::Tls(socket, _) => ("https", socket.local_addr()),
        };
        write!(f, "Listener({address:?})")
    }
}

impl Listener {
    /// Listens on a socket in the file system that only its owner may connect to. A file that a killed server left is
    /// replaced; one that somebody listens on is not.
    ///
    /// Must be called within a runtime.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Listen { address: path.display().to_string(), source };
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ListenError::Taken(path.display().to_string()));
        }
        // Bound under another name, so that nobody connects before the mode is right.
        let new = path.with_extension("new");
        for stale in [path, &new] {
            match fs_err::remove_file(stale) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        let listener = StdUnixListener::bind(&new).map_err(failed)?;
        fs_err::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        fs_err::rename(&new, path).map_err(failed)?;
        Self::from_unix(listener, Some(path.to_owned())).map_err(failed)
    }

    /// Listens on a socket that was handed over. TCP is asked to prove who it is as it is elsewhere: with files by TLS;
    /// without, and then on an address of this machine alone, by the token.
    ///
    /// # Errors
    /// See [`ListenError`]. `token`'s own.
    pub fn given<E: From<ListenError>>(
        given: Given,
        files: Option<&TlsFiles>,
        token: impl FnOnce() -> Result<Token, E>,
    ) -> Result<Self, E> {
        let failed = |source| ListenError::Listen { address: "a socket of systemd's".to_owned(), source };
        let listener = match given {
            Given::Unix(listener) => return Ok(Self::from_unix(listener, None).map_err(failed)?),
            Given::Tcp(listener) => listener,
        };
        let address = listener.local_addr().map_err(failed)?;
        let socket = match files {
            Some(files) => Socket::Tls(register(listener).map_err(failed)?, acceptor(files)?),
            None if !address.ip().is_loopback() => return Err(ListenError::NotLoopback(address).into()),
            None => Socket::Loopback(register(listener).map_err(failed)?, token()?),
        };
        Ok(Self { socket, made: None })
    }

    fn from_unix(listener: StdUnixListener, made: Option<PathBuf>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { socket: Socket::Unix(UnixListener::from_std(listener)?), made })
    }

    /// Listens on an address of this machine, for clients that have the token.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn loopback(address: SocketAddr, token: Token) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        Ok(Self { socket: Socket::Loopback(bind(address)?, token), made: None })
    }

    /// Listens on an address, for clients that have a certificate.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn tls(address: SocketAddr, files: &TlsFiles) -> Result<Self, ListenError> {
        let acceptor = acceptor(files)?;
        Ok(Self { socket: Socket::Tls(bind(address)?, acceptor), made: None })
    }

    /// The address, of TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Unix(_) => None,
            Socket::Loopback(socket, _) | Socket::Tls(socket, _) => socket.local_addr().ok(),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Unix(socket) => Ok(Accepted::Unix(socket.accept().await?.0)),
            Socket::Loopback(socket, _) | Socket::Tls(socket, _) => {
                let stream = socket.accept().await?.0;
                stream.set_nodelay(true)?;
                keep_alive(&stream)?;
                Ok(Accepted::Tcp(stream))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            // A file that stays is replaced by the next server.
            let _ = fs_err::remove_file(path);
        }
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenError> {
    Ok(tls::acceptor(&files.certificate, &files.key, &files.client_ca)?)
}

fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let failed = |source| ListenError::Listen { address: address.to_string(), source };
    StdTcpListener::bind(address).and_then(register).map_err(failed)
}

fn register(listener: StdTcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A client whose machine is gone says nothing: the kernel asks, and gives up after half a minute.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(10))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(5))?;
    sockopt::set_tcp_keepcnt(stream, 4)?;
    Ok(())
}
