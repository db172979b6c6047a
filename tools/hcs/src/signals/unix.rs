//! Signals as bytes in a pipe.
//!
//! Handlers rather than a mask and `signalfd`: a mask would pass on to every program that we start.

#![expect(unsafe_code, reason = "installing a signal handler has no safe form in std or rustix")]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::Signal;

/// The pipe's write end; -1 until there is one. Never closed, because a handler may run at any time.
static WRITE_END: AtomicI32 = AtomicI32::new(-1);

const ALL: [Signal; 5] =
    [Signal::Interrupt, Signal::Terminate, Signal::HangUp, Signal::Quit, Signal::WindowChange];

/// The signals that arrived since they were caught.
#[derive(Debug)]
pub(crate) struct Signals {
    read_end: OwnedFd,
}

impl Signals {
    /// Catches all [`Signal`]s from now on, for the rest of the process. Called once.
    pub(crate) fn catch() -> io::Result<Self> {
        let (read_end, write_end) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        WRITE_END.store(write_end.as_raw_fd(), Ordering::Release);
        std::mem::forget(write_end); // see WRITE_END
        for signal in ALL {
            install(signal.number())?;
        }
        Ok(Self { read_end })
    }

    /// Waits for the next one. `None`: none comes any more.
    pub(crate) fn wait(&self) -> Option<Signal> {
        loop {
            let mut fds = [PollFd::new(&self.read_end, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return None,
            }
            if let Some(signal) = self.next() {
                return Some(signal);
            }
        }
    }

    /// The next signal that has arrived, if any. Does not wait.
    fn next(&self) -> Option<Signal> {
        let mut byte = [0];
        match rustix::io::read(&self.read_end, &mut byte) {
            Ok(1) => ALL.into_iter().find(|signal| signal.number() == i32::from(byte[0])),
            _ => None,
        }
    }
}

fn install(number: i32) -> io::Result<()> {
    // SAFETY: all zeroes is a valid `sigaction`: no flags, an empty mask, the default handler.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = note as extern "C" fn(i32) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is initialised and lives through the call; a null old action is allowed. The handler only
    // makes calls that are safe in a handler (see there).
    let result = unsafe { libc::sigaction(number, &raw const action, std::ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

extern "C" fn note(number: i32) {
    // SAFETY: reading and writing the thread's errno is always allowed; the interrupted code must find its own.
    let errno = unsafe { *libc::__errno_location() };
    let byte = u8::try_from(number).unwrap_or_default();
    // SAFETY: write(2) is async-signal-safe; `byte` is one readable byte; the descriptor is never closed. A full
    // pipe loses the signal, and then 65,536 of them wait to be read.
    unsafe { libc::write(WRITE_END.load(Ordering::Acquire), (&raw const byte).cast(), 1) };
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, Signal as Number, getpid, kill_process};

    use super::*;

    #[test]
    fn a_signal_is_waited_for_and_read_once() {
        for (signal, number) in
            ALL.iter().zip([libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGWINCH])
        {
            assert_eq!(signal.number(), number);
        }
        let signals = Signals::catch().unwrap();
        assert_eq!(signals.next(), None);
        let this: Pid = getpid();
        kill_process(this, Number::WINCH).unwrap();
        assert_eq!(signals.wait(), Some(Signal::WindowChange));
        assert_eq!(signals.next(), None);
    }
}
