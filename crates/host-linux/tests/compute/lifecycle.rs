//! A system's life through the contract: its states, its end, who learns of it, and handles.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use super::support::{
    ALREADY_STOPPED, CLOSED, Engine, INVALID_STATE, PATIENCE, code, done, kill_and_wait, run, shell, spawn,
    state, supervisor_of,
};
use hcs_contract::{ComputeService, EventType, Hresult, Notification, ProcessStreams};
use hcs_schema::compute::{SystemExitStatus, v1, v2};
use hcs_schema::{Document, from_json};
use rustix::process::{Pid, Signal, kill_process};

fn exit_type(document: &str) -> String {
    SystemExitStatus::from_json(document).unwrap().exit_type.as_str().to_owned()
}

#[test]
fn from_created_to_stopped() {
    let engine = Engine::new();
    let system = engine.create("life", "");
    assert_eq!(state(&system), "Created");
    assert_eq!(code(&system.create_process(&shell("true"), ProcessStreams::default())), INVALID_STATE);
    assert_eq!(code(&system.pause("")), INVALID_STATE);
    done(&system.start(""));
    assert_eq!(state(&system), "Running");
    assert_eq!(code(&system.start("")), INVALID_STATE, "start twice");
    assert_eq!(run(&system, "echo hello; exit 7"), ("hello\n".into(), 7));
    done(&system.pause(""));
    assert_eq!(state(&system), "Paused");
    done(&system.resume(""));
    let wait = system.wait_exit();
    assert!(!wait.is_done());
    done(&system.terminate(""));
    assert_eq!(exit_type(&done(&wait)), "ForcedExit");
    assert_eq!(state(&system), "Stopped");
    // Waiting after the exit, again and again.
    assert_eq!(exit_type(&done(&system.wait_exit())), "ForcedExit");
    for operation in
        [system.terminate(""), system.shutdown(""), system.start(""), system.pause(""), system.resume("")]
    {
        assert_eq!(code(&operation), ALREADY_STOPPED, "{operation:?}");
    }
    assert_eq!(code(&system.create_process(&shell("true"), ProcessStreams::default())), ALREADY_STOPPED);
}

#[test]
fn a_shutdown_asks_and_is_graceful() {
    let engine = Engine::new();
    let system = engine.started("soft", "");
    let process =
        spawn(&system, &shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"));
    let mut out = process.information.take_stdout().unwrap();
    let mut up = [0; 3];
    std::io::Read::read_exact(&mut out, &mut up).unwrap();
    done(&system.shutdown(""));
    assert_eq!(exit_type(&done(&system.wait_exit())), "GracefulExit");
    assert_eq!(super::support::exit_code(&*process.process), 3);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
    assert_eq!(rest, "bye\n");
}

#[test]
fn a_second_program_opens_runs_waits_and_terminates() {
    let engine = Engine::new();
    let first = engine.started("shared", "");
    let other = engine.other();
    let second = other.open_system("shared").unwrap();
    assert_eq!(run(&second, "exit 5").1, 5);
    let process = spawn(&first, &shell("cat"));
    drop(process.information.take_stdin());
    let opened = second.open_process(process.process.pid()).unwrap();
    assert_eq!(opened.pid(), process.process.pid());
    // Streams can be had again, by whoever has the process open.
    let information = done(&opened.info());
    std::io::Write::write_all(&mut information.take_stdin().unwrap(), b"x").unwrap();
    done(&opened.modify(r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#));
    assert_eq!(super::support::exit_code(&*opened), 0);
    assert_eq!(super::support::exit_code(&*process.process), 0);
    done(&second.terminate(""));
    assert_eq!(exit_type(&done(&first.wait_exit())), "ForcedExit");
    // Closing one handle does not touch the other.
    first.close();
    assert_eq!(state(&second), "Stopped");
    // Handles of processes are handles of the system.
    drop(second);
    drop(opened);
    assert_eq!(state(&other.open_system("shared").unwrap()), "Stopped");
    drop(process);
    assert_eq!(other.open_system("shared").unwrap_err().hresult(), Hresult::HCS_E_SYSTEM_NOT_FOUND);
}

#[test]
fn after_close_every_call_and_every_wait_says_so() {
    let engine = Engine::new();
    let system = engine.started("closing", "");
    let process = spawn(&system, &shell("sleep 1000")).process.clone();
    let (system_wait, process_wait) = (system.wait_exit(), process.wait_exit());
    let keeper = engine.host.open_system("closing").unwrap();
    system.close();
    system.close();
    assert_eq!(code(&system_wait), CLOSED);
    for operation in [
        system.start(""),
        system.shutdown(""),
        system.terminate(""),
        system.pause(""),
        system.resume(""),
        system.properties(""),
        system.modify(r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":64}"#),
        system.wait_exit(),
    ] {
        assert_eq!(code(&operation), CLOSED, "{operation:?}");
    }
    assert_eq!(code(&system.create_process(&shell("true"), ProcessStreams::default())), CLOSED);
    assert_eq!(system.open_process(1).unwrap_err().hresult().0, CLOSED);
    assert_eq!(system.subscribe(Arc::new(|_| {})).unwrap_err().hresult().0, CLOSED);
    // Process handles stay usable after their system's.
    let status: serde_json::Value = serde_json::from_str(&done(&process.properties())).unwrap();
    assert_eq!(status["Exited"], false);
    process.close();
    assert_eq!(code(&process_wait), CLOSED);
    for operation in [process.terminate(""), process.signal(""), process.properties(), process.wait_exit()] {
        assert_eq!(code(&operation), CLOSED, "{operation:?}");
    }
    assert_eq!(code(&process.info()), CLOSED);
    // The system itself went on all the while.
    assert_eq!(state(&keeper), "Running");
    done(&keeper.terminate(""));
}

#[test]
fn a_wait_on_another_thread_ends_with_the_handle() {
    let engine = Engine::new();
    let system = engine.started("waiting", "");
    let keeper = engine.host.open_system("waiting").unwrap();
    let wait = system.wait_exit();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| wait.wait(PATIENCE));
        system.close();
        assert_eq!(waiter.join().unwrap().unwrap_err().hresult().0, CLOSED);
    });
    // A cancelled wait wakes its thread too.
    let wait = keeper.wait_exit();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| wait.wait(PATIENCE));
        assert!(wait.cancel());
        assert!(waiter.join().unwrap().is_err());
    });
    done(&keeper.terminate(""));
}

