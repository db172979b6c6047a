//! Ids of network objects: texts of GUIDs.

use hcs_contract::{Error, Hresult, Result};

use crate::ids::random;

/// A text that is a GUID, as it is.
///
/// # Errors
/// By the code for texts that are none.
pub(super) fn check<'a>(what: &str, id: &'a str) -> Result<&'a str> {
    let dashes = [8, 13, 18, 23];
    let good = id.len() == 36
        && id
            .bytes()
            .enumerate()
            .all(|(at, byte)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() });
    if good {
        return Ok(id);
    }
    let reason = format!("{id:?} is no GUID: 32 hexadecimal digits and four dashes");
    Err(Error::invalid_argument(what.to_owned(), reason).with_hresult(Hresult::HCN_E_GUID_CONVERSION_FAILURE))
}

/// A random one (version 4), in lower case.
pub(super) fn new() -> Result<String> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(bytes);
    let part = |from: u32, digits: u32| number >> (128 - 4 * (from + digits)) & ((1 << (4 * digits)) - 1);
    Ok(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(0, 8),
        part(8, 4),
        part(12, 4),
        part(16, 4),
        part(20, 12)
    ))
}

/// The id that an object gets: that of the call unless it is all zeros, the document's, or a new one.
pub(super) fn choose(call: Option<&str>, document: &str) -> Result<String> {
    let given = call.filter(|id| !id.bytes().all(|byte| matches!(byte, b'0' | b'-')));
    match given {
        Some(id) => check("id", id).map(str::to_owned),
        None if !document.is_empty() => check("ID", document).map(str::to_owned),
        None => new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_call_s_the_document_s_or_a_new_one() {
        let (one, two) = ("b1E7C6D2-0000-4f52-9d19-57e9f4a8e8b2", "00000000-0000-0000-0000-000000000000");
        assert_eq!(choose(Some(one), "").unwrap(), one);
        assert_eq!(choose(Some(two), one).unwrap(), one);
        let (a, b) = (choose(None, "").unwrap(), choose(Some(two), "").unwrap());
        assert_ne!(a, b);
        assert_eq!(check("id", &a).unwrap(), a);
        assert_eq!((a.as_bytes()[14], "89ab".contains(&a[19..20])), (b'4', true), "{a}");
        for bad in [
            "",
            "x",
            "{b1e7c6d2-0000-4f52-9d19-57e9f4a8e8b2}",
            "b1e7c6d200004f529d1957e9f4a8e8b2",
            "b1e7c6d2-0000-4f52-9d19-57e9f4a8e8bg",
        ] {
            let error = check("id", bad).unwrap_err();
            assert_eq!(error.hresult(), Hresult::HCN_E_GUID_CONVERSION_FAILURE, "{bad}");
        }
    }
}
