//! How far long work on images is: a bar on a terminal, a line per part elsewhere. On standard error.

use std::io::{self, Write as _};

use crate::size::human_bytes;
use crate::terminal;

const WIDTH: u64 = 30;
/// Bytes that must have passed before a bar is drawn anew.
const STEP: u64 = 1 << 20;

/// A bar.
#[derive(Debug)]
pub(super) struct Bar {
    title: String,
    /// Drawn over one another.
    draws: bool,
    drawn: bool,
    total: u64,
    done: u64,
    last: u64,
}

impl Bar {
    pub(super) fn new(title: String) -> Self {
        let draws = terminal::takes_escapes(&io::stderr());
        Self { title, draws, drawn: false, total: 0, done: 0, last: 0 }
    }

    /// So many bytes more are to come.
    pub(super) fn total(&mut self, bytes: u64) {
        self.total = self.total.saturating_add(bytes);
        self.draw();
    }

    /// So many bytes have come.
    pub(super) fn more(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes);
        if self.done - self.last >= STEP || self.done >= self.total {
            self.draw();
        }
    }

    /// A part of several is being worked on.
    pub(super) fn part(&mut self, part: usize, of: usize) {
        let (part, of) = (part as u64, of as u64);
        if (part, of) == (self.done, self.total) {
            return;
        }
        (self.done, self.total) = (part, of);
        if self.draws {
            self.show(&format!("{} layer {part} of {of}", self.title.clone()));
        } else {
            self.line(&format!("layer {part} of {of}"));
        }
    }

    /// Something is done, which is told where no bar is.
    pub(super) fn line(&mut self, text: &str) {
        // If nobody can see it, the work goes on.
        if !self.draws {
            let _ = writeln!(io::stderr(), "hcs: {}: {text}", self.title);
        }
    }

    fn draw(&mut self) {
        self.last = self.done;
        if self.draws && self.total > 0 {
            self.show(&text(&self.title.clone(), self.done, self.total));
        }
    }

    fn show(&mut self, text: &str) {
        self.drawn = true;
        let _ = write!(io::stderr(), "\r\x1b[K{text}");
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn text(title: &str, done: u64, total: u64) -> String {
    let done = done.min(total);
    let filled = done.saturating_mul(WIDTH) / total.max(1);
    let length = |count| usize::try_from(count).unwrap_or_default();
    let (bar, left) = ("#".repeat(length(filled)), "-".repeat(length(WIDTH - filled)));
    format!("{title} [{bar}{left}] {} of {}", human_bytes(done), human_bytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_within_their_width() {
        for (done, total, filled) in [(0, 10, 0), (5, 10, 15), (20, 10, 30), (0, 0, 0)] {
            assert_eq!(text("x", done, total).matches('#').count(), filled, "{done} of {total}");
        }
    }
}
