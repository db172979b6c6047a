//! Errors on the wire: whatever the contract's error says, so that a remote program sees what a local one would.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hcs_contract::{Error, ErrorKind, Hresult, Object, ObjectKind, ResultDocument};
use hcs_schema::ParseError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names;

/// An [`Error`] as a JSON object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WireError {
    /// The stable name of the case; for readers, a client goes by `Kind`.
    pub code: String,
    /// The whole error as a sentence; for readers too.
    pub text: String,
    /// The case.
    pub kind: WireKind,
    /// The HRESULT, signed as result documents have it.
    pub hresult: i32,
    /// The service's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The result document that says the same, with the service's error events.
    pub result: Value,
    /// What was done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// What it was done to: kind and id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<WireObject>,
    /// The document that was sent, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An [`Object`] on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WireObject {
    /// The name of its kind.
    pub kind: String,
    /// Its identifier.
    pub id: String,
}

/// An [`ErrorKind`] on the wire. Kinds of objects go by their names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "Case")]
#[expect(missing_docs, reason = "the variants and fields are those of ErrorKind")]
pub enum WireKind {
    NotFound {
        object: String,
    },
    AlreadyExists {
        object: String,
    },
    AlreadyStopped {
        object: String,
    },
    AlreadyClosed {
        object: String,
    },
    InvalidHandle,
    InvalidState {
        state: Option<String>,
    },
    UnexpectedExit,
    ServiceUnavailable {
        reason: String,
    },
    Disconnected,
    Timeout {
        waiting_for: String,
        after_ms: Option<u64>,
    },
    Pending,
    Cancelled,
    InvalidDocument {
        line: usize,
        column: usize,
        path: String,
        message: String,
    },
    InvalidArgument {
        name: String,
        reason: String,
    },
    NotSupported {
        field: String,
        reason: String,
    },
    AccessDenied {
        reason: Option<String>,
    },
    Os {
        step: String,
        object: String,
        errno: Option<i32>,
        text: String,
    },
    UnexpectedValue {
        what: String,
    },
    Code {
        code: u32,
    },
    /// A case that this version does not know: the code says what it can.
    #[serde(other)]
    Unknown,
}

