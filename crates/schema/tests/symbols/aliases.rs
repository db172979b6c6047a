//! Who searches the documentation for a Go name finds the Rust item that stands for it: by an equal name, or by a
//! `#[doc(alias)]` on it.

use std::path::Path;

use super::{Row, TABLES, rows};

/// Crates whose documentation is what `hcsshim` shows.
const CRATES: [&str; 4] = ["schema", "contract", "hcsshim", "host-linux"];

/// An alias, and the line of the source that declares the item that has it.
struct Alias {
    name: String,
    item: String,
}

/// Reads the aliases of a source. Other attributes and documentation may stand between an alias and its item.
fn read(source: &str, found: &mut Vec<Alias>) {
    let mut waiting = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[doc(alias = \"") {
            waiting.extend(rest.split_once('"').map(|(name, _)| name.to_owned()));
        } else if !(line.starts_with("//") || line.starts_with("#[")) {
            found.extend(waiting.drain(..).map(|name| Alias { name, item: line.to_owned() }));
        }
    }
}

fn read_folder(folder: &Path, found: &mut Vec<Alias>) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read(&fs_err::read_to_string(path)?, found);
        }
    }
    Ok(())
}

/// The search looks at neither case nor underscores.
fn folded(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// Whether a line of a source declares `name`.
fn declares(line: &str, name: &str) -> bool {
    let declaration = line.split(['=', '(', '{', '<', ':', ',']).next().unwrap_or_default();
    declaration.split_whitespace().next_back() == Some(name)
}

/// Whether the row's symbol leads to its Rust item.
fn is_found(row: &Row<'_>, aliases: &[Alias]) -> bool {
    let [_, _, symbol] = row.symbol;
    let name = symbol.rsplit('.').next().unwrap_or(symbol);
    let path = row.path.trim_end_matches("()").trim_end_matches("(..)");
    let mut segments = path.rsplit(['.', ':']).filter(|segment| !segment.is_empty());
    let Some(item) = segments.next() else { return false };
    // A method that every type has, such as to_string, is found with its type.
    let owner = segments.next().filter(|_| item == "to_string");
    [Some(item), owner].into_iter().flatten().any(|item| folded(item) == folded(name))
        || aliases
            .iter()
            .any(|alias| (alias.name == name || alias.name == symbol) && declares(&alias.item, item))
}

#[test]
fn every_symbol_that_is_done_is_found_by_its_go_name() {
    let mut aliases = Vec::new();
    for name in CRATES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        read_folder(&folder, &mut aliases).unwrap();
    }
    let lost: Vec<_> = TABLES
        .iter()
        .flat_map(|(_, table)| rows(table))
        .filter(|row| row.status == "done" && !is_found(row, &aliases))
        .map(|row| format!("{} {} -> {}", row.symbol[1], row.symbol[2], row.path))
        .collect();
    assert!(lost.is_empty(), "add #[doc(alias = \"…\")] for\n{}", lost.join("\n"));
}

#[test]
fn an_alias_counts_on_its_own_item_only() {
    let mut aliases = Vec::new();
    read(
        "/// Text.\n#[doc(alias = \"GoName\")]\n#[must_use]\n/// More.\npub fn rust_name<T>(x: T) {}\n\
         #[doc(alias = \"Other\")]\nVALUE = \"Text\",\n",
        &mut aliases,
    );
    let row = |name, path| Row { symbol: ["hcsshim", "method", name], status: "done", path };
    for (name, path, found) in [
        ("Type.GoName", "hcsshim::Type::rust_name()", true),
        ("GoName", "hcsshim::rust_name", true),
        ("GoName", "hcsshim::name", false),
        ("GoName", "hcsshim::Enum::VALUE", false),
        ("Other", "hcsshim::Enum::VALUE", true),
        ("Value", "hcsshim::Enum::VALUE", true),
        ("T.SiloGUID", "hcsshim::T.silo_guid", true),
        ("T.Error", "hcsshim::Error::to_string()", true),
        ("T.Err", "hcsshim::Error::hresult()", false),
    ] {
        assert_eq!(is_found(&row(name, path), &aliases), found, "{name} {path}");
    }
}
