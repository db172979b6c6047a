//! How far a conversion is: on a terminal, or when it is asked for, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use hcs_ext4::Progress;

/// Between two looks at the clock's worth of change.
const PAUSE: Duration = Duration::from_millis(200);

/// Draws one line over and over.
#[derive(Debug)]
pub(crate) struct Display {
    shown: bool,
    last: Option<Instant>,
    total: Option<u64>,
    calls: u32,
}

impl Display {
    pub(crate) fn new(asked: bool) -> Self {
        let mut display =
            Self { shown: asked || io::stderr().is_terminal(), last: None, total: None, calls: 0 };
        // Short work shows nothing.
        if !asked {
            display.last = Some(Instant::now());
        }
        display
    }

    /// Another input, of so many bytes if that is known.
    pub(crate) fn input(&mut self, total: Option<u64>) {
        self.total = total;
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        self.calls = self.calls.wrapping_add(1);
        // Asking for the time for each entry would be felt.
        if !self.shown || !self.calls.is_multiple_of(64) && progress.read < self.total.unwrap_or(u64::MAX) {
            return;
        }
        if self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        self.last = Some(Instant::now());
        let megabytes = progress.read / 1_000_000;
        let part = self.total.filter(|total| *total > 0).map(|total| progress.read.min(total) * 100 / total);
        let part = part.map_or(String::new(), |part| format!("{part:3}% "));
        let _ = write!(io::stderr(), "\r\x1b[K{part}{megabytes} MB, {} entries", progress.entries);
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if self.shown && self.calls > 0 && self.last.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
