//! The envelope of HNS v1: how `HNSCall` answers.
//!
//! Source: `networking.md` 1.2. A request that fails is a successful call whose envelope says so.

use serde_json::{Map, Value, json};

use super::ErrorRecord;
use crate::{Error, Hresult, Result};

/// The answer to one request of HNS v1.
#[derive(Clone, Debug, PartialEq)]
pub enum HnsEnvelope {
    /// Done, with what the request gives: an object, an array for lists. `None` where there is nothing to give;
    /// never JSON's `null`, which clients fail on.
    Success(Option<Value>),
    /// The request failed.
    Failure(ErrorRecord),
}

impl HnsEnvelope {
    /// Reads the service's text.
    ///
    /// # Errors
    /// [`crate::ErrorKind::UnexpectedValue`] for text that is no such envelope.
    pub fn parse(text: &str) -> Result<Self> {
        let unexpected = |why: &str| Error::unexpected_value(format!("{why} in place of an HNS envelope"));
        let envelope: Map<String, Value> =
            serde_json::from_str(text).map_err(|e| unexpected(&e.to_string()))?;
        let named = |name: &str| envelope.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        match named("Success").map(|(_, value)| value) {
            Some(Value::Bool(true)) => {
                Ok(Self::Success(named("Output").map(|(_, value)| value.clone()).filter(|v| !v.is_null())))
            }
            // Left out is Go's false.
            Some(Value::Bool(false)) | None => Ok(Self::Failure(ErrorRecord::from_object(&envelope))),
            Some(other) => Err(unexpected(&format!("Success {other}"))),
        }
    }

    /// The envelope as the service writes it.
    pub fn to_json(&self) -> String {
        match self {
            Self::Success(None | Some(Value::Null)) => json!({ "Success": true }),
            Self::Success(Some(output)) => json!({ "Success": true, "Output": output }),
            Self::Failure(record) => record.to_value(),
        }
        .to_string()
    }

    /// What the request gave, or why it failed.
    ///
    /// # Errors
    /// The request's own. A service that gives no code has it known by its text, where that is
    /// `Element not found.`: clients of the Go library do the same.
    pub fn into_output(self) -> Result<Option<Value>> {
        match self {
            Self::Success(output) => Ok(output),
            Self::Failure(record) => {
                let by_text = if record.error.contains("Element not found.") {
                    Hresult::ERROR_NOT_FOUND
                } else {
                    Hresult::S_OK
                };
                let code = record.code.unwrap_or(by_text);
                Err(record.into_error(code))
            }
        }
    }
}

impl From<Result<Option<Value>>> for HnsEnvelope {
    fn from(answer: Result<Option<Value>>) -> Self {
        match answer {
            Ok(output) => Self::Success(output),
            Err(error) => Self::Failure(ErrorRecord::from(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkObjectKind;

    #[test]
    fn an_answer_is_written_and_read() {
        for (answer, text) in [
            (Ok(None), r#"{"Success":true}"#),
            (Ok(Some(json!([]))), r#"{"Success":true,"Output":[]}"#),
            (
                Err(Error::from_hresult(Hresult::HCN_E_INVALID_IP)),
                r#"{"Success":false,"Error":"an address is invalid ","ErrorCode":2151350302}"#,
            ),
        ] {
            let envelope = HnsEnvelope::from(answer);
            assert_eq!(envelope.to_json(), text);
            assert_eq!(HnsEnvelope::parse(text).unwrap(), envelope);
        }
        let null = HnsEnvelope::Success(Some(Value::Null));
        assert_eq!(null.to_json(), r#"{"Success":true}"#, "clients fail on null");
        let read = HnsEnvelope::parse(r#"{"success":true,"output":null}"#).unwrap();
        assert_eq!(read.into_output().unwrap(), None);
    }

    #[test]
    fn what_was_not_found_is_known_by_code_or_by_text() {
        let ours = HnsEnvelope::from(Err(NetworkObjectKind::Namespace.not_found("n"))).to_json();
        for text in [
            ours.as_str(),
            r#"{"Success":false,"Error":"Element not found. "}"#,
            r#"{"Error":"hcnOpen: Element not found. "}"#,
        ] {
            assert!(text.contains("Element not found."), "{text}");
            let error = HnsEnvelope::parse(text).unwrap().into_output().unwrap_err();
            assert!(error.is_not_exist() && error.hresult() == Hresult::ERROR_NOT_FOUND, "{text}: {error}");
        }
        let other =
            HnsEnvelope::parse(r#"{"Success":false,"Error":"The parameter is incorrect. "}"#).unwrap();
        let error = other.into_output().unwrap_err();
        assert_eq!(error.hresult(), Hresult::ERROR_GEN_FAILURE);
        assert_eq!(error.message(), Some("The parameter is incorrect."));
    }

    #[test]
    fn what_is_no_envelope_is_an_error() {
        for text in ["", "null", "[]", "7", "{\"Success\":1}", "{"] {
            let error = HnsEnvelope::parse(text).unwrap_err();
            assert_eq!(error.code(), "unexpected-value", "{text}");
        }
    }
}
