//! The cases, one module for each part of the contract.

mod bad_input;
mod concurrency;
mod console;
mod documents_v1;
mod documents_v2;
mod enumeration;
mod errors;
mod handles;
mod lifecycle;
mod modify;
mod network;
mod notifications;
mod operations;
mod processes;
mod properties;
mod signals;
mod streams;

use std::sync::OnceLock;

use hcs_contract::Hresult;
use serde_json::{Value, json};

use crate::check::{holds, same_text};
use crate::context::parse;
use crate::{Case, Context, Failure, GuestOs, Program, Schema};

/// Every case, in the order of the modules' names.
pub fn cases() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            bad_input::CASES,
            concurrency::CASES,
            console::CASES,
            documents_v1::CASES,
            documents_v2::CASES,
            enumeration::CASES,
            errors::CASES,
            handles::CASES,
            lifecycle::CASES,
            modify::CASES,
            &network::cases(),
            notifications::CASES,
            operations::CASES,
            processes::CASES,
            properties::CASES,
            signals::CASES,
            streams::CASES,
        ]
        .concat()
    })
}

/// The `ProcessModifyRequest` that ends a process's input.
const CLOSE_STDIN: &str = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;

/// The same document with every member's name in lower case.
fn lower_case_members(text: &str) -> Result<String, Failure> {
    fn lower(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), lower(value))).collect()
            }
            Value::Array(items) => items.into_iter().map(lower).collect(),
            other => other,
        }
    }
    Ok(lower(parse(text)?).to_string())
}

/// Appends to a list of a document, which may not be there yet.
fn push(list: &mut Value, entry: Value) {
    match list {
        Value::Array(entries) => entries.push(entry),
        other => *other = Value::Array(vec![entry]),
    }
}

/// The list of mapped folders of a container's document.
fn mapped(schema: Schema, document: &mut Value) -> &mut Value {
    match schema {
        Schema::One => &mut document["MappedDirectories"],
        Schema::Two => &mut document["Container"]["MappedDirectories"],
    }
}

/// What one container writes into a mapped folder another reads, unless it is mapped read-only.
fn mapped_folder(context: &Context, schema: Schema, read_only: bool) -> Result<(), Failure> {
    let (host, guest) = context.fixture().mapped_folder();
    let separator = match context.guest() {
        GuestOs::Linux => '/',
        GuestOs::Windows => '\\',
    };
    let path = format!("{guest}{separator}file.txt");
    let started = |read_only: bool| {
        context.started_with(schema, |document| {
            let entry = json!({"HostPath": host, "ContainerPath": guest, "ReadOnly": read_only});
            push(mapped(schema, document), entry);
        })
    };
    let writer = started(false)?;
    let write = |system, text| context.run(system, &Program::WriteFile { path: path.clone(), text });
    write(&writer, "first")?;
    let reader = started(read_only)?;
    let read = |system| context.run(system, &Program::PrintFile(path.clone()));
    same_text("what another container reads", read(&reader)?.0.trim_end(), "first")?;
    write(&reader, "second")?;
    let due = if read_only { "first" } else { "second" };
    same_text("what the first reads", read(&writer)?.0.trim_end(), due)
}

/// A folder of the host that is not there can't be mapped.
fn missing_folder(context: &Context, schema: Schema) -> Result<(), Failure> {
    let (host, guest) = context.fixture().mapped_folder();
    let document = context.document(schema, "x", |document| {
        let entry = json!({"HostPath": format!("{host}-missing"), "ContainerPath": guest});
        push(mapped(schema, document), entry);
    });
    let id = context.fresh_id();
    let Err(error) = context.try_create(&id, &document) else {
        return Err(Failure::Broken("a folder that is not there was mapped".into()));
    };
    let code = error.hresult();
    holds(
        matches!(code, Hresult::ERROR_PATH_NOT_FOUND | Hresult::ERROR_FILE_NOT_FOUND),
        format!("a folder that is not there: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::cases;

    #[test]
    fn names_are_unique_and_each_case_says_what_it_proves() {
        let mut names = BTreeSet::new();
        for case in cases() {
            assert!(names.insert(case.name), "{} is there twice", case.name);
            let parts: Vec<_> = case.name.split("::").collect();
            assert!(
                matches!(parts[..], [module, name] if !module.is_empty() && !name.is_empty()),
                "{case:?}"
            );
            assert!(!case.proves.is_empty(), "{case:?}");
            for proof in case.proves {
                let place = proof
                    .strip_prefix("net ")
                    .unwrap_or(proof)
                    .strip_prefix('§')
                    .map_or(proof.strip_prefix("contract "), |rest| {
                        rest.starts_with(|first: char| first.is_ascii_digit()).then_some(rest)
                    });
                assert!(place.is_some_and(|rest| rest.contains(' ')), "{}: {proof:?}", case.name);
            }
        }
    }
}
