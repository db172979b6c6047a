//! Rules of the Rust sources.

use crate::{File, files, none};

/// Lines of a file, at most: one kernel object, one document or one format structure each.
const LONGEST: usize = 600;

/// Longer files, each with the reason. Data, not code.
const LONG: &[(&str, &str)] =
    &[("docs/symbols/compile.rs", "made from the tables of symbols: nobody reads it")];

/// Macros and calls that must not be in any source, and what to do instead. (Written in two pieces, so that this file
/// keeps its own rule.)
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("todo", "!("), "write it, or leave it out"),
    (concat!("unimplemented", "!("), "return a typed error that says what is not supported"),
    (concat!("thread::", "sleep"), "wait for the event itself"),
    (concat!("time::", "sleep"), "wait for the event itself"),
    (concat!("allow(", "unsafe_code"), "use expect, with a reason: it ends when the unsafe code does"),
];

#[test]
fn no_file_is_longer_than_a_reader_s_patience() {
    let files = files(&[".rs"]);
    let too_long = files.iter().map(|file| (file, file.text.lines().count())).filter(|(_, n)| *n > LONGEST);
    let problems: Vec<_> = too_long
        .filter(|(file, _)| !LONG.iter().any(|(path, _)| *path == file.path))
        .map(|(file, lines)| format!("{}: {lines} lines, at most {LONGEST}", file.path))
        .collect();
    none(&problems);
    for (path, reason) in LONG {
        let long = files.iter().any(|file| file.path == *path && file.text.lines().count() > LONGEST);
        assert!(long && !reason.is_empty(), "{path} needs no exception");
    }
}

/// Included into a module, which says it: `//!` has no place in the middle of one.
const INCLUDED: [&str; 1] = ["docs/symbols/compile.rs"];

#[test]
fn every_module_says_first_what_it_is_for() {
    let modules = files(&[".rs"]).into_iter().filter(|file| !INCLUDED.contains(&file.path.as_str()));
    let silent = modules.filter(|file| !says_what_it_is_for(&file.text));
    let problems: Vec<_> = silent.map(|file| format!("{}: first line is not //!", file.path)).collect();
    none(&problems);
}

fn says_what_it_is_for(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.len() > "//! ".len() && line.starts_with("//! "))
}

#[test]
fn forbidden_calls_are_nowhere() {
    let problems: Vec<_> = files(&[".rs"]).iter().flat_map(forbidden).collect();
    none(&problems);
}

fn forbidden(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            let found = FORBIDDEN.iter().filter(move |(word, _)| line.contains(word));
            found.map(move |(word, instead)| format!("{}:{}: {word}: {instead}", file.path, number + 1))
        })
        .collect()
}

#[test]
fn each_lifted_lint_has_its_reason() {
    let problems: Vec<_> = files(&[".rs"]).iter().flat_map(without_reason).collect();
    none(&problems);
}

/// `#[expect(…)]` and `#![allow(…)]` whose parentheses hold no reason; also over several lines.
fn without_reason(file: &File) -> Vec<String> {
    let starts = ["#[expect(", "#![expect(", "#[allow(", "#![allow("];
    let mut problems = Vec::new();
    let mut offset = 0;
    for line in file.text.split_inclusive('\n') {
        if starts.iter().any(|start| line.trim_start().starts_with(start)) {
            let attribute = file.text[offset..].split(")]").next().unwrap_or_default();
            if !attribute.contains("reason = \"") {
                problems.push(format!("{}: no reason: {}", file.path, line.trim()));
            }
        }
        offset += line.len();
    }
    problems
}

#[test]
fn the_rules_find_what_they_forbid() {
    let file = |text: &str| File { path: "a.rs".to_owned(), text: text.to_owned() };
    assert!(!says_what_it_is_for("use std::fs;\n//! late"));
    assert!(!says_what_it_is_for("//!\n"));
    let bad = file(concat!("fn f() { to", "do!() }\nstd::thread::", "sleep(x);\n"));
    assert_eq!(forbidden(&bad).len(), 2, "{:?}", forbidden(&bad));
    assert_eq!(without_reason(&file("#![expect(unsafe_code)]\n")).len(), 1);
    let good = "#![expect(\n    unsafe_code,\n    reason = \"one call\"\n)]\n#[derive(Debug)]\n";
    assert!(without_reason(&file(good)).is_empty());
}
