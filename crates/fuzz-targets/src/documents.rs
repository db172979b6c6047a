//! Documents of clients, ids, and the engine's own records.

use hcs_contract::{Error, ErrorKind, Hresult, Result};
use hcs_host_linux::fuzzing;
use hcs_schema::compute::DOCUMENTS;
use hcs_schema::merge_additional;

use crate::parts;

/// A line that names a type of the schema's catalogue (by any other line some type is meant), then a document: what is
/// written of it is read as the same, and an error's place lies within the text.
///
/// # Panics
/// When that is not so.
pub fn any_document(bytes: &[u8]) {
    let [name, text] = parts(bytes, '\n');
    let index = usize::from(*bytes.first().unwrap_or(&0)) % DOCUMENTS.len();
    let kind = DOCUMENTS.iter().find(|kind| kind.name == name).unwrap_or(&DOCUMENTS[index]);
    match (kind.rewrite)(&text) {
        Ok(written) => {
            let again = (kind.rewrite)(&written);
            assert_eq!(again.as_ref(), Ok(&written), "{}", kind.name);
            // Each member over itself changes nothing but the order.
            if written.starts_with('{') {
                let merged = merge_additional(&written, &written).expect("both are objects");
                assert!(merged.starts_with('{'), "{merged}");
            }
        }
        Err(error) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&error.line), "{error} in {lines} lines");
            assert!(!error.message.is_empty(), "{error:?}");
        }
    }
}

/// A document that makes a system.
///
/// # Panics
/// When a refusal does not say what a client needs to know.
pub fn create_document(bytes: &[u8]) {
    told(&String::from_utf8_lossy(bytes), fuzzing::create);
}

/// A document that starts a process, of either schema, in either guest.
///
/// # Panics
/// As [`create_document`].
pub fn process_document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for windows in [false, true] {
        for schema in [1, 2] {
            told(&text, |text| fuzzing::process(text, windows, schema));
        }
    }
}

/// A document that changes a system or a process, asks for properties, or is an operation's options.
///
/// # Panics
/// As [`create_document`].
pub fn change_document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    told(&text, fuzzing::change);
    told(&text, fuzzing::process_change);
    told(&text, |text| fuzzing::signal(text, false));
    told(&text, |text| fuzzing::signal(text, true));
    told(&text, fuzzing::query);
    told(&text, fuzzing::service_query);
    told(&text, fuzzing::options);
}

/// A refusal is of the two kinds that documents have, and the same again.
fn told<T: std::fmt::Debug>(text: &str, read: impl Fn(&str) -> Result<T>) {
    let (first, second) = (read(text), read(text));
    let same = |a: &Error, b: &Error| a.to_string() == b.to_string();
    match (first, second) {
        (Ok(first), Ok(second)) => assert_eq!(format!("{first:?}"), format!("{second:?}")),
        (Err(first), Err(second)) if same(&first, &second) => {
            let code = match first.kind() {
                ErrorKind::InvalidDocument(place) => {
                    assert!(!place.message.is_empty(), "{first:?}");
                    Hresult::HCS_E_INVALID_JSON
                }
                ErrorKind::NotSupported { field, reason } => {
                    assert!(!field.is_empty() && !reason.is_empty(), "{first:?}");
                    Hresult::ERROR_NOT_SUPPORTED
                }
                other => panic!("a document is refused as {other:?}"),
            };
            assert_eq!(first.hresult(), code, "{first}");
        }
        (first, second) => panic!("{first:?} and then {second:?}"),
    }
}

/// An id: its file name is one plain name, of which it can be told again.
///
/// # Panics
/// When the name would be another folder, or is not known again.
pub fn identifier(bytes: &[u8]) {
    let id = String::from_utf8_lossy(bytes);
    match fuzzing::id(&id) {
        Ok((name, back)) => {
            assert!(!name.is_empty() && name.len() <= 200, "{name}");
            assert!(!name.starts_with('.') && !name.contains(['/', '\0']), "{name}");
            assert_eq!(back.as_ref(), Some(&name));
        }
        Err(error) => assert_eq!(error.hresult(), Hresult::E_INVALIDARG, "{error}"),
    }
}

/// The record of a system, and that of its end.
///
/// # Panics
/// When one changes by being read and written.
pub fn record(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for read in [fuzzing::meta, fuzzing::final_state] {
        match read(&text) {
            Ok(None) => {}
            Ok(Some(written)) => {
                let again = read(&written).expect("what was read is not of a newer engine");
                assert_eq!(again.as_ref(), Some(&written));
            }
            Err(error) => assert_eq!(error.hresult(), Hresult::ERROR_INVALID_DATA, "{error}"),
        }
    }
}
