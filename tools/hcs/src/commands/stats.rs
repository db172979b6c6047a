//! `hcs stats`: what containers use.

use hcsshim::schema::compute::v1::Statistics;
use hcsshim::schema::compute::{ComputeSystemQuery, PropertyType, State};
use hcsshim::{Error, Host, Object};
use serde::Serialize;

use crate::args::manage::Stats;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;
use crate::size::{human_bytes, human_time};

/// A container's figures, as programs get them.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Statistics")]
    statistics: Statistics,
}

pub(crate) fn stats(stats: &Stats, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let rows = if stats.ids.is_empty() { of_running(&host)? } else { of_named(&host, &stats.ids)? };
    let headings = ["ID", "UP", "CPU", "MEMORY", "PEAK", "READ", "WRITTEN"];
    printer.list(&rows, headings, |Row { id, statistics }| {
        [
            id.clone(),
            human_time(statistics.uptime_100ns),
            human_time(statistics.processor.total_runtime_100ns),
            human_bytes(statistics.memory.usage_commit_bytes),
            human_bytes(statistics.memory.usage_commit_peak_bytes),
            human_bytes(statistics.storage.read_size_bytes),
            human_bytes(statistics.storage.write_size_bytes),
        ]
    })
}

fn of_named(host: &Host, ids: &[String]) -> Result<Vec<Row>, Failure> {
    ids.iter()
        .map(|id| match statistics(host, id)? {
            Some(statistics) => Ok(Row { id: id.clone(), statistics }),
            None => Err(Error::already_stopped(Object::system(id)).into()),
        })
        .collect()
}

/// Of one that has stopped there are none.
fn statistics(host: &Host, id: &str) -> Result<Option<Statistics>, Error> {
    Ok(host.open_container(id)?.properties(&[PropertyType::STATISTICS])?.statistics)
}

fn of_running(host: &Host) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for container in host.containers(&ComputeSystemQuery::default())? {
        if container.state != State::RUNNING && container.state != State::PAUSED {
            continue;
        }
        let id = container.id;
        match statistics(host, &id) {
            Ok(Some(statistics)) => rows.push(Row { id, statistics }),
            // It ended since it was listed.
            Ok(None) => {}
            Err(error) if error.is_not_exist() || error.is_already_stopped() => {}
            Err(error) => return Err(error.into()),
        }
    }
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(rows)
}
