//! [`crate::Stdio::Inherit`] for processes that can't get a descriptor of ours: threads carry the bytes.
//!
//! A Windows program opens its streams by name, and a console is a stream of its own. Who inherits a stream expects
//! that all output is there once the process has ended. So a wait for the exit goes on until what the process wrote
//! is written to our streams; not until the pipes are closed, because a process that it started may hold them.

mod ready;

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use hcs_contract::{Deadline, Error, OperationKind, Result, Stream};
use hcs_schema::Document as _;
use hcs_schema::compute::StdHandle;

use super::{Process, close};
use crate::Stdin;

/// What a pipe holds.
const CHUNK: usize = 64 << 10;

/// What carries the output of one process.
#[derive(Debug)]
pub(super) struct Relay {
    /// Closed when the process has ended, which every thread sees at its end of the pipe.
    running: Mutex<Option<PipeWriter>>,
    ended: PipeReader,
    behind: Arc<Behind>,
}

/// Takes one end of a process's streams.
type Take = fn(&Process) -> Result<Option<Stream>>;

/// How many outputs may still hold something that the process wrote before its end.
#[derive(Debug, Default)]
struct Behind {
    outputs: Mutex<usize>,
    fewer: Condvar,
}

/// One output's place in that number, until it has caught up or is over.
struct Place(Option<Arc<Behind>>);

impl Process {
    /// Carries streams of ours that it could not get, for as long as it has them.
    pub(crate) fn carry(&self, ours: [Option<Stream>; 3], console: bool) -> Result<()> {
        if ours.iter().all(Option::is_none) {
            return Ok(());
        }
        self.start_relay(ours, console).inspect_err(|_| {
            // A process whose streams lead nowhere is of no use.
            drop(self.kill());
        })
    }

    fn start_relay(&self, ours: [Option<Stream>; 3], console: bool) -> Result<()> {
        let [stdin, stdout, stderr] = ours;
        let relay = Relay::new()?;
        let take: [Take; 2] = [Self::take_stdout, Self::take_stderr];
        let names = [StdHandle::STD_OUT, StdHandle::STD_ERR];
        for ((ours, take), name) in [stdout, stderr].into_iter().zip(take).zip(names) {
            // The others are the user's to take.
            let Some(ours) = ours else { continue };
            let Some(theirs) = take(self)? else { continue };
            let process = Arc::downgrade(&self.0);
            relay.output(theirs, ours, move || {
                // The service holds the pipe too: until it lets go, the process would wait for a reader.
                if let Some(process) = process.upgrade() {
                    drop(process.handle.modify(&close(name).to_json()));
                }
            })?;
        }
        if let Some(ours) = stdin
            && let Some(theirs) = self.take_stdin()?
        {
            Relay::input(ours, theirs, console)?;
        }
        // The first and only one: this handle is new.
        let _ = self.0.relay.set(relay);
        Ok(())
    }

    #[cfg(feature = "async")]
    pub(crate) fn is_carried(&self) -> bool {
        self.0.relay.get().is_some()
    }

    /// Waits until what it wrote before its end is written to the streams of ours that it could not get.
    pub(crate) fn written(&self, deadline: Deadline) -> Result<()> {
        let began = Instant::now();
        if self.0.relay.get().is_none_or(|relay| relay.finish(deadline)) {
            return Ok(());
        }
        let error = Error::timeout("its output to be written to this program's streams", began.elapsed());
        Err(error.with_operation(OperationKind::WaitProcessExit).with_object(self.object()))
    }
}

impl Relay {
    fn new() -> Result<Self> {
        let (ended, running) =
            io::pipe().map_err(|error| Error::os("make", "the pipe between relays", error))?;
        Ok(Self { running: Mutex::new(Some(running)), ended, behind: Arc::default() })
    }

    /// Carries an output of the process. `broken` is called when ours takes no more.
    fn output(&self, from: Stream, mut to: Stream, broken: impl FnOnce() + Send + 'static) -> Result<()> {
        let ended = self.ended.try_clone();
        let ended = ended.map_err(|error| Error::os("duplicate", "the pipe between relays", error))?;
        let place = Place::take(&self.behind);
        start("hcs-output", move || {
            if let Err(error) = carry_output(from, &mut to, ended, place) {
                tracing::debug!(%error, "output is carried no longer");
                broken();
            }
        })
    }

    /// Carries our input to the process, and its end, unless that is a console, which has none. Ends with the
    /// process too, and then takes nothing from our input that it can't deliver.
    fn input(mut from: Stream, mut to: Stdin, console: bool) -> Result<()> {
        start("hcs-input", move || {
            if let Err(error) = carry_input(&mut from, &mut to) {
                tracing::debug!(%error, "input is carried no longer");
            }
            if console {
                drop(to.into_stream());
            }
        })
    }

    /// Waits until everything is written that the process wrote before its end. False when the deadline passes first.
    fn finish(&self, deadline: Deadline) -> bool {
        drop(lock(&self.running).take());
        let mut outputs = lock(&self.behind.outputs);
        while *outputs > 0 {
            let fewer = &self.behind.fewer;
            outputs = match deadline.remaining() {
                None => fewer.wait(outputs).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => fewer.wait_timeout(outputs, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        true
    }
}

impl Place {
    fn take(behind: &Arc<Behind>) -> Self {
        *lock(&behind.outputs) += 1;
        Self(Some(Arc::clone(behind)))
    }

    fn leave(&mut self) {
        if let Some(behind) = self.0.take() {
            *lock(&behind.outputs) -= 1;
            behind.fewer.notify_all();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // both are changed in one step
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread.map(drop).map_err(|error| Error::os("start", format!("the thread {name}"), error))
}

fn carry_output(
    mut from: Stream,
    to: &mut impl Write,
    ended: PipeReader,
    mut place: Place,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut ended = Some(ended);
    loop {
        if let Some(signal) = &ended
            && !ready::output(&from, signal)?
        {
            // Empty, after the process's end.
            ended = None;
            place.leave();
            continue;
        }
        match read(&mut from, &mut buffer)? {
            [] => return Ok(()),
            bytes => to.write_all(bytes)?,
        }
    }
}

fn carry_input(from: &mut Stream, to: &mut impl ready::Sink) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        // Nobody reads it any more.
        if !ready::input(from, to)? {
            return Ok(());
        }
        match read(from, &mut buffer)? {
            [] => return Ok(()),
            bytes => to.write_all(bytes)?,
        }
    }
}

/// The next bytes; none at the end.
fn read<'a>(from: &mut Stream, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    loop {
        match from.read(buffer) {
            Ok(count) => return Ok(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
