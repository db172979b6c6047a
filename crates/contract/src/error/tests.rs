//! What errors say, and the truth table of the predicates.

mod page;

use std::io;
use std::time::Duration;

use super::*;

/// One bit per predicate, in the order of the columns below.
fn answers(error: &Error) -> String {
    [
        ('N', error.is_not_exist()),
        ('S', error.is_already_stopped()),
        ('C', error.is_already_closed()),
        ('P', error.is_pending()),
        ('T', error.is_timeout()),
        ('U', error.is_not_supported()),
        ('I', error.is_operation_invalid_state()),
        ('A', error.is_access_denied()),
        ('H', error.is_invalid_handle()),
        ('X', error.is_already_exists()),
        ('V', error.is_service_unavailable()),
        ('O', error.is_port_already_exists()),
        ('M', error.is_not_implemented()),
    ]
    .into_iter()
    .filter_map(|(letter, holds)| holds.then_some(letter))
    .collect()
}

/// The decided table, which `docs/truth-table.md` explains. N = not exist, S = already stopped, C = already closed,
/// P = pending, T = timeout, U = not supported, I = invalid state, A = access denied, H = invalid handle,
/// X = already exists, V = service unavailable, O = port already exists, M = not implemented.
#[test]
fn truth_table_by_code() {
    for (code, expected) in [
        // Both families, which v0.8.4 (0xC037 only) did not know.
        (0xC037_010E, "N"),
        (0x8037_010E, "N"),
        (0xC037_0110, "S"),
        (0x8037_0110, "S"),
        (0x8037_011F, "S"),
        (0xC037_0103, "P"),
        (0x8037_0117, "P"),
        (0xC037_010D, "U"),
        (0x8037_010D, "U"),
        (0xC037_010B, "U"),
        (0x8037_010B, "U"),
        (0xC037_0105, "I"),
        (0x8037_0105, "I"),
        (0xC037_0109, "T"),
        (0x8037_0109, "T"),
        (0x8037_0118, "T"),
        (0x8037_011B, "A"),
        (0xC037_010F, "X"),
        (0x8037_010F, "X"),
        (0x8037_0114, "V"),
        (0x8037_011E, "V"),
        // Win32.
        (0x8007_0490, "NS"),
        (0x8007_000D, "U"),
        (0x8007_0032, "U"),
        (0x8007_0005, "A"),
        (0x8007_0006, "H"),
        (0x8007_00B7, "X"),
        (0x8007_05B4, "T"),
        (0x8007_0102, "T"),
        (0x8007_0426, "V"),
        // An export that was not found is no process that was not found.
        (0x8007_007F, ""),
        // A file that is not there is no compute system that is not there.
        (0x8007_0002, ""),
        // The network service.
        (0x803B_0001, "N"),
        (0x803B_0002, "N"),
        (0x803B_0010, "X"),
        (0x803B_0007, "N"),
        (0x803B_0008, "N"),
        (0x803B_0012, "X"),
        (0x803B_0013, "XO"),
        (0x803B_0020, "V"),
        // In the way, but not of the same name.
        (0x803B_0014, ""),
        (0x803B_002B, ""),
        (0x803B_002C, ""),
        (0x803B_002F, ""),
        (0x803B_001B, ""),
        // Nothing to tell apart.
        (0xC037_0106, ""),
        (0x8037_0106, ""),
        (0xC037_0107, ""),
        (0x8037_0121, ""),
        (0x8000_4001, "M"),
        (0x8000_FFFF, ""),
        (0x8037_FFFF, ""),
    ] {
        let error = Error::from_hresult(Hresult(code));
        assert_eq!(answers(&error), expected, "{error}");
        assert_eq!(error.hresult(), Hresult(code), "the service's own code is kept");
    }
}

