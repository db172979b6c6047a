//! Each fault, as a program that meets it sees it.

use std::sync::Arc;
use std::time::Duration;

use hcs_contract::{ComputeService, Deadline, ErrorKind, EventType, Hresult, OperationKind};
use hcs_host_fake::{Clock, FakeHost, Fault, Hold};

use super::support::{LINUX, code, created, done, ready, recorder, started, state};

#[test]
fn a_call_fails_where_and_when_it_was_told() {
    let fault = Fault::on(OperationKind::Start).of("a").times(2).fail(Hresult::HCS_E_CONNECTION_TIMEOUT);
    let host = FakeHost::builder().fault(fault).build();
    let (a, b) = (created(&host, "a", LINUX), created(&host, "b", LINUX));
    done(&b.start(""));
    for _ in 0..2 {
        assert_eq!(code(&a.start("")), 0x8037_0109);
        assert_eq!(state(&a), "Created");
    }
    done(&a.start(""));
    // Calls without an operation fail by what they return; a create, by either.
    for (call, code) in [(OperationKind::Create, 0x8037_0101), (OperationKind::OpenSystem, 0xC037_010E)] {
        host.faults().add(Fault::on(call).fail(Hresult(code)));
    }
    assert_eq!(host.create_system("c", LINUX).unwrap_err().hresult().0, 0x8037_0101);
    assert!(host.open_system("a").unwrap_err().is_not_exist());
    host.faults().clear();
    assert_eq!(created(&host, "c", LINUX).id(), "c");
}

#[test]
fn the_second_kill_is_denied() {
    let host = FakeHost::new();
    let system = started(&host, "web", LINUX);
    host.faults().add(Fault::on(OperationKind::TerminateProcess).nth(2).deny());
    let [first, second] = [(); 2].map(|()| ready(&system, "hang"));
    done(&first.process.terminate(""));
    let error = second.process.terminate("").wait(Deadline::now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::AccessDenied { .. }), "{error}");
    assert_eq!(error.hresult(), Hresult::E_ACCESSDENIED);
    done(&second.process.terminate(""));
}

#[test]
fn a_held_call_is_done_when_it_is_released() {
    let host = FakeHost::new();
    let (system, hold) = (created(&host, "web", LINUX), Hold::new());
    host.faults().add(Fault::on(OperationKind::Start).hold(&hold));
    let start = system.start("");
    assert!(!start.is_done() && hold.reached() == 1);
    assert_eq!(state(&system), "Created");
    hold.release();
    done(&start);
    assert_eq!(state(&system), "Running");
    // A call without an operation holds its thread.
    let hold = Hold::new();
    host.faults().add(Fault::on(OperationKind::OpenSystem).hold(&hold));
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| host.open_system("web"));
        hold.wait_reached(1);
        hold.release();
        assert!(opened.join().unwrap().is_ok());
    });
}

#[test]
fn a_delayed_call_waits_for_the_clock() {
    let clock = Clock::new();
    let host = FakeHost::builder().clock(clock.clone()).build();
    host.faults().add(Fault::on(OperationKind::Create).delay(Duration::from_mins(4)));
    let (system, create) = host.create_system("slow", LINUX).unwrap();
    clock.advance(Duration::from_secs(239));
    assert!(!create.is_done());
    assert_eq!(code(&system.start("")), 0x8037_0105, "it is not made yet");
    clock.advance(Duration::from_secs(1));
    done(&create);
    done(&system.start(""));
}

#[test]
fn a_call_that_is_never_done_and_one_that_is_never_answered() {
    let host = FakeHost::new();
    let system = created(&host, "web", LINUX);
    host.faults().add(Fault::on(OperationKind::Start).nth(1).never());
    host.faults().add(Fault::on(OperationKind::Start).nth(2).unanswered());
    let (never, unanswered) = (system.start(""), system.start(""));
    assert!(!never.is_done() && !unanswered.is_done());
    assert_eq!(state(&system), "Running", "the second was done");
    assert!(never.wait(Duration::from_millis(1)).unwrap_err().is_timeout());
    assert!(never.cancel());
    system.close();
    assert!(unanswered.try_result().unwrap().unwrap_err().is_already_closed());
    host.faults().add(Fault::on(OperationKind::OpenSystem).never());
    assert!(host.open_system("web").unwrap_err().is_timeout());
}

