//! `hcs rm`: removes containers with their records and logs.

use hcsshim::Host;
use hcsshim::linux::LinuxHost;

use super::each;
use crate::args::manage::Rm;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn rm(rm: &Rm, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let engine = host::engine(&host, "rm")?;
    each(&rm.ids, printer, |id| if rm.force { force(&host, engine, id) } else { Ok(engine.remove(id)?) })
}

/// Ends a container if it lives, and removes its record if it has one.
fn force(host: &Host, engine: &LinuxHost, id: &str) -> Result<(), Failure> {
    let container = host.open_container(id)?;
    container.terminate()?;
    container.wait_timeout(host.deadlines().terminate)?;
    drop(container);
    match engine.remove(id) {
        // It was not to be kept: with its end it is gone.
        Err(error) if error.is_not_exist() => Ok(()),
        result => Ok(result?),
    }
}
