//! Whole systems through the contract, on an engine of the test's own. Needs root.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod bad_input;
mod bad_values;
#[path = "../clients/mod.rs"]
mod clients;
mod compartments;
mod disks;
mod documents;
mod events;
mod image_layers;
mod lifecycle;
mod limits;
mod mapping;
mod processes;
mod recovery;
mod support;
mod volumes;
#[path = "../windows/mod.rs"]
mod windows;
mod windows_guests;
mod windows_isolation;
mod windows_pipes;
mod wine_bases;
