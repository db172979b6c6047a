//! Lives of systems: states, ends, handles, documents, lists.

use std::sync::Arc;

use hcs_contract::{ComputeService, EventType, Hresult, ProcessStreams};
use hcs_host_fake::FakeHost;
use serde_json::{Value, json};

use super::support::{
    LINUX, WINDOWS, code, created, done, exit_code, line, ready, recorder, run, spawn, started, state,
};

const INVALID_STATE: u32 = 0x8037_0105;
const ALREADY_STOPPED: u32 = 0x8037_0110;

fn exit_type(document: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap();
    document["ExitType"].as_str().unwrap().to_owned()
}

#[test]
fn from_created_to_stopped() {
    for document in [LINUX, WINDOWS] {
        let host = FakeHost::new();
        let system = created(&host, "life", document);
        assert_eq!(state(&system), "Created");
        let program = line("exit 0").to_string();
        assert_eq!(code(&system.create_process(&program, ProcessStreams::default())), INVALID_STATE);
        assert_eq!(code(&system.pause("")), INVALID_STATE);
        done(&system.start(""));
        assert_eq!(code(&system.start("")), INVALID_STATE);
        done(&system.pause(""));
        assert_eq!((state(&system), code(&system.shutdown(""))), ("Paused".into(), INVALID_STATE));
        done(&system.resume(""));
        let wait = system.wait_exit();
        assert!(!wait.is_done());
        done(&system.terminate(""));
        assert_eq!((exit_type(&done(&wait)), state(&system)), ("ForcedExit".into(), "Stopped".into()));
        assert_eq!(exit_type(&done(&system.wait_exit())), "ForcedExit");
        for operation in
            [system.terminate(""), system.shutdown(""), system.start(""), system.pause(""), system.resume("")]
        {
            assert_eq!(code(&operation), ALREADY_STOPPED, "{operation:?}");
        }
        assert_eq!(code(&system.create_process(&program, ProcessStreams::default())), ALREADY_STOPPED);
    }
}

#[test]
fn a_shutdown_asks_and_ends_with_the_last_program() {
    let host = FakeHost::new();
    let system = started(&host, "soft", WINDOWS);
    let (asked, hanging) = (ready(&system, "obey & exit 3"), ready(&system, "hang"));
    let stubborn = ready(&system, "stubborn");
    let wait = system.wait_exit();
    done(&system.shutdown(""));
    assert_eq!((exit_code(&*asked.process), exit_code(&*hanging.process)), (3, 0xC000_013A));
    assert!(!wait.is_done());
    done(&stubborn.process.terminate(""));
    assert_eq!(exit_type(&done(&wait)), "GracefulExit");
    assert_eq!(exit_code(&*stubborn.process), u32::MAX);
}

#[test]
fn handles_and_ids() {
    let host = FakeHost::new();
    let last = r#"{"SystemType":"Container","TerminateOnLastHandleClosed":true}"#;
    let first = started(&host, "last", last);
    let second = host.open_system("last").unwrap();
    let process = ready(&first, "hang");
    first.close();
    drop(first);
    assert_eq!(state(&second), "Running");
    drop(second);
    // A process's handle is one of its system's.
    let again = host.open_system("last").unwrap();
    drop(process);
    assert_eq!(state(&again), "Running");
    drop(again);
    let error = host.open_system("last").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_NOT_FOUND);

    let alone = started(&host, "alone", LINUX);
    drop(alone);
    let alone = host.open_system("alone").unwrap();
    done(&alone.terminate(""));
    let error = host.create_system("alone", LINUX).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_ALREADY_EXISTS);
    drop(alone);
    let kept = r#"{"SystemType":"Container","LinuxHost":{"KeepAfterExit":true}}"#;
    let alone = created(&host, "alone", kept);
    done(&alone.terminate(""));
    drop(alone);
    assert_eq!(state(&host.open_system("alone").unwrap()), "Stopped");
    assert!(host.forget("alone") && !host.forget("alone"));
}

