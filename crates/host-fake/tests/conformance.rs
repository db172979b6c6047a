//! The contract's suite on the fake: it passes every case, and with each violation at least one case fails, which
//! shows that the suite would notice. `--nocapture` prints which.

mod fixture;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fixture::{Fake, PATIENT, REFUSALS};
use hcs_conformance::{Case, GuestOs, Outcome, cases, run, run_case};
use hcs_host_fake::{FakeHost, Violation};

/// The same where something is: a violation that hangs takes all of it.
const SHORT: Duration = Duration::from_millis(500);

const GUESTS: [GuestOs; 2] = [GuestOs::Linux, GuestOs::Windows];

#[test]
fn the_fake_passes_every_case() {
    for guest in GUESTS {
        let report = run(&Fake::fixture(FakeHost::new(), guest, PATIENT), "");
        println!("{report}\n");
        let [_, failed, refused] = report.counts();
        assert_eq!((failed, refused), (0, REFUSALS.len()), "{report}");
    }
}

/// The cases that a sound fake passes: only those say something about a violation.
fn sound(guest: GuestOs) -> Vec<&'static Case> {
    let fixture = Fake::fixture(FakeHost::new(), guest, PATIENT);
    cases().iter().filter(|case| !matches!(run_case(&fixture, case), Outcome::Failed(_))).collect()
}

/// The first case that fails with this violation, and what it says.
fn caught(violation: Violation, sound: &[(GuestOs, Vec<&'static Case>)]) -> Option<String> {
    for (guest, cases) in sound {
        let guest = *guest;
        let host = FakeHost::builder().violate(violation).build();
        let fixture = Fake::fixture(host, guest, SHORT);
        for case in cases {
            if let Outcome::Failed(why) = run_case(&fixture, case) {
                let why: String = why.lines().next().unwrap_or_default().chars().take(150).collect();
                return Some(format!("{} ({guest:?}): {why}", case.name));
            }
        }
    }
    None
}

#[test]
fn each_violation_fails_a_case() {
    let sound = GUESTS.map(|guest| (guest, sound(guest)));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    // Those that hang do nothing but wait, so more of them at once than there are processors.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(&violation) = Violation::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = caught(violation, &sound);
                    results.lock().unwrap_or_else(PoisonError::into_inner).insert(violation, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (violation, result) in &results {
        println!("{violation:30} {}", result.as_deref().unwrap_or("NOT CAUGHT"));
    }
    let missed: Vec<_> = results.iter().filter(|(_, result)| result.is_none()).collect();
    let caught = results.len() - missed.len();
    println!("{caught} of {} violations are caught by {} cases", results.len(), cases().len());
    assert!(missed.is_empty(), "no case fails with {missed:?}");
}
