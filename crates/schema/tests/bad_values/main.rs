//! For every member of every document: values that it does not take are errors that name it, and what it takes, however
//! large, comes back.

mod generate;

use generate::{Place, Shape, huge, places, right, wrong};
use hcs_schema::{DocumentType, documents};

/// Every member of every type of document, and of its parts.
fn each(mut check: impl FnMut(&'static DocumentType, &Place)) {
    for document in documents() {
        for place in places(document, &|_| String::new()) {
            check(document, &place);
        }
    }
}

#[test]
fn a_value_of_another_type_or_out_of_range_names_its_member() {
    let mut tried = 0;
    each(|document, place| {
        for (value, within) in wrong(&place.shape) {
            let text = place.with(&value);
            let path = format!("{}{within}", place.path);
            let shown = text.chars().take(200).collect::<String>();
            let Err(error) = (document.rewrite)(&text) else { panic!("{}: {shown} is taken", document.name) };
            assert_eq!(error.path, path, "{}: {shown}", document.name);
            assert_eq!(error.line, 1, "{error}");
            assert!((1..=text.len()).contains(&error.column), "{error}: {shown}");
            assert!(error.to_string().starts_with(&format!("{path} (line 1, column ")), "{error}");
            tried += 1;
        }
    });
    assert!(tried > 5000, "{tried}");
}

#[test]
fn of_a_member_that_comes_twice_the_last_counts_in_any_letter_case() {
    each(|document, place| {
        let [first, second] = right(&place.shape);
        let expected = (document.rewrite)(&place.with(&second)).unwrap();
        let other = place.name.to_ascii_uppercase();
        for names in [[place.name, place.name], [place.name, &other], [&other, place.name]] {
            let text = place.twice([(names[0], &first), (names[1], &second)]);
            let written = (document.rewrite)(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(written, expected, "{text}");
        }
        // A first value of the wrong type does not become right by a second one.
        if let Some((bad, _)) = wrong(&place.shape).first() {
            let text = place.twice([(place.name, bad), (place.name, &second)]);
            assert!((document.rewrite)(&text).is_err(), "{text}");
        }
    });
}

#[test]
fn large_values_come_back_and_bottomless_ones_are_errors() {
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    for document in documents() {
        // The parts of a document are documents of the list themselves.
        for place in places(document, &|_| String::new()).iter().filter(|place| place.path == place.name) {
            if let Some(value) = huge(&place.shape, 1 << 16) {
                let written = (document.rewrite)(&place.with(&value)).unwrap();
                assert!(written.len() >= value.len(), "{} {}", document.name, place.path);
            }
            if matches!(place.shape, Shape::Any) {
                let error = (document.rewrite)(&place.with(&deep)).unwrap_err();
                assert!(error.message.contains("recursion limit"), "{error}");
                assert!(error.path.starts_with(&place.path), "{error}");
            }
        }
    }
}

#[test]
fn a_document_that_is_cut_off_has_its_place() {
    for document in documents() {
        let members: Vec<_> = places(document, &|_| String::new())
            .iter()
            .filter(|place| place.path == place.name)
            .map(|place| format!(" \"{}\": {}", place.name, right(&place.shape)[1]))
            .collect();
        let text = format!("{{\n{}\n}}", members.join(",\n"));
        (document.rewrite)(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        // A step that shares no factor with what the texts are made of: all kinds of places come up.
        for end in (0..text.len()).step_by(7) {
            let cut = &text[..end];
            let error = (document.rewrite)(cut).unwrap_err();
            let last = cut.split('\n').count();
            assert!((1..=last).contains(&error.line), "{error} of {cut:?}");
            assert!(!error.message.is_empty() && !error.message.contains(" at line "), "{error}");
        }
        // A stray mark: its line and column are what an editor shows.
        let error = (document.rewrite)(&text.replacen("{\n ", "{\n !", 1)).unwrap_err();
        assert_eq!((error.line, error.column), (2, 2), "{error}");
    }
}
