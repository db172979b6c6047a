//! `hcs kill`: terminates containers, or signals and ends single processes.

use hcsshim::Signal;

use super::each;
use crate::args::manage::Kill;
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn kill(kill: &Kill, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    each(&kill.ids, printer, |id| {
        let container = host.open_container(id)?;
        match (kill.process, &kill.signal) {
            (None, _) => {
                container.terminate()?;
                container.wait_timeout(host.deadlines().terminate)?;
            }
            (Some(pid), None) => container.open_process(pid)?.kill()?,
            (Some(pid), Some(signal)) => {
                let signal = Signal::parse(signal, container.guest()?)?;
                container.open_process(pid)?.signal(signal)?;
            }
        }
        Ok(())
    })
}
