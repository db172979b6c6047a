//! Which DLL a document goes to, and what goes to none.

use hcs_contract::{ComputeService, Deadlines, ErrorKind, Hresult};

use super::service::Service;
use super::{PATIENCE, computecore, vmcompute};
use crate::host::{Libraries, WindowsHost};

fn both() -> WindowsHost {
    WindowsHost::with(Libraries::Both(vmcompute::dll(), computecore::dll()), Deadlines::default())
}

/// Only computecore has operations.
fn went_to_computecore(service: &Service) -> bool {
    service.log().iter().any(|line| line.starts_with("HcsCreateOperation"))
}

fn create(host: &WindowsHost, document: &str) {
    let (_system, operation) = host.create_system("web", document).unwrap();
    operation.wait(PATIENCE).unwrap();
}

#[test]
fn a_system_is_of_the_generation_of_its_document_s_schema() {
    let service = Service::new();
    create(&both(), r#"{"SystemType":"Container"}"#);
    assert!(!went_to_computecore(&service));
    create(&both(), r#"{"schemaversion":{"Major":2}}"#);
    assert!(went_to_computecore(&service));
}

#[test]
fn where_there_is_one_dll_it_gets_every_document() {
    let service = Service::new();
    create(
        &WindowsHost::with(Libraries::VmCompute(vmcompute::dll()), Deadlines::default()),
        r#"{"Container":{}}"#,
    );
    assert!(!went_to_computecore(&service));
    let host = WindowsHost::with(Libraries::ComputeCore(computecore::dll()), Deadlines::default());
    create(&host, r#"{"SystemType":"Container"}"#);
    assert!(went_to_computecore(&service));
}

#[test]
fn what_the_service_need_not_be_asked_is_refused_before() {
    let service = Service::new();
    let error = both().create_system("web", "{\n  oops}").unwrap_err();
    let ErrorKind::InvalidDocument(place) = error.kind() else { panic!("{error:?}") };
    assert_eq!((place.line, place.column), (2, 3));
    let linux = r#"{"SystemType":"Container","linuxHost":{"KeepAfterExit":true}}"#;
    let error = both().create_system("web", linux).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
    assert!(error.to_string().contains("LinuxHost"), "{error}");
    assert_eq!(both().create_system("a\0b", "{}").unwrap_err().code(), "invalid-argument");
    assert!(service.log().is_empty());
    // What says nothing is no reason to refuse.
    create(&both(), r#"{"SystemType":"Container","LinuxHost":{"KeepAfterExit":false}}"#);
}
