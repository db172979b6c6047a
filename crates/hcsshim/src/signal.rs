//! What a process can be told: signals of Linux, console control events of Windows.

use std::fmt;

use hcs_contract::Error;
use hcs_schema::compute::{self, WindowsSignal};

use crate::Guest;

/// Something to tell a process.
///
/// Source: `hcs.md` 8; the values are those of linux/signal.h on x86-64 and of `HandlerRoutine`'s `dwCtrlType`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// A signal of Linux, by its number (1 to 64).
    Linux(u8),
    /// A console control event of Windows.
    Windows(WindowsSignal),
}

impl Signal {
    /// Ask to end because the user pressed Ctrl-C: SIGINT (2).
    pub const INT: Self = Self::Linux(2);
    /// End at once: SIGKILL (9). Windows has no such event: see [`crate::Process::kill`].
    pub const KILL: Self = Self::Linux(9);
    /// Ask to end: SIGTERM (15).
    pub const TERM: Self = Self::Linux(15);

    /// Ask to end as Ctrl-C does, in the words of the guest.
    pub const fn interrupt(guest: Guest) -> Self {
        match guest {
            Guest::Linux => Self::INT,
            Guest::Windows => Self::Windows(WindowsSignal::CTRL_C),
        }
    }

    /// Ask to end as a shutdown of the system does, in the words of the guest.
    pub const fn terminate(guest: Guest) -> Self {
        match guest {
            Guest::Linux => Self::TERM,
            Guest::Windows => Self::Windows(WindowsSignal::CTRL_SHUTDOWN),
        }
    }

    /// Reads a signal as people write it. Linux: a name with or without `SIG`, in any case, or a number. Windows: the
    /// name of an event in any case, or `INT` and `TERM` for what they stand for there.
    ///
    /// # Errors
    /// Invalid argument, with what would be valid.
    ///
    /// ```
    /// use hcsshim::schema::compute::WindowsSignal;
    /// use hcsshim::{Guest, Signal};
    /// assert_eq!(Signal::parse("sigterm", Guest::Linux)?, Signal::TERM);
    /// assert_eq!(Signal::parse("9", Guest::Linux)?, Signal::KILL);
    /// assert_eq!(Signal::parse("ctrlbreak", Guest::Windows)?, Signal::Windows(WindowsSignal::CTRL_BREAK));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn parse(text: &str, guest: Guest) -> Result<Self, Error> {
        match guest {
            Guest::Linux => linux_number(text).map(Self::Linux).ok_or_else(|| {
                Error::invalid_argument("signal", format!("{text:?} is no signal of Linux"))
                    .with_hint("give a name such as TERM, HUP or USR1, or a number from 1 to 64")
            }),
            Guest::Windows => windows_event(text).map(Self::Windows).ok_or_else(|| {
                Error::invalid_argument("signal", format!("{text:?} is no console control event of Windows"))
                    .with_hint("give CtrlC, CtrlBreak, CtrlClose, CtrlLogOff or CtrlShutdown; ending a process at once needs no signal")
            }),
        }
    }
}

fn linux_number(text: &str) -> Option<u8> {
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    LINUX.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn windows_event(text: &str) -> Option<WindowsSignal> {
    let name = text.to_ascii_uppercase();
    match name.strip_prefix("SIG").unwrap_or(&name) {
        "INT" => Some(WindowsSignal::CTRL_C),
        "TERM" => Some(WindowsSignal::CTRL_SHUTDOWN),
        _ => WindowsSignal::KNOWN.iter().find(|event| event.as_str().eq_ignore_ascii_case(text)).cloned(),
    }
}

/// Linux signals go by number, those of Windows by name.
impl From<Signal> for compute::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Linux(number) => Self::Number(number.into()),
            Signal::Windows(event) => Self::Name(event.as_str().to_owned()),
        }
    }
}

/// The first name of a number is the one that is shown.
const LINUX: &[(&str, u8)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("POLL", 29),
    ("PWR", 30),
    ("SYS", 31),
];

/// `SIGTERM`, `signal 40`, `CtrlC`.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows(event) => f.write_str(event.as_str()),
            Self::Linux(number) => match LINUX.iter().find(|(_, known)| known == number) {
                Some((name, _)) => write!(f, "SIG{name}"),
                None => write!(f, "signal {number}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_reference_is_read() {
        for (name, number) in LINUX {
            for text in [(*name).to_owned(), name.to_lowercase(), format!("SIG{name}"), number.to_string()] {
                assert_eq!(Signal::parse(&text, Guest::Linux).unwrap(), Signal::Linux(*number), "{text}");
            }
        }
        for event in WindowsSignal::KNOWN {
            assert_eq!(
                Signal::parse(event.as_str(), Guest::Windows).unwrap(),
                Signal::Windows(event.clone())
            );
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_do() {
        for (text, guest) in [
            ("", Guest::Linux),
            ("0", Guest::Linux),
            ("65", Guest::Linux),
            ("CtrlC", Guest::Linux),
            ("9", Guest::Windows),
        ] {
            let error = Signal::parse(text, guest).unwrap_err();
            assert!(error.hint().is_some() && error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn names_are_shown() {
        assert_eq!(Signal::TERM.to_string(), "SIGTERM");
        assert_eq!(Signal::Linux(6).to_string(), "SIGABRT");
        assert_eq!(Signal::Linux(40).to_string(), "signal 40");
        assert_eq!(Signal::interrupt(Guest::Windows).to_string(), "CtrlC");
    }
}
