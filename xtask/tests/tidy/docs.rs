//! Rules of the Markdown files: links lead somewhere, nothing is left open.

use std::collections::BTreeMap;

use crate::{File, files, none, root};

/// Words of an unfinished text.
const OPEN: [&str; 3] = ["TBD", "TODO", "FIXME"];

#[test]
fn links_between_files_resolve() {
    let files = files(&[".md"]);
    let headings: BTreeMap<_, _> =
        files.iter().map(|file| (file.path.clone(), anchors(&file.text))).collect();
    let exists = |path: &str| root().join(path).exists();
    let problems: Vec<_> = files.iter().flat_map(|file| broken(file, &headings, &exists)).collect();
    none(&problems);
}

#[test]
fn nothing_is_left_open() {
    let mut problems = Vec::new();
    for file in files(&[".md"]) {
        for (number, line) in file.text.lines().enumerate() {
            if OPEN.iter().any(|word| line.split(|c: char| !c.is_alphanumeric()).any(|w| w == *word)) {
                problems.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    none(&problems);
}

/// The architecture's invariants name a file and a test in it, each in backquotes.
#[test]
fn each_invariant_has_a_test_that_is_there() {
    let text = fs_err::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, section) = text.split_once("## Invariants\n").expect("docs/architecture.md has invariants");
    let rows: Vec<_> =
        section.lines().skip_while(|l| !l.starts_with('|')).take_while(|l| l.starts_with('|')).collect();
    assert!(rows.len() > 10, "the table was not found");
    let mut problems = Vec::new();
    for row in &rows[2..] {
        let cell = row.trim_matches('|').rsplit('|').next().unwrap_or_default();
        let words: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        let found = match *words {
            [path, test] => fs_err::read_to_string(root().join(path))
                .is_ok_and(|source| source.contains(&format!("fn {test}("))),
            _ => false,
        };
        if !found {
            problems.push(format!("docs/architecture.md: no such test: {}", cell.trim()));
        }
    }
    none(&problems);
}

/// Links of `file` to files that are not there, or to headings that they don't have.
fn broken(
    file: &File,
    headings: &BTreeMap<String, Vec<String>>,
    exists: &impl Fn(&str) -> bool,
) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut problems = Vec::new();
    for target in links(&file.text) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
        let path = if path.is_empty() { file.path.clone() } else { joined(folder, path) };
        if !exists(&path) {
            problems.push(format!("{}: link to {target}: no such file", file.path));
        } else if !anchor.is_empty()
            && headings.get(&path).is_some_and(|all| !all.iter().any(|a| a == anchor))
        {
            problems.push(format!("{}: link to {target}: no such heading", file.path));
        }
    }
    problems
}

/// The targets of `[text](target)` outside code.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.match_indices("](").filter_map(|(at, _)| {
        let rest = &prose[at + 2..];
        Some(rest[..rest.find(')')?].split(' ').next()?.to_owned())
    });
    targets.collect()
}

/// Without fenced blocks and without code in a line.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose
}

/// A heading's anchor as GitHub makes it: lower case, blanks become dashes, signs go.
fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if line.starts_with('#') && !fenced {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    anchors
}

/// `path` as seen from `folder`, without `.` and `..`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn the_rules_find_what_they_forbid() {
    let text = "# The `hcs` tool: a, b\n[good](../x) [bad](nowhere.md#a) [head](#the-hcs-tool-a-b) [no](#other)\n\
                ```sh\n[code](nowhere)\n# no heading\n```\n`[code](nowhere)` [web](https://example.com/x)\n";
    let file = File { path: "docs/a.md".to_owned(), text: text.to_owned() };
    let headings = BTreeMap::from([(file.path.clone(), anchors(text))]);
    let problems = broken(&file, &headings, &|path: &str| path == "x" || path == "docs/a.md");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("nowhere.md") && problems[1].contains("#other"), "{problems:?}");
}
