//! All that this tool prints passes here: results on standard output, everything for people on standard error.
//!
//! The library's texts have no control characters in them.

use std::error::Error;
use std::io::{self, Write as _};

use crate::failure::Failure;

/// A result: a line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(|source| Failure::Output { source })
}

/// A result for programs: a line.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    line(&value.to_string())
}

/// Something for people.
pub(crate) fn note(text: &str) {
    // If standard error is gone, nobody wants to know.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Why it failed: each cause behind the other, or an object.
pub(crate) fn failure(failure: &Failure, json: bool) {
    let mut causes = vec![failure.to_string()];
    let mut next = failure.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    // A transparent error says the same as its cause.
    causes.dedup();
    if let Failure::Host { source } = failure {
        causes.extend(source.message().map(str::to_owned));
    }
    if json {
        note(&serde_json::json!({ "Error": causes[0], "Causes": causes[1..] }).to_string());
    } else {
        note(&causes.join(": "));
        if let Some(hint) = failure.hint() {
            note(&format!("wclayer: {hint}"));
        }
    }
}
