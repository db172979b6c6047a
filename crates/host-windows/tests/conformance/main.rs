//! The contract's suite on this host, by either DLL, with Linux and with Windows containers: each case is a test. Needs
//! root.
//!
//! It is two programs. Built for Windows it is the suite, over the DLLs in the System directory. Built for Linux it makes
//! what that needs (an engine served by hcsd, a Wine prefix with the DLLs), builds it, and runs it under Wine with its own
//! arguments.

#[path = "../../../host-linux/tests/conformance/documents.rs"]
#[cfg(windows)]
mod documents;
#[cfg(target_os = "linux")]
mod linux;
#[path = "../../../host-linux/tests/conformance/refusals.rs"]
#[cfg(windows)]
mod refusals;
#[path = "../../../host-linux/tests/compute/support.rs"]
#[cfg(target_os = "linux")]
#[expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod support;
mod surroundings;
#[cfg(windows)]
mod windows;
#[path = "../../../host-linux/tests/windows/mod.rs"]
#[cfg(target_os = "linux")]
mod windows_guest;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(windows)]
    return windows::run();
    #[cfg(target_os = "linux")]
    return linux::run();
}
