//! `hcs exec`: a further program in a running container.

use std::fmt;

use serde::Serialize;

use super::process;
use crate::args::run::Exec;
use crate::control::Control;
use crate::failure::Failure;
use crate::host;
use crate::outcome::Outcome;
use crate::printer::Printer;
use crate::session::{self, Place, Session};

/// A process that was left running.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started {
    id: String,
    process_id: u32,
}

impl fmt::Display for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.process_id.fmt(f)
    }
}

pub(crate) fn exec(exec: &Exec, printer: Printer) -> Result<Outcome, Failure> {
    session::check(&exec.streams)?;
    let control = if exec.streams.detach { None } else { Some(Control::take()?) };
    let host = host::open()?;
    let container = host.open_container(&exec.id)?;
    let command = process(&container, &exec.program, &exec.process, None);
    let Some(control) = control else {
        let process = command.spawn().map_err(Failure::Program)?;
        printer.result(&Started { id: exec.id.clone(), process_id: process.pid() })?;
        return Ok(Outcome::Success);
    };
    let session = Session::start(command, Place::new(&host, &container)?, &exec.streams, &control, None)?;
    let status = session.wait()?;
    session.finish()?;
    Ok(Outcome::exit(status, printer))
}
