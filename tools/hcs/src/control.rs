//! What signals to this command do while it has a program in the foreground.
//!
//! The first one is passed on to the program, as soon as it is there; the second ends it (of run: the container).
//! Before the program is asked for, the first ends the container, if there is one, and makes the command clean up and
//! end. One more ends the command at once: a container in the foreground ends with its last handle, so nothing stays
//! behind.
//!
//! One thread waits for signals; the main thread waits for the program.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcsshim::schema::compute::WindowsSignal;
use hcsshim::{Container, Guest, Process};

use crate::failure::Failure;
use crate::signals::{Signal, Signals};
use crate::terminal;

/// The signals of this process, in our hands.
#[derive(Clone, Debug)]
pub(crate) struct Control(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    /// There is no program yet.
    Starting {
        /// The container that goes with the command.
        container: Option<Container>,
        interrupted: Option<Signal>,
    },
    /// It has been asked for. It may run already: nobody has told us yet.
    Spawning {
        /// The container that goes with the command.
        container: Option<Container>,
        /// For the program.
        pending: Option<Signal>,
        /// The second.
        interrupted: Option<Signal>,
    },
    /// There is one.
    Running { target: Target, signals: u32 },
    /// There is none any more.
    Over,
}

/// The program in the foreground.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) guest: Guest,
    /// Its container, when it goes with the program.
    pub(crate) container: Option<Container>,
    /// It has a terminal, which is ours.
    pub(crate) tty: bool,
}

impl Control {
    /// Takes the signals over. Called once.
    pub(crate) fn take() -> Result<Self, Failure> {
        let signals = Signals::catch().map_err(|source| Failure::System { step: "catch signals", source })?;
        let this = Self(Arc::new(Mutex::new(State::Starting { container: None, interrupted: None })));
        let control = this.clone();
        std::thread::Builder::new()
            .name("hcs-signals".into())
            .spawn(move || control.serve(&signals))
            .map_err(|source| Failure::System { step: "start the thread that waits for signals", source })?;
        Ok(this)
    }

    /// Fails if a signal has come: the caller cleans up and ends.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match *self.lock() {
            State::Starting { interrupted: Some(signal), .. }
            | State::Spawning { interrupted: Some(signal), .. } => Err(Failure::Interrupted(signal)),
            _ => Ok(()),
        }
    }

    /// What a step came to; if a signal has come, that is why it failed.
    pub(crate) fn judge<T>(&self, result: Result<T, impl Into<Failure>>) -> Result<T, Failure> {
        self.check()?;
        result.map_err(Into::into)
    }

    /// There is a container now that goes with the command.
    pub(crate) fn owns(&self, owned: &Container) -> Result<(), Failure> {
        if let State::Starting { container, .. } = &mut *self.lock() {
            *container = Some(owned.clone());
        }
        self.check()
    }

    /// The program is being asked for: a signal from now on is for it.
    pub(crate) fn spawning(&self) -> Result<(), Failure> {
        let mut state = self.lock();
        match &mut *state {
            State::Starting { interrupted: Some(signal), .. } => return Err(Failure::Interrupted(*signal)),
            State::Starting { container, interrupted: None } => {
                let container = container.take();
                *state = State::Spawning { container, pending: None, interrupted: None };
            }
            State::Spawning { .. } | State::Running { .. } | State::Over => {}
        }
        Ok(())
    }

    /// There is a program now: signals are for it.
    pub(crate) fn run(&self, target: &Target) -> Result<(), Failure> {
        let mut state = self.lock();
        let pending = match *state {
            State::Starting { interrupted: Some(signal), .. }
            | State::Spawning { interrupted: Some(signal), .. } => return Err(Failure::Interrupted(signal)),
            State::Spawning { pending, .. } => pending,
            State::Starting { .. } | State::Running { .. } | State::Over => None,
        };
        *state = State::Running { target: target.clone(), signals: pending.is_some().into() };
        drop(state);
        if let Some(signal) = pending {
            target.tell(signal, true);
        }
        Ok(())
    }

    /// The program has ended: signals have nothing more to do.
    pub(crate) fn over(&self) {
        *self.lock() = State::Over;
    }

    fn serve(&self, signals: &Signals) {
        while let Some(signal) = signals.wait() {
            self.signal(signal);
        }
    }

    fn signal(&self, signal: Signal) {
        let mut state = self.lock();
        match &mut *state {
            State::Starting { .. } | State::Spawning { .. } if signal == Signal::WindowChange => {}
            State::Spawning { pending: pending @ None, .. } => *pending = Some(signal),
            State::Starting { container, interrupted: interrupted @ None }
            | State::Spawning { container: container @ Some(_), interrupted: interrupted @ None, .. } => {
                *interrupted = Some(signal);
                let container = container.clone();
                drop(state);
                if let Some(container) = container {
                    // So that whatever the main thread waits for comes to an end.
                    let _ = container.terminate();
                }
            }
            State::Starting { .. } | State::Spawning { .. } => {
                std::process::exit(i32::from(Failure::Interrupted(signal).exit_code()))
            }
            State::Running { target, signals } => {
                if signal != Signal::WindowChange {
                    *signals += 1;
                }
                let (target, first) = (target.clone(), *signals <= 1);
                drop(state);
                target.tell(signal, first);
            }
            State::Over => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // changed in one assignment
    }
}

