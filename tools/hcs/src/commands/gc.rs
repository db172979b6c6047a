//! `hcs gc`: frees what crashed containers left behind.

use crate::args::manage::Gc;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};

pub(crate) fn gc(gc: &Gc, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let report = host.records()?.collect(gc.dry_run)?;
    if printer.is_json() {
        printer::json(&report)?;
        return if report.failures.is_empty() { Ok(()) } else { Err(Failure::Reported) };
    }
    for thing in &report.found {
        let verb = if gc.dry_run { "found" } else { "freed" };
        printer::line(&format!("{verb} {thing}"))?;
    }
    if report.found.is_empty() && report.failures.is_empty() {
        printer::note("nothing is left behind");
    }
    for failure in &report.failures {
        printer::note(&format!("hcs: {failure}"));
    }
    if report.failures.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}
