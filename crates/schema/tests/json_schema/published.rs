//! The files below docs/schema: what the types say, no other, each in the table of the page beside them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hcs_schema::json_schema::ROOTS;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema")
}

/// Every JSON file below `folder`, by its path below it.
fn files(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else if name != "README.md" {
            found.insert(name);
        }
    }
}

#[test]
fn the_files_say_what_the_types_say() {
    let mut stale = Vec::new();
    for root in ROOTS {
        let text = fs_err::read_to_string(folder().join(root.file())).unwrap_or_default();
        if text != root.text() {
            stale.push(root.file());
        }
    }
    assert!(stale.is_empty(), "run `./x schema` and commit: {stale:?}");
    let mut found = BTreeSet::new();
    files(&folder(), "", &mut found);
    let expected: BTreeSet<_> = ROOTS.iter().map(hcs_schema::json_schema::Root::file).collect();
    assert_eq!(found, expected, "run `./x schema` and commit");
}

#[test]
fn the_page_lists_every_file_with_its_role() {
    let page = fs_err::read_to_string(folder().join("README.md")).unwrap();
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| [")).collect();
    let expected: Vec<_> = ROOTS
        .iter()
        .map(|root| format!("| [{}]({}) | {} |", root.name.replace("::", "."), root.file(), root.role))
        .collect();
    assert_eq!(rows.len(), expected.len(), "{expected:#?}");
    for (row, expected) in rows.iter().zip(&expected) {
        assert!(row.starts_with(expected.as_str()), "{row} is not {expected} …");
    }
}

/// The page's way to refuse members that nobody knows: every `additionalProperties` of `true` becomes `false`.
#[test]
fn closed_as_the_page_says_a_slip_of_the_pen_is_found() {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                if members.get("additionalProperties") == Some(&Value::Bool(true)) {
                    members.insert("additionalProperties".into(), false.into());
                }
                members.values_mut().for_each(close);
            }
            Value::Array(list) => list.iter_mut().for_each(close),
            _ => {}
        }
    }
    let root = ROOTS.iter().find(|root| root.name == "v2::ComputeSystem").unwrap();
    let mut schema = root.schema();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let slip = r#"{"Container":{"Memory":{"SizeInMB":64,"SizeInGB":1}}}"#;
    let slip: Value = serde_json::from_str(slip).unwrap();
    let error = validator.validate(&slip).unwrap_err().to_string();
    assert!(error.contains("SizeInGB"), "{error}");
    assert!(
        validator.is_valid(&serde_json::from_str(r#"{"Container":{"Memory":{"SizeInMB":64}}}"#).unwrap())
    );
}
