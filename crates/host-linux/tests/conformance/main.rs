//! The contract's suite on this host, with Linux and with Windows containers: each case is a test. Needs root.
//!
//! With `HCS_CONFORMANCE_TABLE` in the environment it prints the suite's own table instead: `./x conformance`.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

mod linux;
mod refusals;
#[path = "../compute/support.rs"]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod support;
#[path = "../windows/mod.rs"]
mod windows;
mod windows_guest;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use hcs_conformance::{Fixture, Outcome, cases, run, run_case};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    if let Some(filter) = std::env::var_os("HCS_CONFORMANCE_TABLE") {
        return table(filter.to_str().unwrap());
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    if arguments.list {
        // Nothing is made only to be named.
        for (host, _) in FIXTURES {
            trials
                .extend(cases().iter().map(|case| Trial::test(format!("{host}::{}", case.name), || Ok(()))));
        }
    } else {
        // Nor where none of its cases is to run: a Windows base takes a Wine that works.
        let skipped = |name: &str| arguments.skip.iter().any(|part| name.contains(part.as_str()));
        for (name, fixture) in FIXTURES.into_iter().filter(|(name, _)| !skipped(name)) {
            let fixture = fixture();
            trials.push(the_list(name, &fixture));
            trials.extend(cases().iter().map(|case| {
                let fixture = Arc::clone(&fixture);
                Trial::test(format!("{name}::{}", case.name), move || match run_case(&fixture, case) {
                    Outcome::Passed | Outcome::Refused(_) => Ok(()),
                    Outcome::Failed(why) => {
                        Err(Failed::from(format!("{why}\nproves: {}", case.proves.join("; "))))
                    }
                })
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

type Make = fn() -> Arc<dyn Fixture>;

/// The kinds of containers, and how their fixtures are made.
const FIXTURES: [(&str, Make); 2] =
    [("linux", || Arc::new(linux::Linux::new())), ("windows", || Arc::new(windows_guest::Windows::new()))];

/// A refusal that is listed for a case that is not there would never be missed.
fn the_list(name: &str, fixture: &Arc<dyn Fixture>) -> Trial {
    let unknown =
        fixture.refusals().iter().find(|refusal| !cases().iter().any(|case| case.name == refusal.case));
    let unknown = unknown.copied();
    Trial::test(format!("{name}::each_refusal_is_of_a_case"), move || match unknown {
        None => Ok(()),
        Some(refusal) => Err(Failed::from(format!("there is no case {}", refusal.case))),
    })
}

fn table(filter: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    for (_, fixture) in FIXTURES {
        let report = run(&fixture(), filter);
        writeln!(out, "{report}\n").unwrap();
        failed += report.counts()[1];
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
