//! The page that says what each code means: complete, and true about the HRESULTs.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Error, Hresult};

const PAGE: &str = include_str!("../../../../../docs/errors.md");
/// The function that gives a case its code is the list of them.
const SOURCE: &str = include_str!("../kind.rs");

/// The page's sections by their heading.
fn sections() -> BTreeMap<&'static str, &'static str> {
    PAGE.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect()
}

/// The HRESULTs that a section names, in order.
fn hresults(section: &str) -> Vec<Hresult> {
    let row = section.lines().find_map(|line| line.strip_prefix("| HRESULT | ")).expect("each has the row");
    let named = |name: &str| Hresult::all().find(|(_, known)| *known == name).map(|(code, _)| code);
    row.split('`')
        .skip(1)
        .step_by(2)
        .map(|name| named(name).unwrap_or_else(|| panic!("no HRESULT {name}")))
        .collect()
}

#[test]
fn every_code_has_its_section_and_no_other_has_one() {
    let (_, function) = SOURCE.split_once("pub fn code(").expect("the function is there");
    let codes: BTreeSet<_> = function
        .split("=> \"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(code, _)| code)
        .collect();
    assert!(codes.len() > 20 && codes.contains("system-not-found"), "{codes:?}");
    assert_eq!(sections().into_keys().collect::<BTreeSet<_>>(), codes);
    let headings = PAGE.matches("\n## ").count();
    assert_eq!(headings, codes.len(), "a code has two sections");
}

#[test]
fn every_section_says_what_to_do() {
    for (code, section) in sections() {
        for row in ["| Means | ", "| HRESULT | ", "| Likely cause | ", "| What to do | "] {
            let text = section.lines().find_map(|line| line.strip_prefix(row)).unwrap_or_default();
            assert!(text.len() > " |".len(), "{code}: {row}");
        }
    }
}

#[test]
fn an_hresult_of_the_service_is_named_where_it_leads_to() {
    let sections = sections();
    for (hresult, name) in Hresult::all().filter(|(_, name)| !name.starts_with("ERROR_VMCOMPUTE_")) {
        let error = Error::from_hresult(hresult);
        if error.code() != "service-failure" {
            assert!(hresults(sections[error.code()]).contains(&hresult), "{name} is {}", error.code());
        }
    }
}

#[test]
fn the_first_hresult_is_the_cases_own() {
    let sections = sections();
    for error in super::one_of_each() {
        assert_eq!(hresults(sections[error.code()])[0], error.hresult(), "{}", error.code());
    }
}
