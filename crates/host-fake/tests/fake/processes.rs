//! Processes: what they get, what they give back, and what can be done to them.

use std::io::{Read, Write};
use std::sync::Arc;

use hcs_contract::{ComputeService, Deadline, Hresult, ProcessStreams, Stream, StreamSource};
use hcs_host_fake::{ControlEvent, FakeHost, ProcessEvent};
use serde_json::json;

use super::support::{LINUX, WINDOWS, code, done, exit_code, line, ready, run, spawn, started};

const CLOSE_STDIN: &str = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;

#[test]
fn words_run_on_both_guests() {
    let host = FakeHost::new();
    let (linux, windows) = (started(&host, "l", LINUX), started(&host, "w", WINDOWS));
    assert_eq!(run(&linux, "echo out; error err; exit 7"), ("out\n".into(), "err\n".into(), 7));
    assert_eq!(run(&linux, r#"/bin/sh -c "cd; exit 0x1ff""#), ("/\n".into(), String::new(), 255));
    let answer = run(&windows, r#"cmd /c "echo a b & error c& exit 3010""#);
    assert_eq!(answer, ("a b\r\n".into(), "c\r\n".into(), 3010));
    assert_eq!(run(&windows, "exit -1").2, u32::MAX);
    assert_eq!(run(&windows, r#"args "a b" \"c\""#).0, "a b\r\n\"c\"\r\n");
    let mut document = line("env Name & cd & hostname");
    document["Environment"] = json!({"NAME": "x y"});
    document["WorkingDirectory"] = json!("C:\\temp");
    let process = spawn(&windows, &document);
    let mut text = String::new();
    process.information.take_stdout().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "NAME=x y\r\nC:\\temp\r\nw\r\n");
}

#[test]
fn streams_carry_bytes_and_end_when_all_ends_are_closed() {
    let host = FakeHost::new();
    let system = started(&host, "streams", LINUX);
    let process = spawn(&system, &line("cat"));
    let mut stdin = process.information.take_stdin().unwrap();
    stdin.write_all(b"in \0 \xff").unwrap();
    drop(stdin);
    assert!(!process.process.wait_exit().is_done());
    // Again from another handle.
    let opened = system.open_process(process.process.pid()).unwrap();
    done(&opened.info()).take_stdin().unwrap().write_all(b"more").unwrap();
    done(&opened.modify(CLOSE_STDIN));
    assert_eq!(exit_code(&*opened), 0);
    assert_eq!(code(&opened.modify(CLOSE_STDIN)), 0x8037_011F);
    // What was not read by the exit is there still.
    let mut out = Vec::new();
    done(&opened.info()).take_stdout().unwrap().read_to_end(&mut out).unwrap();
    assert_eq!(out, b"in \0 \xffmore");
    let status =
        format!(r#"{{"ProcessId":{},"Exited":true,"ExitCode":0,"LastWaitResult":0}}"#, process.process.pid());
    assert_eq!(done(&process.process.properties()), status);
}

#[test]
fn a_kill_closes_the_streams_of_a_program_that_is_blocked() {
    let host = FakeHost::new();
    let system = started(&host, "kill", LINUX);
    let process = spawn(&system, &line("cat"));
    let mut stdin = process.information.take_stdin().unwrap();
    done(&process.process.terminate(""));
    assert_eq!(exit_code(&*process.process), 137);
    assert!(stdin.write_all(b"x").is_err());
    let mut out = Vec::new();
    process.information.take_stdout().unwrap().read_to_end(&mut out).unwrap();
    for operation in [process.process.terminate(""), process.process.signal(r#"{"Signal":15}"#)] {
        assert_eq!(code(&operation), 0x8037_011F);
    }
    assert_eq!(system.open_process(process.process.pid()).unwrap_err().hresult(), Hresult::ERROR_NOT_FOUND);
}

#[test]
fn given_streams_are_the_process_own() {
    let host = FakeHost::new();
    let system = started(&host, "given", LINUX);
    let (mut reader, writer) = std::io::pipe().unwrap();
    #[cfg(unix)]
    let stream = Stream::from(std::os::fd::OwnedFd::from(writer));
    #[cfg(windows)]
    let stream = Stream::from(std::os::windows::io::OwnedHandle::from(writer));
    let streams = ProcessStreams { stdout: StreamSource::Given(stream), ..ProcessStreams::default() };
    let created = done(&system.create_process(r#"{"CommandArgs":["echo","straight"]}"#, streams));
    assert!(created.information.take_stdout().is_none());
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), exit_code(&*created.process)), ("straight\n", 0));
}

#[test]
fn signals_and_control_events() {
    let host = FakeHost::new();
    let (linux, windows) = (started(&host, "l", LINUX), started(&host, "w", WINDOWS));
    for (signal, expected) in [(r#"{"Signal":15}"#, 143), (r#"{"Signal":9}"#, 137), ("", 137)] {
        let process = ready(&linux, "hang");
        done(&process.process.signal(signal));
        assert_eq!(exit_code(&*process.process), expected, "{signal}");
    }
    let process = ready(&linux, "obey & exit 4");
    done(&process.process.signal(r#"{"Signal":10}"#));
    assert_eq!(exit_code(&*process.process), 4);
    let process = ready(&windows, "hang");
    for bad in [r#"{"Signal":65}"#, r#"{"Signal":"Nope"}"#, r#"{"Nope":1}"#] {
        assert_eq!(code(&process.process.signal(bad)), 0x8037_010D, "{bad}");
    }
    done(&process.process.signal(r#"{"Signal":"ctrlbreak"}"#));
    assert_eq!(exit_code(&*process.process), 0xC000_013A);
}

#[test]
fn a_console_has_one_output_and_a_size() {
    let host = FakeHost::new();
    let system = started(&host, "console", WINDOWS);
    let mut document = line("sizes");
    document["EmulateConsole"] = json!(true);
    document["ConsoleSize"] = json!([11, 22]);
    let process = spawn(&system, &document);
    assert!(process.information.take_stderr().is_none());
    let mut output = process.information.take_stdout().unwrap();
    let mut input = process.information.take_stdin().unwrap();
    let mut expect = |text: &str| {
        let mut bytes = vec![0; text.len()];
        output.read_exact(&mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), text);
    };
    expect("ready\r\n");
    input.write_all(b"\n").unwrap();
    expect("size 22x11\r\n");
    done(&process.process.modify(r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":33,"Width":44}}"#));
    input.write_all(b"\n").unwrap();
    expect("size 44x33\r\n");
    let plain = ready(&system, "hang");
    let resize = r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":1,"Width":1}}"#;
    assert_eq!(code(&plain.process.modify(resize)), 0x8007_0032);
}

#[test]
fn a_pause_holds_programs() {
    let host = FakeHost::new();
    let system = started(&host, "pause", LINUX);
    let process = spawn(&system, &line("read; echo on"));
    done(&system.pause(""));
    process.information.take_stdin().unwrap().write_all(b"\n").unwrap();
    assert!(!process.process.wait_exit().is_done());
    done(&process.process.signal(r#"{"Signal":15}"#));
    assert!(!process.process.wait_exit().is_done(), "a frozen program is not told");
    let other = ready_while_running(&system);
    done(&system.pause(""));
    done(&other.process.terminate(""));
    assert_eq!(exit_code(&*other.process), 137, "it can be killed");
}

fn ready_while_running(system: &Arc<dyn hcs_contract::ComputeSystem>) -> Arc<hcs_contract::CreatedProcess> {
    done(&system.resume(""));
    ready(system, "hang")
}

#[test]
fn programs_of_the_tests_own() {
    let host = FakeHost::builder()
        .program("tool.exe", |process| {
            process.take_controls();
            let (mut text, mut out) = (String::new(), process.stdout());
            if process.stdin().read_to_string(&mut text).is_err() {
                return 1;
            }
            let all = format!("{:?} {text} {}", &process.arguments()[1..], process.system());
            let written = out.write_all(all.as_bytes()).and_then(|()| process.stderr().write_all(b"waiting"));
            match (written, process.next_event()) {
                (Ok(()), ProcessEvent::Control(ControlEvent::CtrlC)) => 0xC000_0005,
                _ => 2,
            }
        })
        .program("crash", |_| panic!("on purpose"))
        .user("somebody")
        .build();
    let system = started(&host, "own", WINDOWS);
    let mut document = line(r#""C:\x\TOOL" "a b""#);
    document["User"] = json!("somebody");
    let process = spawn(&system, &document);
    process.information.take_stdin().unwrap().write_all(b"input").unwrap();
    done(&process.process.modify(CLOSE_STDIN));
    let mut waiting = [0; 7];
    process.information.take_stderr().unwrap().read_exact(&mut waiting).unwrap();
    done(&process.process.signal(r#"{"Signal":"CtrlC"}"#));
    let mut text = String::new();
    process.information.take_stdout().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), exit_code(&*process.process)), (r#"["a b"] input own"#, 0xC000_0005));
    assert_eq!(run(&system, "crash").2, 0xC000_0409);
}

#[test]
fn programs_that_cannot_run_say_why() {
    let host = FakeHost::builder().without_folder("/gone").build();
    let system = started(&host, "missing", LINUX);
    let start = |document: serde_json::Value| {
        let operation = system.create_process(&document.to_string(), ProcessStreams::default());
        operation.wait(Deadline::now()).unwrap_err()
    };
    let program = json!(["exit", "0"]);
    for (document, expected) in [
        (json!({"CommandArgs": ["/bin/nothing"]}), 0x8007_0002),
        (json!({"CommandArgs": program, "WorkingDirectory": "/gone"}), 0x8007_010B),
        (json!({"CommandArgs": program, "WorkingDirectory": "/nowhere"}), 0x8007_010B),
        (json!({"CommandArgs": program, "User": "stranger"}), 0x8007_0525),
        (json!({"CommandArgs": program, "RestrictedToken": true}), 0x8007_0032),
        (json!({"CommandArgs": program, "Colour": 1}), 0x8037_010D),
        (json!({"CommandArgs": program, "Environment": {"A=": "x"}}), 0x8037_010D),
        (json!({}), 0x8037_010D),
    ] {
        let error = start(document.clone());
        assert_eq!(error.hresult().0, expected, "{document}: {error}");
    }
    assert_eq!(run(&system, "exit 0").2, 0);
    assert!(host.open_system("missing").is_ok());
}
