//! Help, wrong usage, and the form of errors. Needs no root.

use std::process::Stdio;

use super::running::{Output, Running, command, finish, hcs, program};

/// What the build or the terminal may change.
fn stable(output: &Output) -> String {
    output.snapshot().replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
}

macro_rules! snapshot {
    ($name:literal, $($argument:expr),*) => {
        insta::assert_snapshot!($name, stable(&hcs(&[$($argument),*])));
    };
}

#[test]
fn help_of_every_command() {
    for command in [
        "run",
        "create",
        "start",
        "exec",
        "ls",
        "ps",
        "inspect",
        "stats",
        "logs",
        "top",
        "events",
        "pause",
        "resume",
        "update",
        "stop",
        "kill",
        "rm",
        "wait",
        "gc",
        "network",
        "endpoint",
        "namespace",
        "base",
        "commit",
        "features",
        "completions",
    ] {
        insta::assert_snapshot!(format!("help_{command}"), stable(&hcs(&[command, "--help"])));
    }
    for verb in [
        "build", "commit", "export", "fsck", "inspect", "load", "ls", "mount", "pull", "push", "rm", "save",
        "tag",
    ] {
        let output = stable(&hcs(&["image", verb, "--help"]));
        insta::assert_snapshot!(format!("help_image_{verb}"), output);
    }
    snapshot!("help_image", "image", "--help");
    snapshot!("help", "--help");
    snapshot!("help_short", "-h");
    snapshot!("version", "--version");
}

#[test]
fn wrong_usage_is_explained_and_ends_with_125() {
    snapshot!("usage_none",);
    snapshot!("usage_unknown_command", "rum");
    snapshot!("usage_unknown_option", "run", "--memroy", "1g", "x");
    snapshot!("usage_no_program", "run", "--rm");
    snapshot!("usage_memory", "run", "--memory", "64", "x");
    snapshot!("usage_cpus", "run", "--cpus", "0", "x");
    snapshot!("usage_volume", "run", "-v", "/a", "x");
    snapshot!("usage_environment", "run", "-e", "NOT_SET_ANYWHERE", "x");
    snapshot!("usage_config_and_more", "run", "--config", "c.json", "--memory", "1g", "x");
    snapshot!("usage_detached_terminal", "run", "-d", "-t", "x");
    snapshot!("usage_version_of_linux", "run", "--rootfs", "/", "--os-version", "10.0.1", "x");
    snapshot!("usage_publish", "run", "-p", "80:http", "x");
    snapshot!("usage_filter", "ls", "--filter", "colour=red");
    snapshot!("usage_update_nothing", "update", "x");
    snapshot!("usage_update_processors", "update", "--cpus", "1", "--cpu-weight", "9", "x");
    snapshot!("usage_update_weight", "update", "--cpu-weight", "10001", "x");
    snapshot!("usage_top_interval", "top", "--interval", "0", "x");
    snapshot!("usage_event_filter", "events", "--filter", "type=stop");
    snapshot!("usage_signal_without_process", "kill", "--signal", "TERM", "x");
    snapshot!("usage_json", "run", "--format", "json", "--memroy", "1g", "x");
    snapshot!("usage_terminal", "run", "-t", "--rootfs", "/", "x");
}

#[test]
fn options_behind_the_program_are_the_programs() {
    // Not refused as unknown: the engine is asked, and its folder can't be made.
    let mut command = command(&["run", "--rootfs", "/", "prog", "--memroy", "-t", "--help"]);
    let text = finish(command.env("HCS_ROOT", "/proc/nowhere")).failed(125);
    assert!(text.contains("/proc/nowhere"), "{text}");
}

#[test]
fn errors_have_a_form_for_people_and_one_for_programs() {
    let failing =
        |arguments: &[&str]| finish(command(arguments).env("HCS_ROOT", "/proc/nowhere")).failed(125);
    insta::assert_snapshot!("error_people", failing(&["ls"]));
    insta::assert_snapshot!("error_programs", failing(&["ls", "--format", "json"]));
    let bad = finish(command(&["ls"]).env("HCS_IDS", "many"));
    insta::assert_snapshot!("error_environment", bad.failed(125));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    for arguments in [&["completions", "bash"][..], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        finish(command(arguments).stdout(writer)).ok();
    }
}

#[test]
fn completions_are_scripts_that_the_shell_takes() {
    let script = hcs(&["completions", "bash"]).ok();
    assert!(script.contains("--rootfs") && script.contains("inspect"));
    let mut shell = Running::start(program("bash").arg("-n").stdin(Stdio::piped()));
    shell.write(script.as_bytes());
    shell.finish().ok();
}
