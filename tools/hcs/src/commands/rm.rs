//! `hcs rm`: removes containers with their records and logs.

use hcsshim::{Host, Records};

use super::each;
use crate::args::manage::Rm;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn rm(rm: &Rm, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let records = host.records()?;
    each(&rm.ids, printer, |id| if rm.force { force(&host, records, id) } else { Ok(records.remove(id)?) })
}

/// Ends a container if it lives, and removes its record if it has one.
fn force(host: &Host, records: &dyn Records, id: &str) -> Result<(), Failure> {
    let container = host.open_container(id)?;
    container.terminate()?;
    container.wait_timeout(host.deadlines().terminate)?;
    drop(container);
    match records.remove(id) {
        // It was not to be kept: with its end it is gone.
        Err(error) if error.is_not_exist() => Ok(()),
        result => Ok(result?),
    }
}
