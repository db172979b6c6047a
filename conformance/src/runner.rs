//! Runs cases: each on a thread of its own, by a deadline, with what it left cleared away.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use crate::{Case, Context, Failure, Fixture, Report, Row, cases};

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host keeps what the case proves.
    Passed,
    /// It does not; the text says what was due and what came.
    Failed(String),
    /// It refuses, for the reason that its fixture gives.
    Refused(String),
}

/// Steps of patience that a whole case may take. More would only be used up by a case that hangs.
const STEPS: u32 = 4;

/// Runs the cases whose names contain `filter`, one after the other.
pub fn run(fixture: &Arc<dyn Fixture>, filter: &str) -> Report {
    let chosen = cases().iter().filter(|case| case.name.contains(filter));
    let rows = chosen.map(|case| {
        let began = Instant::now();
        let outcome = run_case(fixture, case);
        Row { case: *case, outcome, took: began.elapsed() }
    });
    Report { host: fixture.name().to_owned(), rows: rows.collect() }
}

/// Runs one case, and judges a refusal by the fixture's list.
pub fn run_case(fixture: &Arc<dyn Fixture>, case: &Case) -> Outcome {
    judge(fixture, case, attempt(fixture, case))
}

fn attempt(fixture: &Arc<dyn Fixture>, case: &Case) -> Result<(), Failure> {
    let context = Context::new(fixture);
    let (send, result) = channel();
    let (act, on_thread) = (case.run, context.clone());
    // A thread that may be left behind: the host's calls may hang, and nothing can end them from outside.
    std::thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| act(&on_thread))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
            Err(Failure::Broken(format!("panic: {text}")))
        });
        let cleared = on_thread.clear();
        // The host's handles first, so that the next case finds it as this one did.
        drop(on_thread);
        // Nobody listens any more after the deadline.
        let _ = send.send(result.and(cleared));
    });
    let result = result.recv_timeout(context.patience() * STEPS);
    result.unwrap_or_else(|_| Err(Failure::Nothing(format!("{} to return", context.last_step()))))
}

fn judge(fixture: &Arc<dyn Fixture>, case: &Case, result: Result<(), Failure>) -> Outcome {
    let listed = fixture.refusals().iter().find(|refusal| refusal.case == case.name);
    match (result, listed) {
        (Ok(()), None) => Outcome::Passed,
        (Err(Failure::Refused { .. }), Some(refusal)) => Outcome::Refused(refusal.reason.to_owned()),
        (Ok(()), Some(refusal)) => Outcome::Failed(format!(
            "passed, although the host is said to refuse it ({}): strike it from the list",
            refusal.reason
        )),
        (Err(failure), _) => Outcome::Failed(failure.to_string()),
    }
}
