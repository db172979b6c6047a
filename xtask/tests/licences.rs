//! What comes in from outside: licences, banned and doubled crates, sources. The rules stand in `deny.toml`.
//!
//! cargo-deny would do this, but it would have to be built on every fresh machine before the first check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};
use serde::Deserialize;

/// The platforms that the project is built for. Crates for others are never fetched.
const TARGETS: [&str; 3] = ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "x86_64-pc-windows-gnu"];

#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Verdict,
    wildcards: Verdict,
    deny: Vec<Entry>,
    skip: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Verdict,
    unknown_git: Verdict,
    allow_registry: BTreeSet<String>,
}

/// The rules here know no warnings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

fn rules() -> Rules {
    let rules: Rules = toml::from_str(include_str!("../../deny.toml")).expect("deny.toml has the known form");
    // These fields have one value; naming them keeps the compiler from calling them unread.
    let Bans { multiple_versions: Verdict::Deny, wildcards: Verdict::Deny, .. } = &rules.bans;
    let Sources { unknown_registry: Verdict::Deny, unknown_git: Verdict::Deny, .. } = &rules.sources;
    rules
}

/// Every package that is compiled for one of [`TARGETS`].
fn packages() -> Vec<Package> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let mut all = BTreeMap::new();
    for target in TARGETS {
        let metadata: Metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .other_options(["--locked", "--filter-platform", target].map(str::to_owned).to_vec())
            .exec()
            .expect("cargo metadata runs");
        let used: BTreeSet<_> =
            metadata.resolve.iter().flat_map(|r| &r.nodes).map(|node| node.id.clone()).collect();
        all.extend(metadata.packages.into_iter().filter(|p| used.contains(&p.id)).map(|p| (p.id.clone(), p)));
    }
    all.into_values().collect()
}

#[test]
fn every_crate_s_licence_is_allowed() {
    let allowed = rules().licenses.allow;
    let mut problems = Vec::new();
    for package in packages() {
        match &package.license {
            Some(text) if satisfied(text, &allowed) => {}
            licence => problems.push(format!("{} {}: {licence:?}", package.name, package.version)),
        }
    }
    assert!(problems.is_empty(), "licences not in deny.toml:\n{}", problems.join("\n"));
}

#[test]
fn no_crate_is_banned_or_there_twice() {
    let bans = rules().bans;
    assert!(
        bans.deny.iter().chain(&bans.skip).all(|entry| !entry.reason.is_empty()),
        "each entry has a reason"
    );
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in packages() {
        versions.entry(package.name.to_string()).or_default().push(package.version.to_string());
    }
    let named = |list: &[Entry], name: &str| list.iter().any(|entry| entry.name == name);
    let mut problems = Vec::new();
    for (name, versions) in &versions {
        if named(&bans.deny, name) {
            problems.push(format!("{name} is banned"));
        }
        if versions.len() > 1 && !named(&bans.skip, name) {
            problems.push(format!("{name} is there in versions {}", versions.join(", ")));
        }
    }
    for entry in &bans.skip {
        if versions.get(&entry.name).is_none_or(|all| all.len() < 2) {
            problems.push(format!("{} needs no exception", entry.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_crate_comes_from_an_allowed_registry_and_names_its_version() {
    let allowed = rules().sources.allow_registry;
    let mut problems = Vec::new();
    for package in packages() {
        if let Some(source) = &package.source {
            let known = source.repr.strip_prefix("registry+").is_some_and(|url| allowed.contains(url));
            if !known {
                problems.push(format!("{} comes from {source}", package.name));
            }
            continue;
        }
        // Of our own packages: each dependency from outside says a version.
        for dependency in package.dependencies.iter().filter(|d| d.path.is_none() && d.req.to_string() == "*")
        {
            problems.push(format!("{} takes any version of {}", package.name, dependency.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Whether the licence expression can be met with `allowed` licences alone. `/` is the old form of `OR`.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = either(&mut rest, allowed);
    met == Some(true) && rest.is_empty()
}

/// `a OR b`. `None`: not an expression. All of it is read, so that a broken second half is noticed.
fn either(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = both(words, allowed)?;
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        met |= both(words, allowed)?;
    }
    Some(met)
}

/// `a AND b`, which binds closer.
fn both(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = single(words, allowed)?;
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        met &= single(words, allowed)?;
    }
    Some(met)
}

/// A licence, a licence `WITH` an exception, or an expression in parentheses.
fn single(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (&first, rest) = words.split_first()?;
    *words = rest;
    match first {
        "(" => {
            let met = either(words, allowed)?;
            let (&last, rest) = words.split_first()?;
            *words = rest;
            (last == ")").then_some(met)
        }
        "OR" | "AND" | "WITH" | ")" => None,
        name if words.first() == Some(&"WITH") => {
            let exception = words.get(1)?;
            let whole = format!("{name} WITH {exception}");
            *words = &words[2..];
            Some(allowed.contains(&whole))
        }
        name => Some(allowed.contains(name)),
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "(MIT OR GPL-2.0) AND Apache-2.0",
        "GPL-2.0 AND BSD-3-Clause OR MIT",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(satisfied(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT AND (GPL-3.0 OR LGPL-2.1)",
        "MIT WITH LLVM-exception",
        "MIT OR",
        "(MIT",
        "MIT GPL-3.0",
    ] {
        assert!(!satisfied(bad, &allowed), "{bad}");
    }
}
