//! How a program that uses this library is tested without an engine, rights or waiting: the function below starts a
//! container and tries again when that timed out; its tests run on the fake, with faults.
//!
//! ```text
//! cargo test -p hcsshim --example test_with_fake
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

use hcsshim::fake::FakeHost;
use hcsshim::{Container, Error, Host, Result};

/// Starts a container; after a timeout, from the beginning, but not more often than `attempts`.
///
/// A start that timed out may go on in the service, so the container is ended before the next attempt.
fn start_with_retries(host: &Host, id: &str, document: &str, attempts: u32) -> Result<Container> {
    let mut last: Option<Error> = None;
    for _ in 0..attempts {
        let container = host.create_container(id, document)?;
        match container.start() {
            Ok(()) => return Ok(container),
            Err(error) if error.is_timeout() => {
                container.terminate()?;
                container.wait()?;
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::invalid_argument("attempts", "there must be one at least")))
}

fn main() -> Result<()> {
    let host = Host::fake(&FakeHost::new());
    let container = start_with_retries(&host, "web", r#"{"SystemType":"Container"}"#, 3)?;
    let output = container.command("cmd").command_line("cmd /c echo it runs").output()?;
    println!("{}", String::from_utf8_lossy(&output.stdout).trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hcsshim::fake::{FakeHost, Fault, Hold};
    use hcsshim::{Deadlines, Hresult, OperationKind, Options};

    use super::*;

    const DOCUMENT: &str = r#"{"SystemType":"Container"}"#;

    fn on(fake: &FakeHost) -> Host {
        Host::fake(fake)
    }

    #[test]
    fn a_start_that_times_out_is_tried_again() {
        let fake = FakeHost::new();
        let fault =
            Fault::on(OperationKind::Start).of("web").times(2).fail(Hresult::HCS_E_CONNECTION_TIMEOUT);
        fake.faults().add(fault);
        let container = start_with_retries(&on(&fake), "web", DOCUMENT, 3).unwrap();
        assert_eq!(fake.faults().fired(), 2);
        assert_eq!(container.command("exit").arg("7").status().unwrap().code(), 7);
    }

    #[test]
    fn it_gives_up_in_the_end_and_leaves_nothing() {
        let fake = FakeHost::new();
        fake.faults().add(Fault::on(OperationKind::Start).fail(Hresult::HCS_E_CONNECTION_TIMEOUT));
        let error = start_with_retries(&on(&fake), "web", DOCUMENT, 3).unwrap_err();
        assert!(error.is_timeout() && fake.faults().fired() == 3, "{error}");
        assert!(on(&fake).open_container("web").unwrap_err().is_not_exist());
    }

    #[test]
    fn other_failures_are_not_tried_again() {
        let fake = FakeHost::new();
        fake.faults().add(Fault::on(OperationKind::Start).deny());
        let error = start_with_retries(&on(&fake), "web", DOCUMENT, 3).unwrap_err();
        assert!(error.is_access_denied() && fake.faults().fired() == 1, "{error}");
    }

    #[test]
    fn a_start_that_hangs_is_left_behind() {
        let fake = FakeHost::new();
        let hold = Hold::new();
        fake.faults().add(Fault::on(OperationKind::Start).nth(1).hold(&hold));
        // This limit is of the real clock: the one wait of these tests, and a short one.
        let mut deadlines = Deadlines::default();
        deadlines.start = Duration::from_millis(20);
        let options = Options::default().with_deadlines(deadlines);
        let host = Host::from_service(std::sync::Arc::new(fake.clone()), options);
        let container = start_with_retries(&host, "web", DOCUMENT, 2).unwrap();
        // The service comes back to the first start, which must not disturb the second container.
        hold.release();
        assert_eq!(container.command("exit").arg("0").status().unwrap().code(), 0);
    }
}
