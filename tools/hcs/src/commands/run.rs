//! `hcs run`: a container for one program.

use hcsshim::{Container, Host};

use super::{created, prepared, process};
use crate::args::run::Run;
use crate::control::Control;
use crate::document::{Fate, Source};
use crate::failure::Failure;
use crate::host;
use crate::outcome::Outcome;
use crate::printer::{Named, Printer};
use crate::session::{self, Place, Session};
use crate::stand::Stand;

pub(crate) fn run(run: &Run, printer: Printer) -> Result<Outcome, Failure> {
    session::check(&run.streams)?;
    if run.streams.detach { detached(run, printer) } else { foreground(run, printer) }
}

fn foreground(run: &Run, printer: Printer) -> Result<Outcome, Failure> {
    let host = host::open()?;
    // Before signals are ours: ending this command ends the making of a base at once, and leaves nothing half made.
    let mut stand = stand(&host, run)?;
    let fate = Fate::Run { detached: false, rm: run.rm };
    let source = prepared(&host, &run.container, fate, stand.as_ref())?;
    let control = Control::take()?;
    let container = make(&host, run, &source)?;
    stand.iter_mut().for_each(Stand::used);
    control.owns(&container.0)?;
    control.judge(container.0.start())?;
    let place = control.judge(Place::new(&host, &container.0))?;
    let command = process(&container.0, &run.program, &run.process, stand.as_ref());
    let started = Session::start(command, place, &run.streams, &control, Some(&container.0));
    let session = control.judge(started)?;
    let status = session.wait()?;
    // It ends with its program, and with it what may still hold the streams open. The answer comes when all that
    // it had is cleared away.
    container.0.terminate()?;
    container.ended();
    session.finish()?;
    Ok(Outcome::exit(status, printer))
}

fn detached(run: &Run, printer: Printer) -> Result<Outcome, Failure> {
    let host = host::open()?;
    let mut stand = stand(&host, run)?;
    let source = prepared(&host, &run.container, Fate::Run { detached: true, rm: run.rm }, stand.as_ref())?;
    let container = make(&host, run, &source)?;
    stand.iter_mut().for_each(Stand::used);
    container.0.start()?;
    process(&container.0, &run.program, &run.process, stand.as_ref()).spawn().map_err(Failure::Program)?;
    let id = container.0.id().to_owned();
    container.ended();
    printer.result(&Named { id })?;
    Ok(Outcome::Success)
}

/// The image that is to run, made ready; `None`: a program.
fn stand(host: &Host, run: &Run) -> Result<Option<Stand>, Failure> {
    #[cfg(target_os = "linux")]
    return super::image::stand(host, run);
    #[cfg(not(target_os = "linux"))]
    match (host, run.image()) {
        (_, None) => Ok(None),
        (_, Some(_)) => Err(host::linux_only("run IMAGE")),
    }
}

fn make<'a>(host: &'a Host, run: &Run, source: &Source<'_>) -> Result<Half<'a>, Failure> {
    let container = created(host, run.container.name.as_deref(), source)?;
    Ok(Half(container, host))
}

/// A container whose program does not run yet: dropped, it goes away again, and so does its record.
struct Half<'a>(Container, &'a Host);

impl Half<'_> {
    /// Its program ran, or runs: what becomes of it is not our business any more.
    fn ended(self) {
        let container = self.0.clone();
        std::mem::forget(self);
        drop(container);
    }
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        // The failure that led here is the one to report; what stays in spite of this is found by gc.
        let _ = self.0.terminate();
        self.0.close();
        if let Ok(records) = self.1.records() {
            let _ = records.remove(self.0.id());
        }
    }
}
