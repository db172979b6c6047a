//! Sockets that systemd hands over.

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::net::{AddressFamily, SocketType, sockopt};

/// A socket that systemd listens on for us.
#[derive(Debug)]
pub enum Given {
    /// In the file system: who may connect is what the unit says.
    Unix(UnixListener),
    /// TCP, of whatever address the unit says.
    Tcp(TcpListener),
}

/// The sockets that systemd listens on for us; none when it did not start us so.
///
/// To be called once, first thing: it takes the descriptors over.
///
/// # Errors
/// What is handed over is no listening Unix or TCP socket.
pub fn sockets() -> io::Result<Vec<Given>> {
    let mut sockets = Vec::new();
    for number in sd_notify::listen_fds()? {
        #[expect(unsafe_code, reason = "systemd says by number which descriptors it hands over")]
        // SAFETY: `from_raw_fd` needs an open descriptor that nobody else closes. `listen_fds` answers only when
        // LISTEN_PID is this process, so systemd opened the descriptor for it; this function is called once, before
        // anything else could have taken the numbers from 3 on for its own.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        let other = || {
            let text = format!(
                "descriptor {number} of systemd's is no listening Unix or TCP socket (in the unit: ListenStream=, \
                 Accept=no)"
            );
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        if sockopt::socket_type(&socket)? != SocketType::STREAM || !sockopt::socket_acceptconn(&socket)? {
            return Err(other());
        }
        sockets.push(match sockopt::socket_domain(&socket)? {
            AddressFamily::UNIX => Given::Unix(UnixListener::from(socket)),
            AddressFamily::INET | AddressFamily::INET6 => Given::Tcp(TcpListener::from(socket)),
            _ => return Err(other()),
        });
    }
    Ok(sockets)
}
