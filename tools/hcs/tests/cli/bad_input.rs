//! What can't work: each refused with its name, its reason and what to do, nothing half made.

use std::os::unix::process::CommandExt as _;

use super::running::{finish, hcs, program};
use super::support::Engine;

#[test]
fn documents_are_refused_with_their_place() {
    let engine = Engine::new();
    let path = engine.path("document.json");
    let refused = |text: &str| {
        fs_err::write(&path, text).unwrap();
        let arguments = ["run", "--config", path.to_str().unwrap(), "--", "x"];
        let text = engine.hcs(&arguments).failed(125);
        engine.assert_empty();
        text
    };
    for (document, expected) in [
        ("{\"SystemType\":\n  \"Container\",}", "line 2, column 15"),
        ("[]", "invalid document"),
        ("{}", "SystemType"),
        (r#"{"SystemType":"Container","MemoryMaximumInMB":"much"}"#, "MemoryMaximumInMB"),
        (
            r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/","HvPartition":true}"#,
            "HvPartition",
        ),
        (r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/","Sparkle":1}"#, "Sparkle"),
        (r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/nowhere"}"#, "/nowhere"),
        (r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/etc/passwd"}"#, "/etc/passwd"),
    ] {
        let text = refused(document);
        assert!(text.contains(expected), "{document}: {text}");
    }
    let missing = engine.hcs(&["run", "--config", "/nowhere.json", "x"]).failed(125);
    assert!(missing.contains("/nowhere.json") && missing.contains("No such file"), "{missing}");
}

#[test]
fn a_document_that_contradicts_the_command_is_refused_by_name() {
    let engine = Engine::new();
    let path = engine.path("document.json");
    let linux = format!(r#""ContainerType":"Linux","VolumePath":"{}""#, engine.rootfs());
    for (member, command, name) in [
        (r#""TerminateOnLastHandleClosed":true"#, &["create"][..], "TerminateOnLastHandleClosed"),
        (r#""TerminateOnLastHandleClosed":true"#, &["run", "-d"], "TerminateOnLastHandleClosed"),
        (r#""LinuxHost":{"KeepAfterExit":true}"#, &["run", "--rm"], "LinuxHost.KeepAfterExit"),
    ] {
        fs_err::write(&path, format!(r#"{{"SystemType":"Container",{linux},{member}}}"#)).unwrap();
        let program = if command == ["create"] { &[][..] } else { &["--", "/bin/true"] };
        let text = engine
            .hcs(&[command, &["--name", "x", "--config", path.to_str().unwrap()], program].concat())
            .failed(125);
        assert!(text.contains(name) && text.contains("hint: "), "{command:?}: {text}");
        engine.assert_empty();
    }
}

#[test]
fn what_does_not_fit_a_containers_state_is_refused() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let create = ["create", "--name", "box", "--rootfs", &rootfs];
    engine.hcs(&create).ok();
    let twice = engine.hcs(&create).failed(125);
    assert!(twice.contains("already exists") && twice.contains("hint: "), "{twice}");
    let early = engine.hcs(&["exec", "box", "/bin/true"]).failed(125);
    assert!(early.contains("Created"), "{early}");
    engine.hcs(&["start", "box"]).ok();
    let twice = engine.hcs(&["start", "box"]).failed(125);
    assert!(twice.contains("Running"), "{twice}");
    engine.hcs(&["kill", "box"]).ok();
    engine.hcs(&["kill", "box"]).ok();
    for arguments in [&["start", "box"][..], &["exec", "box", "/bin/true"], &["stats", "box"]] {
        let text = engine.hcs(arguments).failed(125);
        assert!(text.contains("stopped") && text.contains("hint: "), "{arguments:?}: {text}");
    }
    assert_eq!(engine.hcs(&["wait", "box"]).ok(), "-\n", "no program ever ran in it");
    engine.hcs(&["rm", "box"]).ok();
}

#[test]
fn more_processors_than_the_host_has_are_refused() {
    let engine = Engine::new();
    let host = std::thread::available_parallelism().unwrap().get();
    for more in [format!("{host}.001"), format!("{}", host + 1), "99999.5".into()] {
        let text = engine.sh(&["--cpus", &more], "true").failed(125);
        assert!(text.contains(&format!("more processors than the host has ({host})")), "{more}: {text}");
        assert!(text.contains("hint: "), "{more}: {text}");
    }
    engine.sh(&["--cpus", &host.to_string()], "true").ok();
}

#[test]
fn without_root_the_error_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody must get at both; the folder below the build may be closed to others.
    let copy = folder.path().join("hcs");
    // Not by this process: a test that starts a program meanwhile would pass the open copy on, which can't be run then.
    finish(program("cp").arg(env!("CARGO_BIN_EXE_hcs")).arg(&copy)).ok();
    for path in [folder.path(), &copy] {
        rustix::fs::chmod(path, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    }
    let mut nobody = program(&copy);
    nobody.args(["run", "--rootfs", "/", "true"]).env("HCS_ROOT", "/var/lib/hcs-of-nobody");
    let text = finish(nobody.uid(65534).gid(65534)).failed(125);
    assert!(text.contains("hint: "), "{text}");
    // For comparison: what needs no engine works for everybody.
    hcs(&["--help"]).ok();
}

#[test]
fn names_of_any_form_are_names() {
    let engine = Engine::new();
    for name in ["a b", "../x", "ünï/cödé", "%2f", "-dash"] {
        let rootfs = engine.rootfs();
        let name_option = format!("--name={name}");
        assert_eq!(engine.hcs(&["create", &name_option, "--rootfs", &rootfs]).ok(), format!("{name}\n"));
        assert_eq!(engine.hcs(&["ls", "-q"]).ok(), format!("{name}\n"));
        engine.hcs(&["rm", "-f", "--", name]).ok();
    }
    let hostile = "a\x1b[2Jb";
    let rootfs = engine.rootfs();
    assert_eq!(engine.hcs(&["create", "--name", hostile, "--rootfs", &rootfs]).ok(), "a\\u{1b}[2Jb\n");
    engine.hcs(&["rm", "-f", hostile]).ok();
}
