//! The service manager's pipe before there is a service manager: the first caller's connection is passed on.

use std::os::windows::io::BorrowedHandle;
use std::sync::Arc;

use hcs_guest_protocol::Failure;

use super::pipe::{Instance, Making, Pipe};

/// As rpcrt4 makes its pipes; whoever comes waits for an instance longer than services take to start.
const SVCCTL: Making<'static> = Making { name: r"\\.\pipe\svcctl", buffer: 5840, patience: 60_000 };

/// Our instance of the service manager's pipe, which waits for its first client.
#[derive(Debug)]
pub(crate) struct Listener(Instance);

impl Listener {
    /// Waits for a client of the service manager.
    pub(crate) fn new() -> Result<Self, Failure> {
        Instance::new(SVCCTL).map(Self)
    }

    /// The event that is set when a client has connected.
    pub(crate) fn event(&self) -> BorrowedHandle<'_> {
        self.0.event()
    }

    /// Stops waiting for a client.
    pub(crate) fn close(self) {
        self.0.close();
    }

    /// Whether a client has connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.0.is_connected()
    }

    /// Passes the client's connection on to the service manager, on threads of their own. Waits for it: until the manager
    /// has made its pipe, ours is the only one.
    pub(crate) fn pass_on(self) -> Result<(), Failure> {
        let service = Arc::new(Pipe::connect(SVCCTL)?);
        let client = Arc::new(self.0.into_pipe());
        for (from, to) in [(Arc::clone(&client), Arc::clone(&service)), (service, client)] {
            let thread = std::thread::Builder::new().stack_size(128 << 10);
            // A failure drops an end of the connection, which the other side sees.
            let _ =
                thread.spawn(move || while from.read().is_ok_and(|message| to.write(&message).is_ok()) {});
        }
        Ok(())
    }
}