#[test]
fn after_close_every_call_and_every_wait_says_so() {
    let host = FakeHost::new();
    let system = started(&host, "closing", LINUX);
    let process = ready(&system, "hang");
    let waits = [system.wait_exit(), process.process.wait_exit()];
    system.close();
    system.close();
    assert!(matches!(waits[0].try_result(), Some(Err(error)) if error.is_already_closed()));
    for operation in [
        system.start(""),
        system.properties(""),
        system.wait_exit(),
        system.modify("nonsense"),
        system.save(""),
    ] {
        assert!(operation.try_result().unwrap().unwrap_err().is_already_closed());
    }
    assert!(system.open_process(1).unwrap_err().is_already_closed());
    assert!(system.subscribe(Arc::new(|_| {})).unwrap_err().is_already_closed());
    assert!(done(&process.process.properties()).contains("\"Exited\":false"));
    process.process.close();
    assert!(matches!(waits[1].try_result(), Some(Err(error)) if error.is_already_closed()));
    assert!(process.process.info().try_result().unwrap().unwrap_err().is_already_closed());
}

#[test]
fn notifications_reach_those_who_come_late() {
    let host = FakeHost::new();
    let system = started(&host, "events", LINUX);
    let (callback, seen) = recorder();
    let _system = system.subscribe(Arc::clone(&callback)).unwrap();
    let process = ready(&system, "hang");
    let _process = process.process.subscribe(Arc::clone(&callback)).unwrap();
    assert!(host.crash("events") && !host.crash("nobody"));
    host.settle();
    let _late = system.subscribe(callback).unwrap();
    let seen: Vec<_> = seen.lock().unwrap().iter().map(|event| (event.kind, event.status)).collect();
    let exited = (EventType::SYSTEM_EXITED, Hresult::HCS_E_UNEXPECTED_EXIT);
    assert_eq!(seen, [(EventType::PROCESS_EXITED, Hresult::S_OK), exited, exited]);
}

