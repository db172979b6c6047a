//! Why the kernel side of a network could not be made or read: what was tried, on which object, and the kernel's words.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a call of this crate failed. Each variant asks a different answer of the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// The kernel refused one object; [`Refusal::errno`] tells apart what a caller may expect, such as `EEXIST`.
    #[error("cannot {action} {object}")]
    Refused { action: &'static str, object: String, source: Refusal },
    /// A netlink socket could not be made, written or read; nothing is known about the objects of the request.
    #[error("netlink: {call} failed")]
    Socket { call: &'static str, source: io::Error },
    /// A network namespace could not be made, opened or entered.
    #[error("network namespace {name}: cannot {action} it")]
    Namespace { name: String, action: &'static str, source: io::Error },
    /// A network setting (`net.…`) could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Setting { path: PathBuf, action: &'static str, source: io::Error },
    /// The kernel answered in a form that this version does not know.
    #[error("netlink: {object}: {what}")]
    Unexpected { object: String, what: String },
    /// The objects changed at each of several readings, so no reading shows them as they were at one time.
    #[error("{object} changed while they were read, {tries} times in a row")]
    Unsettled { object: &'static str, tries: u32 },
    /// A link that the wanted state names, such as an uplink, is not there.
    #[error("there is no link {name}")]
    NoLink { name: String },
    /// A link was switched on, and still no packets pass by it; or its other end's namespace was let go, and it stays.
    #[error("the link {name} is not as it should be after {patience:?}")]
    Late { name: String, patience: Duration },
    /// A link has the name that is wanted for ours, and is none of this instance's.
    #[error("the link {name} is not ours: {what}")]
    Foreign { name: String, what: String },
    /// The request contradicts itself or asks for what cannot be; nothing was changed.
    #[error("{object}: {what}")]
    Invalid { object: String, what: String },
    /// One request is longer than netlink's 16-bit lengths can say; nothing was sent.
    #[error("{object}: a netlink attribute of more than 65,535 bytes")]
    TooLong { object: String },
}

/// What the kernel answered instead of doing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error number, positive, as in errno(3).
    pub errno: i32,
    /// The kernel's own explanation (its extended acknowledgement), where it gave one. nf_tables mostly gives none.
    pub text: Option<String>,
    /// Where in the request the attribute stands that the kernel did not like: bytes from the message's start.
    pub offset: Option<u32>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", io::Error::from_raw_os_error(self.errno))?;
        if let Some(text) = &self.text {
            write!(f, ": {text}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (attribute at byte {offset} of the request)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl Error {
    /// The kernel's error number, where the kernel refused something.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } => Some(source.errno),
            Self::Socket { source, .. } | Self::Namespace { source, .. } | Self::Setting { source, .. } => {
                source.raw_os_error()
            }
            _ => None,
        }
    }

    /// There was nothing of that name, number or key.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NoLink { .. })
            || matches!(self.errno(), Some(libc::ENOENT | libc::ENODEV | libc::ESRCH | libc::EADDRNOTAVAIL))
    }

    /// Something of that name, number or key was there already.
    pub fn is_already_exists(&self) -> bool {
        self.errno() == Some(libc::EEXIST)
    }

    pub(crate) fn socket(call: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Socket { call, source }
    }

    pub(crate) fn invalid(object: impl fmt::Display, what: impl Into<String>) -> Self {
        Self::Invalid { object: object.to_string(), what: what.into() }
    }
}

/// What a request is about, for the error that it may end in.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) action: &'static str,
    pub(crate) object: String,
}

impl Label {
    pub(crate) fn new(action: &'static str, object: impl fmt::Display) -> Self {
        Self { action, object: object.to_string() }
    }

    pub(crate) fn refused(&self, source: Refusal) -> Error {
        Error::Refused { action: self.action, object: self.object.clone(), source }
    }

    pub(crate) fn unexpected(&self, what: impl Into<String>) -> Error {
        Error::Unexpected { object: self.object.clone(), what: what.into() }
    }
}
