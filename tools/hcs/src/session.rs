//! A program in the foreground: its streams are ours, its end is ours.
//!
//! A Linux program gets our descriptors themselves. A Windows program, any program with a terminal, and any on another
//! host gets pipes or a pseudo terminal, and this process moves the bytes.

use hcsshim::{Command, Container, ExitStatus, Guest, Host, Process, Stdio};

use crate::args::run::Streams;
use crate::control::{Control, Target};
use crate::failure::Failure;
use crate::pump::{self, Output};
use crate::terminal::{self, RawMode};

/// A terminal's size when it does not know it.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// Where a program is to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    guest: Guest,
    /// No descriptor of ours leads there.
    elsewhere: bool,
}

impl Place {
    pub(crate) fn new(host: &Host, container: &Container) -> hcsshim::Result<Self> {
        Ok(Self { guest: container.guest()?, elsewhere: host.is_elsewhere() })
    }
}

/// A running program and what moves its bytes.
#[derive(Debug)]
#[must_use = "the program runs on"]
pub(crate) struct Session {
    pub(crate) process: Process,
    control: Control,
    outputs: Vec<Output>,
    /// Undone before anything else is printed.
    raw: Option<RawMode>,
}

/// Checks what can be checked before anything is made.
pub(crate) fn check(streams: &Streams) -> Result<(), Failure> {
    if streams.tty && !terminal::is_input() { Err(Failure::NoTerminal) } else { Ok(()) }
}

impl Session {
    /// Starts the command. `owner` is the container when it goes with the program.
    pub(crate) fn start(
        command: Command,
        place: Place,
        streams: &Streams,
        control: &Control,
        owner: Option<&Container>,
    ) -> Result<Self, Failure> {
        control.spawning()?;
        let guest = place.guest;
        let relayed = streams.tty || guest != Guest::Linux || place.elsewhere;
        let ours = || if relayed { Stdio::Pipe } else { Stdio::Inherit };
        let command = if streams.tty {
            let (width, height) = terminal::size().unwrap_or(DEFAULT_SIZE);
            command.console(width, height)
        } else {
            command.stderr(ours())
        };
        let stdin = if streams.interactive || streams.tty { ours() } else { Stdio::Null };
        let process = command.stdin(stdin).stdout(ours()).spawn().map_err(Failure::Program)?;
        let mut this = Self { process, control: control.clone(), outputs: Vec::new(), raw: None };
        let target =
            Target { process: this.process.clone(), guest, container: owner.cloned(), tty: streams.tty };
        match this.control.run(&target).and_then(|()| this.connect(streams)) {
            Ok(()) => Ok(this),
            Err(failure) => {
                // A program whose streams lead nowhere is of no use; it may have ended by itself.
                let _ = this.process.kill();
                Err(failure)
            }
        }
    }

    fn connect(&mut self, streams: &Streams) -> Result<(), Failure> {
        if streams.tty {
            let raw = RawMode::enter();
            self.raw = Some(
                raw.map_err(|source| Failure::System { step: "switch the terminal to raw mode", source })?,
            );
        }
        if let Some(stream) = self.process.take_stdout()? {
            self.outputs.push(pump::output(stream, pump::standard_output()?)?);
        }
        if let Some(stream) = self.process.take_stderr()? {
            self.outputs.push(pump::output(stream, pump::standard_error()?)?);
        }
        // -t alone shows a terminal that takes no keys; its input stays where it is, open.
        if streams.interactive
            && let Some(stdin) = self.process.take_stdin()?
        {
            pump::input(stdin, self.process.clone(), streams.tty)?;
        }
        Ok(())
    }

    /// Waits until the program has ended. Its output may still be on its way.
    pub(crate) fn wait(&self) -> Result<ExitStatus, Failure> {
        Ok(self.process.wait()?)
    }

    /// Waits for the rest of the output, and gives the terminal back. For a program that took its container along:
    /// after the container's end, because something in it may hold the streams open.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.control.over();
        let mut result = Ok(());
        for output in self.outputs.drain(..) {
            result = result.and(output.finish());
        }
        drop(self.raw.take());
        result
    }
}
