//! Signals to this process, in the words of Unix: what a console of Windows tells has its counterpart there.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use self::unix::Signals;
#[cfg(windows)]
pub(crate) use self::windows::Signals;

/// A signal that the tool takes care of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C, or `kill -INT`.
    Interrupt,
    /// `kill`; on Windows the user logs off, or the system ends.
    Terminate,
    /// The terminal is gone.
    HangUp,
    /// Ctrl-\, or `kill -QUIT`; on Windows Ctrl-Break.
    Quit,
    /// The terminal has a new size. A console of Windows tells it only to who reads its input records.
    WindowChange,
}

impl Signal {
    /// Linux's number, on Windows too: Linux programs are sent it, and the exit code has it.
    ///
    /// Source: Linux, include/uapi/asm-generic/signal.h.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Terminate => 15,
            Self::WindowChange => 28,
        }
    }
}
