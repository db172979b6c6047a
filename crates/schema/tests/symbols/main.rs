//! The tables of docs/symbols: complete, in form, `compile.rs` made from them, and each name found in the rustdoc.

mod aliases;

use std::collections::BTreeSet;

const TABLES: [(&str, &str); 4] = [
    ("compute", include_str!("../../../../docs/symbols/compute.tsv")),
    ("network", include_str!("../../../../docs/symbols/network.tsv")),
    ("storage", include_str!("../../../../docs/symbols/storage.tsv")),
    ("oci", include_str!("../../../../docs/symbols/oci.tsv")),
];

/// Every exported symbol of v0.8.4 in the packages that have rows, from its documentation.
const SYMBOLS: &str = include_str!("../../../../docs/symbols/v0.8.4.tsv");

struct Row<'a> {
    symbol: [&'a str; 3],
    status: &'a str,
    path: &'a str,
}

fn rows(table: &'static str) -> impl Iterator<Item = Row<'static>> {
    table.lines().skip(1).map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let [package, kind, name, status, path] = columns[..] else {
            panic!("five columns, not {}: {line}", columns.len())
        };
        Row { symbol: [package, kind, name], status, path }
    })
}

#[test]
fn every_symbol_has_one_row_in_order() {
    let mut seen = BTreeSet::new();
    for (domain, table) in TABLES {
        assert_eq!(table.lines().next(), Some("package\tkind\tname\tstatus\tpath"), "{domain}.tsv");
        let symbols: Vec<_> = rows(table).map(|row| row.symbol).collect();
        assert!(symbols.is_sorted(), "{domain}.tsv is not sorted");
        for symbol in symbols {
            assert!(seen.insert(symbol.join("\t")), "{symbol:?} has two rows");
        }
    }
    let exported: BTreeSet<_> = SYMBOLS.lines().skip(1).map(str::to_owned).collect();
    assert_eq!(exported.len(), 955, "the list itself is not what it was");
    let missing: Vec<_> = exported.difference(&seen).collect();
    let invented: Vec<_> = seen.difference(&exported).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "without a row: {missing:?}; no symbols: {invented:?}"
    );
}

#[test]
fn every_status_has_its_path() {
    let domains: Vec<_> = TABLES.iter().map(|(domain, _)| *domain).collect();
    for (_, table) in TABLES {
        for Row { symbol, status, path } in rows(table) {
            match status {
                "done" => assert!(Form::of(path).is_some(), "{symbol:?}: {path} has no known form"),
                "planned" => assert!(domains.contains(&path), "{symbol:?}: {path} is no domain"),
                "none" => assert!(path.contains(' '), "{symbol:?}: say why there is no counterpart"),
                other => panic!("{symbol:?}: unknown status {other}"),
            }
        }
    }
}

/// How a path is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Item,
    Field,
    Value,
    Call,
}

impl Form {
    fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix("hcsshim::")?;
        let mut segments = path.rsplit("::");
        let last = segments.next()?;
        let below_a_type = segments.next().is_some_and(|above| above.starts_with(char::is_uppercase));
        if last.ends_with("(..)") {
            return below_a_type.then_some(Self::Call);
        }
        if last.ends_with("()") {
            return below_a_type.then_some(Self::Value);
        }
        if let Some((kind, field)) = last.split_once('.') {
            return (kind.starts_with(char::is_uppercase) && !field.is_empty()).then_some(Self::Field);
        }
        let constant = last.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        Some(if below_a_type && constant { Self::Value } else { Self::Item })
    }
}

fn compiled() -> String {
    let paths: BTreeSet<_> = TABLES
        .iter()
        .flat_map(|(_, table)| rows(table))
        .filter(|row| row.status == "done")
        .map(|row| row.path)
        .collect();
    let of = |form| paths.iter().copied().filter(move |path| Form::of(path) == Some(form));
    let items = of(Form::Item).map(|path| format!("    use {path} as _;"));
    let values = of(Form::Value).map(|path| format!("    let _ = {};", path.trim_end_matches("()")));
    let fields = of(Form::Field).map(|path| {
        let (kind, field) = path.rsplit_once('.').expect("the form has a dot");
        format!("    let _ = |it: &{kind}| {{\n        let _ = &it.{field};\n    }};")
    });
    let calls = of(Form::Call).map(|path| format!("    \"{path}\","));
    let fixed = |text: &str| std::iter::once(text.to_owned());
    let lines: Vec<_> = fixed("//! Made from docs/symbols/*.tsv: see README.md there. Don't edit.\n")
        .chain(fixed("#[allow(unused_imports, reason = \"that they resolve is the test\")]\nmod items {"))
        .chain(items)
        .chain(fixed("}\n\n#[test]\nfn members_and_methods_are_there() {"))
        .chain(values)
        .chain(fields)
        .chain(fixed(
            "}\n\n/// Methods that take several types: called by hand in the test that includes this.",
        ))
        .chain(fixed("pub(crate) const CALLS: &[&str] = &["))
        .chain(calls)
        .chain(fixed("];\n"))
        .collect();
    lines.join("\n")
}

#[test]
fn the_compiled_form_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/symbols/compile.rs");
    if std::env::var_os("UPDATE_SYMBOLS").is_some() {
        fs_err::write(file, compiled()).unwrap();
    }
    let kept = fs_err::read_to_string(file).unwrap();
    assert!(kept == compiled(), "run: UPDATE_SYMBOLS=1 cargo test -p hcs-schema --test symbols");
}
