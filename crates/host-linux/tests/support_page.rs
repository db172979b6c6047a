//! The tests that docs/support/compute.md and network.md name exist: a promise whose test is gone is no promise.

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/support/compute.md");
const NETWORKS: &str = include_str!("../../../docs/support/network.md");

#[test]
fn every_test_that_the_page_names_exists() {
    let named = check(PAGE, &["tests/compute/{}.rs", "src/compute/{}.rs", "tests/{}.rs"]);
    assert!(named > 100, "only {named} rows name a test");
}

#[test]
fn every_test_that_the_page_of_networks_names_exists() {
    let named = check(NETWORKS, &["tests/network/{}.rs"]);
    assert!(named > 25, "only {named} rows name a test");
}

/// How many rows of `page` name a test, which must be in one of `places`.
fn check(page: &str, places: &[&str]) -> usize {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
        let Some((module, function)) = cell.split_once("::") else { continue };
        let sources: Vec<String> = places.iter().map(|place| place.replace("{}", module)).collect();
        let found = sources.iter().any(|source| {
            let text = fs_err::read_to_string(crate_folder.join(source)).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {function}()"))
                || text.contains(&format!("#[test]\n    fn {function}()"))
        });
        assert!(found, "no test {cell}, named in: {line}");
        named += 1;
    }
    named
}
