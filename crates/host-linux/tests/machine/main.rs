//! What only a machine of its own can show: systemd as process 1, no memory left, full and broken disks.
//!
//! `./x test --vm` runs these in its virtual machines (xtask/src/vm); anywhere else they would hurt.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![allow(dead_code, reason = "shared with other test programs")]

mod client;
mod disk;
mod memory;
#[path = "../compute/support.rs"]
mod support;
mod systemd;
