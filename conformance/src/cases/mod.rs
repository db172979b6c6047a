//! The cases, one module for each part of the contract.

mod handles;
mod lifecycle;

use std::sync::OnceLock;

use crate::Case;

/// Every case, in the order of the modules' names.
pub fn cases() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| [handles::CASES, lifecycle::CASES].concat())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::cases;

    #[test]
    fn names_are_unique_and_each_case_says_what_it_proves() {
        let mut names = BTreeSet::new();
        for case in cases() {
            assert!(names.insert(case.name), "{} is there twice", case.name);
            let parts: Vec<_> = case.name.split("::").collect();
            assert!(
                matches!(parts[..], [module, name] if !module.is_empty() && !name.is_empty()),
                "{case:?}"
            );
            assert!(!case.proves.is_empty(), "{case:?}");
            for proof in case.proves {
                let place = proof.strip_prefix('§').map_or(proof.strip_prefix("contract "), |rest| {
                    rest.starts_with(|first: char| first.is_ascii_digit()).then_some(rest)
                });
                assert!(place.is_some_and(|rest| rest.contains(' ')), "{}: {proof:?}", case.name);
            }
        }
    }
}
