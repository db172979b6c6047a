//! The error record: what the network service says beside an HRESULT.
//!
//! Source: `networking.md` 0.4, 0.5 and 2.7. `{"Success":false,"Error":"Element not found. ","ErrorCode":2147943568}`;
//! whatever it lacks, or has in another shape, counts as not said.

use serde_json::{Map, Value, json};

use crate::{Error, Hresult};

/// What a failed call of the network service said about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorRecord {
    /// What failed, ready to print.
    pub error: String,
    /// The code, when the record has one.
    pub code: Option<Hresult>,
}

impl ErrorRecord {
    /// Reads the service's text. Text of another shape is kept as what failed, for it may be the only explanation.
    pub fn parse(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Object(record)) => Self::from_object(&record),
            _ => Self { error: text.trim().to_owned(), code: None },
        }
    }

    /// The record within an object that has more members.
    pub(super) fn from_object(record: &Map<String, Value>) -> Self {
        let get = |name: &str| {
            record.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let error = get("Error").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        Self { error, code: get("ErrorCode").and_then(Value::as_i64).and_then(code) }
    }

    /// The record as the service writes it.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The same as a value. The text ends with a space, as the service's does.
    pub(super) fn to_value(&self) -> Value {
        let mut record = json!({ "Success": false, "Error": format!("{} ", self.error) });
        if let Some(code) = self.code {
            record["ErrorCode"] = code.0.into();
        }
        record
    }

    /// The error that `code` and this record report. A record makes an error even of a success
    /// ([`Hresult::ERROR_GEN_FAILURE`] then).
    pub fn into_error(self, code: Hresult) -> Error {
        let own = self.code.filter(|own| own.is_failure());
        let code = if code.is_failure() { code } else { own.unwrap_or(Hresult::ERROR_GEN_FAILURE) };
        let error = Error::from_hresult(code);
        if self.error.is_empty() { error } else { error.with_message(self.error) }
    }
}

/// Codes come as unsigned decimals; a signed one means the same.
fn code(number: i64) -> Option<Hresult> {
    let signed = i32::try_from(number).ok().map(Hresult::from_i32);
    signed.or_else(|| u32::try_from(number).ok().map(Hresult))
}

impl From<&Error> for ErrorRecord {
    fn from(error: &Error) -> Self {
        let code = error.hresult();
        let text = match code {
            // Clients of HNS v1 know by this text alone that an object is not there.
            Hresult::ERROR_NOT_FOUND => "Element not found.".to_owned(),
            _ => error.to_result().message.unwrap_or_default(),
        };
        Self { error: text, code: Some(code) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkObjectKind;

    #[test]
    fn a_record_is_read_and_written() {
        let record = ErrorRecord::from(&NetworkObjectKind::Namespace.not_found("n"));
        assert_eq!(
            record.to_json(),
            r#"{"Success":false,"Error":"Element not found. ","ErrorCode":2147943568}"#
        );
        assert_eq!(ErrorRecord::parse(&record.to_json()), record);
        let error = record.into_error(Hresult::ERROR_NOT_FOUND);
        assert_eq!((error.code(), error.message()), ("not-found", Some("Element not found.")));
    }

    #[test]
    fn other_shapes_say_what_they_can() {
        for (text, error, code) in [
            ("", "", None),
            ("plain text ", "plain text", None),
            ("[7]", "[7]", None),
            (r#"{"error":"x","errorcode":-2147024809}"#, "x", Some(Hresult::E_INVALIDARG)),
            (r#"{"Error":7,"ErrorCode":"x"}"#, "", None),
            (r#"{"ErrorCode":99999999999}"#, "", None),
        ] {
            assert_eq!(ErrorRecord::parse(text), ErrorRecord { error: error.into(), code }, "{text}");
        }
    }

    #[test]
    fn a_record_is_an_error_even_beside_a_success() {
        let said = |code| ErrorRecord { error: "no".into(), code };
        let error = said(None).into_error(Hresult::S_OK);
        assert_eq!((error.hresult(), error.message()), (Hresult::ERROR_GEN_FAILURE, Some("no")));
        let error = said(Some(Hresult::HCN_E_INVALID_IP)).into_error(Hresult::S_OK);
        assert_eq!(error.hresult(), Hresult::HCN_E_INVALID_IP);
        let error = said(Some(Hresult::HCN_E_INVALID_IP)).into_error(Hresult::HCN_E_INVALID_PREFIX);
        assert_eq!(error.hresult(), Hresult::HCN_E_INVALID_PREFIX, "the call's own code wins");
    }
}
