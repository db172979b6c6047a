//! The fake through its public face: lives of systems, processes and streams, faults.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod life;
mod networks;
mod processes;
mod support;
