//! Failures as a runtime is told them: an object with a code of the specification's.

use hcsshim::Error;
use serde_json::{Value, json};

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u32,
    message: String,
    details: String,
}

/// Codes of the specification (CNI 1.1.0, "Error"), and from 100 on our own.
const VERSION: u32 = 1;
const UNSUPPORTED: u32 = 2;
const VARIABLES: u32 = 4;
const IO: u32 = 5;
const DECODE: u32 = 6;
const CONFIGURATION: u32 = 7;
const AGAIN: u32 = 11;
const UNAVAILABLE: u32 = 50;
/// The engine refused or failed.
const ENGINE: u32 = 100;
/// What is there is not what was made.
const DIFFERS: u32 = 101;

impl Failure {
    fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: String::new() }
    }

    /// The configuration is of a version that is not spoken here.
    pub(crate) fn version(message: impl Into<String>) -> Self {
        Self::new(VERSION, message)
    }

    /// A member that can't be honoured.
    pub(crate) fn unsupported(path: &str, value: &Value) -> Self {
        Self::new(UNSUPPORTED, format!("{path}: {value} can't be honoured"))
    }

    /// A variable that is missing or has no such form.
    pub(crate) fn variable(name: &str, reason: &str) -> Self {
        Self::new(VARIABLES, format!("{name} {reason}"))
    }

    /// Standard input can't be read.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self::new(IO, message)
    }

    /// What is on standard input is no JSON, or none of this shape.
    pub(crate) fn decode(message: impl Into<String>) -> Self {
        Self::new(DECODE, message)
    }

    /// The configuration says something that can't be.
    pub(crate) fn configuration(path: &str, reason: &str) -> Self {
        Self::new(CONFIGURATION, format!("{path}: {reason}"))
    }

    /// No network can be made here at all.
    pub(crate) fn unavailable(error: &Error) -> Self {
        Self { code: UNAVAILABLE, ..Self::from(error.clone()) }
    }

    /// An attachment is not as it was made.
    pub(crate) fn differs(differences: &[String]) -> Self {
        Self::new(DIFFERS, format!("the attachment is not as it was made: {}", differences.join("; ")))
    }

    /// As a runtime reads it.
    pub(crate) fn to_json(&self, version: &str) -> Value {
        let mut value = json!({ "cniVersion": version, "code": self.code, "msg": self.message });
        if !self.details.is_empty() {
            value["details"] = self.details.clone().into();
        }
        value
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.code() {
            "timeout" | "service-unavailable" => AGAIN,
            "invalid-document" | "invalid-argument" | "not-supported" => CONFIGURATION,
            _ => ENGINE,
        };
        let events = error.events().iter().map(|event| event.message.clone());
        let details: Vec<String> = events.chain(error.hint().map(str::to_owned)).collect();
        Self { code, message: error.to_string(), details: details.join("; ") }
    }
}
