//! Containers that outlive the command: detached, listed, watched, ended, removed.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Engine, fifo};

#[test]
fn a_detached_program_is_logged_waited_for_and_removed() {
    let engine = Engine::new();
    engine.detached("job", "echo one; echo two >&2; echo three; exit 42");
    assert_eq!(engine.hcs(&["wait", "job"]).ok(), "42\n");
    let logs = engine.hcs(&["logs", "job"]);
    assert_eq!((&*logs.stdout, &*logs.stderr), ("one\nthree\n", "two\n"));
    // As often as one likes, until it is removed.
    assert_eq!(engine.hcs(&["wait", "job"]).ok(), "42\n");
    assert_eq!(engine.hcs(&["ls"]).ok().lines().count(), 1, "stopped ones are shown with -a only");
    assert!(engine.hcs(&["ls", "-a"]).ok().contains("Stopped (exit code 42)"));
    assert_eq!(engine.hcs(&["rm", "job"]).ok(), "job\n");
    for command in ["logs", "wait", "inspect", "rm", "ps", "stop", "start"] {
        let text = engine.hcs(&[command, "job"]).failed(125);
        assert!(
            text.contains("job") && text.contains("system-not-found") && text.contains("hcs ls -a"),
            "{text}"
        );
    }
}

#[test]
fn of_a_log_the_end_can_be_shown_and_when_it_was() {
    let engine = Engine::new();
    engine.detached("job", "echo one; echo two; echo three; printf rest");
    engine.hcs(&["wait", "job"]).ok();
    let logs = |options: &[&str]| engine.hcs(&[&["logs", "job"], options].concat()).ok();
    assert_eq!(logs(&[]), "one\ntwo\nthree\nrest");
    assert_eq!(logs(&["--tail", "2"]), "three\nrest");
    assert_eq!(logs(&["--tail", "0"]), "");
    assert_eq!(logs(&["--follow"]), logs(&[]), "of a stopped container there is nothing to wait for");
    let stamped = logs(&["--timestamps", "-n3"]);
    for (line, expected) in stamped.lines().zip(["two", "three", "rest"]) {
        let (time, text) = line.split_once(' ').unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z') && text == expected, "{stamped}");
    }
    engine.hcs(&["rm", "job"]).ok();
}

#[test]
fn a_log_is_followed_until_the_end() {
    let engine = Engine::new();
    engine.rootfs();
    // FIFOs in the root folder, which is a folder of the host: nothing is printed before we say so.
    let [mut one, mut two] = ["one", "two"].map(|name| fifo(&engine.path("rootfs/tmp").join(name)));
    engine.detached("job", "read go </tmp/one; echo first; read go </tmp/two; echo last");
    let mut follow = engine.start(&["logs", "--follow", "job"]);
    one.write_all(b"go\n").unwrap();
    assert_eq!(follow.read_until("first\n"), "first\n");
    two.write_all(b"go\n").unwrap();
    assert_eq!(follow.finish().ok(), "last\n");
    engine.hcs(&["rm", "job"]).ok();
}

#[test]
fn without_rm_the_record_stays_and_with_it_nothing_does() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let program = ["--rootfs", &*rootfs, "--", "/bin/sh", "-c", "exit 5"];
    assert_eq!(engine.hcs(&[&["run", "--name", "kept"], &program[..]].concat()).code, 5);
    let kept = engine.hcs(&["inspect", "kept"]).json();
    assert_eq!(
        (&kept[0]["State"], &kept[0]["ExitCode"], &kept[0]["ExitType"]),
        (&json!("Stopped"), &json!(5), &json!("GracefulExit"))
    );
    let again = engine.hcs(&[&["run", "--name", "kept"], &program[..]].concat()).failed(125);
    assert!(again.contains("already exists") && again.contains("hcs rm"), "{again}");
    engine.hcs(&["rm", "kept"]).ok();

    assert_eq!(engine.hcs(&[&["run", "--rm", "--name", "gone"], &program[..]].concat()).code, 5);
    engine.assert_empty();
    engine.hcs(&[&["run", "-d", "--rm", "--name", "gone"], &program[..]].concat()).ok();
    // Removed as it ends, perhaps before anybody asks.
    let wait = engine.hcs(&["wait", "gone"]);
    assert!(wait.stdout == "5\n" || wait.stderr.contains("system-not-found"), "{wait:?}");
}

