//! How processes and systems ended.

use std::fmt;

use hcs_contract::Hresult;
use hcs_schema::compute::{ExitType, SystemExitStatus};

/// How a process ended: its exit code, all 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExitStatus {
    code: u32,
}

impl ExitStatus {
    /// The status of a process that ended with this code.
    pub const fn from_code(code: u32) -> Self {
        Self { code }
    }

    /// The exit code. Of a Linux process that a signal ended: 128 + the signal's number.
    pub const fn code(self) -> u32 {
        self.code
    }

    /// Whether the code is 0.
    pub const fn success(self) -> bool {
        self.code == 0
    }

    /// The code, if it fits the 8 bits that an exit code has on Linux.
    pub fn to_u8(self) -> Option<u8> {
        u8::try_from(self.code).ok()
    }
}

/// `exit code 3221225781 (0xC0000135)`; small codes without the hexadecimal form.
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0..=255 => write!(f, "exit code {}", self.code),
            code => write!(f, "exit code {code} (0x{code:08X})"),
        }
    }
}

/// How a compute system ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemExit {
    /// Success, or why it ended; `HCS_E_UNEXPECTED_EXIT` when nobody asked it to.
    pub status: Hresult,
    /// The kind of end.
    pub exit_type: ExitType,
}

impl SystemExit {
    /// An exit with this status and kind.
    pub fn new(status: Hresult, exit_type: ExitType) -> Self {
        Self { status, exit_type }
    }

    /// Whether nobody had asked for the end.
    pub fn is_unexpected(&self) -> bool {
        self.exit_type == ExitType::UNEXPECTED_EXIT || self.status.to_v2() == Hresult::HCS_E_UNEXPECTED_EXIT
    }
}

impl From<&SystemExitStatus> for SystemExit {
    fn from(document: &SystemExitStatus) -> Self {
        Self::new(Hresult::from_i32(document.status), document.exit_type.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_all_their_bits() {
        let status = ExitStatus::from_code(0xC000_0135);
        assert_eq!(status.to_string(), "exit code 3221225781 (0xC0000135)");
        assert_eq!((status.code(), status.to_u8(), status.success()), (0xC000_0135, None, false));
        assert_eq!(ExitStatus::from_code(255).to_u8(), Some(255));
        assert_eq!(ExitStatus::from_code(256).to_u8(), None);
        assert_eq!(ExitStatus::from_code(7).to_string(), "exit code 7");
    }

    #[test]
    fn both_families_say_unexpected() {
        for code in [Hresult::HCS_E_UNEXPECTED_EXIT, Hresult::ERROR_VMCOMPUTE_UNEXPECTED_EXIT] {
            assert!(SystemExit::new(code, ExitType::NONE).is_unexpected());
        }
        assert!(SystemExit::new(Hresult::S_OK, ExitType::UNEXPECTED_EXIT).is_unexpected());
        assert!(!SystemExit::new(Hresult::S_OK, ExitType::GRACEFUL_EXIT).is_unexpected());
    }
}
