//! `hcs run` and `hcs exec` with a program in the foreground: exit codes, streams, signals. Linux containers.

use rustix::process::Signal;

use super::running::finish;
use super::support::Engine;

#[test]
fn the_programs_exit_code_is_the_commands() {
    let engine = Engine::new();
    for (script, code) in [("exit 7", 7), ("true", 0), ("exit 255", 255), ("kill -9 $$", 137)] {
        let output = engine.sh(&[], script);
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (code, "", ""), "{script}");
    }
    engine.assert_empty();
}

#[test]
fn a_program_that_is_not_there_is_127_and_one_that_cannot_run_is_126() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let run = |keep: &[&str], program| {
        let all = [&["run", "--rootfs", &rootfs], keep, &["--", program]].concat();
        let text = engine.hcs(&all).failed(if program.contains("no") { 127 } else { 126 });
        assert!(text.contains(program), "{text}");
        // Nothing half made, and no record of what never ran.
        engine.assert_empty();
    };
    for keep in [&["--rm"][..], &[], &["-d"]] {
        run(keep, "/bin/nothing");
        run(keep, "nowhere");
        run(keep, "/etc/passwd");
        run(keep, "/etc");
    }
}

#[test]
fn output_and_errors_stay_apart_and_input_needs_i() {
    let engine = Engine::new();
    let mut without = engine.start_sh(&[], "echo out; echo err >&2; cat");
    without.write(b"not for it\n");
    let output = without.finish();
    assert_eq!((&*output.stdout, &*output.stderr), ("out\n", "err\n"));
    let mut cat = engine.start_sh(&["-i"], "cat");
    cat.write(b"through\n");
    assert_eq!(cat.finish().ok(), "through\n");
}

#[test]
fn bytes_pass_unchanged() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let bytes: Vec<u8> =
        (0..4_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    fs_err::write(engine.path("in"), &bytes).unwrap();
    let mut cat = engine.command(&["run", "--rm", "-i", "--rootfs", &rootfs, "--", "/bin/cat"]);
    cat.stdin(std::fs::File::from(fs_err::File::open(engine.path("in")).unwrap()));
    cat.stdout(std::fs::File::from(fs_err::File::create(engine.path("out")).unwrap()));
    finish(&mut cat).ok();
    assert!(fs_err::read(engine.path("out")).unwrap() == bytes);
}

#[test]
fn environment_folder_and_user_follow_the_options() {
    let engine = Engine::new();
    let options = ["-e", "A=b c", "-w", "/tmp", "--user", "web", "--hostname", "box"];
    let text = engine.sh(&options, "echo \"$A\"; pwd; id -u; id -g; cat /proc/sys/kernel/hostname").ok();
    assert_eq!(text, "b c\n/tmp\n33\n44\nbox\n");
}

#[test]
fn folders_of_the_host_appear_and_read_only_is_read_only() {
    let engine = Engine::new();
    let data = engine.path("data");
    fs_err::create_dir(&data).unwrap();
    fs_err::write(data.join("file"), "hello").unwrap();
    let (writable, read_only) = (format!("{}:/rw", data.display()), format!("{}:/ro:ro", data.display()));
    let options = ["-v", &*writable, "-v", &*read_only];
    let output = engine.sh(&options, "cat /ro/file; echo more >/rw/new; echo no >/ro/new || exit 3");
    assert_eq!((output.code, &*output.stdout), (3, "hello"), "{output:?}");
    assert_eq!(fs_err::read_to_string(data.join("new")).unwrap(), "more\n");
}

#[test]
fn past_the_memory_limit_the_program_is_ended_and_the_state_says_so() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let program = ["/bin/tail", "/dev/zero"];
    let arguments = ["run", "--name", "big", "--memory", "32m", "--rootfs", &rootfs, "--"];
    assert_eq!(engine.hcs(&[&arguments[..], &program].concat()).code, 137);
    let inspected = engine.hcs(&["inspect", "big"]).json();
    assert_eq!(inspected[0]["ExitCode"], 137);
    assert!(inspected[0]["OomKills"].as_u64().unwrap() > 0, "{inspected}");
    assert!(engine.hcs(&["ls", "-a"]).ok().contains("out of memory"));
    engine.hcs(&["rm", "big"]).ok();
}

