//! What this host says to values that no member should have: for every member of every document that clients send, from
//! the schema's catalogue. Nothing is made here; `tests/compute/bad_values.rs` sends the same to an engine.

#[path = "../../tests/clients/mod.rs"]
mod clients;

use std::path::Path;

use clients::generate::{Place, Shape, huge, right, wrong};
use clients::{CLIENTS, Call, Client};
use hcs_contract::{Error, ErrorKind, Hresult, ProcessStreams, Result};
use hcs_schema::compute::ComputeSystemQuery;

use super::{create, modify, process, process_doc, properties, refuse, service};
use crate::record::GuestOs;

/// What a document is read as, to be shown when that was wrong.
type Plan = Box<dyn std::fmt::Debug>;

fn plan<T: std::fmt::Debug + 'static>(result: Result<T>) -> Result<Plan> {
    result.map(|value| -> Plan { Box::new(value) })
}

/// Reads a document as the call does.
fn read(call: Call, text: &str) -> Result<Plan> {
    let guest = |windows| if windows { GuestOs::Windows } else { GuestOs::Linux };
    match call {
        Call::Create => plan(create::plan(text, &|path: &Path| path.starts_with("/base"))),
        Call::Process { windows, schema } => {
            plan(process_doc::request(text, ProcessStreams::default(), guest(windows), schema))
        }
        Call::Modify => plan(modify::asked(text, GuestOs::Windows)),
        Call::Properties { schema } => plan(properties::query(text, schema)),
        Call::ServiceProperties => plan(service::service_properties(text)),
        Call::Enumerate => plan(refuse::parse_options::<ComputeSystemQuery>(text)),
        Call::ModifyProcess => plan(process::modify_requests(1, text)),
        Call::Signal { windows } => plan(process::signal_request(1, guest(windows), text)),
    }
}

fn each(mut check: impl FnMut(&Client, &Place)) {
    for client in CLIENTS {
        for place in client.places() {
            check(client, &place);
        }
    }
}

/// The member that a refusal names.
fn named(error: &Error) -> &str {
    match error.kind() {
        ErrorKind::InvalidDocument(place) => &place.path,
        ErrorKind::NotSupported { field, .. } => field,
        other => panic!("{other:?} is no answer to a document"),
    }
}

/// The refusal names the member, or a part around it that is refused as a whole, or a place within it; and its code is
/// that of its kind.
fn must_name(error: &Error, client: &Client, place: &Place, text: &str) {
    let shown: String = text.chars().take(300).collect();
    let (found, path) = (named(error), place.path.as_str());
    let around = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ' ']))
    };
    let refused = !client.refused.is_empty() && found.starts_with(client.refused);
    let fits = !found.is_empty() && (around(found, path) || around(path, found));
    assert!(fits || refused, "{path}: {error}: {shown}");
    assert!(error.to_string().contains(found), "{error}");
    let code = match error.kind() {
        ErrorKind::NotSupported { .. } => Hresult::ERROR_NOT_SUPPORTED,
        _ => Hresult::HCS_E_INVALID_JSON,
    };
    assert_eq!(error.hresult(), code, "{error}");
}

#[test]
fn a_value_of_another_type_or_out_of_range_names_its_member() {
    let mut tried = 0;
    each(|client, place| {
        for (value, within) in wrong(&place.shape) {
            let text = place.with(&value);
            let shown: String = text.chars().take(300).collect();
            let error = read(client.call, &text).expect_err(&shown);
            let path = format!("{}{within}", place.path);
            // What is read as any JSON first is read as deep as it may go.
            let deep = error.to_string().contains("recursion limit") && named(&error).starts_with(&path);
            assert!(deep || named(&error) == path, "{path}: {error}: {shown}");
            assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON, "{error}");
            let ErrorKind::InvalidDocument(found) = error.kind() else { panic!("{error}") };
            assert!(found.line == 1 && found.column > 0, "{error}: {shown}");
            tried += 1;
        }
    });
    assert!(tried > 1500, "{tried}");
}

#[test]
fn a_member_that_nobody_knows_is_named_in_every_part() {
    each(|client, place| {
        let text = place.twice([("Unheard", "{\"Of\":1}"), (place.name, &right(&place.shape)[0])]);
        let error = read(client.call, &text).expect_err(&text);
        let part = place.path.rsplit_once('.').map_or(String::new(), |(part, _)| format!("{part}."));
        // What else is wrong there may come first.
        if named(&error).ends_with("Unheard") {
            assert_eq!(named(&error), format!("{part}Unheard"), "{text}");
        } else {
            assert!(error.to_string().contains(&format!("{part}Unheard")), "{error}: {text}");
        }
    });
}

/// Texts that are only kept and given back, or that are looked up among others: any text can stand there.
const CARRIED: &[&str] = &[
    "Name",
    "Owner",
    "Layers[0].ID",
    "Container.Storage.Layers[0].Id",
    "LinuxHost.Labels",
    // Separates the parts of a value of several texts.
    "Container.RegistryChanges.AddValues[0].StringValue",
    "Ids",
    "Names",
    "Owners",
    "Types",
];

