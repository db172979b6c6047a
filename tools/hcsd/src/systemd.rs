//! Sockets that systemd hands over.

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::net::{AddressFamily, SocketType, sockopt};

/// The Unix sockets that systemd listens on for us; none when it did not start us so.
///
/// To be called once, first thing: it takes the descriptors over.
///
/// # Errors
/// What is handed over is no listening Unix socket.
pub fn sockets() -> io::Result<Vec<UnixListener>> {
    let mut sockets = Vec::new();
    for number in sd_notify::listen_fds()? {
        #[expect(unsafe_code, reason = "systemd says by number which descriptors it hands over")]
        // SAFETY: `from_raw_fd` needs an open descriptor that nobody else closes. `listen_fds` answers only when
        // LISTEN_PID is this process, so systemd opened the descriptor for it; this function is called once, before
        // anything else could have taken the numbers from 3 on for its own.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        if sockopt::socket_domain(&socket)? != AddressFamily::UNIX
            || sockopt::socket_type(&socket)? != SocketType::STREAM
            || !sockopt::socket_acceptconn(&socket)?
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "descriptor {number} of systemd's is no listening Unix socket: TCP is asked for by options"
                ),
            ));
        }
        sockets.push(UnixListener::from(socket));
    }
    Ok(sockets)
}
