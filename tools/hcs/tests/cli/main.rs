//! The `hcs` command as its users meet it: exit codes, both outputs, and what stays behind (nothing).
//!
//! Tests of containers need root and busybox; those of Windows containers need Wine too. What is missing fails with
//! its name.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod changing;
mod containers;
mod events;
mod foreground;
mod images;
mod network;
mod prefix;
mod remote;
mod running;
mod support;
mod terminal;
mod top;
mod usage;
mod windows;
