//! What documents mean to every host that reads them itself: the engine on Linux, the fake.
//!
//! Nothing here knows what a host can honour; that is each host's own to refuse. What is wrong on all of them has its
//! words and codes here, so that they can't come apart.

use hcs_schema::compute::{RequestType, Signal, StdHandle, WindowsSignal};
use hcs_schema::{Document, MemberType};
use serde_json::Value;

use crate::{Error, Result};

/// Reads a document that must not have members that this version does not know.
///
/// ```
/// use hcs_contract::reading::parse;
/// use hcs_schema::compute::v2::PropertyQuery;
///
/// assert!(parse::<PropertyQuery>(r#"{"PropertyTypes":["Statistics"]}"#).is_ok());
/// let error = parse::<PropertyQuery>(r#"{"Nope":1}"#).unwrap_err();
/// assert!(error.to_string().contains("Nope"));
/// ```
///
/// # Errors
/// Invalid document, with line and column, or with the paths of the unknown members.
pub fn parse<T: Document + MemberType>(text: &str) -> Result<T> {
    let document = read(text)?;
    no_unknown(&document)?;
    Ok(document)
}

/// Reads a document with all that it has: who takes it apart must look at its unknown members.
///
/// # Errors
/// Invalid document, with line and column.
pub fn read<T: Document>(text: &str) -> Result<T> {
    #[cfg_attr(not(feature = "drop-member"), expect(unused_mut, reason = "what a test drops is taken out"))]
    let mut document = T::from_json(text)?;
    #[cfg(feature = "drop-member")]
    hcs_schema::drop_member::apply(&mut document);
    Ok(document)
}

/// The same for a parameter that may be the empty text, which means the empty document.
///
/// # Errors
/// As [`parse`].
pub fn parse_options<T: Document + MemberType>(text: &str) -> Result<T> {
    if text.trim().is_empty() { Ok(T::default()) } else { parse(text) }
}

/// # Errors
/// Invalid document, with the paths of all members that this version does not know.
pub fn no_unknown<T: MemberType>(document: &T) -> Result<()> {
    let mut unknown = Vec::new();
    document.unknown_below("", &mut unknown);
    match unknown.first() {
        None => Ok(()),
        Some(first) if unknown.len() == 1 => {
            Err(Error::invalid_document(first, "this member is not known; check its spelling"))
        }
        Some(first) => Err(Error::invalid_document(
            first,
            format!("these members are not known; check their spelling: {}", unknown.join(", ")),
        )),
    }
}

/// Whether a change adds something, or removes it.
///
/// # Errors
/// Not supported, for another type of request.
pub fn is_added(request_type: &RequestType) -> Result<bool> {
    // Adding is what no type means in the service.
    if request_type.as_str().is_empty() || *request_type == RequestType::ADD {
        Ok(true)
    } else if *request_type == RequestType::REMOVE {
        Ok(false)
    } else {
        Err(Error::not_supported("RequestType", "it can be added and removed"))
    }
}

/// Options of an operation that knows none: what says nothing is no option.
///
/// # Errors
/// Not supported, by the name of the first that says something; invalid document.
pub fn no_options(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let members: serde_json::Map<String, Value> = hcs_schema::from_json(text)?;
    match members.iter().find(|(_, value)| !is_unset_json(value)) {
        None => Ok(()),
        Some((name, _)) => {
            // An empty name must be seen, too.
            let name = if name.is_empty() { "\"\"" } else { name.as_str() };
            Err(Error::not_supported(name.to_owned(), "this operation has no options here"))
        }
    }
}

/// Whether a member is absent, empty or its type's default: it asks for nothing.
pub fn is_unset<T: MemberType>(value: &T) -> bool {
    value.is_empty() || *value == T::default()
}

/// The same for JSON that is carried as it is.
pub fn is_unset_json(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_unset_json),
    }
}

/// Whether a network object's document has this value of a member: names in one letter case only, ids, types and other
/// texts in any. What is left out is empty.
pub fn has_value(document: &Value, name: &str, wanted: &Value) -> bool {
    let mut members = document.as_object().into_iter().flatten();
    let value = members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    match (value, wanted) {
        (Some(Value::String(value)), Value::String(wanted)) => {
            value == wanted || (!name.eq_ignore_ascii_case("Name") && value.eq_ignore_ascii_case(wanted))
        }
        (Some(value), wanted) => value == wanted,
        (None, wanted) => is_unset_json(wanted),
    }
}

/// Refuses a text that a kernel or Windows would take for ended before its end.
///
/// # Errors
/// Invalid document, by the member's name.
pub fn no_nul(field: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        Err(Error::invalid_document(field, "it can't hold a NUL character"))
    } else {
        Ok(())
    }
}