#[test]
fn documents_are_refused_with_the_engines_codes() {
    let host = FakeHost::new();
    for (document, expected, name) in [
        ("", 0x8037_010D, "line 1"),
        ("{}", 0x8037_010D, "SystemType"),
        (r#"{"SystemType":"Container","Colour":1}"#, 0x8037_010D, "Colour"),
        (r#"{"Container":{"Storag":{}}}"#, 0x8037_010D, "Container.Storag"),
        (r#"{"SchemaVersion":{"Major":3},"Container":{}}"#, 0x8007_0032, "SchemaVersion"),
        (r#"{"SystemType":"Container","HvPartition":true}"#, 0x8007_0032, "HvPartition"),
        (r#"{"SystemType":"VirtualMachine"}"#, 0x8007_0032, "SystemType"),
        (r#"{"SystemType":"Container","ContainerType":"Linux"}"#, 0x8037_010D, "VolumePath"),
        (r#"{"VirtualMachine":{"x":1}}"#, 0x8007_0032, "VirtualMachine"),
        (r#"{"Container":{"Networking":{"Namespace":"x"}}}"#, 0x8007_0032, "Container.Networking"),
        (r#"{"Container":{"Processor":{"Count":1,"Weight":1}}}"#, 0x8037_010D, "Weight"),
    ] {
        let error = host.create_system("bad", document).unwrap_err();
        assert_eq!(error.hresult().0, expected, "{document}: {error}");
        assert!(error.to_string().contains(name), "{document}: {error}");
    }
    assert_eq!(host.create_system("", LINUX).unwrap_err().hresult(), Hresult::E_INVALIDARG);
    let system = started(&host, "good", r#"{"systemtype":"Container","Layers":null}"#);
    assert_eq!(code(&system.start(r#"{"Force":true}"#)), 0x8007_0032);
    assert_eq!(code(&system.properties(r#"{"PropertyTypes":["Memory"]}"#)), 0x8007_0032);
    let network =
        r#"{"ResourceType":"Network","RequestType":"Add","Settings":"5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2"}"#;
    assert_eq!(code(&system.modify(network)), 0x8007_0032);
    assert_eq!(code(&system.modify(r#"{"ResourcePath":"Nowhere"}"#)), 0x8007_0032);
    assert_eq!(code(&system.modify("[")), 0x8037_010D);
    let change = r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":64}"#;
    done(&system.modify(change));
    assert_eq!(host.changes("good"), [change]);
    assert!(host.document("good").unwrap().contains("systemtype"));
    assert_eq!(code(&host.enumerate_systems("[]")), 0x8037_010D);
    let basic = done(&host.service_properties(r#"{"PropertyTypes":["Basic"]}"#));
    assert!(basic.contains(r#"{"Major":2,"Minor":1}"#), "{basic}");
}

#[test]
fn lists_and_properties() {
    let host = FakeHost::new();
    let (one, two) = (started(&host, "one", LINUX), started(&host, "two", WINDOWS));
    let list = |query: Value| -> Vec<String> {
        let text = done(&host.enumerate_systems(&query.to_string()));
        let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
        entries.iter().map(|entry| entry["Id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(json!({})), ["one", "two"]);
    assert_eq!(list(json!({"Owners": ["me"], "Types": ["Container"]})), ["two"]);
    assert_eq!(list(json!({"Names": ["one"], "Owners": ["me"]})), [""; 0]);
    let sleeper = ready(&one, "hang");
    let query = r#"{"PropertyTypes":["Statistics","ProcessList","GuestConnection"]}"#;
    let first: Value = serde_json::from_str(&done(&one.properties(query))).unwrap();
    assert_eq!(first["ProcessList"][0]["ProcessId"], sleeper.process.pid());
    assert!(first["Statistics"]["Uptime100ns"].as_u64() > Some(0), "{first}");
    assert_eq!(first["RuntimeOsType"], "Linux");
    let second: Value = serde_json::from_str(&done(&two.properties(query))).unwrap();
    assert_eq!((&second["RuntimeOsType"], &second["Owner"]), (&json!("Windows"), &json!("me")));
}

#[test]
fn a_system_ends_with_its_first_process_if_it_says_so() {
    let host = FakeHost::new();
    let document = r#"{"SystemType":"Container","LinuxHost":{"EndWithFirstProcess":true}}"#;
    let system = started(&host, "first", document);
    let (first, second) = (spawn(&system, &line("read & exit 5")), ready(&system, "hang"));
    drop(first.information.take_stdin());
    done(&first.process.modify(r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#));
    assert_eq!(exit_type(&done(&system.wait_exit())), "GracefulExit");
    assert_eq!((exit_code(&*first.process), exit_code(&*second.process)), (5, u32::MAX));
    let error = system.open_process(first.process.pid()).unwrap_err();
    assert!(error.is_not_exist() && error.is_already_stopped(), "{error}");
}

#[test]
fn mapped_folders_are_the_hosts() {
    let host = FakeHost::new();
    host.write_file("/srv/data/in", "from outside\n");
    let mapped = |read_only: bool| {
        json!({
            "SystemType": "Container", "ContainerType": "Linux", "VolumePath": "/root",
            "MappedDirectories": [{"HostPath": "/srv/data", "ContainerPath": "/mnt", "ReadOnly": read_only}],
        })
        .to_string()
    };
    let (free, bound) = (started(&host, "free", &mapped(false)), started(&host, "bound", &mapped(true)));
    assert_eq!(run(&free, "type /mnt/in & write /mnt/out hi").0, "from outside\n");
    assert_eq!(host.read_file("/srv/data/out").unwrap(), b"hi\n");
    assert_eq!(run(&bound, "type /mnt/out & write /mnt/out no"), ("hi\n".into(), String::new(), 1));
    assert_eq!(run(&free, "write /own x").2, 0);
    assert_eq!(run(&bound, "type /own").2, 1);
}
