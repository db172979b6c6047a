//! Additional JSON over a document: what `HCSSHIM_CREATECONTAINER_ADDITIONALJSON` asks for.
//!
//! Source: `hcs.md` 1.4 (internal/mergemaps). Upstream passes numbers through 64-bit floats and so alters integers
//! above 2^53; here they stay exact.

use serde_json::{Map, Value};

use crate::{ParseError, from_json};

/// Why additional JSON can't be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to merge additional JSON '{additional}'")]
pub struct MergeError {
    /// The additional text.
    pub additional: String,
    /// What is wrong: with it, or with the document.
    pub source: ParseError,
}

/// Merges `additional` over `document`, both JSON objects. Empty `additional` gives the document unchanged.
///
/// - An object over an object is merged member by member; members of one side only are kept.
/// - Otherwise the additional value wins, arrays as a whole; but `null` keeps an existing object.
/// - The result's members are sorted, at every depth, as upstream's are.
///
/// ```
/// let merged = hcs_schema::merge_additional(r#"{"a":{"x":1},"b":[1]}"#, r#"{"a":{"y":2},"b":[3]}"#)?;
/// assert_eq!(merged, r#"{"a":{"x":1,"y":2},"b":[3]}"#);
/// # Ok::<(), hcs_schema::MergeError>(())
/// ```
///
/// # Errors
/// [`MergeError`] when either text is not a JSON object.
#[doc(alias = "MergeJSON")]
pub fn merge_additional(document: &str, additional: &str) -> Result<String, MergeError> {
    if additional.is_empty() {
        return Ok(document.to_owned());
    }
    let failed = |source| MergeError { additional: additional.to_owned(), source };
    let mut merged: Map<String, Value> = from_json(document).map_err(failed)?;
    let over: Map<String, Value> = from_json(additional).map_err(failed)?;
    merge(&mut merged, over);
    let mut merged = Value::Object(merged);
    merged.sort_all_objects();
    Ok(merged.to_string())
}

fn merge(into: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(_)), Value::Null) => {}
            (Some(Value::Object(below)), Value::Object(over)) => merge(below, over),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merge_additional;

    #[test]
    fn the_table_of_the_rules() {
        for (document, additional, merged) in [
            (r#"{"b":1,"a":2}"#, "", r#"{"b":1,"a":2}"#),
            (r#"{"b":1,"a":2}"#, "{}", r#"{"a":2,"b":1}"#),
            (r#"{"a":1}"#, r#"{"b":{"d":1,"c":2}}"#, r#"{"a":1,"b":{"c":2,"d":1}}"#),
            (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":3,"z":4}}"#, r#"{"a":{"x":1,"y":3,"z":4}}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":null}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":1,"b":[1]}"#, r#"{"a":null,"b":null}"#, r#"{"a":null,"b":null}"#),
            (r#"{"a":1}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":[1,2]}"#, r#"{"a":[3]}"#, r#"{"a":[3]}"#),
            (r#"{"a":null}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            // Names differ in case: two members, as Go's maps have it.
            (r#"{"a":1}"#, r#"{"A":2}"#, r#"{"A":2,"a":1}"#),
            // Above 2^53, where floats have gaps.
            (
                r#"{"a":9007199254740993}"#,
                r#"{"b":18446744073709551615}"#,
                r#"{"a":9007199254740993,"b":18446744073709551615}"#,
            ),
            (r#"{"a":-9223372036854775808}"#, "{}", r#"{"a":-9223372036854775808}"#),
        ] {
            assert_eq!(merge_additional(document, additional).unwrap(), merged, "{document} + {additional}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_an_error_with_the_text() {
        for additional in ["[]", "1", "null", "{", "{} {}", "nonsense"] {
            let error = merge_additional("{}", additional).unwrap_err();
            assert_eq!(error.to_string(), format!("failed to merge additional JSON '{additional}'"));
        }
        assert!(merge_additional("[]", "{}").is_err());
    }
}
