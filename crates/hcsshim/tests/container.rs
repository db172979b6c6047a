//! Containers over a service in memory: which calls are made, with which documents, and what their answers become.

#![allow(
    clippy::unwrap_used,
    clippy::default_trait_access,
    reason = "a test fails by panicking; the types stand in the signatures"
)]

mod support;

use std::time::Duration;

use hcsshim::schema::compute::v1::ContainerConfig;
use hcsshim::schema::compute::v2::ComputeSystem;
use hcsshim::schema::compute::{ExitType, OsType, PropertyType, State, SystemType};
use hcsshim::{Error, ErrorKind, Guest, Hresult, Object, Options};
use support::{host, host_with};

const GRACEFUL: &str = r#"{"Status":0,"ExitType":"GracefulExit"}"#;
const FORCED: &str = r#"{"Status":0,"ExitType":"ForcedExit"}"#;

#[test]
fn documents_of_both_schemas_and_text_go_out_as_they_are() {
    let (host, script) = host();
    let one = ContainerConfig { system_type: SystemType::CONTAINER, name: "a".into(), ..Default::default() };
    host.create_container("a", &one).unwrap();
    host.create_container("b", &ComputeSystem { owner: "me".into(), ..Default::default() }).unwrap();
    host.create_container("c", r#"{"Newer":[1]}"#).unwrap();
    assert_eq!(
        script.calls(),
        [
            r#"create {"SystemType":"Container","Name":"a","Layers":null,"HvPartition":false}"#,
            r#"create {"Owner":"me"}"#,
            r#"create {"Newer":[1]}"#,
        ]
    );
}

#[test]
fn additional_json_is_laid_over_every_document() {
    let mut options = Options::default();
    options.additional_json = r#"{"Owner":"you","Extra":{"A":1}}"#.into();
    let (host, script) = host_with(options.clone());
    host.create_container("a", r#"{"Owner":"me","Extra":{"B":2}}"#).unwrap();
    assert_eq!(script.calls(), [r#"create {"Extra":{"A":1,"B":2},"Owner":"you"}"#]);

    options.additional_json = "[1]".into();
    let (host, script) = host_with(options);
    let error = host.create_container("a", "{}").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }), "{error}");
    assert!(error.to_string().contains("[1]") && error.hint().unwrap().contains("ADDITIONALJSON"), "{error}");
    assert_eq!(script.calls(), [""; 0]);
}

#[test]
fn a_failed_create_names_everything_masks_secrets_and_closes_the_handle() {
    let (host, script) = host();
    script.answer("create", Err(Error::from_hresult(Hresult::HCS_E_INVALID_LAYER)));
    let error = host.create_container("web", r#"{"Credentials":"s3cret","Name":"web"}"#).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_LAYER);
    assert!(error.to_string().starts_with("create compute system web: "), "{error}");
    assert_eq!(error.document(), Some(r#"{"Credentials":"***","Name":"web"}"#));
    assert_eq!(script.calls()[1..], ["close"]);
}

#[test]
fn a_create_that_never_completes_is_terminated_and_closed() {
    let (host, script) = host();
    script.silence("create");
    let error = host.create_container("web", "{}").unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(script.calls(), ["create {}", "terminate", "close"]);
}

#[test]
fn the_life_of_a_container_is_one_call_each() {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    container.start().unwrap();
    container.pause().unwrap();
    container.resume().unwrap();
    container.shutdown().unwrap();
    container.terminate().unwrap();
    container.close();
    assert_eq!(script.calls(), ["create {}", "start", "pause", "resume", "shutdown", "terminate", "close"]);
    script.answer("open", Err(Error::from_hresult(Hresult::HCS_E_SYSTEM_NOT_FOUND)));
    let error = host.open_container("b").unwrap_err();
    assert!(error.is_not_exist() && error.to_string().starts_with("open compute system b: "), "{error}");
}

#[test]
fn stopping_asks_first_and_terminates_only_when_that_does_not_help() {
    let grace = Duration::from_millis(30);
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    let stop = || {
        script.calls();
        let exit = container.stop(grace).map(|exit| exit.exit_type);
        (exit, script.calls())
    };

    script.answer("wait", Ok(GRACEFUL));
    let (exit, calls) = stop();
    assert_eq!((exit.unwrap(), calls), (ExitType::GRACEFUL_EXIT, vec!["shutdown".into(), "wait".into()]));

    // vmcompute's way to say that it has accepted.
    script.answer("shutdown", Err(Error::from_hresult(Hresult::ERROR_VMCOMPUTE_OPERATION_PENDING)));
    script.answer("wait", Ok(GRACEFUL));
    assert_eq!(stop().0.unwrap(), ExitType::GRACEFUL_EXIT);

    script.silence("wait").answer("wait", Ok(FORCED));
    let (exit, calls) = stop();
    assert_eq!(exit.unwrap(), ExitType::FORCED_EXIT);
    assert_eq!(calls, ["shutdown", "wait", "terminate", "wait"]);

    script.answer("shutdown", Err(Error::from_hresult(Hresult::HCS_E_CONNECTION_CLOSED)));
    script.answer("wait", Ok(FORCED));
    let (exit, calls) = stop();
    assert_eq!((exit.unwrap(), calls.len()), (ExitType::FORCED_EXIT, 3));

    script.answer("shutdown", Err(Error::from_hresult(Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)));
    script.answer("wait", Ok(GRACEFUL));
    let (exit, calls) = stop();
    assert_eq!((exit.unwrap(), calls), (ExitType::GRACEFUL_EXIT, vec!["shutdown".into(), "wait".into()]));

    script.silence("wait").silence("wait");
    assert!(stop().0.unwrap_err().is_timeout());
}

#[test]
fn terminating_what_has_stopped_is_a_success_in_both_families() {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    for code in [Hresult::HCS_E_SYSTEM_ALREADY_STOPPED, Hresult::ERROR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED] {
        script.answer("terminate", Err(Error::from_hresult(code)));
        container.terminate().unwrap();
        script.answer("shutdown", Err(Error::from_hresult(code)));
        assert!(container.shutdown().unwrap_err().is_already_stopped());
    }
    script.answer("terminate", Err(Error::from_hresult(Hresult::HCS_E_SYSTEM_NOT_FOUND)));
    assert!(container.terminate().unwrap_err().is_not_exist());
}

#[test]
fn endpoints_are_attached_by_the_documents_of_the_original() {
    const ENDPOINT: &str = "5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2";
    let (host, script) = host();
    host.hot_attach_endpoint("web", ENDPOINT).unwrap();
    host.hot_detach_endpoint("web", ENDPOINT).unwrap();
    let document = |request: &str| {
        format!(r#"modify {{"ResourceType":"Network","Settings":"{ENDPOINT}","RequestType":"{request}"}}"#)
    };
    let calls: Vec<String> = script
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("open") || call.starts_with("modify"))
        .collect();
    assert_eq!(calls, ["open web".to_owned(), document("Add"), "open web".into(), document("Remove")]);
    // What the service says comes through as it is.
    script.answer("open", Err(Error::not_found(Object::system("web"))));
    assert!(host.hot_attach_endpoint("web", ENDPOINT).unwrap_err().is_not_exist());
    script.answer("modify", Err(Error::not_supported("Network", "no networks")));
    let error = host.hot_attach_endpoint("web", ENDPOINT).unwrap_err();
    assert!(error.is_not_supported() && error.document().unwrap().contains(ENDPOINT), "{error}");
    assert!(host.set_current_thread_compartment_id(1).unwrap_err().is_not_supported());
    assert!(host.current_thread_compartment_id().unwrap_err().is_not_supported());
    assert!(host.compartment_id("web").unwrap_err().is_not_supported());
}

#[test]
fn exits_are_read_and_nonsense_is_an_error() {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    script.answer("wait", Ok(r#"{"Status":-2143878906,"ExitType":"UnexpectedExit"}"#));
    let exit = container.wait().unwrap();
    assert_eq!(exit.status, Hresult::HCS_E_UNEXPECTED_EXIT);
    assert!(exit.is_unexpected());
    script.silence("wait");
    assert_eq!(container.exit_status().unwrap(), None);
    script.silence("wait");
    let error = container.wait_timeout(Duration::from_millis(5)).unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("compute system a to exit"), "{error}");
    script.answer("wait", Ok("[]"));
    assert!(matches!(container.wait().unwrap_err().kind(), ErrorKind::UnexpectedValue { .. }));
}

#[test]
fn one_type_reads_the_properties_of_both_schemas() {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    script.calls();
    let v2 = r#"{"Id":"a","State":"Running","RuntimeOsType":"Linux","Statistics":{"Uptime100ns":70,
        "Memory":{"MemoryUsageCommitBytes":4096}},"SystemGUID":"x"}"#;
    script.answer("properties", Ok(v2));
    let properties = container.properties(&[PropertyType::STATISTICS]).unwrap();
    assert_eq!(properties.state, State::RUNNING);
    assert_eq!(properties.statistics.unwrap().uptime_100ns, 70);
    assert_eq!(properties.unknown["SystemGUID"], "x");
    script.answer("properties", Ok(v2));
    assert_eq!(container.statistics().unwrap().memory.usage_commit_bytes, 4096);
    script.answer("properties", Ok(r#"{"ProcessList":[{"ProcessId":4,"ImageName":"cmd.exe"}]}"#));
    assert_eq!(container.process_list().unwrap()[0].image_name, "cmd.exe");
    script.answer("properties", Ok("{}"));
    assert!(container.statistics().is_err());
    script.answer("properties", Ok(r#"{"AreUpdatesPending":true}"#));
    assert!(container.has_pending_updates().unwrap());
    script.answer("properties", Ok(
        r#"{"MappedVirtualDiskControllers":{"0":{"MappedVirtualDisks":{"3":{"ContainerPath":"C:\\x"}}}}}"#,
    ));
    assert_eq!(
        container.mapped_virtual_disks().unwrap()[&0].mapped_virtual_disks[&3].container_path,
        r"C:\x"
    );
    assert_eq!(
        script.calls()[..3],
        [
            r#"properties {"PropertyTypes":["Statistics"]}"#,
            r#"properties {"PropertyTypes":["Statistics"]}"#,
            r#"properties {"PropertyTypes":["ProcessList"]}"#,
        ]
    );
}

#[test]
fn the_kind_of_guest_is_asked_once_and_windows_when_nobody_says() {
    let (host, script) = host();
    for (container_type, guest) in [(OsType::LINUX, Guest::Linux), (OsType::default(), Guest::Windows)] {
        let document = ContainerConfig { container_type, ..Default::default() };
        let container = host.create_container("a", &document).unwrap();
        script.calls();
        assert_eq!(container.guest().unwrap(), guest);
        assert_eq!(script.calls(), [""; 0], "the document said it");
    }
    for (answer, guest) in [
        (r#"{"RuntimeOsType":"Linux"}"#, Guest::Linux),
        (r#"{"RuntimeOsType":"linux"}"#, Guest::Linux),
        (r#"{"RuntimeOsType":"Windows"}"#, Guest::Windows),
        ("{}", Guest::Windows),
    ] {
        let container = host.create_container("a", "{}").unwrap();
        script.calls();
        script.answer("properties", Ok(answer));
        assert_eq!((container.guest().unwrap(), container.guest().unwrap()), (guest, guest));
        assert_eq!(script.calls(), ["properties {}"]);
    }
}

#[test]
fn lists_of_containers() {
    let (host, script) = host();
    script.answer("enumerate", Ok(r#"[{"Id":"a","State":"Running"},{"Id":"b"}]"#));
    let list = host.containers(&Default::default()).unwrap();
    assert_eq!(list.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    for empty in ["[]", "null"] {
        script.answer("enumerate", Ok(empty));
        assert_eq!(host.containers(&Default::default()).unwrap(), []);
    }
    script.answer("enumerate", Ok("{"));
    let error = host.containers(&Default::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedValue { .. }), "{error}");
    script.calls();
    let query =
        hcsshim::schema::compute::ComputeSystemQuery { owners: vec!["me".into()], ..Default::default() };
    script.answer("enumerate", Ok("[]"));
    host.containers(&query).unwrap();
    assert_eq!(script.calls(), [r#"enumerate {"Owners":["me"]}"#]);
}

#[test]
fn a_dropped_subscription_is_over() {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    let (seen_in, seen) = std::sync::mpsc::channel();
    let subscription = container.subscribe(move |event| seen_in.send(event.kind).unwrap()).unwrap();
    assert_eq!(seen.try_recv().unwrap(), hcsshim::EventType::SYSTEM_EXITED);
    drop(subscription);
    assert_eq!(script.calls()[1..], ["subscribe", "unsubscribe"]);
}

#[test]
fn at_most_so_many_starts_at_once() {
    let mut options = Options::default();
    options.max_parallel_start = std::num::NonZeroUsize::new(1);
    options.deadlines.start = Duration::from_secs(30);
    let (host, script) = host_with(options);
    let container = host.create_container("a", "{}").unwrap();
    let calls = script.silence("start").watch();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| container.start());
        assert_eq!(calls.recv().unwrap(), "start");
        let second = scope.spawn(|| container.start());
        let early = calls.recv_timeout(Duration::from_millis(50));
        script.release(); // before the verdict, so that a failure ends too
        assert!(early.is_err(), "two starts at once");
        assert_eq!(calls.recv().unwrap(), "start", "the second's turn");
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap();
    });
}