impl From<&Error> for WireError {
    fn from(error: &Error) -> Self {
        let result = error.to_result().to_json();
        Self {
            code: error.code().to_owned(),
            text: error.to_string(),
            kind: WireKind::from(error.kind()),
            hresult: error.hresult().to_i32(),
            message: error.message().map(str::to_owned),
            result: serde_json::from_str(&result).unwrap_or_default(),
            operation: error.operation().map(names::operation_name).unwrap_or_default().to_owned(),
            object: error.object().map(|object| WireObject {
                kind: names::object_kind_name(object.kind).to_owned(),
                id: object.id.clone(),
            }),
            document: error.document().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<WireError> for Error {
    fn from(wire: WireError) -> Self {
        let code = Hresult::from_i32(wire.hresult);
        let mut error = match wire.kind {
            WireKind::Unknown => Self::from_hresult(code),
            kind => Self::new(kind.into_kind(code)).with_hresult(code),
        };
        let result = ResultDocument::parse(&wire.result.to_string());
        error = error.with_events(result.events);
        if let Some(message) = wire.message {
            error = error.with_message(message);
        }
        if let Some(operation) = names::operation(&wire.operation) {
            error = error.with_operation(operation);
        }
        if let Some(object) = wire.object {
            let kind = names::object_kind(&object.kind).unwrap_or(ObjectKind::Element);
            error = error.with_object(Object::new(kind, object.id));
        }
        if let Some(document) = wire.document {
            // Masking what is masked changes nothing.
            error = error.with_document(&document);
        }
        match wire.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl From<&ErrorKind> for WireKind {
    fn from(kind: &ErrorKind) -> Self {
        let name = |object: &ObjectKind| names::object_kind_name(*object).to_owned();
        match kind {
            ErrorKind::NotFound(object) => Self::NotFound { object: name(object) },
            ErrorKind::AlreadyExists(object) => Self::AlreadyExists { object: name(object) },
            ErrorKind::AlreadyStopped(object) => Self::AlreadyStopped { object: name(object) },
            ErrorKind::AlreadyClosed(object) => Self::AlreadyClosed { object: name(object) },
            ErrorKind::InvalidHandle => Self::InvalidHandle,
            ErrorKind::InvalidState { state } => Self::InvalidState { state: state.clone() },
            ErrorKind::UnexpectedExit => Self::UnexpectedExit,
            ErrorKind::ServiceUnavailable { reason } => Self::ServiceUnavailable { reason: reason.clone() },
            ErrorKind::Disconnected => Self::Disconnected,
            ErrorKind::Timeout { waiting_for, after } => Self::Timeout {
                waiting_for: waiting_for.clone(),
                after_ms: after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            },
            ErrorKind::Pending => Self::Pending,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::InvalidDocument(ParseError { line, column, path, message }) => Self::InvalidDocument {
                line: *line,
                column: *column,
                path: path.clone(),
                message: message.clone(),
            },
            ErrorKind::InvalidArgument { name, reason } => {
                Self::InvalidArgument { name: name.to_string(), reason: reason.clone() }
            }
            ErrorKind::NotSupported { field, reason } => {
                Self::NotSupported { field: field.to_string(), reason: reason.to_string() }
            }
            ErrorKind::AccessDenied { reason } => Self::AccessDenied { reason: reason.clone() },
            ErrorKind::Os { step, object, source } => Self::Os {
                step: step.to_string(),
                object: object.clone(),
                errno: source.raw_os_error(),
                text: source.to_string(),
            },
            ErrorKind::UnexpectedValue { what } => Self::UnexpectedValue { what: what.clone() },
            ErrorKind::Code(code) => Self::Code { code: code.0 },
            _ => Self::Unknown,
        }
    }
}

impl WireKind {
    fn into_kind(self, code: Hresult) -> ErrorKind {
        let kind = |name: &str| names::object_kind(name).unwrap_or(ObjectKind::Element);
        match self {
            Self::NotFound { object } => ErrorKind::NotFound(kind(&object)),
            Self::AlreadyExists { object } => ErrorKind::AlreadyExists(kind(&object)),
            Self::AlreadyStopped { object } => ErrorKind::AlreadyStopped(kind(&object)),
            Self::AlreadyClosed { object } => ErrorKind::AlreadyClosed(kind(&object)),
            Self::InvalidHandle => ErrorKind::InvalidHandle,
            Self::InvalidState { state } => ErrorKind::InvalidState { state },
            Self::UnexpectedExit => ErrorKind::UnexpectedExit,
            Self::ServiceUnavailable { reason } => ErrorKind::ServiceUnavailable { reason },
            Self::Disconnected => ErrorKind::Disconnected,
            Self::Timeout { waiting_for, after_ms } => {
                ErrorKind::Timeout { waiting_for, after: after_ms.map(Duration::from_millis) }
            }
            Self::Pending => ErrorKind::Pending,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::InvalidDocument { line, column, path, message } => {
                ErrorKind::InvalidDocument(ParseError { line, column, path, message })
            }
            Self::InvalidArgument { name, reason } => {
                ErrorKind::InvalidArgument { name: name.into(), reason }
            }
            Self::NotSupported { field, reason } => {
                ErrorKind::NotSupported { field: field.into(), reason: reason.into() }
            }
            Self::AccessDenied { reason } => ErrorKind::AccessDenied { reason },
            Self::Os { step, object, errno, text } => {
                ErrorKind::Os { step: step.into(), object, source: Arc::new(os_error(errno, text)) }
            }
            Self::UnexpectedValue { what } => ErrorKind::UnexpectedValue { what },
            Self::Code { code } => ErrorKind::Code(Hresult(code)),
            Self::Unknown => ErrorKind::Code(code),
        }
    }
}

/// The host's own error where both systems mean the same by its number; otherwise its words.
fn os_error(errno: Option<i32>, text: String) -> io::Error {
    match errno.map(io::Error::from_raw_os_error) {
        Some(error) if error.to_string() == text => error,
        _ => io::Error::other(text),
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::{ErrorEvent, OperationKind};

    use super::*;

    fn there_and_back(error: &Error) -> Error {
        let text = serde_json::to_string(&WireError::from(error)).unwrap();
        serde_json::from_str::<WireError>(&text).unwrap().into()
    }

    fn all() -> Vec<Error> {
        let web = || Object::system("web/ä");
        vec![
            Error::not_found(web()),
            Error::already_exists(web()),
            Error::already_stopped(Object::process("web", 4)),
            Error::already_closed(web()),
            Error::new(ErrorKind::InvalidHandle),
            Error::invalid_state(web(), "Paused"),
            Error::new(ErrorKind::InvalidState { state: None }),
            Error::new(ErrorKind::UnexpectedExit),
            Error::service_unavailable("gone fishing"),
            Error::disconnected(),
            Error::timeout("the end", Duration::from_millis(1500)),
            Error::pending(),
            Error::cancelled(),
            Error::invalid_document("Container.Storage", "no such thing"),
            Error::from(ParseError { line: 3, column: 9, path: "A[0].B".into(), message: "x".into() }),
            Error::invalid_argument("id", "is empty"),
            Error::not_supported("Container.Networking", "no networks"),
            Error::access_denied("not root"),
            Error::os("mount", "/srv/x", io::Error::from_raw_os_error(13)),
            Error::os("read", "a stream", io::Error::other("nonsense came")),
            Error::unexpected_value("an answer"),
            Error::from_hresult(Hresult(0x8037_0199)),
            Error::from_result(
                Hresult::HCS_E_SYSTEM_NOT_FOUND,
                ResultDocument {
                    error: None,
                    message: Some("Das System wurde nicht gefunden".into()),
                    events: vec![ErrorEvent { message: "first".into(), event_id: 7, ..Default::default() }],
                },
            ),
        ]
    }

    #[test]
    fn a_remote_client_sees_the_error_of_a_local_one() {
        for error in all() {
            let error = error
                .with_operation(OperationKind::Modify)
                .with_object(Object::system("any"))
                .with_document(r#"{"Password":"p","A":1}"#);
            let back = there_and_back(&error);
            assert_eq!(format!("{back}"), format!("{error}"));
            // All fields, the operating system's error among them by its number; but for a hint that is said aloud.
            assert_eq!(back.hresult(), error.hresult());
            assert_eq!(back.code(), error.code());
            assert_eq!(back.operation(), error.operation());
            assert_eq!(back.object(), error.object());
            assert_eq!(back.message(), error.message());
            assert_eq!(back.events(), error.events());
            assert_eq!(back.document(), error.document());
            assert_eq!(back.hint(), error.hint());
            assert_eq!(back.to_result(), error.to_result());
        }
    }

    #[test]
    fn a_case_of_a_newer_version_is_known_by_its_code() {
        let mut wire = serde_json::to_value(WireError::from(&Error::cancelled())).unwrap();
        wire["Kind"] = serde_json::json!({"Case": "Invented", "x": 1});
        wire["Hresult"] = Hresult::HCS_E_SYSTEM_NOT_FOUND.to_i32().into();
        let error = Error::from(serde_json::from_value::<WireError>(wire).unwrap());
        assert!(error.is_not_exist(), "{error}");
    }
}
