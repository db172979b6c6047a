//! The result codes of the service: a type with every constant named, off Windows too.
//!
//! Two families say the same thing: computecore's 0x8037xxxx (`HCS_E_*`) and vmcompute's 0xC037xxxx
//! (`ERROR_VMCOMPUTE_*`). Hosts speak the first; [`Hresult::to_v1`] and [`Hresult::to_v2`] map between them, and
//! every predicate of this crate accepts both.

mod codes;

use std::fmt;

/// A result code: negative as `i32` for a failure. Unknown codes stay representable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hresult(pub u32);

const FACILITY_MASK: u32 = 0x1FFF_0000;
const FACILITY_WIN32: u32 = 0x0007_0000;
const FAMILY_MASK: u32 = 0xFFFF_0000;
const FAMILY_V1: u32 = 0xC037_0000;
const FAMILY_V2: u32 = 0x8037_0000;
/// The last code that both families share; later ones exist in 0x8037xxxx only.
const LAST_SHARED: u32 = 0x0113;

impl Hresult {
    /// The HRESULT of a Win32 code: 0x8007xxxx, 0 for 0, and what already is an HRESULT unchanged.
    pub const fn from_win32(code: u32) -> Self {
        if code == 0 || code & 0x8000_0000 != 0 { Self(code) } else { Self((code & 0xFFFF) | 0x8007_0000) }
    }

    /// The code as the DLLs' functions return it.
    pub const fn from_i32(code: i32) -> Self {
        Self(code.cast_unsigned())
    }

    /// The code as the DLLs' functions return it, and as result documents hold it.
    pub const fn to_i32(self) -> i32 {
        self.0.cast_signed()
    }

    /// Whether this is a success: not negative, so `S_FALSE` too.
    pub const fn is_success(self) -> bool {
        self.to_i32() >= 0
    }

    /// Whether this is a failure.
    pub const fn is_failure(self) -> bool {
        !self.is_success()
    }

    /// The error number that Go clients see: the low 16 bits of a Win32 failure, else all 32.
    /// `None` for success.
    ///
    /// Source: internal/interop, `Win32FromHresult`; the same rule holds for a callback's status.
    pub const fn to_go_errno(self) -> Option<u32> {
        if self.is_success() {
            None
        } else if self.0 & FACILITY_MASK == FACILITY_WIN32 {
            Some(self.0 & 0xFFFF)
        } else {
            Some(self.0)
        }
    }

    /// The inverse of [`Hresult::to_go_errno`], for an exit status or a `LastWaitResult`.
    pub const fn from_go_errno(code: u32) -> Self {
        Self::from_win32(code)
    }

    /// The Win32 code within, if this is one.
    pub const fn win32(self) -> Option<u32> {
        match self.to_go_errno() {
            Some(code) if code <= 0xFFFF => Some(code),
            _ => None,
        }
    }

    /// This code as vmcompute says it: 0xC037xxxx where that family has it, pending and the two "already
    /// stopped" included; otherwise unchanged.
    #[must_use]
    pub const fn to_v1(self) -> Self {
        match self {
            Self::HCS_E_OPERATION_PENDING => Self::ERROR_VMCOMPUTE_OPERATION_PENDING,
            // vmcompute has one word for an absent process, and clients read it as "already stopped" too.
            Self::HCS_E_PROCESS_ALREADY_STOPPED => Self::ERROR_NOT_FOUND,
            Self::HCS_E_ACCESS_DENIED => Self::E_ACCESSDENIED,
            Self(code) if code & FAMILY_MASK == FAMILY_V2 && code & 0xFFFF <= LAST_SHARED => {
                Self(code & 0xFFFF | FAMILY_V1)
            }
            other => other,
        }
    }

    /// This code as computecore says it: 0x8037xxxx for 0xC037xxxx; otherwise unchanged.
    #[must_use]
    pub const fn to_v2(self) -> Self {
        match self {
            Self::ERROR_VMCOMPUTE_OPERATION_PENDING => Self::HCS_E_OPERATION_PENDING,
            // No counterpart: the code has no name in the other family.
            Self::ERROR_VMCOMPUTE_TOO_MANY_NOTIFICATIONS => self,
            Self(code) if code & FAMILY_MASK == FAMILY_V1 && code & 0xFFFF <= LAST_SHARED => {
                Self(code & 0xFFFF | FAMILY_V2)
            }
            other => other,
        }
    }

    /// The constant's name, such as `HCS_E_SYSTEM_NOT_FOUND`.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|(_, name, _)| *name)
    }

    /// What the code means, in a few words without a full stop.
    pub fn meaning(self) -> Option<&'static str> {
        self.row().map(|(_, _, meaning)| *meaning)
    }

    /// Every code that has a name, by value within its group.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        codes::CODES.iter().map(|(code, name, _)| (*code, *name))
    }

    fn row(self) -> Option<&'static (Self, &'static str, &'static str)> {
        codes::CODES.iter().find(|(code, _, _)| *code == self)
    }
}

/// `HCS_E_SYSTEM_NOT_FOUND (0x8037010E)`, or the number alone.
impl fmt::Display for Hresult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for Hresult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hresult({self})")
    }
}

impl From<i32> for Hresult {
    fn from(code: i32) -> Self {
        Self::from_i32(code)
    }
}

/// The nearest code to a failure of the operating system, so that clients of both platforms see the same ones.
impl From<&std::io::Error> for Hresult {
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound => Self::ERROR_FILE_NOT_FOUND,
            ErrorKind::PermissionDenied => Self::E_ACCESSDENIED,
            ErrorKind::AlreadyExists => Self::ERROR_ALREADY_EXISTS,
            ErrorKind::InvalidInput => Self::E_INVALIDARG,
            ErrorKind::InvalidData => Self::ERROR_INVALID_DATA,
            ErrorKind::TimedOut => Self::ERROR_TIMEOUT,
            ErrorKind::OutOfMemory => Self::E_OUTOFMEMORY,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::ERROR_DISK_FULL,
            ErrorKind::ReadOnlyFilesystem => Self::ERROR_WRITE_PROTECT,
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Self::ERROR_BUSY,
            ErrorKind::DirectoryNotEmpty => Self::ERROR_DIR_NOT_EMPTY,
            ErrorKind::NotADirectory | ErrorKind::IsADirectory => Self::ERROR_DIRECTORY,
            ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => Self::ERROR_BROKEN_PIPE,
            ErrorKind::Unsupported => Self::ERROR_NOT_SUPPORTED,
            ErrorKind::CrossesDevices => Self::ERROR_NOT_SAME_DEVICE,
            ErrorKind::InvalidFilename => Self::ERROR_FILENAME_EXCED_RANGE,
            _ => Self::ERROR_GEN_FAILURE,
        }
    }
}

#[cfg(test)]
mod tests;
