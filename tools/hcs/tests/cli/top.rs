//! What containers do just now, and what this host can do at all.

use serde_json::{Value, json};

use super::support::Engine;

#[test]
fn top_shows_a_table_for_each_container_and_ends() {
    let engine = Engine::new();
    for name in ["a", "b"] {
        engine.detached_until_ready(name, "echo ready; sleep 1000; exit 1");
    }
    let tables = engine.hcs(&["top", "--once", "b", "a"]).ok();
    let lines: Vec<&str> = tables.lines().collect();
    assert!(lines[0].starts_with("b: Running, up ") && lines[0].contains("processes 2"), "{tables}");
    assert!(lines[1].starts_with("PID  PROGRAM  CPU%"), "{tables}");
    assert!(lines.iter().any(|line| line.starts_with("a: Running")), "{tables}");
    assert!(lines.iter().any(|line| line.contains("sleep") && line.contains(" -  ")), "{tables}");
    assert!(!tables.contains('\x1b'), "{tables:?}");

    let rows = engine.hcs(&["top", "--once", "--format", "json", "a"]).json();
    let row = &rows.as_array().unwrap()[0];
    assert_eq!((&row["Id"], &row["State"]), (&json!("a"), &json!("Running")));
    assert!(row["Statistics"]["Memory"]["MemoryUsageCommitBytes"].as_u64() > Some(0), "{row}");
    let images: Vec<_> = row["Processes"].as_array().unwrap().iter().map(|row| &row["ImageName"]).collect();
    assert_eq!(images, ["sh", "sleep"]);

    engine.hcs(&["pause", "a"]).ok();
    assert!(engine.hcs(&["top", "--once", "a"]).ok().starts_with("a: Paused"));
    for command in [&["top", "none"][..], &["top", "--once", "a", "none"]] {
        let text = engine.hcs(command).failed(125);
        assert!(text.contains("none") && text.contains("system-not-found"), "{text}");
    }
    engine.hcs(&["rm", "-f", "a", "b"]).ok();
}

#[test]
fn top_refreshes_and_ends_with_the_last_of_its_containers() {
    let engine = Engine::new();
    engine.detached_until_ready("a", "echo ready; sleep 1000");
    let mut top = engine.start(&["top", "--interval", "1", "--format", "json", "a"]);
    let mut next = || -> Value { serde_json::from_str(&top.read_until("\n")).unwrap() };
    let (first, second) = (next(), next());
    assert_eq!(first[0].get("CpuPercent"), None);
    assert!(second[0]["CpuPercent"].as_f64() < Some(50.0), "{second}");
    assert!(second[0]["Processes"][0]["CpuPercent"].is_number(), "{second}");
    engine.hcs(&["rm", "-f", "a"]).ok();
    top.finish();
    // It keeps no container: one that goes with its last handle goes.
    let mut run = engine.start_sh(&["-i", "--name", "b"], "echo ready; read x");
    run.read_until("ready\n");
    let mut top = engine.start(&["top", "--interval", "1000", "b"]);
    top.read_until("COMMIT\n");
    run.write(b"x\n");
    assert_eq!(run.finish().code, 0);
    assert_eq!(top.finish().code, 0);
}

#[test]
fn what_has_stopped_has_nothing_to_show() {
    let engine = Engine::new();
    engine.detached("job", "exit 0");
    engine.hcs(&["wait", "job"]).ok();
    let text = engine.hcs(&["top", "job"]).failed(125);
    assert!(text.contains("job") && text.contains("stopped"), "{text}");
    engine.hcs(&["rm", "job"]).ok();
}

#[test]
fn features_are_listed_with_the_reason_of_what_is_not_there() {
    let engine = Engine::new();
    let table = engine.hcs(&["features"]).ok();
    assert!(table.starts_with("FEATURE"), "{table}");
    let row = |text: &str, name: &str| {
        let found = text.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("{name} in {text}")).split_whitespace().nth(1).unwrap().to_owned()
    };
    for (name, here) in [
        ("guest-linux", "yes"),
        ("schema-versions", "yes"),
        ("cgroups", "yes"),
        ("limit-memory", "yes"),
        ("limit-cpu-weight", "yes"),
        ("user-namespaces", "yes"),
        ("id-mapped-mounts", "yes"),
        ("seccomp", "yes"),
        ("events", "yes"),
        ("network", "yes"),
    ] {
        assert_eq!(row(&table, name), here, "{name} in {table}");
    }
    let rows = engine.hcs(&["features", "--format", "json"]).json();
    let network = rows.as_array().unwrap().iter().find(|row| row["Name"] == "network").unwrap();
    assert!(network["Detail"].as_str().unwrap().contains("hcs-network"), "{network}");
}
