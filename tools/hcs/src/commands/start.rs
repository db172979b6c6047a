//! `hcs start`: starts created containers.

use super::each;
use crate::args::manage::Start;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn start(start: &Start, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    each(&start.ids, printer, |id| {
        host.open_container(id)?.start()?;
        Ok(())
    })
}
