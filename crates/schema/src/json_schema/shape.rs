//! What a member takes, as a schema: the rules of `member` said once more, for readers that are no Rust program.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::compute::{Signal, WindowsSignal};
use crate::{MemberType, Time};

/// A type that a member can have, as a schema.
pub(crate) trait MemberSchema: MemberType {
    /// Whether the reader takes `null` for the empty value.
    const TAKES_NULL: bool = true;

    /// What the reader takes.
    fn member_schema(generator: &mut SchemaGenerator) -> Schema;
}

/// The pattern of the keys of a map by numbers: decimal, without a sign and without zeros before it, up to 4294967295.
const NUMBERS: &str = "^(0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}\
    |4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[01][0-9]{2}|42949672[0-8][0-9]\
    |429496729[0-5])$";

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl MemberSchema for $type {
            fn member_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": ["integer", "null"], "minimum": <$type>::MIN, "maximum": <$type>::MAX})
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 i32 i64 }

impl MemberSchema for bool {
    fn member_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["boolean", "null"]})
    }
}

impl MemberSchema for String {
    fn member_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "null"]})
    }
}

/// Any JSON.
impl MemberSchema for Value {
    fn member_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

impl<T: MemberSchema> MemberSchema for Option<T> {
    fn member_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut value = T::member_schema(generator);
        if T::TAKES_NULL {
            return value;
        }
        let null = json!({"type": "null"});
        match value.get_mut("anyOf") {
            Some(Value::Array(forms)) => forms.push(null),
            _ => value = json_schema!({"anyOf": [value, null]}),
        }
        value
    }
}

impl<T: MemberSchema> MemberSchema for Vec<T> {
    fn member_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["array", "null"], "items": T::member_schema(generator)})
    }
}

impl<T: MemberSchema> MemberSchema for BTreeMap<String, T> {
    fn member_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["object", "null"], "additionalProperties": T::member_schema(generator)})
    }
}

impl<T: MemberSchema> MemberSchema for BTreeMap<u32, T> {
    fn member_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["object", "null"],
            "propertyNames": {"pattern": NUMBERS},
            "additionalProperties": T::member_schema(generator),
        })
    }
}

impl MemberSchema for [u32; 2] {
    fn member_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = u32::member_schema(generator);
        json_schema!({"type": ["array", "null"], "items": number, "maxItems": 2})
    }
}

impl MemberSchema for Time {
    fn member_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "null"], "format": "date-time"})
    }
}

impl MemberSchema for Signal {
    const TAKES_NULL: bool = false;

    fn member_schema(_: &mut SchemaGenerator) -> Schema {
        let mut forms = vec![json!({"type": "integer", "minimum": u32::MIN, "maximum": u32::MAX})];
        forms.extend(WindowsSignal::KNOWN.iter().map(|name| json!({"const": name.as_str()})));
        forms.push(json!({"type": "string"}));
        json_schema!({"anyOf": forms})
    }
}

/// One member of a document.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    /// The documentation comment.
    pub(crate) doc: &'static str,
    /// Written even when it is empty.
    pub(crate) always: bool,
    pub(crate) schema: Schema,
}

/// The schema of a document: an object, or `null` for an empty one, with members that the type does not know.
pub(crate) fn document(doc: &str, members: Vec<Property>) -> Schema {
    let mut properties = Map::new();
    for Property { name, doc, always, schema } in members {
        let mut description = prose(doc);
        if always {
            description.push_str(" Always written.");
        }
        properties.insert(name.to_owned(), described(&description, schema));
    }
    json_schema!({
        "description": prose(doc),
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": true,
    })
}

/// The schema of a text with known values, each with its documentation comment.
pub(crate) fn known_text(doc: &str, values: &[(&str, &str)]) -> Schema {
    let mut forms: Vec<Value> =
        values.iter().map(|(text, doc)| json!({"const": text, "description": prose(doc)})).collect();
    forms.push(json!({
        "type": ["string", "null"],
        "description": "Any other text is read too, for a host to judge. Empty or null: not given.",
    }));
    json_schema!({"description": prose(doc), "anyOf": forms})
}

/// The description of a number with known values, each with its documentation comment.
pub(crate) fn known_numbers(doc: &str, values: &[(&str, &str)]) -> String {
    let values = values.iter().map(|(value, doc)| format!("{value}: {}", prose(doc)));
    std::iter::once(prose(doc)).chain(values).collect::<Vec<_>>().join("\n\n")
}

/// The schema with this description, which stands first.
fn described(description: &str, schema: Schema) -> Value {
    let mut all = Map::from_iter([("description".to_owned(), Value::from(description))]);
    if let Value::Object(schema) = schema.to_value() {
        all.extend(schema);
    }
    Value::Object(all)
}

/// A documentation comment as plain text: paragraphs of one line each, names in place of links to them.
fn prose(doc: &str) -> String {
    let mut text = String::new();
    for line in doc.lines().map(str::trim) {
        match line {
            "" if !text.is_empty() => text.push_str("\n\n"),
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim_end().replace("[`", "`").replace("`]", "`").replace("`super::", "`")
}

#[cfg(test)]
mod tests {
    use super::{NUMBERS, prose};
    use crate::Document;
    use crate::compute::v1::ContainerProperties;

    #[test]
    fn comments_become_plain_text() {
        let doc = " One\n line, see [`super::resource_path`].\n\n Two: [`X`].\n";
        assert_eq!(prose(doc), "One line, see `resource_path`.\n\nTwo: `X`.");
        assert_eq!(prose(""), "");
    }

    #[test]
    fn keys_that_are_numbers_are_those_that_the_reader_takes() {
        let schema = jsonschema::validator_for(&serde_json::json!({"pattern": NUMBERS})).unwrap();
        for (key, good) in [
            ("0", true),
            ("7", true),
            ("4294967295", true),
            ("4294967289", true),
            ("3999999999", true),
            ("999999999", true),
            ("4294967296", false),
            ("4300000000", false),
            ("42949672950", false),
            ("07", false),
            ("-1", false),
            ("+1", false),
            ("-0", false),
            ("1.0", false),
            ("1e1", false),
            (" 1", false),
            ("", false),
            ("x", false),
        ] {
            let text = format!(r#"{{"MappedVirtualDiskControllers":{{"{key}":null}}}}"#);
            assert_eq!(ContainerProperties::from_json(&text).is_ok(), good, "the reader: {key:?}");
            assert_eq!(schema.is_valid(&key.into()), good, "the schema: {key:?}");
        }
    }
}
