//! All that this tool prints passes here: results on standard output, everything for people on standard error.
//!
//! Names in archives and images are hostile: control characters are shown escaped.

use std::error::Error;
use std::io::{self, Write as _};

use crate::failure::Failure;

/// A result: a line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", printable(text)).map_err(|source| Failure::Output { source })
}

/// A result for programs: a line.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}").map_err(|source| Failure::Output { source })
}

/// Something for people.
pub(crate) fn note(text: &str) {
    // If standard error is gone, nobody wants to know.
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// Why it failed: each cause behind the other, or an object.
pub(crate) fn failure(failure: &Failure, json: bool) {
    let mut causes = vec![failure.to_string()];
    let mut next = failure.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // A transparent error says the same as its cause.
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    if json {
        note(&serde_json::json!({ "Error": causes[0], "Causes": causes[1..] }).to_string());
    } else {
        note(&format!("tar2ext4: {}", causes.join(": ")));
    }
}

/// The text with control characters escaped, all but line ends and tabs.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(super::printable("a\u{1b}[2Jb\tc"), "a\\u{1b}[2Jb\tc");
    }
}
