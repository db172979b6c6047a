//! Our own terminal: raw mode that is undone on every way out, and its size.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io::{self, IsTerminal};

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

pub(crate) use self::system::size;

/// Raw mode; dropping it brings the old mode back.
#[derive(Debug)]
pub(crate) struct RawMode(());

impl RawMode {
    /// Passes keys on as they are typed, Ctrl-C included.
    pub(crate) fn enter() -> io::Result<Self> {
        system::save()?;
        let before = std::panic::take_hook();
        // A panic ends the process without running drops.
        std::panic::set_hook(Box::new(move |info| {
            system::restore();
            before(info);
        }));
        system::make_raw()?;
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        system::restore();
    }
}

/// Whether standard input is a terminal.
pub(crate) fn is_input() -> bool {
    io::stdin().is_terminal()
}

/// Whether a stream of ours is a terminal that takes escape sequences. A dumb one would show them as they are.
pub(crate) fn takes_escapes(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && system::knows_escapes()
}

/// Whether a stream of ours is a terminal that shows colours, and nobody asked for none.
///
/// Source: no-color.org: set and not empty.
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    takes_escapes(stream) && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
