//! Networks through the contract, with packets: each test has network namespaces of its own, one of which is the
//! engine's host. Needs root.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod bad_input;
#[path = "../compute/support.rs"]
#[allow(dead_code, reason = "the tests of compute systems use what these do not")]
mod compute;
mod containers;
mod crashes;
mod namespaces;
mod networks;
#[path = "../../../dataplane/tests/dataplane/support.rs"]
#[allow(dead_code, reason = "the data plane's tests use what these do not")]
mod packets;
mod policies;
mod support;
mod v1;
#[path = "../windows/mod.rs"]
mod windows;