#[test]
fn listings_have_tables_json_filters_and_names_alone() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let create = |name: &str, labels: &[&str]| {
        let all = [&["create", "--name", name, "--rootfs", &rootfs], labels].concat();
        assert_eq!(engine.hcs(&all).ok(), format!("{name}\n"));
    };
    create("a", &["--label", "team=x", "--label", "tier"]);
    create("b", &["--label", "team=y"]);
    engine.hcs(&["start", "b"]).ok();
    let table = engine.hcs(&["ls"]).ok();
    assert!(table.starts_with("ID  GUEST  STATE    CREATED"), "{table}");
    assert!(!table.contains('\x1b'), "no colours without a terminal: {table:?}");
    let names = |filters: &[&str]| {
        let mut all = vec!["ls", "-q"];
        for filter in filters {
            all.extend(["--filter", filter]);
        }
        engine.hcs(&all).ok().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["a", "b"]);
    assert_eq!(names(&["label=team=x"]), ["a"]);
    assert_eq!(names(&["label=team"]), ["a", "b"]);
    assert_eq!(names(&["label=team", "state=running"]), ["b"]);
    assert_eq!(names(&["state=created", "state=running", "owner=hcs"]), ["a", "b"]);
    assert_eq!(names(&["owner=nobody"]), [""; 0]);
    let rows = engine.hcs(&["ls", "--format", "json", "--filter", "label=tier"]).json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["Labels"], json!({"team": "x", "tier": ""}));
    assert_eq!((&rows[0]["State"], &rows[0]["Guest"]), (&json!("Created"), &json!("Linux")));
    engine.hcs(&["rm", "-f", "a", "b"]).ok();
}

#[test]
fn processes_statistics_and_all_else_are_shown() {
    let engine = Engine::new();
    engine.detached("box", "exec sleep 1000");
    let pid = engine.hcs(&["exec", "-d", "box", "--", "/bin/sleep", "999"]).ok().trim().to_owned();
    let rows = engine.hcs(&["ps", "--format", "json", "box"]).json();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows}");
    let second = rows.as_array().unwrap().iter().find(|row| row["ProcessId"].as_u64() == pid.parse().ok());
    assert_eq!(second.map(|row| &row["ImageName"]), Some(&json!("sleep")), "{pid} in {rows}");
    assert!(engine.hcs(&["ps", "box"]).ok().starts_with("PID  PROGRAM  STARTED"));

    let stats = engine.hcs(&["stats", "--format", "json"]).json();
    assert_eq!(stats[0]["Id"], "box");
    assert!(stats[0]["Statistics"]["Memory"]["MemoryUsageCommitBytes"].as_u64().unwrap() > 0, "{stats}");
    assert!(engine.hcs(&["stats", "box"]).ok().lines().nth(1).unwrap().starts_with("box  "));

    let whole = engine.hcs(&["inspect", "box"]).json();
    assert_eq!(whole[0]["Document"]["ContainerType"], "Linux");
    assert_eq!(whole[0]["Properties"]["ProcessList"].as_array().unwrap().len(), 2);
    assert!(whole[0]["InitPid"].as_u64().unwrap() > 1);

    assert_eq!(engine.hcs(&["kill", "--process", &pid, "--signal", "sigterm", "box"]).ok(), "box\n");
    let gone = engine.hcs(&["kill", "--process", "4711", "box"]).failed(125);
    assert!(gone.contains("4711"), "{gone}");
    engine.hcs(&["kill", "box"]).ok();
    assert_eq!(engine.hcs(&["wait", "box"]).ok(), "137\n");
    engine.hcs(&["rm", "box"]).ok();
}