#[test]
fn the_first_signal_is_passed_on_and_the_second_ends_the_container() {
    let engine = Engine::new();
    for (signal, name, code) in [(Signal::INT, "INT", 4), (Signal::TERM, "TERM", 5), (Signal::HUP, "HUP", 6)]
    {
        let script = format!("trap 'echo got; exit {code}' {name}; echo ready; while :; do sleep 0.01; done");
        let mut run = engine.start_sh(&[], &script);
        run.read_until("ready\n");
        run.signal(signal);
        let output = run.finish();
        assert_eq!((output.code, &*output.stdout), (code, "got\n"), "{name}: {output:?}");
    }
    let mut run = engine.start_sh(&[], "trap 'echo ignored' TERM; echo ready; while :; do sleep 0.01; done");
    run.read_until("ready\n");
    run.signal(Signal::TERM);
    run.read_until("ignored\n");
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code, 137);
    engine.assert_empty();
}

#[test]
fn a_killed_command_takes_its_container_with_it() {
    let engine = Engine::new();
    let mut run = engine.start_sh(&["--name", "orphan"], "echo ready; sleep 1000");
    run.read_until("ready\n");
    let gone = engine.watch("orphan");
    run.signal(Signal::KILL);
    assert_eq!(run.finish().code, 137);
    gone.wait();
    engine.assert_empty();
}

#[test]
fn a_killed_supervisor_is_a_failure_of_the_engine_and_leaves_nothing() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    for rm in [&["--rm"][..], &[]] {
        let program =
            ["--name", "victim", "--rootfs", &rootfs, "--", "/bin/sh", "-c", "echo ready; sleep 1000"];
        let mut run = engine.start(&[&["run"], rm, &program].concat());
        run.read_until("ready\n");
        let init = engine.hcs(&["inspect", "victim"]).json()[0]["InitPid"].clone();
        let status = fs_err::read_to_string(format!("/proc/{init}/status")).unwrap();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
        let supervisor = rustix::process::Pid::from_raw(parent.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(supervisor, Signal::KILL).unwrap();
        let output = run.finish();
        assert_eq!(output.code, 125, "{output:?}");
        assert!(output.stderr.contains("victim"), "{}", output.stderr);
        engine.assert_empty();
    }
}

#[test]
fn the_log_of_what_is_done_is_there_when_asked_for() {
    let engine = Engine::new();
    let text = engine.sh(&["--log-level", "debug", "--log-format", "json"], "true").stderr;
    let operations: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|event| event["fields"]["operation"].as_str().map(str::to_owned))
        .collect();
    for operation in ["create", "start", "create process in", "wait for the exit of", "terminate"] {
        assert!(operations.iter().any(|known| known == operation), "{operation} in {text}");
    }
    let text = engine.sh(&["--log-level", "error"], "true").stderr;
    assert_eq!(text, "");
    // Either option asks for a log.
    let text = engine.sh(&["--log-format", "json"], "true").stderr;
    assert!(text.starts_with('{') && text.contains("create process in"), "{text}");
}

#[test]
fn exec_runs_in_the_same_container() {
    let engine = Engine::new();
    engine.detached_until_ready("box", "echo mark >/tmp/mark; echo ready; sleep 1000");
    let text = engine.hcs(&[
        "exec",
        "-e",
        "X=y",
        "-w",
        "/tmp",
        "box",
        "--",
        "/bin/sh",
        "-c",
        "cat mark; echo $X; pwd; exit 9",
    ]);
    assert_eq!((text.code, &*text.stdout), (9, "mark\ny\n/tmp\n"), "{text:?}");
    assert_eq!(engine.hcs(&["exec", "box", "--", "/bin/nothing"]).code, 127);
    let mut cat = engine.start(&["exec", "-i", "box", "/bin/cat"]);
    cat.write(b"in");
    assert_eq!(cat.finish().ok(), "in");
    // Neither failure nor success of exec ends the container.
    assert!(engine.hcs(&["ls"]).ok().contains("Running"));
    engine.hcs(&["rm", "-f", "box"]).ok();
}

#[test]
fn twenty_at_once_keep_apart() {
    let engine = Engine::new();
    engine.rootfs();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..20)
            .map(|number| {
                let engine = &engine;
                scope.spawn(move || engine.sh(&[], &format!("echo {number}; exit {number}")))
            })
            .collect();
        for (number, run) in runs.into_iter().enumerate() {
            let output = run.join().unwrap();
            let expected = (i32::try_from(number).unwrap(), format!("{number}\n"));
            assert_eq!((output.code, output.stdout), expected, "{}", output.stderr);
        }
    });
    engine.assert_empty();
}
