//! Nothing is silently ignored: what a document has and this host can't honour is refused by its name.

use hcs_contract::{Error, Result};
use hcs_schema::{Document, MemberType};

/// Reads a document that must not have members that this version does not know.
///
/// # Errors
/// Invalid document, with line and column, or with the paths of the unknown members.
pub(super) fn parse<T: Document + MemberType>(text: &str) -> Result<T> {
    let document = T::from_json(text)?;
    let mut unknown = Vec::new();
    document.unknown_below("", &mut unknown);
    match unknown.first() {
        None => Ok(document),
        Some(first) if unknown.len() == 1 => {
            Err(Error::invalid_document(first, "this member is not known; check its spelling"))
        }
        Some(first) => Err(Error::invalid_document(
            first,
            format!("these members are not known; check their spelling: {}", unknown.join(", ")),
        )),
    }
}

/// The same for a parameter that may be the empty text, which means the empty document.
pub(super) fn parse_options<T: Document + MemberType>(text: &str) -> Result<T> {
    if text.trim().is_empty() { Ok(T::default()) } else { parse(text) }
}

/// Options of an operation that knows none.
pub(super) fn no_options(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let members: serde_json::Map<String, serde_json::Value> = hcs_schema::from_json(text)?;
    match members.iter().find(|(_, value)| !is_default(value)) {
        None => Ok(()),
        Some((name, _)) => {
            // An empty name must be seen, too.
            let name = if name.is_empty() { "\"\"" } else { name.as_str() };
            Err(Error::not_supported(name.to_owned(), "this operation has no options here"))
        }
    }
}

/// Refuses a member unless it is absent, empty or its type's default.
pub(super) fn unless_default<T: MemberType>(path: &str, value: &T, reason: &'static str) -> Result<()> {
    if value.is_empty() || *value == T::default() { Ok(()) } else { Err(no(path, reason)) }
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
    if is_default(value) { Ok(()) } else { Err(no(path, reason)) }
}

/// Refuses a text that the kernel or Windows would take for ended before its end.
pub(super) fn no_nul(field: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        Err(Error::invalid_document(field, "it can't hold a NUL character"))
    } else {
        Ok(())
    }
}

/// The refusal of a member.
pub(super) fn no(path: &str, reason: &'static str) -> Error {
    Error::not_supported(path.to_owned(), reason)
}

fn is_default(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_default),
    }
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