#[test]
fn truth_table_by_case() {
    let os = |kind| Error::os("open", "/x", io::Error::from(kind));
    for (error, expected) in [
        (Error::not_found(Object::system("web")), "N"),
        (Error::not_found(Object::process("web", 4)), "NS"),
        (Error::not_found(Object::new(ObjectKind::Network, "nat")), "N"),
        // As the network service says it for open and delete: still no stopped process.
        (
            Error::not_found(Object::new(ObjectKind::Namespace, "n")).with_hresult(Hresult::ERROR_NOT_FOUND),
            "N",
        ),
        (Error::already_exists(Object::system("web")), "X"),
        (Error::already_exists(Object::new(ObjectKind::Network, "nat")), "X"),
        (Error::already_exists(Object::new(ObjectKind::Endpoint, "e")), "X"),
        (Error::already_exists(Object::new(ObjectKind::Port, "tcp 80")), "XO"),
        (Error::not_found(Object::new(ObjectKind::Policy, "HostRoute")), "N"),
        (Error::already_stopped(Object::system("web")), "S"),
        (Error::already_stopped(Object::process("web", 4)), "S"),
        (Error::already_closed(Object::system("web")), "C"),
        (Error::invalid_state(Object::process("web", 4), "running"), "I"),
        (Error::new(ErrorKind::UnexpectedExit), ""),
        (Error::service_unavailable("no supervisor"), "V"),
        (Error::disconnected(), "V"),
        (Error::timeout("x", Duration::from_secs(1)), "T"),
        (Error::pending(), "P"),
        (Error::cancelled(), ""),
        (Error::invalid_document("Memory", "no"), "U"),
        (Error::invalid_argument("id", "empty"), ""),
        (Error::not_supported("HvPartition", "no hypervisor"), "U"),
        (Error::access_denied("not yours"), "A"),
        (Error::unexpected_value("null"), ""),
        (os(io::ErrorKind::PermissionDenied), "A"),
        (os(io::ErrorKind::TimedOut), "T"),
        (os(io::ErrorKind::NotFound), ""),
        (os(io::ErrorKind::Unsupported), "U"),
    ] {
        assert_eq!(answers(&error), expected, "{error}");
    }
}

#[test]
fn is_any_compares_by_meaning() {
    let error = Error::from_hresult(Hresult::ERROR_VMCOMPUTE_OPERATION_PENDING);
    assert!(error.is_any(&[Hresult::E_FAIL, Hresult::HCS_E_OPERATION_PENDING]));
    assert!(!error.is_any(&[Hresult::ERROR_VMCOMPUTE_TOO_MANY_NOTIFICATIONS]));
    assert!(!error.is_any(&[]));
}

