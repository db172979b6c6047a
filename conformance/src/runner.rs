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
    let has_networks = fixture.networks().is_some();
    let chosen =
        cases().iter().filter(|case| case.name.contains(filter) && (has_networks || !case.needs_networks()));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hcs_contract::{
        ComputeService, ComputeSystem, Error, Object, Operation, OperationKind, Result as HostResult,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{GuestOs, Program, Refusal, Schema};

    /// A host that can do nothing.
    #[derive(Debug)]
    struct Nothing;

    fn no() -> Error {
        Error::not_supported("everything", "there is nothing here")
    }

    impl ComputeService for Nothing {
        fn create_system(&self, _: &str, _: &str) -> HostResult<(Arc<dyn ComputeSystem>, Operation)> {
            Err(no())
        }

        fn open_system(&self, id: &str) -> HostResult<Arc<dyn ComputeSystem>> {
            Err(Error::not_found(Object::system(id)))
        }

        fn enumerate_systems(&self, _: &str) -> Operation {
            Operation::done(OperationKind::Enumerate, Object::service(), Err(no()))
        }

        fn service_properties(&self, _: &str) -> Operation {
            Operation::done(OperationKind::GetServiceProperties, Object::service(), Err(no()))
        }
    }

    #[derive(Debug)]
    struct Stub {
        refusals: Vec<Refusal>,
        patience: Duration,
    }

    impl Fixture for Stub {
        fn name(&self) -> &'static str {
            "stub"
        }

        fn service(&self) -> Arc<dyn ComputeService> {
            Arc::new(Nothing)
        }

        fn guest(&self) -> GuestOs {
            GuestOs::Linux
        }

        fn container(&self, _: Schema, _: &str) -> Value {
            json!({})
        }

        fn process(&self, _: Schema, _: &Program) -> Value {
            json!({})
        }

        fn guest_folder(&self) -> String {
            String::new()
        }

        fn mapped_folder(&self) -> (String, String) {
            Default::default()
        }

        fn patience(&self) -> Duration {
            self.patience
        }

        fn refusals(&self) -> &[Refusal] {
            &self.refusals
        }
    }

    const PASSES: Case = Case::new("test::passes", &["contract nothing"], |_| Ok(()));
    const REFUSED: Case = Case::new("test::refused", &["contract nothing"], |context| {
        context.create_unless_refused(Schema::Two, |_| {}).map(drop)
    });
    const MUST: Case =
        Case::new("test::must", &["contract nothing"], |context| context.create(Schema::Two).map(drop));

    fn outcome(case: &Case, refusals: &[&'static str]) -> Outcome {
        // Longer than a loaded machine takes for any of these.
        within(Duration::from_mins(1), case, refusals)
    }

    fn within(patience: Duration, case: &Case, refusals: &[&'static str]) -> Outcome {
        let refusals = refusals.iter().map(|case| Refusal { case, reason: "because" }).collect();
        let fixture: Arc<dyn Fixture> = Arc::new(Stub { refusals, patience });
        run_case(&fixture, case)
    }

    fn failed(outcome: Outcome) -> String {
        match outcome {
            Outcome::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_counts_by_the_list_only() {
        assert_eq!(outcome(&PASSES, &[]), Outcome::Passed);
        assert_eq!(outcome(&REFUSED, &["test::refused"]), Outcome::Refused("because".into()));
        assert!(failed(outcome(&REFUSED, &["test::passes"])).contains("is refused"));
        assert!(failed(outcome(&PASSES, &["test::passes"])).contains("strike it"));
        // What a case needs is not what it may be refused.
        assert!(failed(outcome(&MUST, &["test::must"])).contains("failed"));
    }

    #[test]
    fn a_case_that_hangs_says_what_it_waited_for() {
        let hangs = Case::new("test::hangs", &["contract nothing"], |context| {
            context.step("the end of the world");
            loop {
                std::thread::park();
            }
        });
        let hung = within(Duration::from_millis(50), &hangs, &[]);
        assert_eq!(failed(hung), "waited in vain for the end of the world to return");
    }

    #[test]
    fn a_panic_fails_its_case_only() {
        let panics = Case::new("test::panics", &["contract nothing"], |_| panic!("at the disco"));
        assert_eq!(failed(outcome(&panics, &[])), "panic: at the disco");
    }

    #[test]
    fn the_table_ends_with_the_counts() {
        let rows = [(PASSES, Outcome::Passed), (MUST, Outcome::Failed("two\nlines".into()))];
        let rows = rows.map(|(case, outcome)| Row { case, outcome, took: Duration::from_millis(7) });
        let table = Report { host: "stub".into(), rows: rows.into() }.to_string();
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[0], "stub");
        assert!(lines[1].contains("test::passes  passed        7 ms  contract nothing"), "{table}");
        assert_eq!(lines[3..], ["      two", "      lines", "1 passed, 1 failed, 0 refused"]);
    }
}
