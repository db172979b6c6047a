//! Many containers at once, many mounts, and containers that do nothing.

use std::collections::BTreeSet;

use crate::support::{Place, System, linux};
use hcs_silo::protocol::{Reply, Request, Stream, User};
use hcs_silo::spec::{Mount, Source};

fn lines(path: &str) -> BTreeSet<String> {
    fs_err::read_to_string(path).unwrap().lines().map(String::from).collect()
}

#[test]
fn a_hundred_at_once_all_end_and_leave_nothing() {
    let place = Place::new();
    let mounts = lines("/proc/self/mountinfo");
    let systems: Vec<_> = (0..100).map(|n| System::started(&place.spec(&format!("s{n}")))).collect();
    let running: Vec<_> = systems.iter().map(|system| system.shell("read x; exit $x")).collect();
    for (n, process) in running.iter().enumerate() {
        rustix::io::write(&process.fds[0], format!("{n}\n").as_bytes()).unwrap();
    }
    for (n, process) in running.into_iter().enumerate() {
        assert_eq!(process.finish().1.code, u32::try_from(n).unwrap());
    }
    for system in systems {
        system.end();
    }
    assert_eq!(lines("/proc/self/mountinfo"), mounts);
}

/// Kilobytes that a process has for itself.
fn private_kb(pid: impl std::fmt::Display) -> u64 {
    let text = fs_err::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn ten_thousand_processes_leave_nothing_in_the_supervisor_and_process_1() {
    const AT_ONCE: usize = 50;
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let request = Request::CreateProcess(linux(&["/bin/true"], User::default(), [Stream::Null; 3]));
    let batch = || {
        for answer in system.ask_many(AT_ONCE, &request)() {
            let Reply::Process { process, .. } = answer.unwrap() else { panic!("no process") };
            assert_eq!(system.exit_of(process).code, 0);
            system.ask(Request::CloseProcess { process }).unwrap();
        }
        system.forget_events();
    };
    // What is taken once, for tables and buffers, does not count.
    (0..20).for_each(|_| batch());
    let [init, supervisor] = system.pids();
    let before = (system.supervisor_descriptors(), private_kb(supervisor), private_kb(init));
    (0..180).for_each(|_| batch());
    let after = (system.supervisor_descriptors(), private_kb(supervisor), private_kb(init));
    assert_eq!(after.0, before.0, "descriptors");
    // A hundred bytes each would be 900 KiB.
    assert!(after.1 <= before.1 + 128, "supervisor: {} and then {} KiB", before.1, after.1);
    assert!(after.2 <= before.2 + 128, "process 1: {} and then {} KiB", before.2, after.2);
    let Reply::Processes(rows) = system.ask(Request::Processes).unwrap() else { panic!() };
    assert_eq!(rows, []);
    system.end();
}

#[test]
fn more_mounts_than_one_message_carries() {
    let place = Place::new();
    let mut spec = place.mapped_spec("a");
    let shared = place.path("shared");
    fs_err::create_dir(&shared).unwrap();
    fs_err::write(shared.join("file"), "x").unwrap();
    spec.mounts = (0..150)
        .map(|n| Mount {
            target: format!("/mnt/{n}"),
            source: Source::Bind { path: shared.clone(), id_mapped: true },
            read_only: n % 2 == 0,
        })
        .collect();
    let system = System::started(&spec);
    let (text, _) = system.run("cat /mnt/*/file | wc -c; touch /mnt/148/no; touch /mnt/149/yes && ls /mnt/0");
    assert!(text.starts_with("150\nfile\nyes\n") && text.contains("148/no: Read-only"), "{text}");
    system.end();
}

#[test]
fn idle_supervisor_and_init_make_no_system_call() {
    let place = Place::new();
    let system = System::started(&place.spec("idle"));
    let sleeper = system.shell("echo up; exec sleep 1000");
    rustix::io::read(&sleeper.fds[1], &mut [0; 3]).unwrap();
    let Ok(Reply::Status(status)) = system.ask(Request::Status) else { panic!() };
    let text = fs_err::read_to_string(format!("/proc/{}/status", status.init_pid)).unwrap();
    let parent = text.lines().find_map(|line| line.strip_prefix("PPid:\t")).unwrap();
    let trace = place.path("trace");
    // The first second is for the one call that gives idle memory back.
    let script = format!(
        "sleep 1; exec timeout --signal=INT 10 strace -qq -o {} -p {} -p {parent}",
        trace.display(),
        status.init_pid
    );
    #[expect(clippy::disallowed_methods, reason = "strace watches from outside")]
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(124), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs_err::read_to_string(&trace).unwrap();
    // Attaching shows the call that each was in: the wait, as interrupted and restarted.
    let made: Vec<&str> = calls.lines().filter(|line| !line.contains("poll")).collect();
    assert!(made.is_empty() && calls.lines().count() <= 4, "{calls}");
    drop(sleeper);
    system.end();
}
