//! Whoever is killed, whatever fails, and whoever races whom: nothing leaks, and the id can be made again.
//!
//! `points.rs` visits every fault point of the engine (`hcs_fault::Point`) with every action that it knows, in a client
//! that `victim.rs` is; `layers.rs` kills a client of the storage service at each of its steps; `races.rs` lets two clients race on every pair of calls.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![allow(dead_code, reason = "shared with other test programs")]

mod layers;
mod points;
mod races;
#[path = "../compute/support.rs"]
mod support;
mod victim;
#[path = "../windows/mod.rs"]
mod windows;
