//! Codes and result documents of the service as errors of the contract. Codes of either family come in; the contract's
//! are computecore's.

use hcs_contract::{Error, ErrorKind, Hresult, ObjectKind, ResultDocument};
use hcs_schema::ParseError;

/// What a call on such an object failed with, and what the service said about it.
pub(crate) fn failed(code: Hresult, said: Option<&str>, object: ObjectKind) -> Error {
    let ResultDocument { error, message, events } = said.map(ResultDocument::parse).unwrap_or_default();
    let code = error.filter(|error| error.is_failure()).unwrap_or(code).to_v2();
    let words = message.clone().or_else(|| events.first().map(|event| event.message.clone()));
    let kind = match (ErrorKind::from_hresult(code), words) {
        (ErrorKind::NotFound(ObjectKind::Element), _) if object == ObjectKind::Process => {
            ErrorKind::NotFound(ObjectKind::Process)
        }
        // These say why, and only the service knows.
        (ErrorKind::InvalidDocument(_), Some(words)) => ErrorKind::InvalidDocument(ParseError::at("", words)),
        (ErrorKind::NotSupported { field, .. }, Some(words)) => {
            ErrorKind::NotSupported { field, reason: words.into() }
        }
        (ErrorKind::AccessDenied { .. }, Some(words)) => ErrorKind::AccessDenied { reason: Some(words) },
        (kind, _) => kind,
    };
    let error = Error::new(kind).with_hresult(code).with_events(events);
    match message {
        Some(message) => error.with_message(message),
        None => error,
    }
}

/// The error of a thread that the operating system does not give.
pub(crate) fn no_thread(error: std::io::Error) -> Error {
    Error::os("start", "a thread for calls of the service", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_come_out_as_one_with_the_services_words() {
        let said = r#"{"Error":-1070137075,"ErrorMessage":"no","ErrorEvents":[{"Message":"at Foo"}]}"#;
        let error = failed(Hresult(0xC037_010D), Some(said), ObjectKind::System);
        assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON);
        assert_eq!((error.code(), error.message()), ("invalid-document", Some("no")));
        assert!(error.to_string().ends_with("\n[Event Detail: at Foo]"), "{error}");
        let error = failed(Hresult::ERROR_NOT_FOUND, None, ObjectKind::Process);
        assert_eq!(error.code(), "process-not-found");
        assert!(error.is_already_stopped() && error.is_not_exist());
        assert!(failed(Hresult(0xC037_0103), Some("no JSON"), ObjectKind::System).is_pending());
    }
}
