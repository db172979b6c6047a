//! Documents as errors and logs may show them: without their secrets.

use serde_json::Value;

const MASK: &str = "***";

/// Parts of member names, lower case, whose values are secret. `credential` covers `Credentials`,
/// `CredentialSpec` and `ContainerCredentialGuard`; the others are what environment variables are called.
const SECRET: [&str; 9] =
    ["credential", "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "private_key"];

/// The document with every secret member's value replaced by `"***"`.
///
/// A member is secret by its name, at any depth: see the list above. Booleans and null stay, because a flag such
/// as `RestrictedToken` is no secret. Text that is not JSON is not shown at all, because then nobody can tell what
/// in it is secret; the result names its length.
pub fn mask_secrets(document: &str) -> String {
    match serde_json::from_str::<Value>(document) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) if document.is_empty() => String::new(),
        Err(_) => format!("({} bytes that are not JSON)", document.len()),
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_secret(name) && !matches!(value, Value::Null | Value::Bool(_)) {
                    *value = MASK.into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        // A document inside a string: guest requests and OCI specifications travel so.
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                mask(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::mask_secrets;

    #[test]
    fn secrets_are_masked_at_any_depth_and_the_rest_is_kept() {
        for (document, masked) in [
            (r#"{"Credentials":"{\"Sid\":1}","Name":"web"}"#, r#"{"Credentials":"***","Name":"web"}"#),
            (r#"{"a":[{"CREDENTIALSPEC":{"x":1}}]}"#, r#"{"a":[{"CREDENTIALSPEC":"***"}]}"#),
            (
                r#"{"Environment":{"DB_PASSWORD":"p","PATH":"q"}}"#,
                r#"{"Environment":{"DB_PASSWORD":"***","PATH":"q"}}"#,
            ),
            (
                r#"{"RestrictedToken":true,"AccessToken":null}"#,
                r#"{"RestrictedToken":true,"AccessToken":null}"#,
            ),
            (
                r#"{"Settings":"{\"secret\":\"s\",\"b\":1}"}"#,
                r#"{"Settings":"{\"secret\":\"***\",\"b\":1}"}"#,
            ),
            ("{not json, Password=1", "(21 bytes that are not JSON)"),
            ("", ""),
        ] {
            assert_eq!(mask_secrets(document), masked);
        }
    }
}
