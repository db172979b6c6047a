//! `hcs ls`: lists containers.

use hcsshim::schema::compute::ComputeSystemQuery;
use hcsshim::schema::host::Record;
use hcsshim::{Error, ExitStatus, Host};

use crate::args::manage::Ls;
use crate::args::values::Filter;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Named, Printer};
use crate::row;

pub(crate) fn ls(ls: &Ls, printer: Printer) -> Result<(), Failure> {
    // Who asks for a state wants to see what is in it.
    let all = ls.all || ls.filter.iter().any(|filter| matches!(filter, Filter::State(_)));
    let host = host::open()?;
    let rows: Vec<Record> = rows(&host, &ls.filter)?
        .into_iter()
        // One that has stopped and was not to be kept is on its way out.
        .filter(|row| (!row::is_stopped(row) || (all && row.kept)) && row::passes(row, &ls.filter))
        .collect();
    if ls.quiet {
        let names: Vec<_> = rows.into_iter().map(|row| Named { id: row.id }).collect();
        if printer.is_json() {
            return printer::json(&names);
        }
        return names.iter().try_for_each(|name| printer.result(name));
    }
    printer.list(&rows, ["ID", "GUEST", "STATE", "CREATED", "OWNER", "LABELS"], |row| {
        [
            row.id.clone(),
            row.guest.clone(),
            state(row),
            printer::seconds(&row.created),
            row.owner.clone(),
            row.labels.iter().map(|(key, value)| label(key, value)).collect::<Vec<_>>().join(","),
        ]
    })
}

fn rows(host: &Host, filters: &[Filter]) -> Result<Vec<Record>, Failure> {
    // A service of Windows knows its containers by their properties alone.
    let Some(records) = host.service().records() else {
        if filters.iter().any(|filter| matches!(filter, Filter::Label { .. })) {
            let error = Error::not_supported("--filter label", "this host keeps no labels of its containers");
            return Err(Failure::Hcs(error));
        }
        return Ok(host.containers(&ComputeSystemQuery::default())?.iter().map(row::of_properties).collect());
    };
    Ok(records.list()?)
}

fn state(row: &Record) -> String {
    let state = match (&row.exit_type, row.exit_code) {
        (Some(_), Some(code)) => format!("{} ({})", row.state, ExitStatus::from_code(code)),
        (Some(exit), None) => format!("{} ({exit})", row.state),
        (None, _) => row.state.clone(),
    };
    if row.oom_kills.unwrap_or_default() > 0 { format!("{state}, out of memory") } else { state }
}

fn label(key: &str, value: &str) -> String {
    if value.is_empty() { key.into() } else { format!("{key}={value}") }
}
