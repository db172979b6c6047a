//! Nothing is silently ignored: what a document has and this host can't honour is refused by its name.

use hcs_contract::reading::{is_unset, is_unset_json};
pub(super) use hcs_contract::reading::{no_nul, no_options, parse, parse_options};
use hcs_contract::{Error, Result};
use hcs_schema::MemberType;

/// Refuses a member unless it is absent, empty or its type's default.
pub(super) fn unless_default<T: MemberType>(path: &str, value: &T, reason: &'static str) -> Result<()> {
    if is_unset(value) { Ok(()) } else { Err(no(path, reason)) }
}

/// The same for a part that may be there with nothing in it.
pub(super) fn unless_empty_part<T: MemberType>(
    path: &str,
    part: Option<&T>,
    reason: &'static str,
) -> Result<()> {
    part.map_or(Ok(()), |part| unless_default(path, part, reason))
}

/// The same for JSON that is carried as it is.
pub(super) fn unless_null(path: &str, value: &serde_json::Value, reason: &'static str) -> Result<()> {
    if is_unset_json(value) { Ok(()) } else { Err(no(path, reason)) }
}

/// The refusal of a member.
pub(super) fn no(path: &str, reason: &'static str) -> Error {
    Error::not_supported(path.to_owned(), reason)
}

#[cfg(test)]
mod tests {
    use hcs_contract::{ErrorKind, Hresult};
    use hcs_schema::compute::v2::PropertyQuery;

    use super::*;

    #[test]
    fn unknown_members_are_named() {
        let error = parse::<PropertyQuery>(r#"{"PropertyTypes":[],"Nope":1,"Also":{}}"#).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("Nope") && text.contains("Also"), "{text}");
        assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON);
    }

    #[test]
    fn a_wrong_type_has_its_place() {
        let error = parse::<PropertyQuery>("{\n \"PropertyTypes\": [7]}").unwrap_err();
        let ErrorKind::InvalidDocument(place) = error.kind() else { panic!("{error}") };
        assert_eq!((place.line, place.path.as_str()), (2, "PropertyTypes[0]"), "{place}");
    }

    #[test]
    fn options_are_refused_by_name_unless_they_say_nothing() {
        for text in ["", " ", "{}", r#"{"Force":false,"Reason":"","Deep":{"x":0}}"#] {
            no_options(text).unwrap();
        }
        let error = no_options(r#"{"Force":true}"#).unwrap_err();
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
        assert!(error.to_string().contains("Force"), "{error}");
        assert!(no_options(r#"{"":1}"#).unwrap_err().to_string().contains("\"\" is not supported"));
        let error = parse::<PropertyQuery>(r#"{"":1}"#).unwrap_err();
        assert!(error.to_string().contains("\"\": this member is not known"), "{error}");
        assert_eq!(no_options("[]").unwrap_err().hresult(), Hresult::HCS_E_INVALID_JSON);
    }
}