#[test]
fn results_are_json_when_asked_for() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let hcs = |arguments: &[&str]| engine.hcs(&[&["--format", "json"], arguments].concat());
    let create = ["create", "--name", "one", "--rootfs", &rootfs];
    assert_eq!(hcs(&create).json(), json!({"Id": "one"}));
    assert_eq!(hcs(&["start", "one"]).json(), json!([{"Id": "one"}]));
    let run = ["run", "-d", "--name", "two", "--rootfs", &rootfs, "--", "/bin/sleep", "1000"];
    assert_eq!(hcs(&run).json(), json!({"Id": "two"}));
    assert_eq!(hcs(&["ls", "-q"]).json(), json!([{"Id": "one"}, {"Id": "two"}]));
    let process = hcs(&["exec", "-d", "two", "--", "/bin/sleep", "1000"]).json();
    let pid = process["ProcessId"].to_string();
    assert_eq!((&process["Id"], pid.parse::<u32>().is_ok()), (&json!("two"), true));
    assert_eq!(hcs(&["kill", "--process", &pid, "two"]).json(), json!([{"Id": "two"}]));
    assert_eq!(hcs(&["kill", "two"]).json(), json!([{"Id": "two"}]));
    assert_eq!(hcs(&["stop", "one"]).json(), json!([{"Id": "one"}]));
    let ends = json!([{"Id": "one", "ExitCode": null}, {"Id": "two", "ExitCode": 137}]);
    assert_eq!(hcs(&["wait", "one", "two"]).json(), ends);

    // What was done is one array, also beside what failed, and each failure one line.
    let removed = hcs(&["rm", "one", "none", "two", "neither"]);
    assert_eq!(removed.code, 125);
    let done: Value = serde_json::from_str(&removed.stdout).unwrap();
    assert_eq!(done, json!([{"Id": "one"}, {"Id": "two"}]));
    let errors: Vec<Value> = removed.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(
        (&errors[1]["Error"]["Object"], &errors[1]["Error"]["ExitCode"]),
        (&json!("neither"), &json!(125))
    );
}

/// The part of one processor's time that the kernel lets a process have, in thousandths: of all cgroups that it is
/// in, and those around them, the nearest with a quota.
fn quota(pid: &Value) -> u64 {
    let groups = fs_err::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let groups = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).map(Path::new);
    let groups: Vec<&Path> = groups.flat_map(Path::ancestors).collect();
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    let mounts = mounts.lines().filter(|line| line.contains(" - cgroup"));
    let number = |text: &str| text.trim().parse::<u64>().ok();
    mounts
        .filter_map(|line| line.split(' ').nth(4))
        .flat_map(|mount| {
            let below = |group: &&Path| Path::new(mount).join(group.strip_prefix("/").unwrap());
            groups.iter().map(below).collect::<Vec<_>>()
        })
        .find_map(|folder| {
            let read = |name: &str| fs_err::read_to_string(folder.join(name)).ok();
            let (quota, period) = match read("cpu.max") {
                Some(text) => text.split_once(' ').map(|(quota, period)| (number(quota), number(period)))?,
                None => (number(&read("cpu.cfs_quota_us")?), number(&read("cpu.cfs_period_us")?)),
            };
            Some(quota? * 1000 / period?)
        })
        .expect("no cgroup of the process has a quota")
}

