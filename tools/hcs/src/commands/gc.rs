//! `hcs gc`: frees what crashed containers left behind.

use serde::Serialize;

use crate::args::manage::Gc;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};

/// What programs get.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    found: Vec<String>,
    failures: Vec<String>,
    freed: bool,
}

pub(crate) fn gc(gc: &Gc, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let report = host::engine(&host, "gc")?.gc(gc.dry_run)?;
    let found: Vec<String> = report.found.iter().map(ToString::to_string).collect();
    if printer.is_json() {
        let failed = !report.failures.is_empty();
        printer::json(&Report { found, failures: report.failures, freed: !gc.dry_run })?;
        return if failed { Err(Failure::Reported) } else { Ok(()) };
    }
    for thing in &found {
        let verb = if gc.dry_run { "found" } else { "freed" };
        printer::line(&format!("{verb} {thing}"))?;
    }
    if found.is_empty() && report.failures.is_empty() {
        printer::note("nothing is left behind");
    }
    for failure in &report.failures {
        printer::note(&format!("hcs: {failure}"));
    }
    if report.failures.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}
