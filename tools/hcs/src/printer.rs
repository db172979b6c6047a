//! All that this tool prints passes here: results on standard output, everything for people on standard error.
//!
//! What comes from a container (process names, paths, messages) is hostile: control characters are shown escaped,
//! so that nobody drives the terminal with them.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use hcsshim::ExitStatus;
use serde::Serialize;

use crate::args::Format;
use crate::failure::Failure;
use crate::report;
use crate::terminal;

/// Prints in the format that the user chose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    format: Format,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// A listing: for programs the items themselves, for people a row for each.
    pub(crate) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        headings: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        if self.is_json() {
            return json(&items);
        }
        let mut rows = vec![headings.map(str::to_owned)];
        rows.extend(items.iter().map(|item| row(item).map(|cell| printable(&cell).into_owned())));
        raw(table(&rows).as_bytes())
    }

    /// What a command came to: for programs an object, for people a line.
    pub(crate) fn result(self, result: &(impl Serialize + fmt::Display)) -> Result<(), Failure> {
        if self.is_json() { json(result) } else { line(&result.to_string()) }
    }

    /// A program's exit code that can't be this command's, on standard error, because it is not the program's output.
    pub(crate) fn exit(self, status: ExitStatus) {
        note(&if self.is_json() {
            serde_json::json!({ "ExitCode": status.code() }).to_string()
        } else {
            format!("hcs: the program ended with {status}")
        });
    }

    /// Why a command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        let text = if self.is_json() {
            report::json(failure)
        } else if terminal::has_colours(&io::stderr()) {
            report::graphical(failure, terminal::size().map_or(100, |(columns, _)| columns.into()))
        } else {
            report::plain(failure)
        };
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
    }
}

/// The object that something was done to, or that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Named {
    pub(crate) id: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// A result that is one line, such as a name.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    raw(format!("{}\n", printable(text)).as_bytes())
}

/// A result as it is: a generated script, a log.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    write(io::stdout().lock(), bytes)
}

/// Bytes of a program's standard error, on ours.
#[cfg(target_os = "linux")]
pub(crate) fn raw_error(bytes: &[u8]) -> Result<(), Failure> {
    write(io::stderr().lock(), bytes)
}

/// A result for programs.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::Json)?;
    raw(format!("{}\n", printable_json(text)).as_bytes())
}

/// A result for programs that more will follow: one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(Failure::Json)?;
    raw(format!("{}\n", printable_json(text)).as_bytes())
}

/// Something that people should know and programs need not.
pub(crate) fn note(text: &str) {
    // If standard error is gone, nobody wants to know.
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// Help, or an explanation of wrong usage, as the parser wrote it: what was asked for on standard output, the rest on
/// standard error.
pub(crate) fn usage(error: &clap::Error) {
    // Nobody to tell when that fails.
    let _ = error.print();
}

fn write(mut to: impl Write, bytes: &[u8]) -> Result<(), Failure> {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ClosedPipe),
        result => result.map_err(Failure::Output),
    }
}

/// The text with control characters escaped, all but line ends and tabs.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.chars().all(harmless) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if harmless(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out.into()
}

/// The JSON text with those control characters escaped that JSON itself takes as they are. They can only be in strings.
pub(crate) fn printable_json(text: String) -> String {
    let harmful = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    if !text.contains(harmful) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if harmful(character) {
            let escaped = format!("\\u{:04x}", u32::from(character));
            out.push_str(&escaped);
        } else {
            out.push(character);
        }
    }
    out
}

/// A time (UTC, RFC 3339) without its fraction, for tables.
pub(crate) fn seconds(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}

/// Columns as wide as their widest cell, two spaces apart, nothing behind the last.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // A cell is one line.
            let cell = cell.replace(['\n', '\t'], " ");
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let rows = [["ID", "STATE", "NOTE"], ["a", "Running", ""], ["längerer", "x", "two\nlines"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&rows),
            "ID        STATE    NOTE\na         Running\nlängerer  x        two lines\n"
        );
    }

    #[test]
    fn control_characters_of_a_guest_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}c\r\n\td"), "a\\u{1b}[2Jb\\u{9b}c\\u{d}\n\td");
        assert!(matches!(printable("plain ünï"), Cow::Borrowed(_)));

        let name = "a\x1b\u{9b}2Jb\u{7f}ü";
        let text = printable_json(serde_json::to_string(name).unwrap());
        assert_eq!(text, r#""a\u001b\u009b2Jb\u007fü""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }
}
