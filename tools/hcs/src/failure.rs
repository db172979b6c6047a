//! Why a command failed, and the exit code that says so.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use hcsshim::{Error, ErrorKind, Hresult};

use crate::signals::Signal;

/// What `hcs` ends with when it is not a program's own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// All is well.
    Success = 0,
    /// A look has found what is not as it should be.
    #[cfg(target_os = "linux")]
    Differs = 1,
    /// The engine, or this tool, failed; wrong usage too.
    Engine = 125,
    /// The program is there but can't be run.
    NotRunnable = 126,
    /// The program is not there.
    NotFound = 127,
    /// The program's code does not fit 8 bits; it was printed in full.
    TooLarge = 255,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A call of the API.
    #[error("{0}")]
    Hcs(#[from] Error),
    /// Something about images.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Image(#[from] hcs_images::ImageError),
    /// Starting the user's program failed.
    #[error("{0}")]
    Program(#[source] Error),
    /// Nobody reads our output any more, which is no failure.
    #[error("nobody reads standard output any more")]
    ClosedPipe,
    /// Standard output can't be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// A result can't be said in JSON.
    #[error("cannot print the result as JSON")]
    Json(#[source] serde_json::Error),
    /// A document can't be read.
    #[error("cannot read the document {}", .path.display())]
    Config {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Options that the parser can't check.
    #[error("{problem}")]
    Usage { problem: String, hint: Cow<'static, str> },
    /// A terminal was asked for, and standard input is none.
    #[error("-t needs a terminal, and standard input is none")]
    NoTerminal,
    /// The terminal, a thread, a signal handler: what this tool itself needs of the system.
    #[error("cannot {step}")]
    System {
        step: &'static str,
        #[source]
        source: io::Error,
    },
    /// A signal came before the program ran.
    #[error("interrupted by signal {}", .0.number())]
    Interrupted(Signal),
    /// Some of several objects; each was reported when it failed.
    #[error("some of them failed")]
    Reported,
}

impl Failure {
    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => Code::Success as u8,
            Self::Program(error) => program_code(error) as u8,
            // As a shell says it.
            Self::Interrupted(signal) => 128 + u8::try_from(signal.number()).unwrap_or_default(),
            _ => Code::Engine as u8,
        }
    }

    /// The call's error, if there is one.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Hcs(error) | Self::Program(error) => Some(error),
            _ => None,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        match self {
            Self::Hcs(error) | Self::Program(error) => error.hint().or_else(|| hint(error)),
            #[cfg(target_os = "linux")]
            Self::Image(error) => error.hint(),
            Self::NoTerminal => Some("leave -t out, or start it from a terminal"),
            Self::Usage { hint, .. } => Some(hint),
            _ => None,
        }
    }
}

/// What this tool's commands can do about an error that has no hint of its own.
fn hint(error: &Error) -> Option<&'static str> {
    if error.is_any(&[Hresult::HCS_E_SYSTEM_NOT_FOUND]) {
        Some("`hcs ls -a` shows the containers that are there")
    } else if error.is_any(&[Hresult::HCS_E_SYSTEM_ALREADY_STOPPED]) {
        Some("a container that has stopped is not started again: make a new one")
    } else {
        None
    }
}

/// A failed start of a program is the engine's fault only when the program was not even looked at.
fn program_code(error: &Error) -> Code {
    let not_found = [Hresult::ERROR_FILE_NOT_FOUND, Hresult::ERROR_PATH_NOT_FOUND];
    match error.kind() {
        _ if error.is_any(&not_found) => Code::NotFound,
        ErrorKind::Os { .. }
        | ErrorKind::Code(_)
        | ErrorKind::NotSupported { .. }
        | ErrorKind::AccessDenied { .. }
        | ErrorKind::InvalidArgument { .. } => Code::NotRunnable,
        _ => Code::Engine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes() {
        let os = |number| Failure::Program(Error::os("run", "/bin/x", io::Error::from_raw_os_error(number)));
        let code = |code| Failure::Program(Error::from_hresult(code));
        assert_eq!(os(libc::ENOENT).exit_code(), 127);
        assert_eq!(os(libc::EACCES).exit_code(), 126);
        assert_eq!(os(libc::ENOEXEC).exit_code(), 126);
        assert_eq!(code(Hresult::ERROR_FILE_NOT_FOUND).exit_code(), 127);
        assert_eq!(code(Hresult::ERROR_PATH_NOT_FOUND).exit_code(), 127);
        assert_eq!(code(Hresult::ERROR_BAD_EXE_FORMAT).exit_code(), 126);
        assert_eq!(code(Hresult::ERROR_EXE_MACHINE_TYPE_MISMATCH).exit_code(), 126);
        assert_eq!(code(Hresult::ERROR_NOT_SUPPORTED).exit_code(), 126);
        assert_eq!(Failure::Program(Error::disconnected()).exit_code(), 125);
        assert_eq!(Failure::Hcs(Error::from_hresult(Hresult::ERROR_FILE_NOT_FOUND)).exit_code(), 125);
        assert_eq!(Failure::Interrupted(Signal::Terminate).exit_code(), 143);
        assert_eq!(Failure::ClosedPipe.exit_code(), 0);
    }
}
