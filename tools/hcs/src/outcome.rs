//! What a command that did not fail ends with.

use hcsshim::ExitStatus;

use crate::failure::Code;
use crate::printer::Printer;

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it was asked to.
    Success,
    /// It has looked, and all is not as it should be.
    #[cfg(target_os = "linux")]
    Differs,
    /// A program ended, with a code that fits.
    Program(u8),
    /// A program ended, with a code that does not; it was printed.
    TooLarge,
}

impl Outcome {
    /// The end of a program: the code itself, or in full on standard error.
    pub(crate) fn exit(status: ExitStatus, printer: Printer) -> Self {
        if let Some(code) = status.to_u8() {
            return Self::Program(code);
        }
        printer.exit(status);
        Self::TooLarge
    }

    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => Code::Success as u8,
            #[cfg(target_os = "linux")]
            Self::Differs => Code::Differs as u8,
            Self::Program(code) => code,
            Self::TooLarge => Code::TooLarge as u8,
        }
    }
}
