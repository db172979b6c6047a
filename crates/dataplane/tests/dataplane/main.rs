//! The crate on the real kernel, in network namespaces that each test makes and that go with it. Nothing here touches
//! the machine's own network. Needs root, and fails without.

#![expect(clippy::unwrap_used, reason = "all of this binary is tests")]

mod acl;
mod apply;
mod faults;
mod links;
mod listing;
mod nat;
mod speed;
mod support;
mod wire;
