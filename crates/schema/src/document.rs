//! What every document can do, and what its members are called.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::MemberType;

/// Members that a document type does not know, in the order in which they came.
///
/// They are written back after the known ones, so that a newer document passes this version unharmed.
pub type Unknown = serde_json::Map<String, serde_json::Value>;

/// One known member of a document type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name in JSON.
    pub name: &'static str,
    /// The name of the Rust field.
    pub rust: &'static str,
    /// The Rust type, as written in the source.
    pub type_name: &'static str,
    /// Whether output leaves the member out when it is empty (false, 0, "", no entries, none).
    pub omit_when_empty: bool,
}

/// Why a text is not the document that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", Place(self))]
pub struct ParseError {
    /// Line of the text, from 1; 0 when it is not known, as for what a service or a later check refused.
    pub line: usize,
    /// Column of the line, in bytes, from 1; 0 when it is not known.
    pub column: usize,
    /// The member, such as `Container.Storage.Layers[0].Path`; empty for the document as a whole.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl ParseError {
    /// The member at `path` has a value of the right type that still can't be: the check after parsing.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line: 0, column: 0, path: path.into(), message: message.into() }
    }
}

struct Place<'a>(&'a ParseError);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ParseError { line, column, path, message: _ } = self.0;
        match (path.as_str(), *line) {
            ("", 0) => Ok(()),
            (path, 0) => write!(f, "{path}: "),
            ("", line) => write!(f, "line {line}, column {column}: "),
            (path, line) => write!(f, "{path} (line {line}, column {column}): "),
        }
    }
}

/// A JSON document, or a part of one.
pub trait Document: MemberType + Serialize + DeserializeOwned {
    /// The known members in the order in which they are written.
    const MEMBERS: &'static [Member];

    /// The members that this version does not know. A part may have its own: this looks at this level only.
    fn unknown(&self) -> &Unknown;

    /// The paths of all members that this version does not know, at any depth, such as `Layers[0].Cached`.
    fn unknown_paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.unknown_below("", &mut found);
        found
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`ParseError`] for text that is not JSON, for a value of the wrong type, and for text after the document.
    fn from_json(text: &str) -> Result<Self, ParseError> {
        from_json(text)
    }

    /// The document as one line of JSON.
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("documents have string keys and values that JSON can hold")
    }
}

/// Reads any JSON value, with the place of an error: for what is not a [`Document`], such as a list of them.
///
/// # Errors
/// As [`Document::from_json`].
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        parse_error(&error.into_inner(), path)
    })?;
    reader.end().map_err(|error| parse_error(&error, String::new()))?;
    Ok(value)
}

fn parse_error(error: &serde_json::Error, path: String) -> ParseError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    // serde_json appends the place to its message; we carry it as data.
    let place = format!(" at line {line} column {column}");
    let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
    ParseError { line, column, path, message }
}
