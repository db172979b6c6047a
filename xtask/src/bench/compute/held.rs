//! A program that runs until we let go of it: it reads the pipe that is its standard input to the end.
//!
//! The kernel closes our end of the pipe whatever ends the measurement, so the program ends too, and with it the
//! container that was made for it.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::error::Error;
use crate::process::{Tool, ended, timespec};

/// A first start of Wine on a busy machine takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that writes what it reads.
#[derive(Debug)]
pub(in crate::bench) struct Held {
    child: Child,
    line: String,
}

impl Held {
    /// Starts it and returns when it answers: then it runs, and all that was made for it is there.
    pub(in crate::bench) fn start(tool: Tool) -> Result<Self, Error> {
        let line = tool.line();
        let child = tool.streams(Stdio::piped(), Stdio::piped(), Stdio::inherit()).spawn()?;
        let mut held = Self { child, line };
        if held.echo()? { Ok(held) } else { Err(held.problem("did not answer")) }
    }

    fn echo(&mut self) -> Result<bool, Error> {
        let (Some(stdin), Some(stdout)) = (&mut self.child.stdin, &mut self.child.stdout) else {
            return Ok(false);
        };
        // One that has ended already shows by its silence.
        if stdin.write_all(b"x").is_err() {
            return Ok(false);
        }
        let mut fds = [PollFd::new(stdout, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&timespec(PATIENCE)));
        let ready = ready.map_err(|source| Error::Kernel { step: "poll", source })?;
        Ok(ready > 0 && stdout.read(&mut [0])? == 1)
    }

    /// Lets it end, and waits for that.
    pub(in crate::bench) fn end(mut self) -> Result<(), Error> {
        if self.close()? { Ok(()) } else { Err(self.problem("did not end with its input, and was killed")) }
    }

    fn close(&mut self) -> Result<bool, Error> {
        drop(self.child.stdin.take());
        let pid = Pid::from_child(&self.child);
        let process = pidfd_open(pid, PidfdFlags::empty())
            .map_err(|source| Error::Kernel { step: "pidfd_open", source })?;
        let in_time = ended(process, PATIENCE)?;
        if !in_time {
            self.child.kill()?;
        }
        self.child.wait()?;
        Ok(in_time)
    }

    fn problem(&self, problem: &str) -> Error {
        Error::Measure { row: self.line.clone(), problem: problem.to_owned() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // After a failure, which is the one to tell.
            let _ = self.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_until_it_is_let_go() {
        Held::start(Tool::new("cat")).unwrap().end().unwrap();
    }

    #[test]
    fn a_program_that_ends_at_once_is_a_failure() {
        let text = Held::start(Tool::new("true")).unwrap_err().to_string();
        assert!(text.contains("true: did not answer"), "{text}");
    }
}
