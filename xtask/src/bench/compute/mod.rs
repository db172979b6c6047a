//! Containers beside their peers: whole calls of our tool, as a user makes them, beside whole calls of crun and Wine.
//!
//! Every side gets the same work, and where that can be seen from outside it is compared first.

pub(super) mod crun;
pub(super) mod engine;
pub(super) mod held;
mod linux;
pub(super) mod memory;
pub(super) mod processes;
pub(super) mod profile;
mod room;
mod same;
mod windows;
pub(in crate::bench) mod wine;

use super::Bench;
use super::row::Row;
use crate::build;
use crate::error::Error;
use engine::Engine;

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    build::all(bench.layout)?;
    let engine = Engine::new(bench)?;
    let mut rows = linux::rows(bench, &engine)?;
    rows.extend(windows::rows(bench, &engine)?);
    Ok(rows)
}