#[test]
fn a_nul_in_a_text_is_refused_where_it_would_end_the_text() {
    let nul = r#""/a\u0000b""#;
    let mut taken = std::collections::BTreeSet::new();
    each(|client, place| {
        let values = match &place.shape {
            Shape::Text => vec![nul.to_owned()],
            Shape::List(inner) if matches!(**inner, Shape::Text) => vec![format!("[\"a\",{nul}]")],
            Shape::Map(inner, _) if matches!(**inner, Shape::Text) => {
                vec![format!("{{\"a\":{nul}}}"), format!("{{{nul}:\"a\"}}")]
            }
            _ => return,
        };
        for text in values.iter().map(|value| place.with(value)) {
            match read(client.call, &text) {
                Err(error) => must_name(&error, client, place, &text),
                Ok(_) if CARRIED.contains(&place.path.as_str()) => {}
                Ok(_) => drop(taken.insert(format!("{:?} {}", client.call, place.path))),
            }
        }
    });
    assert!(taken.is_empty(), "a NUL is taken in {taken:#?}");
}

#[test]
fn a_word_that_nobody_knows_is_refused() {
    each(|client, place| {
        let value = match &place.shape {
            Shape::Word => "\"Unheard\"",
            Shape::List(inner) if matches!(**inner, Shape::Word) => "[\"Unheard\"]",
            _ => return,
        };
        let text = place.with(value);
        match read(client.call, &text) {
            Err(error) => must_name(&error, client, place, &text),
            Ok(plan) => assert!(CARRIED.contains(&place.path.as_str()), "{}: {plan:?}", place.path),
        }
    });
}

#[test]
fn the_ends_of_a_number_s_range_and_huge_values_are_no_surprise() {
    let mut tried = std::collections::BTreeSet::new();
    each(|client, place| {
        // Once is enough for a document that goes to Linux and Windows alike: it is a lot to read.
        let first = tried.insert((client.document, place.path.clone()));
        let mut values: Vec<String> = huge(&place.shape, 1 << 20).filter(|_| first).into_iter().collect();
        if let Shape::Number(from, to) = place.shape {
            values.extend([from, to, (to - 1).max(1), from + 1, 10_001].map(|number| number.to_string()));
        }
        for value in values {
            let text = place.with(&value);
            if let Err(error) = read(client.call, &text) {
                must_name(&error, client, place, &text);
            }
        }
    });
}

#[test]
fn members_that_contradict_each_other_are_refused_by_name() {
    let linux = |rest: &str| format!(r#"{{"SystemType":"Container","ContainerType":"Linux",{rest}}}"#);
    let value = |rest: &str| {
        format!(
            r#"{{"Container":{{"RegistryChanges":{{"AddValues":[{{"Key":{{"Hive":"System","Name":"k"}},{rest}}}]}}}}}}"#
        )
    };
    let process = Call::Process { windows: false, schema: 2 };
    for (call, text, member) in [
        (Call::Create, linux(r#""VolumePath":"/r","ProcessorCount":1,"ProcessorMaximum":2"#), "ProcessorMaximum"),
        (Call::Create, linux(r#""VolumePath":"/r","ProcessorCount":1,"ProcessorWeight":2"#), "ProcessorWeight"),
        (Call::Create, linux(r#""VolumePath":"/r","Layers":[{"Path":"/l"}]"#), "VolumePath"),
        (Call::Create, linux(r#""VolumePath":"/r","LayerFolderPath":"/l""#), "LayerFolderPath"),
        (Call::Create, linux(r#""VolumePath":"/r","Container":{}"#), "SystemType"),
        (
            Call::Create,
            r#"{"Container":{"Processor":{"Count":1,"Weight":2}}}"#.into(),
            "Container.Processor.Weight",
        ),
        (
            Call::Create,
            r#"{"Container":{"Storage":{"Path":"/s","Layers":[{"Path":"/base"}]}}}"#.into(),
            "Container.Storage.Path",
        ),
        (
            Call::Create,
            r#"{"Container":{"Storage":{"Path":"/s"},"RegistryChanges":{"DeleteKeys":[{"Hive":"Sam","Name":"k"}]}}}"#
                .into(),
            "Container.RegistryChanges",
        ),
        (
            Call::Create,
            value(r#""Type":"DWord","StringValue":"x""#),
            "Container.RegistryChanges.AddValues[0].StringValue",
        ),
        (
            Call::Create,
            value(r#""Type":"String","QWordValue":1"#),
            "Container.RegistryChanges.AddValues[0].QWordValue",
        ),
        (process, r#"{"CommandLine":"a","CommandArgs":["a"]}"#.into(), "CommandLine"),
        (process, r#"{"CommandArgs":["a"],"ConsoleSize":[1,1]}"#.into(), "ConsoleSize"),
        (process, r#"{"CommandArgs":["a"],"ApplicationName":"a"}"#.into(), "ApplicationName"),
        (
            Call::ModifyProcess,
            r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":1,"Width":1},"CloseHandle":{"Handle":"StdIn"}}"#
                .into(),
            "CloseHandle",
        ),
        (
            Call::ModifyProcess,
            r#"{"Operation":"CloseHandle","ConsoleSize":{"Height":1,"Width":1},"CloseHandle":{"Handle":"StdIn"}}"#
                .into(),
            "ConsoleSize",
        ),
    ] {
        let error = read(call, &text).expect_err(&text);
        assert_eq!(named(&error), member, "{error}: {text}");
    }
}
