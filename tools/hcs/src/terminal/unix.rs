//! Terminals of Unix: termios.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Mutex;

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// What the terminal was before raw mode. Not in `RawMode`, whose drop a panic does not run.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

pub(super) fn save() -> io::Result<()> {
    *SAVED.lock().expect("nothing panics with the lock held") = Some(tcgetattr(stdin())?);
    Ok(())
}

pub(super) fn make_raw() -> io::Result<()> {
    let mut raw = tcgetattr(stdin())?;
    raw.make_raw();
    Ok(tcsetattr(stdin(), OptionalActions::Now, &raw)?)
}

pub(super) fn restore() {
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

pub(super) fn knows_escapes() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
