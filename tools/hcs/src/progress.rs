//! How far long work is: a bar on a terminal, a line per step elsewhere. On standard error, because it is no result.

use std::io::{self, Write as _};

use hcsshim::linux::{Progress, Step};

use crate::terminal;

const WIDTH: u16 = 30;

/// Shows the making of a base.
#[derive(Debug)]
pub(crate) struct Display {
    /// Steps are drawn over one another.
    bar: bool,
    last: Option<Step>,
}

impl Display {
    pub(crate) fn new() -> Self {
        Self { bar: terminal::takes_escapes(&io::stderr()), last: None }
    }

    /// Shows where the work is.
    pub(crate) fn show(&mut self, progress: Progress) {
        let new = self.last != Some(progress.step);
        self.last = Some(progress.step);
        // If nobody can see it, the work goes on.
        if self.bar {
            let _ = write!(io::stderr(), "\r\x1b[K{}", bar(progress));
        } else if new {
            let _ = writeln!(io::stderr(), "hcs: Wine base: {}", progress.step.text());
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if self.bar && self.last.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(progress: Progress) -> String {
    let fraction = progress.fraction.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to WIDTH")]
    let done = (fraction * f32::from(WIDTH)).round() as usize;
    let (done, left) = ("#".repeat(done), "-".repeat(usize::from(WIDTH) - done));
    format!("Wine base [{done}{left}] {:3.0}% {}", fraction * 100.0, progress.step.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_within_their_width() {
        for (fraction, text) in [
            (0.0, "Wine base [------------------------------]   0% copying Wine"),
            (0.5, "Wine base [###############---------------]  50% copying Wine"),
            (7.0, "Wine base [##############################] 100% copying Wine"),
        ] {
            assert_eq!(bar(Progress { step: Step::CopyWine, fraction }), text);
        }
    }
}