/// A host name, or none.
///
/// # Errors
/// Invalid document, by the member's name, for what no kernel takes.
pub fn host_name(field: &str, name: String) -> Result<String> {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > 64 {
        Err(Error::invalid_document(field, format!("{} characters; a host name has 64 at most", name.len())))
    } else if name.is_empty() || name.split('.').all(label) {
        Ok(name)
    } else {
        let rule = "a host name has letters, digits, hyphens and dots";
        Err(Error::invalid_document(field, format!("{name:?}: {rule}")))
    }
}

/// The id of a network's endpoint, in the request of schema 1 that attaches it or takes it away.
///
/// ```
/// use hcs_contract::reading::endpoint_id;
/// use serde_json::json;
///
/// let id = json!("5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2");
/// assert_eq!(endpoint_id("Settings", &id).unwrap(), "5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2");
/// assert!(endpoint_id("Settings", &json!(7)).is_err());
/// ```
///
/// # Errors
/// Invalid document, by the member's name, for what is no GUID.
pub fn endpoint_id<'a>(field: &str, value: &'a Value) -> Result<&'a str> {
    value.as_str().filter(|text| text.parse::<crate::Guid>().is_ok()).ok_or_else(|| {
        let shown: String = value.to_string().chars().take(80).collect();
        Error::invalid_document(field, format!("{shown} is no endpoint; it must be the id of one, a GUID"))
    })
}

/// Processors by number, as Linux writes a list of them: `0-3,6`. In order, none twice; empty for the empty text.
///
/// ```
/// use hcs_contract::reading::processors;
///
/// assert_eq!(processors("Affinity", "0-2,6,1").unwrap(), [0, 1, 2, 6]);
/// assert!(processors("Affinity", "2-0").is_err());
/// ```
///
/// # Errors
/// Invalid document, by the member's name, for what is no such list.
pub fn processors(field: &str, list: &str) -> Result<Vec<u32>> {
    /// More than any kernel can be built for.
    const MOST: u32 = 1 << 16;
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number < MOST)
    };
    let mut found = std::collections::BTreeSet::new();
    for part in list.split(',').filter(|_| !list.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => found.extend(first..=last),
            _ => {
                let message = format!("{list:?} is no list of processors, such as \"0-3,6\"");
                return Err(Error::invalid_document(field, message));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Linux's largest signal, a real-time one.
const LAST_SIGNAL: u32 = 64;

/// The number of a signal for a Linux program, 0 to 64.
///
/// # Errors
/// Invalid document.
pub fn linux_signal(signal: &Signal) -> Result<u8> {
    match signal {
        Signal::Number(number @ 0..=LAST_SIGNAL) => Ok(u8::try_from(*number).unwrap_or(0)),
        other => Err(Error::invalid_document(
            "Signal",
            format!("{other} is no signal of Linux; give its number, 1 to 64"),
        )),
    }
}

/// A console control event, by its number or its name in any case: the one of `events`, which are the caller's for
/// CtrlC, CtrlBreak, CtrlClose, CtrlLogoff and CtrlShutdown, in this order.
///
/// # Errors
/// Invalid document, with the names of all events.
pub fn control_event<T>(signal: &Signal, events: [T; 5]) -> Result<T> {
    const NUMBERS: [u32; 5] = [0, 1, 2, 5, 6];
    let number = match signal {
        Signal::Number(number) => Some(*number),
        Signal::Name(name) => WindowsSignal::KNOWN
            .iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name))
            .and_then(WindowsSignal::number),
    };
    let found = NUMBERS.into_iter().zip(events).find(|(known, _)| Some(*known) == number);
    found.map(|(_, event)| event).ok_or_else(|| {
        let known: Vec<&str> = WindowsSignal::KNOWN.iter().map(WindowsSignal::as_str).collect();
        let message = format!("{signal} is no control event; there are {}", known.join(", "));
        Error::invalid_document("Signal", message)
    })
}

/// The numbers of the standard streams that are to be closed: 0 input, 1 output, 2 errors.
///
/// # Errors
/// Invalid document.
pub fn closed_streams(handle: &StdHandle) -> Result<&'static [u8]> {
    const STREAMS: [(StdHandle, &[u8]); 4] = [
        (StdHandle::STD_IN, &[0]),
        (StdHandle::STD_OUT, &[1]),
        (StdHandle::STD_ERR, &[2]),
        (StdHandle::ALL, &[0, 1, 2]),
    ];
    let found = STREAMS.into_iter().find(|(known, _)| known == handle);
    found.map(|(_, streams)| streams).ok_or_else(|| {
        let message = format!("{handle:?} is none of StdIn, StdOut, StdErr, All");
        Error::invalid_document("CloseHandle.Handle", message)
    })
}
