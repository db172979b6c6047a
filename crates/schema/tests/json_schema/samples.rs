//! The documents that lie about in the project, in tests and in corpora: what the reader takes of them, the schema takes.

use std::path::{Path, PathBuf};

use hcs_schema::json_schema::ROOTS;
use serde_json::Value;

use super::{document, validator};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below `folder` that `wanted` takes, without what was built.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if !entry.file_type().unwrap().is_dir() {
            found.extend(wanted(&path).then_some(path));
        } else if !path.ends_with("target") && !path.ends_with(".git") {
            files(&path, wanted, found);
        }
    }
}

/// The raw strings of Rust sources and the inputs of the fuzz corpora that hold a JSON object.
fn samples() -> Vec<String> {
    let mut texts = Vec::new();
    let mut sources = Vec::new();
    for folder in ["crates", "conformance", "tools"] {
        files(&project().join(folder), &|path| path.extension().is_some_and(|end| end == "rs"), &mut sources);
    }
    for path in sources {
        let text = fs_err::read_to_string(path).unwrap();
        texts.extend(
            text.split("r#\"")
                .skip(1)
                .filter_map(|rest| rest.split_once("\"#"))
                .map(|(raw, _)| raw.to_owned()),
        );
    }
    let mut inputs = Vec::new();
    files(&project().join("fuzz/corpus"), &|_| true, &mut inputs);
    for path in inputs {
        let text = String::from_utf8_lossy(&fs_err::read(path).unwrap()).into_owned();
        // Those of `any_document` name a type in their first line.
        texts.extend(text.split_once('\n').map(|(_, rest)| rest.to_owned()));
        texts.push(text);
    }
    texts.retain(|text| serde_json::from_str::<Value>(text).is_ok_and(|json| json.is_object()));
    texts.sort();
    texts.dedup();
    texts
}

/// Whether a member of the object, at any depth, has a name that differs from one of the schemas' by letter case alone, or a
/// value that is a number with a fraction: what a schema can't judge.
fn beyond(error: &str, text: &str, names: &[String]) -> bool {
    let in_another_case = |name: &&str| names.iter().any(|n| n.eq_ignore_ascii_case(name) && n != *name);
    error.contains("floating point") || text.split('"').any(|part| in_another_case(&part))
}

#[test]
fn reader_and_schema_agree_about_every_document_in_tests_and_corpora() {
    let samples = samples();
    assert!(samples.len() > 300, "{}", samples.len());
    let names: Vec<_> = hcs_schema::documents()
        .flat_map(|document| document.members)
        .map(|member| member.name.to_owned())
        .collect();
    let (mut taken, mut refused) = (0, 0);
    for root in ROOTS {
        let Some(document) = document(root) else { continue };
        let validator = validator(root);
        for text in &samples {
            let json = serde_json::from_str(text).unwrap();
            match (document.rewrite)(text) {
                Ok(_) => {
                    assert!(
                        validator.is_valid(&json),
                        "{}: {:?}: {text}",
                        root.name,
                        validator.validate(&json)
                    );
                    taken += 1;
                }
                Err(error) if !validator.is_valid(&json) => {
                    assert!(!error.path.is_empty(), "{error}: {text}");
                    refused += 1;
                }
                Err(error) => assert!(beyond(&error.message, text, &names), "{}: {error}: {text}", root.name),
            }
        }
    }
    assert!(taken > 5000 && refused > 50, "{taken} taken, {refused} refused");
}
