//! `hcs events`: what happens to all containers.

use hcsshim::{ExitStatus, SystemEvent, SystemEventKind};
use serde::Serialize;

use crate::args::values::EventFilter;
use crate::args::watch::Events;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};

/// An event, as programs get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    time: String,
    id: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u32>,
}

pub(crate) fn events(events: &Events, printer: Printer) -> Result<(), Failure> {
    #[cfg(unix)]
    raise_limit();
    let stream = host::open()?.events()?;
    if !printer.is_json() {
        // Now, not with the first event: it says that from here on nothing is missed.
        printer::line(&columns("TIME", "TYPE", "ID", ""))?;
    }
    for event in stream {
        let event = event?;
        if passes(&event, &events.filter) {
            show(&event, printer)?;
        }
    }
    Ok(())
}

/// Each container takes a descriptor, and the usual limit of 1024 is nobody's intention.
#[cfg(unix)]
fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // A host that forbids it leaves us where we were; a container that can't be watched is told as missed.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Whether every kind of filter lets it through. What was missed might have been anything.
fn passes(event: &SystemEvent, filters: &[EventFilter]) -> bool {
    let missed = event.kind == SystemEventKind::Missed;
    let any = |wanted: &dyn Fn(&EventFilter) -> Option<bool>| {
        let mut verdicts = filters.iter().filter_map(wanted).peekable();
        verdicts.peek().is_none() || verdicts.any(|verdict| verdict)
    };
    any(&|filter| match filter {
        EventFilter::Id(id) => Some(event.id == *id || (missed && event.id.is_empty())),
        EventFilter::Type(_) => None,
    }) && any(&|filter| match filter {
        EventFilter::Type(kind) => Some(missed || event.kind.name() == *kind),
        EventFilter::Id(_) => None,
    })
}

fn show(event: &SystemEvent, printer: Printer) -> Result<(), Failure> {
    let (exit_type, exit_code) = match &event.kind {
        SystemEventKind::Exited { exit_type, exit_code } => (Some(exit_type.as_str()), *exit_code),
        _ => (None, None),
    };
    let kind = event.kind.name();
    if printer.is_json() {
        let time = event.time.to_string();
        return printer::json_line(&Row { time, id: &event.id, r#type: kind, exit_type, exit_code });
    }
    let time = format!("{:.3}", event.time.timestamp());
    let details = match (exit_type, exit_code) {
        (Some(exit_type), Some(code)) => format!("{exit_type}, {}", ExitStatus::from_code(code)),
        (Some(exit_type), None) => exit_type.into(),
        (None, _) => String::new(),
    };
    printer::line(&columns(&time, kind, &event.id, &details))
}

/// A line of a table whose further lines are not known yet.
fn columns(time: &str, kind: &str, id: &str, details: &str) -> String {
    format!("{time:<24}  {kind:<7}  {id:<24}  {details}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use hcsshim::schema::Time;
    use hcsshim::schema::compute::ExitType;

    use super::*;
    use crate::args::values::event_filter;

    #[test]
    fn filters_of_a_kind_add_up_kinds_narrow_and_none_hides_what_was_missed() {
        let exit = SystemEventKind::Exited { exit_type: ExitType::FORCED_EXIT, exit_code: None };
        let passes = |id: &str, kind: &SystemEventKind, filters: &[&str]| {
            let filters: Vec<_> = filters.iter().map(|text| event_filter(text).unwrap()).collect();
            passes(&SystemEvent::new(Time::ZERO, id, kind.clone()), &filters)
        };
        for good in
            [&[][..], &["id=a"], &["id=b", "id=a"], &["type=start", "type=EXIT"], &["id=a", "type=exit"]]
        {
            assert!(passes("a", &exit, good), "{good:?}");
        }
        for bad in [&["id=b"][..], &["type=start"], &["id=a", "type=start"], &["id=b", "type=exit"]] {
            assert!(!passes("a", &exit, bad), "{bad:?}");
        }
        let missed = SystemEventKind::Missed;
        assert!(passes("a", &missed, &["id=a", "type=exit"]) && passes("", &missed, &["id=a", "type=exit"]));
        assert!(!passes("b", &missed, &["id=a"]));
        for bad in ["id", "id=", "type=stop", "state=x"] {
            assert!(event_filter(bad).is_err(), "{bad}");
        }
    }
}
