//! The contract's suite by way of hcsd: over the fake, and over the engine on Linux with both kinds of guests. Each
//! case is a test. Needs root.
//!
//! With `HCS_CONFORMANCE_TABLE` in the environment it prints the suite's own table instead: `./x conformance`.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

#[path = "../../../../crates/host-fake/tests/fixture/mod.rs"]
mod fake;
#[path = "../../../../crates/host-linux/tests/conformance/linux.rs"]
mod linux;
#[path = "../../../../crates/host-linux/tests/conformance/refusals.rs"]
mod refusals;
mod remote;
#[path = "../../../../crates/host-linux/tests/compute/support.rs"]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod support;
#[path = "../../../../crates/host-linux/tests/windows/mod.rs"]
mod windows;
#[path = "../../../../crates/host-linux/tests/conformance/windows_guest.rs"]
mod windows_guest;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use hcs_conformance::{Fixture, GuestOs, Outcome, cases, run, run_case};
use hcs_host_fake::FakeHost;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::remote::Remote;

fn main() -> ExitCode {
    if let Some(filter) = std::env::var_os("HCS_CONFORMANCE_TABLE") {
        return table(filter.to_str().unwrap());
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    if arguments.list {
        // Nothing is made only to be named.
        for host in HOSTS {
            trials
                .extend(cases().iter().map(|case| Trial::test(format!("{host}::{}", case.name), || Ok(()))));
        }
    } else {
        for name in HOSTS.iter().filter(|name| wanted(&arguments, name)) {
            let fixture = fixture(name);
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

const HOSTS: [&str; 4] = ["fake_linux", "fake_windows", "linux", "windows"];

/// Whether a case of this host can pass the filter: a base is not made for nothing.
fn wanted(arguments: &Arguments, host: &str) -> bool {
    arguments.filter.as_ref().is_none_or(|filter| {
        !HOSTS.iter().any(|name| filter.starts_with(&format!("{name}::")))
            || filter.starts_with(&format!("{host}::"))
    })
}

fn fixture(name: &str) -> Arc<dyn Fixture> {
    let fake = |guest| fake::Fake::fixture(FakeHost::new(), guest, fake::PATIENT);
    Arc::new(Remote::new(match name {
        "fake_linux" => fake(GuestOs::Linux),
        "fake_windows" => fake(GuestOs::Windows),
        "linux" => Arc::new(linux::Linux::new()),
        _ => Arc::new(windows_guest::Windows::new()),
    }))
}

fn table(filter: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    for name in HOSTS {
        let report = run(&fixture(name), filter);
        writeln!(out, "{report}\n").unwrap();
        failed += report.counts()[1];
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