#[test]
fn a_limit_of_processors_is_the_kernels() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    for (cpus, expected) in [("0.5", 500), ("1", 1000)] {
        let create = ["create", "--name", "box", "--cpus", cpus, "--rootfs", &rootfs];
        engine.hcs(&create).ok();
        let init = &engine.hcs(&["inspect", "box"]).json()[0]["InitPid"];
        // The service counts in 10,000 parts of the whole host, in which a part of a processor may not come out even.
        let part = std::thread::available_parallelism().unwrap().get() as u64 / 10;
        assert!(quota(init).abs_diff(expected) <= part + 1, "{cpus}: {}", quota(init));
        engine.hcs(&["rm", "-f", "box"]).ok();
    }
}

#[test]
fn stopping_asks_and_then_ends() {
    let engine = Engine::new();
    // Ready is who has set the trap; without it the signal would end it.
    engine.detached_until_ready("polite", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
    engine.detached_until_ready("stubborn", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
    assert_eq!(engine.hcs(&["stop", "--time", "30", "polite"]).ok(), "polite\n");
    assert_eq!(engine.hcs(&["stop", "--time", "1", "stubborn"]).ok(), "stubborn\n");
    let exit = |name: &str| engine.hcs(&["inspect", name]).json()[0]["ExitType"].clone();
    assert_eq!((exit("polite"), exit("stubborn")), (json!("GracefulExit"), json!("ForcedExit")));
    // Stopping what has stopped is done at once.
    assert_eq!(engine.hcs(&["stop", "polite", "stubborn"]).ok(), "polite\nstubborn\n");
    engine.hcs(&["rm", "polite", "stubborn"]).ok();
}

#[test]
fn of_several_containers_one_failure_spares_the_others() {
    let engine = Engine::new();
    engine.detached("first", "sleep 1000");
    engine.detached("second", "sleep 1000");
    let output = engine.hcs(&["rm", "--force", "first", "none", "second"]);
    assert_eq!((output.code, &*output.stdout), (125, "first\nsecond\n"));
    assert!(output.stderr.contains("none") && !output.stderr.contains("first"), "{}", output.stderr);
    let live = |force: &[&str]| engine.hcs(&[&["rm"], force, &["three"]].concat());
    engine.detached("three", "sleep 1000");
    let refused = live(&[]).failed(125);
    assert!(refused.contains("Running") && refused.contains("hint"), "{refused}");
    live(&["-f"]).ok();
}

#[test]
fn documents_of_both_schemas_are_taken_from_files_and_from_input() {
    let engine = Engine::new();
    let root = engine.rootfs();
    let one = json!({"SystemType": "Container", "Name": "x", "ContainerType": "Linux", "VolumePath": root, "HostName": "one"});
    let two = json!({"SchemaVersion": {"Major": 2, "Minor": 1}, "Container": {"Storage": {"Path": root}, "GuestOs": {"HostName": "two"}}});
    for (document, name) in [(one, "one"), (two, "two")] {
        let path = engine.path("document.json");
        fs_err::write(&path, document.to_string()).unwrap();
        let program = ["--", "/bin/cat", "/proc/sys/kernel/hostname"];
        let arguments = ["run", "--rm", "--config", path.to_str().unwrap()];
        assert_eq!(engine.hcs(&[&arguments[..], &program].concat()).ok(), format!("{name}\n"));
        let mut run = engine.start(&[&["run", "--rm", "--config", "-"], &program[..]].concat());
        run.write(document.to_string().as_bytes());
        assert_eq!(run.finish().ok(), format!("{name}\n"));
    }
}

#[test]
fn several_commands_share_one_container() {
    let engine = Engine::new();
    engine.detached("box", "sleep 1000");
    let waiting = [engine.start(&["wait", "box"]), engine.start(&["wait", "box"])];
    let mut reader = engine.start(&["exec", "-i", "box", "/bin/cat"]);
    reader.write(b"x\n");
    reader.read_until("x\n");
    engine.hcs(&["kill", "box"]).ok();
    for wait in waiting {
        assert_eq!(wait.finish().ok(), "137\n");
    }
    assert_eq!(reader.finish().code, 137);
    engine.hcs(&["rm", "box"]).ok();
}