#[test]
fn the_last_handle_ends_a_system_that_says_so() {
    let engine = Engine::new();
    let one = engine.document(r#""TerminateOnLastHandleClosed":true"#);
    let two = engine.document_2("").replacen('{', r#"{"ShouldTerminateOnLastHandleClosed":true,"#, 1);
    for document in [one, two] {
        let system = engine.try_create("last", &document).unwrap();
        done(&system.start(""));
        let second = engine.host.open_system("last").unwrap();
        drop(system);
        assert_eq!(state(&second), "Running");
        drop(second);
        // The id is free as soon as its supervisor has cleared away, which a create waits for.
        let again = engine.create("last", "");
        done(&again.terminate(""));
    }
}

#[test]
fn the_id_is_free_with_the_last_handle_of_a_stopped_system() {
    let engine = Engine::new();
    for round in 0..20 {
        let system = engine.started("again", "");
        done(&system.terminate(""));
        if round % 2 == 0 {
            let error = engine.try_create("again", &engine.document("")).unwrap_err();
            assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_ALREADY_EXISTS, "while a handle is open");
        }
    }
}

#[test]
fn without_that_word_a_system_outlives_its_handles() {
    let engine = Engine::new();
    drop(engine.started("alone", ""));
    let system = engine.other().open_system("alone").unwrap();
    assert_eq!(state(&system), "Running");
    done(&system.terminate(""));
}

#[test]
fn notifications_reach_those_who_do_not_wait_and_those_who_come_late() {
    let engine = Engine::new();
    let system = engine.started("events", "");
    let (send, receive) = mpsc::channel();
    let send = Mutex::new(send);
    let callback = Arc::new(move |event: &Notification| send.lock().unwrap().send(event.clone()).unwrap());
    let _system_events = system.subscribe(callback.clone()).unwrap();
    let process = spawn(&system, &shell("exit 9"));
    let _process_events = process.process.subscribe(callback.clone()).unwrap();
    let event = receive.recv_timeout(PATIENCE).unwrap();
    assert_eq!(event.kind, EventType::PROCESS_EXITED);
    let status: serde_json::Value = serde_json::from_str(event.data.as_deref().unwrap()).unwrap();
    assert_eq!(status["ExitCode"], 9);
    let operation = system.terminate("");
    let event = receive.recv_timeout(PATIENCE).unwrap();
    assert_eq!((event.kind, event.status), (EventType::SYSTEM_EXITED, Hresult::S_OK));
    assert_eq!(exit_type(event.data.as_deref().unwrap()), "ForcedExit");
    done(&operation);
    let _late = system.subscribe(callback).unwrap();
    assert_eq!(receive.recv_timeout(PATIENCE).unwrap().kind, EventType::SYSTEM_EXITED);
}

#[test]
fn properties_of_both_schemas() {
    let engine = Engine::new();
    let two = engine.named(2, "two", "second");
    assert_eq!(run(&two, "hostname").0, "second\n");
    let sleeper = spawn(&two, &shell("exec sleep 1000"));
    let text = done(&two.properties(r#"{"PropertyTypes":["Statistics","ProcessList"]}"#));
    let properties = v2::Properties::from_json(&text).unwrap();
    assert_eq!((properties.owner.as_str(), properties.runtime_os_type.as_str()), ("tests", "Linux"));
    assert!(properties.process_list.iter().any(|row| row.process_id == sleeper.process.pid()), "{text}");
    let statistics = properties.statistics.unwrap();
    assert!(statistics.uptime_100ns > 0 && statistics.memory.unwrap().usage_commit_bytes > 0, "{text}");

    let one = engine.started("one", "");
    let text = done(&one.properties(r#"{"PropertyTypes":["Statistics"]}"#));
    let properties = v1::ContainerProperties::from_json(&text).unwrap();
    assert!(properties.statistics.unwrap().processor.total_runtime_100ns > 0, "{text}");
    assert_eq!((properties.name.as_str(), properties.state.as_str()), ("test", "Running"));
    assert_eq!(properties.owner, "tests");

    let list = |query: &str| {
        let text = done(&engine.other().enumerate_systems(query));
        let list: Vec<v1::ContainerProperties> = from_json(&text).unwrap();
        list.into_iter().map(|properties| properties.id).collect::<Vec<_>>()
    };
    assert_eq!(list(""), ["one", "two"]);
    assert_eq!(list(r#"{"Ids":["two"],"Owners":["tests"]}"#), ["two"]);
    assert_eq!(list(r#"{"Names":["test"]}"#), ["one"]);
    assert_eq!(list(r#"{"Types":["VirtualMachine"]}"#), [""; 0]);
    assert_eq!(list(r#"{"Owners":["somebody"]}"#), [""; 0]);
    for system in [&one, &two] {
        done(&system.terminate(""));
    }
    assert_eq!(list(""), ["one", "two"], "their handles are still open");
}

#[test]
fn limits_can_be_changed_while_it_runs() {
    let engine = Engine::new();
    let system = engine.started("limits", r#""MemoryMaximumInMB":256"#);
    done(
        &system
            .modify(r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":16}"#),
    );
    // A buffer of 64 MiB does not fit 16.
    let (_, code) = run(&system, "exec busybox dd if=/dev/zero of=/dev/null bs=64M count=1 2> /dev/null");
    assert_eq!(code, 137, "ended by the limit");
    done(&system.terminate(""));
}

#[test]
fn how_a_system_stands_is_known_at_once_and_never_by_another_system_s_board() {
    let engine = Engine::new();
    let system = engine.started("posted", "");
    // Has not asked yet when another system has the id.
    let idle = engine.host.open_system("posted").unwrap();
    let supervisor = supervisor_of(&engine.host, "posted");
    let pid = Pid::from_raw(supervisor.cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let at_once = system.properties_at_once("").unwrap().unwrap();
    assert!(at_once.contains("\"Running\""), "{at_once}");
    assert_eq!(done(&system.properties("")), at_once);
    // Counted by the supervisor, which could not answer.
    assert!(system.properties_at_once(r#"{"PropertyTypes":["Statistics"]}"#).is_none());
    kill_and_wait(supervisor);
    assert!(system.properties_at_once("").is_none(), "nobody lives who could have said it");
    let again = engine.started("posted", "");
    for old in [&system, &idle] {
        assert!(old.properties_at_once("").is_none());
        assert!(old.properties("").wait(PATIENCE).is_err());
    }
    assert!(again.properties_at_once("").unwrap().unwrap().contains("\"Running\""));
    done(&again.terminate(""));
    again.close();
    assert!(again.properties_at_once("").is_none());
}
