//! The table of a run, for people, with the counts in its last line.

use std::fmt;
use std::time::Duration;

use crate::{Case, Outcome};

/// What a run found.
#[derive(Debug)]
pub struct Report {
    /// The fixture's name.
    pub host: String,
    /// One per case, in the order of the suite.
    pub rows: Vec<Row>,
}

/// What one case found.
#[derive(Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took, clearing away included.
    pub took: Duration,
}

impl Report {
    /// Passed, failed, refused.
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for row in &self.rows {
            counts[match row.outcome {
                Outcome::Passed => 0,
                Outcome::Failed(_) => 1,
                Outcome::Refused(_) => 2,
            }] += 1;
        }
        counts
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.case.name.len()).max().unwrap_or_default();
        writeln!(f, "{}", self.host)?;
        for Row { case, outcome, took } in &self.rows {
            let name = case.name;
            match outcome {
                Outcome::Passed => write!(f, "  {name:width$}  passed   {:>6} ms", took.as_millis())?,
                Outcome::Failed(_) => write!(f, "  {name:width$}  FAILED   {:>6} ms", took.as_millis())?,
                Outcome::Refused(_) => write!(f, "  {name:width$}  refused  {:>6} ms", took.as_millis())?,
            }
            writeln!(f, "  {}", case.proves.join("; "))?;
            match outcome {
                Outcome::Passed => {}
                Outcome::Failed(why) | Outcome::Refused(why) => {
                    why.lines().try_for_each(|line| writeln!(f, "      {line}"))?;
                }
            }
        }
        let [passed, failed, refused] = self.counts();
        write!(f, "{passed} passed, {failed} failed, {refused} refused")
    }
}
