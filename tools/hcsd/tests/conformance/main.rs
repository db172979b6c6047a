//! The contract's suite by way of hcsd: over the fake, and over the engine on Linux with both kinds of guests. Each
//! case is a test. Needs root.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

#[path = "../../../../crates/host-linux/tests/conformance/documents.rs"]
mod documents;
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

use std::process::ExitCode;
use std::sync::Arc;

use hcs_conformance::{Fixture, GuestOs};
use hcs_host_fake::FakeHost;

use crate::remote::Remote;

fn main() -> ExitCode {
    hcs_conformance::program(&[
        ("fake_linux", || fake(GuestOs::Linux)),
        ("fake_windows", || fake(GuestOs::Windows)),
        ("linux", || remote(Arc::new(linux::Linux::new()))),
        ("windows", || remote(Arc::new(windows_guest::Windows::new()))),
    ])
}

fn fake(guest: GuestOs) -> Arc<dyn Fixture> {
    remote(fake::Fake::fixture(FakeHost::new(), guest, fake::PATIENT))
}

fn remote(fixture: Arc<dyn Fixture>) -> Arc<dyn Fixture> {
    Arc::new(Remote::new(fixture))
}
