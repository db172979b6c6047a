//! The contract's suite on this host, with Linux and with Windows containers: each case is a test. Needs root.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the run")]

mod documents;
mod linux;
mod refusals;
#[path = "../compute/support.rs"]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod support;
#[path = "../windows/mod.rs"]
mod windows;
mod windows_guest;

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    hcs_conformance::program(&[
        ("linux", || Arc::new(linux::Linux::new())),
        ("windows", || Arc::new(windows_guest::Windows::new())),
    ])
}
