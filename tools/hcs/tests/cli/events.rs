//! What happens to containers, seen from another command.

use serde_json::{Value, json};

use super::running::Running;
use super::support::Engine;

/// The next line of events, which are JSON.
fn next(events: &mut Running) -> Value {
    serde_json::from_str(&events.read_until("\n")).unwrap()
}

#[test]
fn events_of_all_containers_are_lines_of_json() {
    let engine = Engine::new();
    let mut events = engine.start(&["events", "--format", "json", "--log-level", "debug"]);
    // It says when it has begun: from here on nothing is missed.
    let begun = events.read_error_until("\n");
    assert!(begun.contains("watch"), "{begun}");
    assert_eq!(engine.sh(&["--name", "short"], "exit 44").code, 44);
    let [created, started, exited] = [(); 3].map(|()| next(&mut events));
    for (event, kind) in [(&created, "create"), (&started, "start"), (&exited, "exit")] {
        assert_eq!((&event["Id"], &event["Type"]), (&json!("short"), &json!(kind)), "{event}");
        let time = event["Time"].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    }
    assert_eq!(started.as_object().unwrap().len(), 3, "{started}");
    assert_eq!((&exited["ExitType"], &exited["ExitCode"]), (&json!("GracefulExit"), &json!(44)));
    engine.assert_empty();
}

#[test]
fn events_have_a_table_and_filters() {
    let engine = Engine::new();
    let mut events = engine.start(&["events", "--filter", "id=b", "--filter", "type=exit"]);
    let head = events.read_until("\n");
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["TIME", "TYPE", "ID"]);
    for name in ["a", "b"] {
        assert_eq!(engine.sh(&["--name", name], "exit 5").code, 5);
    }
    let line = events.read_until("\n");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..], ["exit", "b", "GracefulExit,", "exit", "code", "5"], "{line}");
    assert_eq!((words[0].len(), head.find("TYPE")), (24, line.find("exit")), "{head}{line}");
}
