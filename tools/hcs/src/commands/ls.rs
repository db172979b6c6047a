//! `hcs ls`: lists containers.

use hcsshim::schema::compute::ComputeSystemQuery;
use hcsshim::{Error, ExitStatus, Host};

use crate::args::manage::Ls;
use crate::args::values::Filter;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Named, Printer};
use crate::row::Row;

pub(crate) fn ls(ls: &Ls, printer: Printer) -> Result<(), Failure> {
    // Who asks for a state wants to see what is in it.
    let all = ls.all || ls.filter.iter().any(|filter| matches!(filter, Filter::State(_)));
    let host = host::open()?;
    let rows: Vec<Row> = rows(&host, &ls.filter)?
        .into_iter()
        // One that has stopped and was not to be kept is on its way out.
        .filter(|row| (!row.is_stopped() || (all && row.kept)) && row.passes(&ls.filter))
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
            row.guest.clone().into_owned(),
            state(row),
            printer::seconds(&row.created),
            row.owner.clone(),
            row.labels.iter().map(|(key, value)| label(key, value)).collect::<Vec<_>>().join(","),
        ]
    })
}

fn rows(host: &Host, filters: &[Filter]) -> Result<Vec<Row>, Failure> {
    #[cfg(target_os = "linux")]
    if let Some(engine) = host.linux() {
        return Ok(engine.systems()?.iter().map(Row::new).collect());
    }
    if filters.iter().any(|filter| matches!(filter, Filter::Label { .. })) {
        let reason = if cfg!(target_os = "linux") {
            "labels are known to the engine only, and HCS_HOST names another host"
        } else {
            "labels are known to the engine on Linux only, and this is not Linux"
        };
        let error = Error::not_supported("--filter label", reason);
        return Err(Failure::Hcs(error));
    }
    Ok(host.containers(&ComputeSystemQuery::default())?.iter().map(Row::of_properties).collect())
}

fn state(row: &Row) -> String {
    let state = match (&row.exit_type, row.exit_code) {
        (Some(_), Some(code)) => format!("{} ({})", row.state, ExitStatus::from_code(code)),
        (Some(exit), None) => format!("{} ({exit})", row.state),
        (None, _) => row.state.clone().into_owned(),
    };
    if row.oom_kills.unwrap_or_default() > 0 { format!("{state}, out of memory") } else { state }
}

fn label(key: &str, value: &str) -> String {
    if value.is_empty() { key.into() } else { format!("{key}={value}") }
}
