//! Generated documents of every type: what is read is written again, by a model of the rules that knows only the
//! members' tables.

use hcs_schema::{DocumentType, documents};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The type that a member's Rust type means within `document`.
fn part(document: &DocumentType, type_name: &str) -> Option<&'static DocumentType> {
    let module = document.name.rsplit_once("::").map(|(module, _)| format!("{module}::{type_name}"));
    documents()
        .find(|d| Some(d.name) == module.as_deref())
        .or_else(|| documents().find(|d| d.name == type_name))
        // What `LinuxHost` has of the other domain's documents.
        .or_else(|| documents().find(|d| d.name.strip_prefix("hcn::") == Some(type_name)))
}

/// `inner` of `outer<inner>`.
fn within<'a>(type_name: &'a str, outer: &str) -> Option<&'a str> {
    type_name.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>')
}

fn any_json() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        Just(json!({"x": [1, {"y": null}]})),
    ]
    .boxed()
}

/// Values of a member's type, the empty one among them, as the encoder writes them.
fn value(document: &DocumentType, type_name: &str) -> BoxedStrategy<Value> {
    if let Some(inner) = within(type_name, "Option") {
        return prop_oneof![Just(Value::Null), value(document, inner)].boxed();
    }
    if let Some(inner) = within(type_name, "Vec") {
        let lists = vec(value(document, inner), 1..3).prop_map(Value::from);
        return prop_oneof![Just(Value::Null), lists].boxed();
    }
    if let Some((key, inner)) = within(type_name, "BTreeMap").and_then(|inner| inner.split_once(", ")) {
        let keys = if key == "u32" { "0|[1-9][0-9]{0,2}" } else { "[a-zA-Z]{1,4}" };
        let maps = btree_map(keys, value(document, inner), 1..3);
        let maps = maps.prop_map(|map| Value::Object(map.into_iter().collect()));
        return prop_oneof![Just(Value::Null), maps].boxed();
    }
    match type_name {
        "bool" => any::<bool>().prop_map(Value::from).boxed(),
        "u8" => prop_oneof![Just(0), any::<u8>()].prop_map(Value::from).boxed(),
        "u16" => prop_oneof![Just(0), any::<u16>()].prop_map(Value::from).boxed(),
        // Numbers with known values.
        name if name.ends_with("Flags") || name == "LoadBalancerDistribution" => value(document, "u32"),
        "EndpointState" => value(document, "u16"),
        "u32" => prop_oneof![Just(0), any::<u32>()].prop_map(Value::from).boxed(),
        "u64" => prop_oneof![Just(0), any::<u64>()].prop_map(Value::from).boxed(),
        "i32" => prop_oneof![Just(0), any::<i32>()].prop_map(Value::from).boxed(),
        "i64" => prop_oneof![Just(0), any::<i64>()].prop_map(Value::from).boxed(),
        "[u32; 2]" => any::<[u32; 2]>().prop_map(|size| json!(size)).boxed(),
        "Time" => prop_oneof![Just("0001-01-01T00:00:00Z"), Just("2019-01-24T10:20:30.1234567Z")]
            .prop_map(Value::from)
            .boxed(),
        "Signal" => {
            prop_oneof![any::<u32>().prop_map(Value::from), "[A-Z]{1,5}".prop_map(Value::from)].boxed()
        }
        "Value" => prop_oneof![Just(Value::Null), any_json()].boxed(),
        "String" => "\\PC{0,6}".prop_map(Value::from).boxed(),
        other => match part(document, other) {
            Some(part) => whole(part),
            // What is left is a string with known values, which takes any.
            None => "[A-Za-z]{0,6}".prop_map(Value::from).boxed(),
        },
    }
}

/// A whole document: every member, and now and then one that the type does not know.
fn whole(document: &'static DocumentType) -> BoxedStrategy<Value> {
    let mut members: BoxedStrategy<Vec<(String, Value)>> = Just(Vec::new()).boxed();
    for member in document.members {
        let next = value(document, member.type_name);
        members = (members, next)
            .prop_map(|(mut members, value)| {
                members.push((member.name.to_owned(), value));
                members
            })
            .boxed();
    }
    let unknown = proptest::option::of(any_json());
    (members, unknown)
        .prop_map(|(mut members, unknown)| {
            members.extend(unknown.map(|value| ("Unknown-Member".to_owned(), value)));
            Value::Object(members.into_iter().collect())
        })
        .boxed()
}

/// What Go's `omitempty` takes for empty. An object that stands by value never is; one behind a pointer is when
/// it is null.
fn is_empty(type_name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value && type_name != "Value",
        Value::Number(number) => {
            number.as_u64() == Some(0) && !["Value", "Option<Signal>"].contains(&type_name)
        }
        Value::String(text) => text.is_empty() && type_name != "Value",
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// The document as the encoder writes it: empty members that may be left out are.
fn expected(document: &DocumentType, value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        let Some(member) = document.members.iter().find(|m| m.name == name) else {
            out.insert(name.clone(), value.clone());
            continue;
        };
        if !(member.omit_when_empty && is_empty(member.type_name, value)) {
            out.insert(name.clone(), expected_member(document, member.type_name, value));
        }
    }
    Value::Object(out)
}

fn expected_member(document: &DocumentType, type_name: &str, value: &Value) -> Value {
    if let Some(inner) = within(type_name, "Option") {
        return expected_member(document, inner, value);
    }
    match (
        value,
        within(type_name, "Vec"),
        within(type_name, "BTreeMap").and_then(|inner| inner.split_once(", ")),
    ) {
        (Value::Array(list), Some(inner), _) => {
            list.iter().map(|value| expected_member(document, inner, value)).collect()
        }
        (Value::Object(map), _, Some((key, inner))) => {
            let mut rows: Vec<_> = map.iter().collect();
            if key == "u32" {
                rows.sort_by_key(|(key, _)| key.parse::<u32>().expect("generated as a number"));
            }
            let row =
                |(key, value): (&String, &Value)| (key.clone(), expected_member(document, inner, value));
            Value::Object(rows.into_iter().map(row).collect())
        }
        (Value::Object(_), _, _) => {
            part(document, type_name).map_or(value.clone(), |part| expected(part, value))
        }
        _ => value.clone(),
    }
}

/// The same text with every member's name in another case; raw JSON stays, because its names are not ours.
fn other_case(document: &DocumentType, value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let rename = |(name, value): (&String, &Value)| {
        let known = document.members.iter().any(|m| m.name == name);
        (if known { name.to_ascii_uppercase() } else { name.clone() }, value.clone())
    };
    Value::Object(members.iter().map(rename).collect())
}

fn generated() -> impl Strategy<Value = (&'static DocumentType, Value)> {
    (0..documents().count()).prop_flat_map(|index| {
        let document = documents().nth(index).expect("it is below their number");
        whole(document).prop_map(move |value| (document, value))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_written_again((document, value) in generated()) {
        let written = (document.rewrite)(&value.to_string()).unwrap();
        prop_assert_eq!(&written, &expected(document, &value).to_string(), "{}", document.name);
        prop_assert_eq!(&(document.rewrite)(&written).unwrap(), &written);
        let shouted = other_case(document, &value).to_string();
        prop_assert_eq!((document.rewrite)(&shouted).unwrap(), written);
    }

    #[test]
    fn no_text_makes_the_reader_panic(index in 0..documents().count(), text in "[\\[\\]{}\":,a-zA-Z0-9.\\-+ \\\\]{0,40}") {
        let _ = documents().nth(index).map(|document| (document.rewrite)(&text));
    }
}
