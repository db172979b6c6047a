//! The phases of a run: each has a name, a time budget, a log file and an outcome; together they are the summary.

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::counts::Counts;
use crate::error::Error;
use crate::layout::Layout;
use crate::print;
use crate::process::Tool;

/// A run so far.
#[derive(Debug)]
pub(crate) struct Run {
    logs: PathBuf,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    took: Duration,
    budget: Duration,
    failed: bool,
}

impl Run {
    /// Logs go to `test-logs` in the target folder.
    pub(crate) fn new(layout: &Layout) -> Result<Self, Error> {
        let logs = layout.target.join("test-logs");
        fs_err::create_dir_all(&logs)?;
        Ok(Self { logs, rows: Vec::new() })
    }

    /// A program whose exit code is the outcome; it is ended when the budget is used up.
    pub(crate) fn tool(&mut self, name: &'static str, budget: Duration, tool: Tool) {
        self.watched(name, budget, tool, |_| true);
    }

    /// As [`Run::tool`]; `each` sees every line and says whether to show it. The log has them all.
    pub(crate) fn watched(
        &mut self,
        name: &'static str,
        budget: Duration,
        tool: Tool,
        mut each: impl FnMut(&str) -> bool,
    ) -> bool {
        let path = self.logs.join(format!("{}.log", name.replace([',', ' '], "")));
        self.step(name, budget, || {
            let mut log = fs_err::File::create(path)?;
            let mut written = Ok(());
            let line = tool.line();
            let status = tool.watch(budget, |line| {
                if written.is_ok() {
                    written = writeln!(log, "{line}");
                }
                if each(line) {
                    print::note(line);
                }
            })?;
            written?;
            if status.success() { Ok(()) } else { Err(Error::Failed { line, status }) }
        })
    }

    /// Anything else. Says whether it went well.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        budget: Duration,
        act: impl FnOnce() -> Result<(), Error>,
    ) -> bool {
        print::note(format_args!("== {name}"));
        let begun = Instant::now();
        let result = act();
        let took = begun.elapsed();
        match &result {
            Err(error) => problem(name, error.chain()),
            Ok(()) if took > budget => {
                problem(name, format_args!("took {} s of {}", secs(took), secs(budget)));
            }
            Ok(()) => {}
        }
        let failed = result.is_err() || took > budget;
        self.rows.push(Row { name, took, budget, failed });
        !failed
    }

    /// Fails the run if its phases took longer than this together.
    pub(crate) fn within(&mut self, budget: Duration) {
        self.together("all", self.rows.len(), budget);
    }

    /// The same for the last `count` phases, under a name of their own.
    pub(crate) fn together(&mut self, name: &'static str, count: usize, budget: Duration) {
        let took = self.rows.iter().rev().take(count).map(|row| row.took).sum();
        self.rows.push(Row { name, took, budget, failed: took > budget });
    }

    /// Prints the table, why tests were skipped, what failed ones said, and the count.
    pub(crate) fn finish(self, counts: &Counts) -> Result<(), Error> {
        let titles = ["phase", "seconds", "budget", ""].map(str::to_owned).to_vec();
        let mut rows = vec![titles];
        rows.extend(self.rows.iter().map(|row| {
            let outcome = if row.failed { "FAILED" } else { "passed" };
            vec![row.name.to_owned(), secs(row.took), secs(row.budget), outcome.to_owned()]
        }));
        print::line("");
        for line in print::table(&rows).lines() {
            print::line(line);
        }
        for reason in &counts.reasons {
            print::line(format_args!("skipped: {reason}"));
        }
        for line in &counts.failures {
            print::line(line);
        }
        print::line(counts.line());
        let names: Vec<_> =
            self.rows.iter().filter(|row| row.failed).map(|row| row.name.to_owned()).collect();
        if names.is_empty() { Ok(()) } else { Err(Error::Phases { names }) }
    }
}

fn problem(name: &str, text: impl Display) {
    print::note(format_args!("== {name} FAILED: {text}"));
}

/// Whole seconds, and tenths below ten.
fn secs(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}