impl Target {
    /// Failures have no place to go: the program may have ended meanwhile, and then the main thread knows.
    fn tell(&self, signal: Signal, first: bool) {
        if signal == Signal::WindowChange {
            if let (true, Some((width, height))) = (self.tty, terminal::size()) {
                let _ = self.process.resize_console(width, height);
            }
        } else if first {
            if let Some(signal) = translate(signal, self.guest) {
                let _ = self.process.signal(signal);
            }
        } else if let Some(container) = &self.container {
            let _ = container.terminate();
        } else {
            let _ = self.process.kill();
        }
    }
}

/// What a signal to us is for the program.
fn translate(signal: Signal, guest: Guest) -> Option<hcsshim::Signal> {
    let windows = match signal {
        Signal::Interrupt => WindowsSignal::CTRL_C,
        Signal::Quit => WindowsSignal::CTRL_BREAK,
        Signal::HangUp => WindowsSignal::CTRL_CLOSE,
        Signal::Terminate => WindowsSignal::CTRL_SHUTDOWN,
        Signal::WindowChange => return None,
    };
    match guest {
        Guest::Windows => Some(hcsshim::Signal::Windows(windows)),
        Guest::Linux => u8::try_from(signal.number()).ok().map(hcsshim::Signal::Linux),
        // A kind of guest that came after this tool.
        _ => None,
    }
}

/// For errors of threads.
pub(crate) fn thread(step: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::System { step, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_translated_for_the_guest() {
        use hcsshim::Signal as Told;
        for (signal, linux, windows) in [
            (Signal::Interrupt, 2, WindowsSignal::CTRL_C),
            (Signal::Terminate, 15, WindowsSignal::CTRL_SHUTDOWN),
            (Signal::HangUp, 1, WindowsSignal::CTRL_CLOSE),
            (Signal::Quit, 3, WindowsSignal::CTRL_BREAK),
        ] {
            assert_eq!(translate(signal, Guest::Linux), Some(Told::Linux(linux)));
            assert_eq!(translate(signal, Guest::Windows), Some(Told::Windows(windows)));
        }
        assert_eq!(translate(Signal::WindowChange, Guest::Linux), None);
    }

    #[test]
    fn a_signal_before_the_program_ends_the_command_in_order() {
        let control = Control(Arc::new(Mutex::new(State::Starting { container: None, interrupted: None })));
        control.signal(Signal::WindowChange);
        control.check().unwrap();
        control.signal(Signal::Terminate);
        assert_eq!(control.check().unwrap_err().exit_code(), 143);
        control.over();
        control.signal(Signal::Terminate);
        control.check().unwrap();
    }

    #[test]
    fn a_signal_while_the_program_starts_is_kept_for_it() {
        let control = Control(Arc::new(Mutex::new(State::Starting { container: None, interrupted: None })));
        control.spawning().unwrap();
        control.signal(Signal::Interrupt);
        control.check().unwrap();
        assert!(matches!(*control.lock(), State::Spawning { pending: Some(Signal::Interrupt), .. }));
    }
}
