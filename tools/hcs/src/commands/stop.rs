//! `hcs stop`: shuts containers down.

use std::time::Duration;

use super::each;
use crate::args::manage::Stop;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn stop(stop: &Stop, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    each(&stop.ids, printer, |id| {
        host.open_container(id)?.stop(Duration::from_secs(stop.time))?;
        Ok(())
    })
}
