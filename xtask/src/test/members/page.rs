//! The promises of `docs/support/compute.md`: each row that says "honoured", with the test that it names.

/// A member that is honoured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promise {
    /// By type, as the switch wants it: `v2::Container.Memory`.
    pub(super) member: String,
    /// `module::function` of the host's tests; `—` where there is none.
    pub(super) test: String,
}

/// All of the page, in its order.
pub(super) fn promises(page: &str) -> Vec<Promise> {
    let mut promises = Vec::new();
    let mut document = "";
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            document = name;
            continue;
        }
        let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        // The table of the words stands before the first type.
        if let ([member, "honoured", _, test], false) = (&cells[..], document.is_empty()) {
            let member = format!("{document}.{member}");
            promises.push(Promise { member, test: (*test).to_owned() });
        }
    }
    promises
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honoured_rows_are_read_with_their_types_and_others_are_not() {
        let page = "| Word | Means |\n|---|---|\n| honoured | done |\n\n## v1::Layer\n\n\
                    | Member | Linux | How, or why not | Test |\n|---|---|---|---|\n\
                    | ID | recorded | echoed | — |\n| Path | honoured |  | documents::layers |\n\
                    ## Version\n| Major | honoured | 2 | members::two |\n";
        let promise = |member: &str, test: &str| Promise { member: member.into(), test: test.into() };
        assert_eq!(
            promises(page),
            [promise("v1::Layer.Path", "documents::layers"), promise("Version.Major", "members::two")]
        );
    }

    #[test]
    fn the_page_itself_has_them() {
        let promises = promises(include_str!("../../../../docs/support/compute.md"));
        assert!(promises.len() > 100, "{}", promises.len());
        assert!(promises.iter().any(|promise| promise.member == "v2::Container.Memory"));
    }
}
