//! How far the work is: on a terminal, or when it is asked for, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use hcs_layers::tar::Progress;

/// Between two lines.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two looks at the clock, which would be felt for each entry.
const CALLS: u32 = 64;

/// Draws one line over and over.
#[derive(Debug)]
pub(crate) struct Display {
    shown: bool,
    drawn: bool,
    next: Instant,
    total: Option<u64>,
    calls: u32,
}

impl Display {
    pub(crate) fn new(asked: bool, total: Option<u64>) -> Self {
        let shown = asked || io::stderr().is_terminal();
        // Short work shows nothing.
        let next = Instant::now() + if asked { Duration::ZERO } else { PAUSE };
        Self { shown, drawn: false, next, total, calls: 0 }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        self.calls = self.calls.wrapping_add(1);
        if !self.shown || self.calls % CALLS != 1 || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + PAUSE;
        self.drawn = true;
        let part = self.total.filter(|total| *total > 0).map(|total| progress.bytes.min(total) * 100 / total);
        let part = part.map_or(String::new(), |part| format!("{part:3}% "));
        let megabytes = progress.bytes / 1_000_000;
        let _ = write!(io::stderr(), "\r\x1b[K{part}{megabytes} MB, {} entries", progress.entries);
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
