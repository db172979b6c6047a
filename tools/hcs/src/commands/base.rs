//! `hcs base`: the Wine bases that Windows containers start from.

use std::fmt;

use hcsshim::Host;
use hcsshim::linux::BaseInfo;
use serde::Serialize;

use super::each;
use crate::args::manage::Base;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};
use crate::progress::Display;
use crate::size::human_bytes;

pub(crate) fn base(base: &Base, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    match base {
        Base::Build => build(&host, printer),
        Base::Ls => list(&host, printer),
        Base::Rm(rm) => {
            let engine = host::engine(&host, "base")?;
            each(&rm.names, printer, |name| {
                engine.remove_base(name)?;
                Ok(())
            })
        }
    }
}

/// A base, as programs get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    wine: String,
    recipe: u32,
    os_version: String,
    created: String,
    bytes: u64,
}

impl Row {
    fn new(info: &BaseInfo) -> Self {
        let BaseInfo { id, wine, recipe, os_version, created, bytes, .. } = info.clone();
        Self { id, wine, recipe, os_version, created, bytes }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

fn build(host: &Host, printer: Printer) -> Result<(), Failure> {
    let made = {
        let mut display = Display::new();
        host::engine(host, "base")?.ensure_base(&mut |progress| display.show(progress))?
    };
    printer.result(&Row::new(made.info()))
}

fn list(host: &Host, printer: Printer) -> Result<(), Failure> {
    let bases = host::engine(host, "base")?.bases()?;
    let rows: Vec<_> = bases.iter().map(|base| Row::new(base.info())).collect();
    printer.list(&rows, ["BASE", "WINE", "WINDOWS", "SIZE", "CREATED"], |row| {
        [
            row.id.clone(),
            row.wine.clone(),
            row.os_version.clone(),
            human_bytes(row.bytes),
            printer::seconds(&row.created),
        ]
    })
}
