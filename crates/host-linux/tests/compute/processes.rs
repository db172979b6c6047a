//! Processes through the contract: what they get, what they give back, and what can be done to them.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::support::{Engine, code, done, exit_code, finish, run, shell, spawn};
use hcs_contract::{ComputeSystem, ProcessStreams, Stream, StreamSource};
use hcs_schema::Document;
use hcs_schema::compute::v2::ProcessParameters;

fn parameters(arguments: &[&str]) -> ProcessParameters {
    ProcessParameters {
        command_args: arguments.iter().map(|text| (*text).to_owned()).collect(),
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..ProcessParameters::default()
    }
}

#[test]
fn exit_codes_streams_and_surroundings() {
    let engine = Engine::new();
    for schema in [1, 2] {
        let system = engine.named(schema, "surroundings", "box.example");
        surroundings(&system);
        done(&system.terminate(""));
    }
}

fn surroundings(system: &Arc<dyn ComputeSystem>) {
    for expected in [0, 1, 7, 255] {
        assert_eq!(run(system, &format!("exit {expected}")).1, expected);
    }
    assert_eq!(run(system, "kill -9 $$").1, 137, "128 and the signal");
    let created = spawn(system, &shell("cat; echo error >&2"));
    let mut stdin = created.information.take_stdin().unwrap();
    stdin.write_all(b"in \0 \xff").unwrap();
    drop(stdin);
    done(&created.process.modify(r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#));
    let (mut out, mut errors) = (Vec::new(), String::new());
    created.information.take_stdout().unwrap().read_to_end(&mut out).unwrap();
    created.information.take_stderr().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((&out[..], errors.as_str()), (&b"in \0 \xff"[..], "error\n"));
    assert_eq!(exit_code(&*created.process), 0);

    let mut document = parameters(&["/bin/sh", "-c", "pwd; id -u; id -g; echo $A $PATH; hostname"]);
    document.working_directory = "/tmp".into();
    document.user = "12:34".into();
    document.environment.insert("A".into(), "b c".into());
    let (out, errors, code) = finish(&spawn(system, &document.to_json()));
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!((out, errors.as_str(), code), (format!("/tmp\n12\n34\nb c {path}\nbox.example\n"), "", 0));
    let mut line = parameters(&[]);
    line.command_line = r#"/bin/echo 'a  b' "c" $A"#.into();
    assert_eq!(finish(&spawn(system, &line.to_json())).0, "a  b c $A\n");
    // The state after the exit, and the signals that come too late for it.
    let process = &created.process;
    let status = "{\"ProcessId\":PID,\"Exited\":true,\"ExitCode\":0,\"LastWaitResult\":0}";
    assert_eq!(done(&process.properties()), status.replace("PID", &process.pid().to_string()));
    assert_eq!(super::support::code(&process.terminate("")), 0x8037_011F);
    assert_eq!(super::support::code(&process.signal(r#"{"Signal":15}"#)), 0x8037_011F);
    assert_eq!(system.open_process(process.pid()).unwrap_err().hresult().0, 0x8007_0490);
}

#[test]
fn given_descriptors_are_the_process_own() {
    let engine = Engine::new();
    let system = engine.started("given", "");
    let file = tempfile::tempfile().unwrap();
    let streams = ProcessStreams {
        stdout: StreamSource::Given(Stream::from(OwnedFd::from(file.try_clone().unwrap()))),
        ..ProcessStreams::default()
    };
    let document = ProcessParameters { create_std_out_pipe: false, ..parameters(&["/bin/echo", "straight"]) };
    let created = done(&system.create_process(&document.to_json(), streams));
    assert_eq!(exit_code(&*created.process), 0);
    assert!(created.information.take_stdout().is_none());
    let mut text = String::new();
    std::io::Seek::rewind(&mut &file).unwrap();
    (&file).read_to_string(&mut text).unwrap();
    assert_eq!(text, "straight\n");
    done(&system.terminate(""));
}

#[test]
fn a_console_is_a_terminal_that_can_be_resized() {
    let engine = Engine::new();
    for schema in [1, 2] {
        let system = engine.named(schema, "console", "console");
        terminal(&system);
        done(&system.terminate(""));
    }
}

fn terminal(system: &Arc<dyn ComputeSystem>) {
    let mut document = parameters(&["/bin/sh", "-c", "stty size; read x; stty size; echo $TERM"]);
    document.emulate_console = true;
    document.create_std_in_pipe = true;
    document.console_size = vec![11, 22];
    let created = spawn(system, &document.to_json());
    let mut terminal = created.information.take_stdout().unwrap();
    let mut input = created.information.take_stdin().unwrap();
    assert!(created.information.take_stderr().is_none());
    let mut seen = String::new();
    let mut read_until = |text: &str| {
        let mut bytes = [0; 64];
        while !seen.contains(text) {
            let count = terminal.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "{text:?} did not come: {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        seen.clone()
    };
    assert_eq!(read_until("\r\n"), "11 22\r\n");
    done(&created.process.modify(r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":33,"Width":44}}"#));
    input.write_all(b"\n").unwrap();
    read_until("33 44\r\n");
    read_until("xterm\r\n");
    assert_eq!(exit_code(&*created.process), 0);
    // A process without a console has no size.
    let plain = spawn(system, &shell("cat"));
    let resize = plain.process.modify(r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":1,"Width":1}}"#);
    assert_eq!(code(&resize), 0x8007_0032);
}

#[test]
fn signals_and_ends() {
    let engine = Engine::new();
    let system = engine.started("signals", "");
    let trapping = || {
        let created = spawn(&system, &shell("trap 'exit 42' USR1; echo up; while :; do sleep 0.05; done"));
        let mut up = [0; 3];
        created.information.take_stdout().unwrap().read_exact(&mut up).unwrap();
        created
    };
    let process = trapping();
    done(&process.process.signal(r#"{"Signal":10}"#));
    assert_eq!(exit_code(&*process.process), 42);
    for end in ["terminate", "null", "9"] {
        let process = trapping();
        match end {
            "terminate" => done(&process.process.terminate("")),
            "null" => done(&process.process.signal("")),
            number => done(&process.process.signal(&format!("{{\"Signal\":{number}}}"))),
        };
        assert_eq!(exit_code(&*process.process), 137, "{end}");
    }
    let process = trapping();
    for bad in [r#"{"Signal":65}"#, r#"{"Signal":"CtrlC"}"#, r#"{"Nope":1}"#] {
        assert_eq!(code(&process.process.signal(bad)), 0x8037_010D, "{bad}");
    }
    done(&system.terminate(""));
    assert_eq!(exit_code(&*process.process), 137, "it went with its container");
}

#[test]
fn programs_that_cannot_run_say_why() {
    let engine = Engine::new();
    fs_err::write(engine.root.join("bin/text"), "no program").unwrap();
    fs_err::write(engine.root.join("bin/noexec"), "#!/bin/sh\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(engine.root.join("bin/text"), executable).unwrap();
    let system = engine.started("missing", "");
    for (arguments, expected) in [
        (&["/bin/nothing"][..], 0x8007_0002),
        (&["nothing"], 0x8007_0002),
        (&["/bin"], 0x8007_0005),
        (&["/bin/noexec"], 0x8007_0005),
        (&["/bin/text"], 0x8007_00C1),
    ] {
        let operation = system.create_process(&parameters(arguments).to_json(), ProcessStreams::default());
        assert_eq!(code(&operation), expected, "{arguments:?}");
    }
    let mut document = parameters(&["/bin/true"]);
    document.working_directory = "/nowhere".into();
    let operation = system.create_process(&document.to_json(), ProcessStreams::default());
    assert_eq!(code(&operation), 0x8007_010B);
    let mut document = parameters(&["/bin/true"]);
    document.user = "nobody".into();
    let error =
        system.create_process(&document.to_json(), ProcessStreams::default()).wait(super::support::PATIENCE);
    assert!(error.unwrap_err().to_string().contains("nobody"));
    // Nothing of them is left, and the system is as it was.
    assert_eq!(run(&system, "exit 0").1, 0);
    done(&system.terminate(""));
}

#[test]
fn many_processes_at_once_each_have_their_own_end() {
    let engine = Engine::new();
    let system = engine.started("many", "");
    let created: Vec<_> =
        (0..40).map(|number| (number, spawn(&system, &shell(&format!("read x; exit {number}"))))).collect();
    std::thread::scope(|scope| {
        for (number, created) in &created {
            scope.spawn(move || {
                created.information.take_stdin().unwrap().write_all(b"\n").unwrap();
                assert_eq!(exit_code(&*created.process), *number);
            });
        }
    });
    done(&system.terminate(""));
}
