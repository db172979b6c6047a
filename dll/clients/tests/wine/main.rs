//! Clients of Windows under Wine, on the service's DLLs: what an unmodified one does, what a hostile one does, and what
//! happens to all of them when hcsd does.
//!
//! One Wine prefix is made for all cases, as a user's is, and gets the DLLs as a user's does (`hcs wine-prefix install`).
//! Cases that need containers use an engine of their own, the others the fake in memory. Needs root, Wine and
//! mingw-w64; what is missing fails with its name.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking; there is none on other systems")]

#[cfg(target_os = "linux")]
mod cases;
#[cfg(target_os = "linux")]
mod clients;
#[cfg(target_os = "linux")]
#[path = "../../../../crates/host-linux/tests/compute/support.rs"]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod engine;
#[cfg(target_os = "linux")]
mod prefix;
#[cfg(target_os = "linux")]
mod served;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    cases::program()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
