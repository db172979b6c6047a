//! Registry changes of a schema 2 document, as the agent makes them.

use hcs_contract::{Error, Result};
use hcs_guest_protocol::{RegistryChange, RegistryData};
use hcs_schema::compute::v2::{RegistryChanges, RegistryHive, RegistryKey, RegistryValue, RegistryValueType};

use super::refuse::{no, no_nul};

/// The changes in the order in which they are made: keys go first, so that a value may be added below one of them.
pub(super) fn changes(changes: RegistryChanges) -> Result<Vec<RegistryChange>> {
    let RegistryChanges { add_values, delete_keys, unknown: _ } = changes;
    let mut all = Vec::with_capacity(add_values.len() + delete_keys.len());
    for (index, key) in delete_keys.into_iter().enumerate() {
        let field = format!("Container.RegistryChanges.DeleteKeys[{index}]");
        let (key, _) = full_path(&field, key)?;
        all.push(RegistryChange::DeleteKey { key });
    }
    for (index, value) in add_values.into_iter().enumerate() {
        all.push(set(&format!("Container.RegistryChanges.AddValues[{index}]"), value)?);
    }
    Ok(all)
}

fn full_path(field: &str, key: RegistryKey) -> Result<(String, bool)> {
    let RegistryKey { hive, name, volatile, unknown: _ } = key;
    let root = [
        (RegistryHive::SYSTEM, r"HKLM\System"),
        (RegistryHive::SOFTWARE, r"HKLM\Software"),
        (RegistryHive::SECURITY, r"HKLM\Security"),
        (RegistryHive::SAM, r"HKLM\SAM"),
    ]
    .into_iter()
    .find(|(known, _)| *known == hive)
    .map(|(_, root)| root);
    let Some(root) = root else {
        let message = format!("{hive:?} is none of System, Software, Security, Sam");
        return Err(Error::invalid_document(format!("{field}.Hive"), message));
    };
    if name.trim_matches('\\').is_empty() {
        return Err(Error::invalid_document(format!("{field}.Name"), "it names no key below the hive"));
    }
    no_nul(&format!("{field}.Name"), &name)?;
    Ok((format!(r"{root}\{}", name.trim_matches('\\')), volatile))
}

fn set(field: &str, value: RegistryValue) -> Result<RegistryChange> {
    let RegistryValue {
        key,
        name,
        value_type,
        string_value,
        binary_value,
        d_word_value,
        q_word_value,
        custom_type,
        unknown: _,
    } = value;
    let Some(key) = key else {
        return Err(Error::invalid_document(format!("{field}.Key"), "a value needs its key"));
    };
    let (key, volatile) = full_path(&format!("{field}.Key"), key)?;
    no_nul(&format!("{field}.Name"), &name)?;
    // What the type does not use must be empty, or it would be silently ignored.
    let given = [
        ("StringValue", !string_value.is_empty()),
        ("BinaryValue", !binary_value.is_empty()),
        ("DWordValue", d_word_value != 0),
        ("QWordValue", q_word_value != 0),
        ("CustomType", custom_type != 0),
    ];
    let only = |used: &[&str]| match given.iter().find(|(name, given)| *given && !used.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("a value of type {value_type:?} does not use it");
            Err(Error::invalid_document(format!("{field}.{name}"), message))
        }
    };
    let binary = || {
        decode_base64(&binary_value)
            .ok_or_else(|| Error::invalid_document(format!("{field}.BinaryValue"), "it is not base64"))
    };
    let (used, data): (&[&str], _) = if value_type == RegistryValueType::NONE {
        (&["BinaryValue"], custom_or_none(binary()?))
    } else if value_type == RegistryValueType::STRING {
        (&["StringValue"], RegistryData::String(string_value.clone()))
    } else if value_type == RegistryValueType::EXPANDED_STRING {
        (&["StringValue"], RegistryData::ExpandString(string_value.clone()))
    } else if value_type == RegistryValueType::MULTI_STRING {
        let parts = string_value.split('\0').filter(|part| !part.is_empty()).map(str::to_owned);
        (&["StringValue"], RegistryData::MultiString(parts.collect()))
    } else if value_type == RegistryValueType::BINARY {
        (&["BinaryValue"], RegistryData::Binary(binary()?))
    } else if value_type == RegistryValueType::D_WORD {
        (&["DWordValue"], RegistryData::Dword(dword(&format!("{field}.DWordValue"), d_word_value)?))
    } else if value_type == RegistryValueType::Q_WORD {
        (&["QWordValue"], RegistryData::Qword(q_word_value.cast_unsigned()))
    } else if value_type == RegistryValueType::CUSTOM_TYPE {
        let kind = dword(&format!("{field}.CustomType"), custom_type)?;
        (&["BinaryValue", "CustomType"], RegistryData::Custom { kind, bytes: binary()? })
    } else {
        let message = format!("{value_type:?} is no type of registry values");
        return Err(match value_type.as_str() {
            "" => Error::invalid_document(format!("{field}.Type"), "a value needs its type"),
            _ if value_type.is_known() => no(&format!("{field}.Type"), "this type is not written here"),
            _ => Error::invalid_document(format!("{field}.Type"), message),
        });
    };
    only(used)?;
    Ok(RegistryChange::Set { key, name, data, volatile })
}

