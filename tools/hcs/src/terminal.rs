//! Our own terminal: raw mode that is undone on every way out, and its size.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Mutex;

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// What the terminal was before raw mode. Not in [`RawMode`] alone: a panic ends the process without running drops.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Raw mode; dropping it brings the old mode back.
#[derive(Debug)]
pub(crate) struct RawMode(());

impl RawMode {
    /// Passes keys on as they are typed, Ctrl-C included.
    pub(crate) fn enter() -> io::Result<Self> {
        let old = tcgetattr(stdin())?;
        let mut raw = old.clone();
        raw.make_raw();
        *SAVED.lock().expect("nothing panics with the lock held") = Some(old);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    if let Ok(mut saved) = SAVED.try_lock()
        && let Some(old) = saved.take()
    {
        // The terminal may be gone, and then there is nothing to restore.
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &old);
    }
}

/// Columns and rows of the first of our streams that is a terminal.
pub(crate) fn size() -> Option<(u16, u16)> {
    [stdin(), stdout(), stderr()].into_iter().find_map(|stream: BorrowedFd<'_>| {
        let size = tcgetwinsize(stream).ok()?;
        // A terminal that does not know its size says 0.
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    })
}

/// Whether standard input is a terminal.
pub(crate) fn is_input() -> bool {
    isatty(stdin())
}

/// Whether a stream of ours is a terminal that takes escape sequences. A dumb one would show them as they are.
pub(crate) fn takes_escapes(stream: impl AsFd) -> bool {
    isatty(stream) && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a stream of ours is a terminal that shows colours, and nobody asked for none.
///
/// Source: no-color.org: set and not empty.
pub(crate) fn has_colours(stream: impl AsFd) -> bool {
    takes_escapes(stream) && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
