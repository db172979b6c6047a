//! The tables of docs/support/compute.md: a row for every member, a reason for every refusal.

use std::collections::BTreeMap;

use hcs_schema::compute::DOCUMENTS;

const PAGE: &str = include_str!("../../../docs/support/compute.md");

struct Row {
    member: &'static str,
    status: &'static str,
    how: &'static str,
    test: &'static str,
}

/// The rows of each section's table, by the section's name.
fn tables() -> BTreeMap<&'static str, Vec<Row>> {
    let mut tables = BTreeMap::new();
    let mut section = "";
    for line in PAGE.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            section = name;
            assert!(tables.insert(section, Vec::new()).is_none(), "two sections {section}");
            continue;
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<_> = cells.split('|').map(str::trim).collect();
        let (Some(rows), [member, status, how, test]) = (tables.get_mut(section), &cells[..]) else {
            continue;
        };
        if *member != "Member" {
            rows.push(Row { member, status, how, test });
        }
    }
    tables
}

#[test]
fn every_member_of_every_document_has_its_row_in_order() {
    let tables = tables();
    for document in DOCUMENTS {
        let rows = tables.get(document.name).unwrap_or_else(|| panic!("no section {}", document.name));
        let members: Vec<_> = document.members.iter().map(|member| member.name).collect();
        let named: Vec<_> = rows.iter().map(|row| row.member).collect();
        assert_eq!(named, members, "{}", document.name);
    }
    assert_eq!(tables.len(), DOCUMENTS.len(), "a section without a document");
}

#[test]
fn every_row_has_a_known_status_and_what_it_needs() {
    for (section, rows) in tables() {
        for Row { member, status, how, test } in rows {
            let at = format!("{section}.{member}");
            match status {
                "honoured" => {
                    assert!(test.contains("::"), "{at}: name the test that fails without it: {test}");
                }
                "filled" => assert!(!test.is_empty(), "{at}: name the test, or say — for none yet"),
                "refused" | "recorded" | "absent" => {
                    assert!(!how.is_empty(), "{at}: say why");
                    assert!(
                        test.is_empty() || test == "—" || test.contains("::"),
                        "{at}: no test's name: {test}"
                    );
                }
                other => panic!("{at}: unknown status {other}"),
            }
        }
    }
}
