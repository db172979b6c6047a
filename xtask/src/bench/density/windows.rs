//! What idle Windows containers hold: one alone, and each of many.

use super::growth::each;
use crate::bench::compute::engine::Engine;
use crate::bench::row::Row;
use crate::error::Error;
use crate::print;

pub(super) fn rows(engine: &Engine, systems: u32) -> Result<Vec<Row>, Error> {
    // Only these are to be there.
    engine.end()?;
    print::note("making a base of ours");
    engine.act(["base", "build"])?;
    make(engine, 0)?;
    let alone = each(engine, &id(0), 1)?;
    for number in 1..systems {
        make(engine, number)?;
    }
    let many = each(engine, &id(0), systems)?;
    let name = format!("each of {systems} idle Windows containers, KiB");
    Ok(vec![Row::growth(&name, &[many], &[alone], "one alone", 1.0)])
}

fn id(number: u32) -> String {
    format!("windows{number}")
}

/// One that has run a program.
fn make(engine: &Engine, number: u32) -> Result<(), Error> {
    let id = id(number);
    engine.act(["create", "--name", &id])?;
    engine.act(["start", &id])?;
    engine.act(["exec", &id, "--", "cmd", "/c", "exit 0"])
}
