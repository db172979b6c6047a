//! Whether there is something to carry. Where a stream can be asked without taking from it, that is done by the kernel's
//! poll; elsewhere whoever reads it waits for its next bytes or its end.

#[cfg(unix)]
pub(super) use self::by_poll::{input, output};
#[cfg(not(unix))]
pub(super) use self::by_reading::{input, output};

/// Where a process's input goes.
pub(super) trait Sink: std::io::Write {
    /// The descriptor, when there is one.
    #[cfg(unix)]
    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>>;
}

impl Sink for crate::Stdin {
    #[cfg(unix)]
    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.as_fd()
    }
}

#[cfg(unix)]
mod by_poll {
    use std::io::{self, PipeReader};

    use hcs_contract::Stream;
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::retry_on_intr;

    use super::Sink;

    /// Waits until the output has bytes or its end; false when it has neither after `ended`. A remote stream can't be
    /// polled: it has caught up at its end.
    pub(in super::super) fn output(from: &Stream, ended: &PipeReader) -> io::Result<bool> {
        let Some(stream) = from.as_fd() else { return Ok(true) };
        let mut fds = [PollFd::new(&stream, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        retry_on_intr(|| poll(&mut fds, None))?;
        Ok(!fds[0].revents().is_empty())
    }

    /// Waits until our input has bytes or its end; false when nobody reads them any more.
    pub(in super::super) fn input(from: &Stream, to: &impl Sink) -> io::Result<bool> {
        let (Some(ours), Some(theirs)) = (from.as_fd(), to.descriptor()) else { return Ok(true) };
        let mut fds = [PollFd::new(&ours, PollFlags::IN), PollFd::new(&theirs, PollFlags::empty())];
        retry_on_intr(|| poll(&mut fds, None))?;
        Ok(fds[1].revents().is_empty())
    }
}

#[cfg(not(unix))]
mod by_reading {
    use std::io::{self, PipeReader};

    use hcs_contract::Stream;

    use super::Sink;

    /// The reader waits.
    #[expect(clippy::unnecessary_wraps, reason = "asking fails elsewhere")]
    pub(in super::super) fn output(_: &Stream, _: &PipeReader) -> io::Result<bool> {
        Ok(true)
    }

    /// The reader waits.
    #[expect(clippy::unnecessary_wraps, reason = "asking fails elsewhere")]
    pub(in super::super) fn input(_: &Stream, _: &impl Sink) -> io::Result<bool> {
        Ok(true)
    }
}
