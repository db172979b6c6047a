//! `hcs top`: the processes of containers and what they use, on a screen that refreshes.
//!
//! Each refresh asks anew and holds nothing in between: a container that ends with its last handle is not kept by it.
//! Between refreshes it waits for events, so that the end of a container shows at once, and one that has ended is not
//! looked at: even a short look would be a handle that keeps it from being removed.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use hcsshim::schema::compute::PropertyType;
use hcsshim::schema::compute::v1::{ProcessListItem, Statistics};
use hcsshim::{Deadline, Error, Events, Host, Object, SystemEventKind};
use serde::Serialize;

use crate::args::watch::Top;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};
use crate::size::{human_bytes, human_time};
use crate::terminal;

/// A container, as programs get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    state: String,
    /// Of one processor, since the last refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    statistics: Statistics,
    processes: Vec<ProcessRow>,
}

#[derive(Debug, Serialize)]
struct ProcessRow {
    #[serde(rename = "CpuPercent", skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    #[serde(flatten)]
    process: ProcessListItem,
}

pub(crate) fn top(top: &Top, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    // From before the first look, so that no end falls between.
    let mut events = if top.once { None } else { Some(host.events()?) };
    let mut usage = Usage::default();
    let mut ids = top.ids.clone();
    let mut first = true;
    loop {
        let mut rows = Vec::new();
        for id in &ids {
            match look(&host, id) {
                Ok(row) => rows.push(row),
                // It was there at first.
                Err(error) if !first && (error.is_not_exist() || error.is_already_stopped()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        usage.fill(&mut rows, Instant::now());
        show(&rows, top.once, first, printer)?;
        first = false;
        let Some(events) = &mut events else { return Ok(()) };
        rest(events, &mut ids, Duration::from_secs(top.interval.get().into()))?;
    }
}

/// Waits for the time between two refreshes, or until one of the containers has ended, which it takes away.
fn rest(events: &mut Events, ids: &mut Vec<String>, interval: Duration) -> Result<(), Failure> {
    let deadline = Deadline::after(interval);
    while let Some(event) = events.next_by(deadline)? {
        let before = ids.len();
        if matches!(event.kind, SystemEventKind::Exited { .. }) {
            ids.retain(|id| *id != event.id);
        }
        if ids.len() < before {
            break;
        }
    }
    Ok(())
}

fn look(host: &Host, id: &str) -> Result<Row, Error> {
    let types = [PropertyType::STATISTICS, PropertyType::PROCESS_LIST];
    let properties = host.open_container(id)?.properties(&types)?;
    // Of one that has stopped there are none.
    let statistics = properties.statistics.ok_or_else(|| Error::already_stopped(Object::system(id)))?;
    let mut processes = properties.process_list;
    processes.sort_by_key(|process| process.process_id);
    Ok(Row {
        id: id.into(),
        state: properties.state.as_str().into(),
        cpu_percent: None,
        statistics,
        processes: processes.into_iter().map(|process| ProcessRow { cpu_percent: None, process }).collect(),
    })
}

/// Whose processor time: a container's, or that of one of its processes.
type Whose = (String, Option<u32>);

/// The processor time that was used up to the last refresh.
#[derive(Debug, Default)]
struct Usage {
    at: Option<Instant>,
    used_100ns: BTreeMap<Whose, u64>,
}

impl Usage {
    /// Adds what was used since the last time, as part of one processor's time.
    fn fill(&mut self, rows: &mut [Row], now: Instant) {
        let elapsed = self.at.replace(now).map(|before| now - before).filter(|elapsed| !elapsed.is_zero());
        let before = std::mem::take(&mut self.used_100ns);
        let mut percent = |whose: Whose, used: u64| {
            let since = elapsed.and_then(|elapsed| Some((elapsed, before.get(&whose)?)));
            self.used_100ns.insert(whose, used);
            let (elapsed, before) = since?;
            // Less than before: another process has the id by now.
            let used = Duration::from_nanos(used.checked_sub(*before)?.saturating_mul(100));
            Some((used.as_secs_f64() / elapsed.as_secs_f64() * 1000.0).round() / 10.0)
        };
        for row in rows {
            let used = row.statistics.processor.total_runtime_100ns;
            row.cpu_percent = percent((row.id.clone(), None), used);
            for ProcessRow { cpu_percent, process } in &mut row.processes {
                let used = process.user_time_100ns.saturating_add(process.kernel_time_100ns);
                *cpu_percent = percent((row.id.clone(), Some(process.process_id)), used);
            }
        }
    }
}

fn show(rows: &[Row], once: bool, first: bool, printer: Printer) -> Result<(), Failure> {
    if printer.is_json() {
        return if once { printer::json(&rows) } else { printer::json_line(&rows) };
    }
    if !once && terminal::has_colours(&io::stdout()) {
        // Home, and nothing below.
        printer::raw(b"\x1b[H\x1b[J")?;
    } else if !first {
        printer::line("")?;
    }
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            printer::line("")?;
        }
        printer::line(&summary(row))?;
        printer.list(&row.processes, ["PID", "PROGRAM", "CPU%", "CPU", "PRIVATE", "COMMIT"], |row| {
            let process = &row.process;
            [
                process.process_id.to_string(),
                process.image_name.clone(),
                percent(row.cpu_percent),
                human_time(process.user_time_100ns.saturating_add(process.kernel_time_100ns)),
                human_bytes(process.memory_working_set_private_bytes),
                human_bytes(process.memory_commit_bytes),
            ]
        })?;
    }
    Ok(())
}

fn percent(percent: Option<f64>) -> String {
    percent.map_or_else(|| "-".into(), |percent| format!("{percent:.1}"))
}

/// A container in a line.
fn summary(row: &Row) -> String {
    let Row { id, state, cpu_percent, statistics, processes } = row;
    let percent = cpu_percent.map(|percent| format!(" ({percent:.1}%)")).unwrap_or_default();
    format!(
        "{id}: {state}, up {}, cpu {}{percent}, memory {} (peak {}), read {}, written {}, processes {}",
        human_time(statistics.uptime_100ns),
        human_time(statistics.processor.total_runtime_100ns),
        human_bytes(statistics.memory.usage_commit_bytes),
        human_bytes(statistics.memory.usage_commit_peak_bytes),
        human_bytes(statistics.storage.read_size_bytes),
        human_bytes(statistics.storage.write_size_bytes),
        processes.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(total: u64, processes: &[(u32, u64)]) -> Row {
        let mut statistics = Statistics::default();
        statistics.processor.total_runtime_100ns = total;
        let processes = processes.iter().map(|(pid, used)| ProcessRow {
            cpu_percent: None,
            process: ProcessListItem {
                process_id: *pid,
                user_time_100ns: *used,
                ..ProcessListItem::default()
            },
        });
        Row {
            id: "a".into(),
            state: String::new(),
            cpu_percent: None,
            statistics,
            processes: processes.collect(),
        }
    }

    #[test]
    fn percents_are_of_the_time_since_the_last_refresh() {
        let mut usage = Usage::default();
        let begun = Instant::now();
        let mut after = |seconds, row: Row| {
            let mut rows = [row];
            usage.fill(&mut rows, begun + Duration::from_secs(seconds));
            let [row] = rows;
            let parts: Vec<_> = row.processes.iter().map(|process| process.cpu_percent).collect();
            (row.cpu_percent, parts)
        };
        assert_eq!(after(0, row(10_000_000, &[(7, 0)])), (None, vec![None]));
        // 3 s in 2 s: more than one processor.
        let now = after(2, row(40_000_000, &[(7, 10_000_000), (8, 5)]));
        assert_eq!(now, (Some(150.0), vec![Some(50.0), None]));
        assert_eq!(after(4, row(40_000_000, &[(8, 5)])), (Some(0.0), vec![Some(0.0)]));
        assert_eq!(after(6, row(40_000_000, &[(8, 4)])), (Some(0.0), vec![None]), "another with the same id");
    }
}
