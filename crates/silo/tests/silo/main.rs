//! Whole containers on the real kernel. Needs root, busybox and strace.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod agents;
mod client;
mod descriptors;
mod escapes;
mod hostile;
mod isolation;
mod lifecycle;
mod load;
mod mapped;
mod memory;
mod network;
mod onlookers;
mod script;
mod support;
mod terminal;
