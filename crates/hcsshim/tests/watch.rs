//! A call that lasts is reported in the log, once, and goes on (`HCSSHIM_TIMEOUT_SYSCALLWATCHER`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hcsshim::{Deadlines, Options};
use support::host_with;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps warnings, each as its fields.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_call_that_lasts_is_reported_once_and_goes_on() {
    let mut options = Options::default().with_deadlines(Deadlines::default());
    options.deadlines.call_watch = Duration::from_millis(20);
    options.deadlines.modify = Duration::from_millis(60);
    let (host, script) = host_with(options);
    let container = host.create_container("web", "{}").unwrap();
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        container.pause().unwrap();
        assert!(warnings.0.lock().unwrap().is_empty(), "a fast call is nothing to report");
        script.silence("modify");
        assert!(container.modify("{}").unwrap_err().is_timeout());
    });
    let seen = warnings.0.lock().unwrap().clone();
    assert!(matches!(&seen[..], [one] if one.contains("modify") && one.contains("web")), "{seen:?}");
}
