//! A command line for a Linux program as its words.
//!
//! Linux programs take a list of arguments; some clients have one line instead, quoted as for a shell. Quotation is
//! all that is read of it: `'…'`, `"…"` with `\` before `"`, `\`, `$` and a back quote, and `\` before any character outside of
//! quotation marks (POSIX.1-2024, Shell Command Language, 2.2). Nothing is expanded, and no shell runs.

use std::fmt;

/// Why a line has no words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// A quotation mark without its other.
    Quote(char),
    /// A backslash with nothing behind it.
    Backslash,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote(mark) => write!(f, "the quotation that {mark} begins has no end"),
            Self::Backslash => f.write_str("it ends with a backslash"),
        }
    }
}

/// The words of a line.
pub(super) fn split(line: &str) -> Result<Vec<String>, Unfinished> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(Unfinished::Quote('\''))? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(Unfinished::Backslash)?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn double_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unfinished> {
    let unfinished = Unfinished::Quote('"');
    loop {
        match rest.next().ok_or(unfinished)? {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or(unfinished)? {
                special @ ('"' | '\\' | '$' | '`') => word.push(special),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_a_shell_quotes_them_and_nothing_expanded() {
        for (line, words) in [
            ("", &[][..]),
            ("  a\tb\nc  ", &["a", "b", "c"]),
            ("'a b' \"c d\" e\\ f", &["a b", "c d", "e f"]),
            ("a'b'\"c\"d ''", &["abcd", ""]),
            (r#""\"\\\$\`\n" '\'"#, &[r#""\$`\n"#, "\\"]),
            ("$HOME *.c ; | > `x`", &["$HOME", "*.c", ";", "|", ">", "`x`"]),
            ("ü\u{a0}x", &["ü\u{a0}x"]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        assert_eq!(split("a 'b").unwrap_err(), Unfinished::Quote('\''));
        assert_eq!(split("a \"b\\").unwrap_err(), Unfinished::Quote('"'));
        assert_eq!(split("a\\").unwrap_err(), Unfinished::Backslash);
    }
}
