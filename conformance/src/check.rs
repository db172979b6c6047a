//! Why a case did not pass, and the comparisons that find out.

use std::fmt::Debug;
use std::io;

use hcs_contract::{Error, Hresult};

/// Why a case did not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A step that the contract demands failed.
    #[error("{step} failed: {error}")]
    Call {
        /// The step.
        step: String,
        /// What the host said.
        error: Error,
    },
    /// A step that the contract forbids succeeded.
    #[error("{step} succeeded with {result}; {expected} was due")]
    NoError {
        /// The step.
        step: String,
        /// What it gave.
        result: String,
        /// What it should have failed with.
        expected: String,
    },
    /// A value is not what the contract says.
    #[error("{what}: {got}, where {expected} was due")]
    Differs {
        /// Which value.
        what: String,
        /// As it is.
        got: String,
        /// As it should be.
        expected: String,
    },
    /// Something that must hold does not.
    #[error("{0}")]
    Broken(String),
    /// Something that must come did not.
    #[error("waited in vain for {0}")]
    Nothing(String),
    /// A standard stream failed.
    #[error("cannot {step}: {error}")]
    Stream {
        /// The step.
        step: String,
        /// What the system said.
        error: io::Error,
    },
    /// The host can't do what the case is about, and says so.
    #[error("{step} is refused: {error}")]
    Refused {
        /// The step.
        step: String,
        /// The host's ERROR_NOT_SUPPORTED.
        error: Error,
    },
}

/// Both values are the same.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), Failure> {
    if got == expected { Ok(()) } else { Err(differs(what, got, expected)) }
}

/// Both texts are the same.
pub(crate) fn same_text(what: &str, got: &str, expected: &str) -> Result<(), Failure> {
    same(what, &got, &expected)
}

pub(crate) fn differs(what: &str, got: &impl Debug, expected: &impl Debug) -> Failure {
    Failure::Differs { what: what.to_owned(), got: format!("{got:?}"), expected: format!("{expected:?}") }
}

/// It holds; `what` says it as a sentence about what went wrong.
pub(crate) fn holds(condition: bool, what: impl Into<String>) -> Result<(), Failure> {
    if condition { Ok(()) } else { Err(Failure::Broken(what.into())) }
}

/// The error has this code; codes of both families count as one.
pub(crate) fn coded(step: &str, error: &Error, code: Hresult) -> Result<(), Failure> {
    if error.hresult().to_v2() == code.to_v2() {
        Ok(())
    } else {
        Err(Failure::Differs { what: step.to_owned(), got: error.to_string(), expected: format!("{code}") })
    }
}

/// The error's text names this, so that its reader finds the place.
pub(crate) fn names(step: &str, error: &Error, word: &str) -> Result<(), Failure> {
    let text = error.to_string();
    holds(text.contains(word), format!("{step}: the error does not name {word:?}: {text}"))
}

/// The Go library's predicates that are true of an error, by name and in order.
pub(crate) fn predicates(error: &Error) -> Vec<&'static str> {
    [
        ("not exist", error.is_not_exist()),
        ("already stopped", error.is_already_stopped()),
        ("already closed", error.is_already_closed()),
        ("pending", error.is_pending()),
        ("timeout", error.is_timeout()),
        ("not supported", error.is_not_supported()),
        ("invalid state", error.is_operation_invalid_state()),
        ("access denied", error.is_access_denied()),
        ("already exists", error.is_already_exists()),
    ]
    .into_iter()
    .filter_map(|(name, holds)| holds.then_some(name))
    .collect()
}
