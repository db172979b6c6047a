//! Values that no member should have, sent to an engine: each is refused with the member's path, and nothing is made or
//! changed. Which values, and for which documents: `tests/clients`.

use std::collections::BTreeSet;
use std::path::Path;

use hcs_contract::{ComputeService, Error, ErrorKind, Hresult, ProcessStreams};

use super::clients::generate::wrong;
use super::clients::{CLIENTS, Call};
use super::support::{Engine, PATIENCE, cgroup_exists, done};

/// Every file and folder below one.
fn tree(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs_err::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        found.insert(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            found.extend(tree(&entry.path()));
        }
    }
    found
}

/// All documents of calls that `wanted` takes, with the path that must be named.
fn each(wanted: impl Fn(Call) -> bool, mut send: impl FnMut(Call, &str) -> Error) {
    let mut tried = 0;
    for client in CLIENTS.iter().filter(|client| wanted(client.call)) {
        for place in client.places() {
            for (value, within) in wrong(&place.shape) {
                let text = place.with(&value);
                let error = send(client.call, &text);
                let shown: String = text.chars().take(300).collect();
                let path = format!("{}{within}", place.path);
                assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON, "{error}: {shown}");
                let ErrorKind::InvalidDocument(found) = error.kind() else { panic!("{error}: {shown}") };
                assert!(found.path.starts_with(&path) && found.line == 1, "{path}: {error}: {shown}");
                assert!(error.to_string().contains(&path), "{error}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_refused_document_makes_nothing() {
    let engine = Engine::new();
    let before = tree(&engine.path(""));
    each(|call| call == Call::Create, |_, text| engine.try_create("bad", text).unwrap_err());
    assert_eq!(tree(&engine.path("")), before);
    assert_eq!(engine.host.systems().unwrap(), []);
    assert!(!cgroup_exists(engine.host.instance()));
}

#[test]
fn a_refused_request_changes_nothing_of_a_running_system() {
    let engine = Engine::new();
    let system = engine.started("good", "");
    let shell = super::support::spawn(&system, &super::support::shell("read x; exit 7"));
    let state = || {
        let listed = done(&system.properties(r#"{"PropertyTypes":["ProcessList"]}"#));
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let processes: Vec<_> =
            listed["ProcessList"].as_array().unwrap().iter().map(|row| row["ProcessId"].clone()).collect();
        (processes, tree(&engine.path("run")), tree(&engine.path("state")))
    };
    let before = state();
    let wanted = |call| !matches!(call, Call::Create);
    each(wanted, |call, text| {
        let operation = match call {
            Call::Create => unreachable!("left out"),
            Call::Process { .. } => {
                let operation = system.create_process(text, ProcessStreams::default());
                return operation.wait(PATIENCE).map(drop).unwrap_err();
            }
            Call::Modify => system.modify(text),
            Call::Properties { .. } => system.properties(text),
            Call::ServiceProperties => engine.host.service_properties(text),
            Call::Enumerate => engine.host.enumerate_systems(text),
            Call::ModifyProcess => shell.process.modify(text),
            Call::Signal { .. } => shell.process.signal(text),
        };
        operation.wait(PATIENCE).map(drop).unwrap_err()
    });
    assert_eq!(state(), before);
    // It lives, with its input open.
    let mut input = shell.information.take_stdin().unwrap();
    std::io::Write::write_all(&mut input, b"x\n").unwrap();
    assert_eq!(super::support::exit_code(&*shell.process), 7);
    done(&system.terminate(""));
}
