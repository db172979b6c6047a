//! Images as files, folders and what registries answer. Needs root: layers have owners and devices.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archives;
mod layers;
mod registry;
mod server;
mod support;
