//! The tests that docs/support/compute.md names exist: a promise whose test is gone is no promise.

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/support/compute.md");

#[test]
fn every_test_that_the_page_names_exists() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for line in PAGE.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
        let Some((module, function)) = cell.split_once("::") else { continue };
        let sources = [
            format!("tests/compute/{module}.rs"),
            format!("src/compute/{module}.rs"),
            format!("tests/{module}.rs"),
        ];
        let found = sources.iter().any(|source| {
            let text = fs_err::read_to_string(crate_folder.join(source)).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {function}()"))
                || text.contains(&format!("#[test]\n    fn {function}()"))
        });
        assert!(found, "no test {cell}, named in: {line}");
        named += 1;
    }
    assert!(named > 100, "only {named} rows name a test");
}
