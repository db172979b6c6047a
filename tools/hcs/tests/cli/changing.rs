//! Containers that are paused, resumed, and given other limits.

use serde_json::{Value, json};

use super::support::{Engine, fifo};
use std::io::Write as _;

fn state(engine: &Engine, id: &str) -> Value {
    engine.hcs(&["inspect", id]).json()[0]["State"].clone()
}

#[test]
fn paused_programs_do_nothing_until_they_are_resumed() {
    let engine = Engine::new();
    engine.rootfs();
    let mut go = fifo(&engine.path("rootfs/tmp/go"));
    engine.detached_until_ready("web", "echo ready; read x </tmp/go; echo went on; sleep 1000");
    engine.detached_until_ready("job", "echo ready; sleep 1000");
    assert_eq!(engine.hcs(&["pause", "web", "job"]).ok(), "web\njob\n");
    assert_eq!(state(&engine, "web"), "Paused");
    go.write_all(b"x\n").unwrap();
    assert_eq!(engine.hcs(&["logs", "web"]).ok(), "ready\n");
    let again = engine.hcs(&["pause", "web"]).failed(125);
    assert!(again.contains("web") && again.contains("Paused"), "{again}");
    let resumed = engine.hcs(&["resume", "--format", "json", "job", "web"]).json();
    assert_eq!(resumed, json!([{"Id": "job"}, {"Id": "web"}]));
    engine.start(&["logs", "--follow", "web"]).read_until("went on\n");
    let running = engine.hcs(&["resume", "web"]).failed(125);
    assert!(running.contains("web") && running.contains("Running"), "{running}");
    for command in ["pause", "resume"] {
        let none = engine.hcs(&[command, "none"]).failed(125);
        assert!(none.contains("none") && none.contains("system-not-found"), "{none}");
    }
    engine.hcs(&["rm", "-f", "web", "job"]).ok();
}

#[test]
fn limits_are_changed_while_the_container_runs() {
    let engine = Engine::new();
    engine.detached_until_ready("web", "echo ready; sleep 1000");
    let mut events = engine.start(&["events", "--filter", "type=modify"]);
    events.read_until("\n");
    assert_eq!(engine.hcs(&["update", "--memory", "64m", "--cpus", "0.5", "web"]).ok(), "web\n");
    for _ in 0..2 {
        assert!(events.read_until("\n").contains("modify   web"));
    }
    assert_eq!(engine.hcs(&["update", "--cpu-weight", "100", "web"]).ok(), "web\n");
    assert_eq!(engine.hcs(&["update", "--cpu-maximum", "5000", "web"]).ok(), "web\n");
    // The limit is the kernel's: a program that needs more is ended.
    let dd = engine.path("rootfs/bin/dd");
    fs_err::os::unix::fs::symlink("busybox", dd).unwrap();
    let hungry = ["exec", "web", "--", "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"];
    assert_eq!(engine.hcs(&hungry).code, 137);
    let too_many = engine.hcs(&["update", "--cpus", "999999", "web"]).failed(125);
    assert!(too_many.contains("--cpus asks for more processors"), "{too_many}");
    let none = engine.hcs(&["update", "--memory", "64m", "none"]).failed(125);
    assert!(none.contains("none") && none.contains("system-not-found"), "{none}");
    engine.hcs(&["rm", "-f", "web"]).ok();
}

#[test]
fn folders_come_and_go_while_the_container_runs() {
    let engine = Engine::new();
    engine.detached_until_ready("web", "echo ready; sleep 1000");
    let folder = engine.path("shared");
    fs_err::create_dir(&folder).unwrap();
    fs_err::write(folder.join("file"), "outside\n").unwrap();
    let mapped = || engine.hcs(&["inspect", "web"]).json()[0]["Mapped"]["Directories"].clone();
    let folder = folder.to_str().unwrap();
    engine.hcs(&["update", "--add-volume", &format!("{folder}:/data:ro"), "web"]).ok();
    assert_eq!(mapped(), json!([{"HostPath": folder, "ContainerPath": "/data", "ReadOnly": true}]));
    assert_eq!(engine.hcs(&["exec", "web", "--", "/bin/cat", "/data/file"]).ok(), "outside\n");
    // One place for another, in one call: what goes goes first.
    engine.hcs(&["update", "--rm-volume", "/data", "--add-volume", &format!("{folder}:/data"), "web"]).ok();
    assert_eq!(mapped()[0]["ReadOnly"], json!(false));
    engine.hcs(&["update", "--rm-volume", "/data", "web"]).ok();
    assert_eq!(mapped(), json!([]));
    let none = engine.hcs(&["update", "--rm-volume", "/data", "web"]).failed(125);
    assert!(none.contains("/data") && none.contains("hcs inspect"), "{none}");
    let pipe = engine.hcs(&["update", "--add-pipe", "/run/s:p", "web"]).failed(125);
    assert!(pipe.contains("a Linux container has no named pipes"), "{pipe}");
    engine.hcs(&["rm", "-f", "web"]).ok();
}

#[test]
fn what_has_stopped_can_be_neither_paused_nor_changed() {
    let engine = Engine::new();
    engine.detached("job", "exit 0");
    engine.hcs(&["wait", "job"]).ok();
    for arguments in [&["pause", "job"][..], &["resume", "job"], &["update", "--memory", "64m", "job"]] {
        let text = engine.hcs(arguments).failed(125);
        assert!(text.contains("job") && text.contains("stopped"), "{text}");
    }
    engine.hcs(&["rm", "job"]).ok();
}
