//! docs/contract.md says what is built: the cases and tests that it names exist, every call has its row, the deadlines are
//! those of the table in the code, and the variables are those that the code reads.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hcs_contract::{Deadlines, EventType, OperationKind};

const PAGE: &str = include_str!("../../docs/contract.md");

fn project_file(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs_err::read_to_string(root.join(path)).unwrap()
}

/// What stands between backquotes, in order, outside the blocks of three.
fn words() -> Vec<&'static str> {
    let prose = PAGE.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// The first cell and the rest of every row of every table.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.trim_end_matches('|').split(" | ").map(str::trim);
        Some((cells.next()?, cells.collect()))
    })
}

#[test]
fn every_case_that_the_page_names_exists_and_every_part_of_the_suite_is_named() {
    let cases: BTreeSet<_> = hcs_conformance::cases().iter().map(|case| case.name).collect();
    let part = |name: &'static str| name.split("::").next().unwrap();
    let parts: BTreeSet<_> = cases.iter().map(|name| part(name)).collect();
    let named: BTreeSet<_> = words().into_iter().filter(|word| parts.contains(part(word))).collect();
    let named: BTreeSet<_> = named.into_iter().filter(|word| word.contains("::")).collect();
    // An example of what a name looks like is also one.
    let unknown: Vec<_> = named.difference(&cases).collect();
    assert!(unknown.is_empty(), "no such cases: {unknown:?}");
    let told: BTreeSet<_> = named.iter().map(|name| part(name)).collect();
    assert_eq!(told, parts, "parts of the suite that the page does not name");
    assert!(named.len() > 150, "only {} cases are named", named.len());
}

#[test]
fn every_other_test_that_the_page_names_exists() {
    let words = words();
    let mut named = 0;
    for pair in words.windows(2) {
        let [path, function] = pair else { unreachable!("windows of two") };
        if Path::new(path).extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let text = project_file(path);
        // A file alone is named too, with the next sentence behind it.
        if function.contains(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')) {
            continue;
        }
        assert!(
            text.contains(&format!("#[test]\nfn {function}("))
                || text.contains(&format!("    fn {function}(")),
            "{path} has no test {function}"
        );
        named += 1;
    }
    assert!(named >= 8, "{named}");
}

#[test]
fn every_call_has_its_row() {
    let source = project_file("crates/contract/src/compute.rs");
    let (_, traits) = source.split_once("pub trait ComputeService").unwrap();
    let (traits, _) = traits.split_once("/// Where one standard stream").unwrap();
    let calls = traits.lines().filter_map(|line| line.strip_prefix("    fn ")?.split('(').next());
    let told: Vec<_> = rows().filter_map(|(first, _)| first.strip_prefix('`')?.strip_suffix('`')).collect();
    let mut counted = 0;
    for call in calls {
        assert!(told.contains(&call), "no row for the call {call}");
        counted += 1;
    }
    assert!(counted > 25, "{counted}");
}

#[test]
fn the_deadlines_are_those_of_the_code() {
    let deadlines = Deadlines::default();
    for kind in OperationKind::ALL {
        let name = format!("`{kind:?}`");
        let limit =
            deadlines.limit(*kind).map_or("none".to_owned(), |limit| format!("{} s", limit.as_secs()));
        let found = rows().any(|(first, rest)| first == name && rest.first() == Some(&limit.as_str()));
        assert!(found, "no row | {name} | {limit} |");
    }
    for (first, rest) in rows() {
        let Some(variable) = rest.get(2).and_then(|cell| cell.strip_prefix("`HCSSHIM_TIMEOUT_")) else {
            continue;
        };
        let variable = variable.trim_end_matches('`').to_owned();
        let set = Deadlines::from_lookup(|name| {
            (name == format!("HCSSHIM_TIMEOUT_{variable}")).then(|| "7".into())
        });
        let kind = OperationKind::ALL.iter().find(|kind| format!("`{kind:?}`") == first).unwrap();
        assert_eq!(set.limit(*kind).unwrap().as_secs(), 7, "{first} {variable}");
    }
}

#[test]
fn the_variables_are_those_that_the_code_reads() {
    let sources = [
        "crates/contract/src/deadline.rs",
        "crates/hcsshim/src/options.rs",
        "crates/host-linux/src/options.rs",
        "crates/host-windows/src/options.rs",
    ];
    let read: BTreeSet<String> = sources
        .iter()
        .flat_map(|path| {
            let text = project_file(path);
            let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            let words: Vec<_> = code.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            words
        })
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|word| if word.starts_with("HCS") { word } else { format!("HCSSHIM_TIMEOUT_{word}") })
        .collect();
    let (_, section) = PAGE.split_once("## Environment\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let told: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, read);
}

#[test]
fn the_events_have_their_numbers() {
    let mut found = 0;
    for event in EventType::ALL {
        let name = format!("`{}`", event.name().unwrap());
        for (_, rest) in rows().filter(|(first, _)| *first == name) {
            if rest[0].starts_with("0x") {
                assert_eq!(rest[0], format!("0x{:08X}", event.0), "{name}");
                found += 1;
            }
        }
    }
    assert_eq!(found, 3);
}