#[test]
fn a_lost_notification_reaches_nobody_who_waits() {
    let host = FakeHost::new();
    host.faults().add(Fault::on_event(EventType::SYSTEM_EXITED).lose());
    host.faults().add(Fault::on_event(EventType::PROCESS_EXITED).nth(1).lose());
    let system = started(&host, "web", LINUX);
    let process = ready(&system, "hang");
    let (callback, seen) = recorder();
    let _subscriptions = [system.subscribe(Arc::clone(&callback)), process.process.subscribe(callback)];
    let waits = [system.wait_exit(), process.process.wait_exit()];
    done(&system.terminate(""));
    host.settle();
    assert!(waits.iter().all(|wait| !wait.is_done()) && seen.lock().unwrap().is_empty());
    // Who asks now is told the truth.
    assert_eq!(state(&system), "Stopped");
    done(&system.wait_exit());
    let (callback, seen) = recorder();
    let _subscription = system.subscribe(callback).unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
    system.close();
    assert!(waits[0].try_result().unwrap().unwrap_err().is_already_closed());
}

#[test]
fn an_early_notification_comes_before_the_state() {
    let host = FakeHost::new();
    host.faults().add(Fault::on_event(EventType::SYSTEM_EXITED).of("web").early());
    let system = started(&host, "web", LINUX);
    let (states, asked) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::clone(&system));
    let record = Arc::clone(&states);
    let callback = Arc::new(move |_: &hcs_contract::Notification| record.lock().unwrap().push(state(&asked)));
    let subscription = system.subscribe(callback).unwrap();
    done(&system.terminate(""));
    drop(subscription);
    assert_eq!(*states.lock().unwrap(), ["Running"]);
    assert_eq!(state(&system), "Stopped");
}

#[test]
fn a_duplicated_notification_comes_twice() {
    let host = FakeHost::new();
    host.faults().add(Fault::on_event(EventType::SYSTEM_EXITED).nth(1).duplicate());
    for (id, times) in [("a", 2), ("b", 1)] {
        let system = started(&host, id, LINUX);
        let (callback, seen) = recorder();
        let _subscription = system.subscribe(callback).unwrap();
        done(&system.terminate(""));
        host.settle();
        assert_eq!(seen.lock().unwrap().len(), times, "{id}");
    }
}

#[test]
fn after_a_disconnect_systems_are_opened_again() {
    let host = FakeHost::new();
    let system = started(&host, "web", LINUX);
    let process = ready(&system, "hang");
    let (callback, seen) = recorder();
    let _subscription = system.subscribe(callback).unwrap();
    let wait = process.process.wait_exit();
    host.faults().add(Fault::on(OperationKind::Pause).disconnect());
    let lost = |error: hcs_contract::Error| matches!(error.kind(), ErrorKind::Disconnected);
    assert!(lost(system.pause("").try_result().unwrap().unwrap_err()));
    assert!(lost(wait.try_result().unwrap().unwrap_err()));
    assert!(lost(system.properties("").try_result().unwrap().unwrap_err()));
    host.settle();
    let kinds: Vec<_> = seen.lock().unwrap().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventType::SERVICE_DISCONNECT]);
    let again = host.open_system("web").unwrap();
    assert_eq!(state(&again), "Running");
    assert_eq!(again.open_process(process.process.pid()).unwrap().pid(), process.process.pid());
    drop((system, process));
    done(&again.terminate(""));
    host.settle();
    assert_eq!(seen.lock().unwrap().len(), 1, "the old subscription is dead");
    drop(again);
    assert!(host.open_system("web").is_err());
}
