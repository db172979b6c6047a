//! `hcs pause` and `hcs resume`: stop the programs of containers where they stand, and let them go on.

use super::each;
use crate::args::change::{Pause, Resume};
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn pause(pause: &Pause, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    each(&pause.ids, printer, |id| {
        host.open_container(id)?.pause()?;
        Ok(())
    })
}

pub(crate) fn resume(resume: &Resume, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    each(&resume.ids, printer, |id| {
        host.open_container(id)?.resume()?;
        Ok(())
    })
}
