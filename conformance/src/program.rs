//! The suite as a test program: each case of each host is a test, as `cargo test` runs them.
//!
//! With `HCS_CONFORMANCE_TABLE` in the environment it prints the suite's own table instead: `./x conformance`.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Fixture, Outcome, cases, run, run_case};

/// A host's name, and how its fixture is made.
pub type Host = (&'static str, fn() -> Arc<dyn Fixture>);

/// The program's whole work, by its arguments and environment.
pub fn program(hosts: &[Host]) -> ExitCode {
    if let Some(filter) = std::env::var_os("HCS_CONFORMANCE_TABLE") {
        return table(hosts, &filter.to_string_lossy());
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, make) in hosts {
        if arguments.list {
            // Nothing is made only to be named.
            trials
                .extend(cases().iter().map(|case| Trial::test(format!("{name}::{}", case.name), || Ok(()))));
        } else if wanted(hosts, &arguments, name) {
            trials.extend(tests(name, &make()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether a case of this host can be one to run: a Windows base takes a Wine that works, and half a minute.
fn wanted(hosts: &[Host], arguments: &Arguments, host: &str) -> bool {
    let of = |name: &str, filter: &str| filter.starts_with(&format!("{name}::"));
    let skipped = arguments.skip.iter().any(|part| host.contains(part.as_str()));
    let chosen = |filter: &String| !hosts.iter().any(|(name, _)| of(name, filter)) || of(host, filter);
    !skipped && arguments.filter.as_ref().is_none_or(chosen)
}

fn tests(name: &str, fixture: &Arc<dyn Fixture>) -> Vec<Trial> {
    let has_networks = fixture.networks().is_some();
    let chosen = cases().iter().filter(|case| has_networks || !case.needs_networks());
    let cases = chosen.map(|case| {
        let fixture = Arc::clone(fixture);
        Trial::test(format!("{name}::{}", case.name), move || match run_case(&fixture, case) {
            Outcome::Passed | Outcome::Refused(_) => Ok(()),
            Outcome::Failed(why) => Err(Failed::from(format!("{why}\nproves: {}", case.proves.join("; ")))),
        })
    });
    std::iter::once(the_list(name, fixture)).chain(cases).collect()
}

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

fn table(hosts: &[Host], filter: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    for (_, make) in hosts {
        let report = run(&make(), filter);
        failed += report.counts()[1];
        if writeln!(out, "{report}\n").is_err() {
            return ExitCode::FAILURE;
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