/// `REG_NONE` may have content, though it hardly ever has.
fn custom_or_none(bytes: Vec<u8>) -> RegistryData {
    if bytes.is_empty() { RegistryData::None } else { RegistryData::Custom { kind: 0, bytes } }
}

/// 32 bits, which clients write signed or unsigned.
fn dword(field: &str, value: i64) -> Result<u32> {
    match (u32::try_from(value), i32::try_from(value)) {
        (Ok(value), _) => Ok(value),
        (_, Ok(value)) => Ok(value.cast_unsigned()),
        _ => Err(Error::invalid_document(field, format!("{value} has more than 32 bits"))),
    }
}

/// RFC 4648 section 4, with padding, without line breaks: what Go's encoder writes for bytes.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::refuse::parse;

    fn check(text: &str) -> Result<Vec<RegistryChange>> {
        changes(parse(text).unwrap())
    }

    #[test]
    fn values_of_every_type_below_every_hive() {
        let value = |rest: &str| {
            let text = format!(
                r#"{{"AddValues":[{{"Key":{{"Hive":"Software","Name":"\\A\\B","Volatile":true}},"Name":"n",{rest}}}]}}"#
            );
            check(&text).map(|mut changes| changes.remove(0))
        };
        for (rest, expected) in [
            (r#""Type":"None""#, RegistryData::None),
            (r#""Type":"String","StringValue":"x""#, RegistryData::String("x".into())),
            (r#""Type":"ExpandedString","StringValue":"%x%""#, RegistryData::ExpandString("%x%".into())),
            (
                r#""Type":"MultiString","StringValue":"a\u0000b""#,
                RegistryData::MultiString(vec!["a".into(), "b".into()]),
            ),
            (r#""Type":"Binary","BinaryValue":"AP8=""#, RegistryData::Binary(vec![0, 255])),
            (r#""Type":"DWord","DWordValue":-1"#, RegistryData::Dword(u32::MAX)),
            (r#""Type":"DWord","DWordValue":4294967295"#, RegistryData::Dword(u32::MAX)),
            (r#""Type":"QWord","QWordValue":-2"#, RegistryData::Qword(u64::MAX - 1)),
            (
                r#""Type":"CustomType","CustomType":9,"BinaryValue":"AQ==""#,
                RegistryData::Custom { kind: 9, bytes: vec![1] },
            ),
        ] {
            let set = RegistryChange::Set {
                key: r"HKLM\Software\A\B".into(),
                name: "n".into(),
                data: expected,
                volatile: true,
            };
            assert_eq!(value(rest).unwrap(), set, "{rest}");
        }
        for bad in [
            r#""Type":"String","DWordValue":1"#,
            r#""Type":"Binary","BinaryValue":"A""#,
            r#""Type":"DWord","DWordValue":4294967296"#,
            r#""Type":"Word""#,
            r#""StringValue":"x""#,
        ] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_deleted_before_values_are_set() {
        let text = r#"{"AddValues":[{"Key":{"Hive":"System","Name":"X"},"Type":"String"}],
                       "DeleteKeys":[{"Hive":"Sam","Name":"Y"}]}"#;
        let changes = check(text).unwrap();
        assert_eq!(changes[0], RegistryChange::DeleteKey { key: r"HKLM\SAM\Y".into() });
        assert!(matches!(&changes[1], RegistryChange::Set { key, .. } if key == r"HKLM\System\X"));
        for bad in [
            r#"{"DeleteKeys":[{"Hive":"User","Name":"Y"}]}"#,
            r#"{"DeleteKeys":[{"Hive":"Sam","Name":"\\"}]}"#,
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn base64() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("+/+/", &[251, 255, 191]),
        ] {
            assert_eq!(decode_base64(text).as_deref(), Some(bytes), "{text}");
        }
        for bad in ["Z", "Zg=", "Z===", "Zm9v\n", "Zg==Zg=="] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
    }
}
