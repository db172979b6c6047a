//! Twenty Windows and a hundred Linux containers at once, and a host that is afterwards as it was before.
//!
//! A program of its own: other tests' containers come and go meanwhile.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![allow(dead_code, reason = "shared with other test programs")]

#[path = "compute/support.rs"]
mod support;
#[path = "windows/mod.rs"]
mod windows;

use std::collections::BTreeSet;
use std::path::Path;

use hcs_schema::Document as _;
use hcs_schema::compute::v2::ProcessParameters;
use support::{Engine, done, finish, shell, spawn};

/// What a host has of an engine's: each as one line.
fn traces(engine: &Engine) -> BTreeSet<String> {
    let folder = engine.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    let mut found = BTreeSet::new();
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    found.extend(mounts.lines().filter(|line| line.contains(folder)).map(|line| format!("mount {line}")));
    for mount in mounts.lines().filter(|line| line.contains(" - cgroup")) {
        let below =
            Path::new(mount.split(' ').nth(4).unwrap()).join(format!("hcs-{}", engine.host.instance()));
        for entry in fs_err::read_dir(below).into_iter().flatten().flatten() {
            // That of the supervisors stays with the engine.
            if entry.file_name() != "engine" && entry.file_type().unwrap().is_dir() {
                found.insert(format!("cgroup {}", entry.path().display()));
            }
        }
    }
    for entry in fs_err::read_dir("/sys/class/net").unwrap() {
        found.insert(format!("link {}", entry.unwrap().file_name().display()));
    }
    for entry in fs_err::read_dir("/proc").unwrap() {
        let path = entry.unwrap().path();
        // Of one that has ended there is a row in the kernel's table until its parent has asked for its code.
        let status = fs_err::read_to_string(path.join("status")).unwrap_or_default();
        let groups = fs_err::read_to_string(path.join("cgroup")).unwrap_or_default();
        if !status.contains("State:\tZ") && groups.contains(engine.host.instance()) {
            found.insert(format!("process {}", path.display()));
            for kind in ["pid", "mnt", "net", "ipc", "uts", "cgroup", "user"] {
                let link = fs_err::read_link(path.join("ns").join(kind)).unwrap_or_default();
                if fs_err::read_link(format!("/proc/self/ns/{kind}")).unwrap() != link {
                    found.insert(format!("namespace {}", link.display()));
                }
            }
        }
    }
    found
}

#[test]
fn twenty_windows_and_a_hundred_linux_containers_run_at_once_and_leave_nothing() {
    let engine = Engine::new();
    let base = windows::base();
    let before = traces(&engine);
    let document = format!(
        r#"{{"SchemaVersion":{{"Major":2,"Minor":1}},
            "Container":{{"Storage":{{"Layers":[{{"Path":"{}"}}]}}}}}}"#,
        base.path().display()
    );
    let mut systems = Vec::new();
    for number in 0..100 {
        systems.push(engine.create(&format!("linux-{number}"), ""));
    }
    for number in 0..20 {
        systems.push(engine.try_create(&format!("windows-{number}"), &document).unwrap());
    }
    for start in systems.iter().map(|system| system.start("")).collect::<Vec<_>>() {
        done(&start);
    }
    let wait_for_input = ProcessParameters {
        command_line: "cmd /c set /p code= & call exit %code%".into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..ProcessParameters::default()
    };
    let processes: Vec<_> = systems
        .iter()
        .map(|system| {
            let linux = system.id().starts_with("linux");
            spawn(system, &if linux { shell("read code; exit $code") } else { wait_for_input.to_json() })
        })
        .collect();
    let during = traces(&engine);
    let count = |kind: &str| during.iter().filter(|line| line.starts_with(kind)).count();
    // Each has a supervisor, process 1 and its program, and Windows containers more; each its own namespaces.
    assert!(count("process") >= 3 * 120, "{}", count("process"));
    assert!(count("namespace pid") == 120 && count("namespace net") == 120, "{during:#?}");
    for (number, process) in processes.iter().enumerate() {
        let mut input = process.information.take_stdin().unwrap();
        let end = if systems[number].id().starts_with("linux") { "\n" } else { "\r\n" };
        std::io::Write::write_all(&mut input, format!("{number}{end}").as_bytes()).unwrap();
    }
    for (number, process) in (0..).zip(&processes) {
        assert_eq!(finish(process).2, number);
    }
    for terminated in systems.iter().map(|system| system.terminate("")).collect::<Vec<_>>() {
        done(&terminated);
    }
    drop((processes, systems));
    // The garbage collection waits for supervisors that are on their way out, and finds nothing.
    let report = engine.host.gc(false).unwrap();
    assert!(report.found.is_empty() && report.failures.is_empty(), "{report:?}");
    assert_eq!(traces(&engine), before);
}
