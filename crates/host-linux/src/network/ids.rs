//! Ids of network objects: texts of GUIDs.

pub(super) use hcs_contract::check_network_id as check;
use hcs_contract::{Guid, Result};

use crate::ids::random;

/// A random one (version 4), in lower case.
pub(super) fn new() -> Result<String> {
    Ok(Guid::of_version(4, random()?).to_string())
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
    use hcs_contract::Hresult;

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
