//! The plugin as a runtime calls it, with packets: each test has network namespaces of its own, one of which is the
//! engine's host. Needs root.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod bad_input;
mod calls;
#[path = "../../../../crates/dataplane/tests/dataplane/support.rs"]
#[allow(dead_code, reason = "the data plane's tests use what these do not")]
mod packets;
mod support;
