//! A service that runs while it is measured.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::Error;
use crate::process::{Tool, pause};

/// How long it may take to come up.
const LIMIT: Duration = Duration::from_secs(30);

/// Ended with the measurement.
pub(super) struct Service(Child);

impl Service {
    /// Starts it, and waits until it listens.
    pub(super) fn start(tool: Tool, socket: &Path) -> Result<Self, Error> {
        let line = tool.line();
        let this = Self(tool.streams(Stdio::null(), Stdio::null(), Stdio::inherit()).spawn()?);
        let until = Instant::now() + LIMIT;
        while UnixStream::connect(socket).is_err() {
            if Instant::now() > until {
                return Err(Error::TooSlow { line, limit: LIMIT });
            }
            pause(Duration::from_millis(20))?;
        }
        Ok(this)
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill_process(self.pid(), Signal::TERM);
        let _ = self.0.wait();
    }
}