#[test]
fn an_error_says_operation_object_case_code_and_events() {
    let result = ResultDocument {
        error: Some(Hresult::HCS_E_INVALID_LAYER),
        message: Some("Die Schicht fehlt.".into()),
        events: vec![ErrorEvent::new("layers", "no /l/1")],
    };
    let error = Error::from_result(Hresult::E_FAIL, result)
        .with_operation(OperationKind::Create)
        .with_object(Object::system("web"))
        .with_document(r#"{"Credentials":"x"}"#)
        .with_hint("pull the image again");
    assert_eq!(
        error.to_string(),
        "create compute system web: a layer is missing or invalid (HCS_E_INVALID_LAYER 0x80370112)\n\
         [Event Detail: no /l/1 Source: layers]"
    );
    assert_eq!(error.code(), "service-failure");
    assert_eq!(error.message(), Some("Die Schicht fehlt."));
    assert_eq!(error.document(), Some(r#"{"Credentials":"***"}"#));
    assert_eq!(error.hint(), Some("pull the image again"));
    assert_eq!(Error::from_result(Hresult::E_FAIL, error.to_result()).to_result(), error.to_result());
}

#[test]
fn the_innermost_operation_and_object_win() {
    let error = Error::not_found(Object::process("web", 4))
        .with_operation(OperationKind::OpenProcess)
        .with_operation(OperationKind::Start)
        .with_object(Object::system("web"));
    assert_eq!(
        error.to_string(),
        "open process 4 of compute system web: no such process (ERROR_NOT_FOUND 0x80070490)"
    );
    assert_eq!((error.object_id(), error.code()), ("web:4", "process-not-found"));
}

#[test]
fn messages_name_what_matters() {
    for (error, text) in [
        (
            Error::not_supported("HvPartition", "this host has no hypervisor"),
            "HvPartition is not supported here: this host has no hypervisor (ERROR_NOT_SUPPORTED 0x80070032)",
        ),
        (
            Error::from(ParseError {
                line: 3,
                column: 7,
                path: "Layers[1].Path".into(),
                message: "no".into(),
            }),
            "invalid document: Layers[1].Path (line 3, column 7): no (HCS_E_INVALID_JSON 0x8037010D)",
        ),
        (
            Error::timeout("compute system web to exit", Duration::from_mins(4)),
            "timed out after 240s waiting for compute system web to exit (HCS_E_OPERATION_TIMEOUT 0x80370118)",
        ),
        (
            Error::invalid_state(Object::system("web"), "Paused"),
            "compute system web: not valid in its present state: Paused (HCS_E_INVALID_STATE 0x80370105)",
        ),
        (Error::from_hresult(Hresult(0x8037_FFFF)), "failure in a call of the service (0x8037FFFF)"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn the_operating_systems_answer_is_the_source_and_in_the_result_document() {
    let error = Error::os("mount", "/l/1", io::Error::from_raw_os_error(28));
    assert_eq!(error.to_string(), "cannot mount /l/1 (ERROR_DISK_FULL 0x80070070)");
    let source = std::error::Error::source(&error).expect("the operating system's");
    assert!(source.to_string().contains("os error 28"), "{source}");
    assert!(error.to_result().message.is_some_and(|text| text.contains("os error 28")));
}

/// One error of every case that has an HRESULT of its own.
fn one_of_each() -> Vec<Error> {
    let system = || Object::system("");
    let other = |kind| Object::new(kind, "");
    vec![
        Error::not_found(system()),
        Error::not_found(Object::process("", 1)),
        Error::not_found(other(ObjectKind::Network)),
        Error::not_found(other(ObjectKind::Endpoint)),
        Error::not_found(other(ObjectKind::Namespace)),
        Error::not_found(other(ObjectKind::Port)),
        Error::not_found(other(ObjectKind::Policy)),
        Error::not_found(other(ObjectKind::Layer)),
        Error::not_found(other(ObjectKind::Image)),
        Error::not_found(other(ObjectKind::Element)),
        Error::already_exists(system()),
        Error::already_exists(other(ObjectKind::Network)),
        Error::already_exists(other(ObjectKind::Port)),
        Error::already_exists(other(ObjectKind::Policy)),
        Error::already_exists(other(ObjectKind::Element)),
        Error::already_stopped(system()),
        Error::already_stopped(Object::process("", 1)),
        Error::already_closed(system()),
        Error::new(ErrorKind::InvalidHandle),
        Error::invalid_state(system(), ""),
        Error::new(ErrorKind::UnexpectedExit),
        Error::service_unavailable(""),
        Error::disconnected(),
        Error::timeout("", Duration::ZERO),
        Error::pending(),
        Error::cancelled(),
        Error::invalid_document("", ""),
        Error::invalid_argument("", ""),
        Error::not_supported("", ""),
        Error::access_denied(""),
        Error::unexpected_value(""),
    ]
}

#[test]
fn every_case_comes_back_from_its_code() {
    for error in one_of_each() {
        // Several cases have these: what is about our own handle or call, and what the service has one word for.
        let shared =
            [Hresult::ERROR_NOT_FOUND, Hresult::E_HANDLE, Hresult::E_INVALIDARG, Hresult::E_UNEXPECTED];
        for code in [error.hresult(), error.hresult().to_v1()] {
            if !shared.contains(&code) {
                assert_eq!(Error::from_hresult(code).code(), error.code(), "{code}");
            }
        }
    }
    assert_eq!(Error::from_hresult(Hresult::E_HANDLE).code(), "invalid-handle");
}
