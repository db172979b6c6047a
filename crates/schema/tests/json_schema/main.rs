//! The JSON Schemas say what the reader does: both take the same values of every member and refuse the same, and what is
//! published is what the types say today.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../bad_values/generate.rs"]
mod generate;
mod published;
mod samples;

use generate::{Place, Shape, huge, places, right, wrong};
use hcs_schema::json_schema::{ROOTS, Root};
use hcs_schema::{DocumentType, documents};
use jsonschema::Validator;
use serde_json::Value;

/// A validator that looks at formats (times) too.
fn validator(root: &Root) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(&root.schema()).expect(root.name)
}

/// The type that a root is made from; `None` for a list.
fn document(root: &Root) -> Option<&'static DocumentType> {
    documents().find(|document| document.name == root.name)
}

fn each(mut check: impl FnMut(&'static DocumentType, &Validator, &Place)) {
    for root in ROOTS {
        let Some(document) = document(root) else { continue };
        let validator = validator(root);
        for place in places(document, &|_| String::new()) {
            check(document, &validator, &place);
        }
    }
}

/// The path of a member as validators have it: `A[0].B` is `/A/0/B`.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace('[', "/").replace(']', "").replace('.', "/"))
}

#[test]
fn each_is_a_schema_of_2020_12_without_references_to_elsewhere() {
    for root in ROOTS {
        let schema = root.schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::draft202012::meta::validate(&schema)
            .unwrap_or_else(|error| panic!("{}: {error}", root.name));
        let text = root.text();
        let references = text.matches("\"$ref\"").count();
        assert_eq!(text.matches("\"$ref\": \"#/$defs/").count(), references, "{}", root.name);
    }
}

#[test]
fn every_type_of_the_catalogue_stands_in_a_schema_with_every_member_described() {
    let schemas: Vec<_> = ROOTS.iter().map(|root| (root.name, root.schema())).collect();
    for kind in documents() {
        let (module, name) = kind.name.rsplit_once("::").unwrap_or(("", kind.name));
        let found: Vec<_> = schemas
            .iter()
            .filter(|(root, _)| module.is_empty() || root.starts_with(module))
            .filter_map(
                |(root, schema)| if *root == kind.name { Some(schema) } else { schema["$defs"].get(name) },
            )
            .collect();
        assert!(!found.is_empty(), "{} stands in no schema", kind.name);
        for schema in found {
            let properties = schema["properties"].as_object().unwrap();
            let names: Vec<_> = properties.keys().collect();
            assert_eq!(
                names,
                kind.members.iter().map(|member| member.name).collect::<Vec<_>>(),
                "{}",
                kind.name
            );
            for (name, property) in properties {
                let text = property["description"].as_str().unwrap_or_default();
                assert!(text.len() > 3 && !text.contains("[`"), "{}.{name}: {text:?}", kind.name);
            }
        }
    }
}

#[test]
fn what_the_reader_refuses_is_refused_at_the_same_member() {
    let mut tried = 0;
    each(|document, validator, place| {
        for (value, within) in wrong(&place.shape) {
            let text = place.with(&value);
            // Lone surrogates and bottomless lists: no reader of JSON takes them, so no validator sees them.
            let Ok(json) = serde_json::from_str::<Value>(&text) else { continue };
            // A validator whose numbers are floats takes it for the lowest that there is.
            if value.contains("-9223372036854775809") {
                continue;
            }
            assert!((document.rewrite)(&text).is_err(), "the reader takes {text}");
            let found: Vec<_> =
                validator.iter_errors(&json).map(|error| error.instance_path().as_str().to_owned()).collect();
            assert_eq!(found, [pointer(&format!("{}{within}", place.path))], "{}: {text}", document.name);
            tried += 1;
        }
    });
    assert!(tried > 3000, "{tried}");
}

#[test]
fn what_the_reader_takes_is_taken() {
    each(|document, validator, place| {
        let mut values = vec!["null".to_owned()];
        values.extend(right(&place.shape));
        values.extend(huge(&place.shape, 1 << 10).filter(|_| place.path == place.name));
        if matches!(place.shape, Shape::Word) {
            values.push("\"NobodyKnowsThis\"".into());
        }
        for value in values {
            let text = place.with(&value);
            let shown: String = text.chars().take(200).collect();
            let written = (document.rewrite)(&text).unwrap_or_else(|error| panic!("{error}: {shown}"));
            for text in [text, written] {
                let json = serde_json::from_str(&text).unwrap();
                assert!(
                    validator.is_valid(&json),
                    "{}: {:?}: {shown}",
                    document.name,
                    validator.validate(&json)
                );
            }
        }
    });
}

#[test]
fn null_and_members_that_nobody_knows_are_read() {
    for root in ROOTS {
        let Some(document) = document(root) else { continue };
        for text in ["null", "{}", r#"{"NobodyKnowsThis":[1,{"x":null}]}"#] {
            assert!((document.rewrite)(text).is_ok(), "{} {text}", root.name);
            assert!(validator(root).is_valid(&serde_json::from_str(text).unwrap()), "{} {text}", root.name);
        }
        for text in ["[]", "true", "7", "\"x\""] {
            assert!((document.rewrite)(text).is_err(), "{} {text}", root.name);
            assert!(!validator(root).is_valid(&serde_json::from_str(text).unwrap()), "{} {text}", root.name);
        }
    }
}

/// What docs/schema/README.md says that a schema can't say.
#[test]
fn names_in_another_letter_case_and_numbers_with_a_fraction_of_0_are_the_known_differences() {
    each(|document, validator, place| {
        let Some((bad, _)) = wrong(&place.shape).into_iter().next() else { return };
        if !matches!(place.shape, Shape::Any) {
            let text = place.twice([(&place.name.to_ascii_uppercase(), &bad), (place.name, "null")]);
            assert!((document.rewrite)(&text).is_err(), "{text}");
            let checked = place.name.to_ascii_uppercase() == place.name;
            let json: Value = serde_json::from_str(&text).unwrap();
            assert!(checked || validator.is_valid(&json), "{text}");
        }
        if matches!(place.shape, Shape::Number(..)) {
            let text = place.with("1.0");
            assert!((document.rewrite)(&text).is_err(), "{text}");
            assert!(validator.is_valid(&serde_json::from_str(&text).unwrap()), "{text}");
        }
    });
}
