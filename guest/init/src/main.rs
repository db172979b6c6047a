//! Supervisor and process 1 of a container: one static binary.
//!
//! A client starts it with a socket as standard input and sends the container's specification there; see
//! `hcs_silo::supervisor`. It is not meant to be run by hand.

#[cfg(target_os = "linux")]
fn main() {
    use std::os::fd::AsFd;

    // The socket moves away from descriptor 0, or its other end would never see it closed.
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let moved = fs_err::File::open("/dev/null").map(rustix::stdio::dup2_stdin);
    let code = match (socket, moved) {
        (Ok(socket), Ok(Ok(()))) => hcs_silo::supervisor::run(socket),
        _ => 1,
    };
    std::process::exit(code)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    std::process::exit(1)
}
