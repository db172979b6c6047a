//! Which workspace crate may depend on which. The table stands in `docs/architecture.md`, where people read it; this
//! test reads the same table, so that text and code can't part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

type Arrows = BTreeMap<String, BTreeSet<String>>;

const ARCHITECTURE: &str = include_str!("../../docs/architecture.md");

/// The first two columns of the table below `heading`: a crate, and the crates that it may use.
fn table(document: &str, heading: &str) -> Arrows {
    let (_, section) = document.split_once(heading).unwrap_or_else(|| panic!("no heading {heading:?}"));
    section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2) // column titles and the line below them
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(quoted);
            let from = cells.next().unwrap_or_default();
            assert_eq!(from.len(), 1, "one crate in the first cell: {line}");
            (from.into_iter().next().unwrap_or_default(), cells.next().unwrap_or_default())
        })
        .collect()
}

/// The words in backquotes.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The arrows that are in `metadata` and not in `allowed`. `None` in the table's place for a crate is an error of
/// its own: a new crate must say what it may use.
fn forbidden(metadata: &Metadata, normal: &Arrows, dev: &Arrows) -> Vec<String> {
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    let mut problems = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let Some(allowed) = normal.get(name) else {
            problems.push(format!("{name} has no row in docs/architecture.md, \"Allowed arrows\""));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let only_tests = dependency.kind == DependencyKind::Development
                && dev.get(name).is_some_and(|allowed| allowed.contains(to));
            if members.contains(to) && !allowed.contains(to) && !only_tests {
                problems.push(format!("{name} → {to} ({:?}) is not allowed", dependency.kind));
            }
        }
    }
    problems
}

fn workspace() -> Metadata {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata runs")
}

#[test]
fn every_arrow_between_workspace_crates_is_in_the_table() {
    let normal = table(ARCHITECTURE, "### Allowed arrows\n");
    let dev = table(ARCHITECTURE, "### Arrows for tests only\n");
    assert!(normal.len() > 10, "the table was not found: {normal:?}");
    let problems = forbidden(&workspace(), &normal, &dev);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let normal = table(ARCHITECTURE, "### Allowed arrows\n");
    let mut rest = normal;
    loop {
        let before = rest.len();
        let names: BTreeSet<String> = rest.keys().cloned().collect();
        rest.retain(|_, uses| uses.iter().any(|used| names.contains(used)));
        if rest.is_empty() {
            return;
        }
        assert_ne!(rest.len(), before, "these depend on each other: {rest:?}");
    }
}

#[test]
fn a_crate_without_a_row_and_an_arrow_outside_the_table_are_found() {
    let mut normal = table(ARCHITECTURE, "### Allowed arrows\n");
    let metadata = workspace();
    let name = "hcs-guest-protocol";
    assert!(normal.remove(name).is_some(), "{name} is a row of the table");
    let problems = forbidden(&metadata, &normal, &Arrows::new());
    assert!(problems.iter().any(|p| p.starts_with(name)), "{problems:?}");
}

#[test]
fn a_member_is_named_after_its_folder() {
    for package in workspace().workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|path| path.file_name()).unwrap_or_default();
        let name = package.name.as_str();
        let expected = name == folder || name == format!("hcs-{folder}");
        assert!(expected, "{}: package {name} in folder {folder}", package.manifest_path);
    }
}
