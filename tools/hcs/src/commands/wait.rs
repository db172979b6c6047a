//! `hcs wait`: waits until containers have stopped.

use std::fmt;

use serde::Serialize;

use super::results;
use crate::args::manage::Wait;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

/// A container that has stopped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stopped {
    id: String,
    /// Of its first program, if one ran.
    exit_code: Option<u32>,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit_code {
            Some(code) => code.fmt(f),
            None => f.write_str("-"),
        }
    }
}

pub(crate) fn wait(wait: &Wait, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    results(&wait.ids, printer, |id| {
        // While this handle is open the engine remembers the container, even one that is not to be kept.
        let container = host.open_container(id)?;
        container.wait()?;
        // A host that keeps no records knows of the end only.
        let exit_code = match host.records() {
            Ok(records) => records.inspect(id)?.record.exit_code,
            Err(_) => None,
        };
        Ok(Stopped { id: id.into(), exit_code })
    })
}
