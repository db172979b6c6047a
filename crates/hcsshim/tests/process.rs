//! Processes over a service in memory.

#![allow(
    clippy::unwrap_used,
    clippy::default_trait_access,
    reason = "a test fails by panicking; the types stand in the signatures"
)]

mod support;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use hcsshim::schema::compute::WindowsSignal;
use hcsshim::schema::compute::v1::ProcessConfig;
use hcsshim::{Container, Error, ErrorKind, Hresult, Signal, Stdio, Stream};
use support::{Script, host};

const EXITED: &str = r#"{"ProcessId":4,"Exited":true,"ExitCode":3221225781,"LastWaitResult":0}"#;

fn container(guest: &str) -> (Container, Arc<Script>) {
    let (host, script) = host();
    let container = host.create_container("a", "{}").unwrap();
    script.answer("properties", Ok(&format!(r#"{{"RuntimeOsType":"{guest}"}}"#)));
    container.guest().unwrap();
    script.calls();
    (container, script)
}

fn pipe() -> (Stream, Stream) {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = |fd: std::os::fd::OwnedFd| Stream::from(File::from(fd));
    (file(reader.into()), file(writer.into()))
}

#[test]
fn windows_guests_get_a_command_line_and_linux_guests_arguments() {
    let (windows, script) = container("Windows");
    windows
        .command("cmd")
        .arg("/c")
        .arg("echo a b")
        .env("K", "v")
        .current_dir(r"C:\x")
        .user("u")
        .spawn()
        .unwrap();
    windows.command("cmd").command_line(r#"cmd /c "a" & "b""#).spawn().unwrap();
    let error = windows.command("a\"b").spawn().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }), "{error}");
    assert_eq!(
        script.calls(),
        [
            r#"create process {"CommandLine":"cmd /c \"echo a b\"","User":"u","WorkingDirectory":"C:\\x","Environment":{"K":"v"}}"#,
            r#"create process {"CommandLine":"cmd /c \"a\" & \"b\""}"#,
        ]
    );

    let (linux, script) = container("Linux");
    linux.command("/bin/sh").args(["-c", "exit 7"]).spawn().unwrap();
    assert!(linux.command("sh").command_line("sh").spawn().is_err());
    assert_eq!(script.calls(), [r#"create process {"CommandArgs":["/bin/sh","-c","exit 7"]}"#]);
}

#[test]
fn streams_are_pipes_or_passed_on_and_a_console_has_one_output() {
    let (container, script) = container("Linux");
    let (reader, _writer) = pipe();
    let command = || container.command("x");
    command().stdin(Stdio::Pipe).stdout(Stdio::Pipe).stderr(Stdio::Pipe).spawn().unwrap();
    command().stdin(reader).stdout(Stdio::Inherit).stderr(Stdio::Inherit).spawn().unwrap();
    command().console(80, 25).stdin(Stdio::Pipe).stdout(Stdio::Pipe).stderr(Stdio::Pipe).spawn().unwrap();
    assert_eq!(
        script.calls(),
        [
            r#"create process {"CommandArgs":["x"],"CreateStdInPipe":true,"CreateStdOutPipe":true,"CreateStdErrPipe":true}"#,
            r#"create process {"CommandArgs":["x"]} given [true, true, true]"#,
            r#"create process {"CommandArgs":["x"],"EmulateConsole":true,"CreateStdInPipe":true,"CreateStdOutPipe":true,"ConsoleSize":[25,80]}"#,
        ]
    );
}

#[test]
fn what_a_process_cannot_inherit_is_carried_by_pipes() {
    let (windows, script) = container("Windows");
    let (error, mut error_writer) = pipe();
    script.pipe(error).answer("wait process", Ok(EXITED));
    error_writer.write_all(b"(carried to standard error by a test)\n").unwrap();
    let process = windows.command("x").stderr(Stdio::Inherit).spawn().unwrap();
    assert!(process.take_stderr().unwrap().is_none(), "it is the relay's");
    // Although the pipe stays open.
    assert_eq!(process.wait().unwrap().code(), 0xC000_0135);
    drop(error_writer);
    let (linux, linux_script) = container("Linux");
    linux_script.pipe(pipe().0);
    linux.command("x").console(80, 25).stdout(Stdio::Inherit).spawn().unwrap();
    assert_eq!(
        [script.calls(), linux_script.calls()].concat(),
        [
            r#"create process {"CommandLine":"x","CreateStdErrPipe":true}"#,
            "wait process",
            r#"create process {"CommandArgs":["x"],"EmulateConsole":true,"CreateStdOutPipe":true,"ConsoleSize":[25,80]}"#,
        ]
    );
}

#[test]
fn only_inherited_streams_are_carried() {
    let (windows, script) = container("Windows");
    let (mut out, mut out_writer) = pipe();
    script.pipe(out.try_clone().unwrap()).pipe(pipe().0);
    let process = windows.command("x").stdout(Stdio::Pipe).stderr(Stdio::Inherit).spawn().unwrap();
    assert!(process.take_stderr().unwrap().is_none());
    assert!(process.take_stdout().unwrap().is_some());
    out_writer.write_all(b"mine").unwrap();
    let mut bytes = [0; 4];
    out.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"mine");
}

#[test]
fn documents_may_be_given_whole() {
    let (container, script) = container("Windows");
    let config = ProcessConfig { command_line: "x".into(), ..Default::default() };
    container.create_process(&config).unwrap();
    container.create_process(r#"{"CommandLine":"y","Newer":1}"#).unwrap();
    assert_eq!(
        script.calls(),
        [
            r#"create process {"CommandLine":"x","ConsoleSize":[0,0]}"#,
            r#"create process {"CommandLine":"y","Newer":1}"#,
        ]
    );
    script.answer("create process", Err(Error::from_hresult(Hresult::ERROR_FILE_NOT_FOUND)));
    let error = container.command("no.exe").env("TOKEN", "t").spawn().unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_FILE_NOT_FOUND);
    assert_eq!(error.document(), Some(r#"{"CommandLine":"no.exe","Environment":{"TOKEN":"***"}}"#));
}

#[test]
fn exit_codes_have_32_bits_and_failures_of_the_service_are_errors() {
    let (container, script) = container("Windows");
    let process = container.command("x").spawn().unwrap();
    assert_eq!((process.pid(), process.container_id()), (4, "a"));
    script.answer("wait process", Ok(EXITED));
    assert_eq!(process.wait().unwrap().code(), 0xC000_0135);
    script.answer("process properties", Ok(EXITED));
    assert_eq!(process.exit_code().unwrap(), 0xC000_0135);

    script.answer("process properties", Ok(r#"{"ProcessId":4,"Exited":false}"#));
    let error = process.exit_code().unwrap_err();
    assert!(error.is_operation_invalid_state() && error.hint().is_some(), "{error}");
    assert!(error.to_string().contains("process 4 of compute system a"), "{error}");

    script.answer("process properties", Ok(r#"{"Exited":true,"LastWaitResult":1168}"#));
    assert!(process.exit_code().unwrap_err().is_not_exist());
    script.answer("process properties", Ok("7"));
    assert!(matches!(process.exit_code().unwrap_err().kind(), ErrorKind::UnexpectedValue { .. }));
    script.silence("wait process");
    let error = process.wait_timeout(std::time::Duration::from_millis(5)).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn signals_sizes_and_kills_have_the_documents_of_the_service() {
    let (container, script) = container("Linux");
    let process = container.open_process(9).unwrap();
    process.signal(Signal::TERM).unwrap();
    process.signal(Signal::Windows(WindowsSignal::CTRL_BREAK)).unwrap();
    process.resize_console(132, 40).unwrap();
    process.close_stdin().unwrap();
    process.kill().unwrap();
    process.close();
    assert_eq!(
        script.calls(),
        [
            "open process 9",
            r#"signal {"Signal":15}"#,
            r#"signal {"Signal":"CtrlBreak"}"#,
            r#"modify process {"Operation":"ConsoleSize","ConsoleSize":{"Height":40,"Width":132}}"#,
            r#"modify process {"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#,
            "kill",
            "close process",
        ]
    );
}

#[test]
fn closing_or_dropping_the_input_tells_the_service_and_an_ended_process_is_no_failure() {
    const CLOSE: &str = r#"modify process {"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;
    let (container, script) = container("Linux");
    for dropped in [false, true] {
        let (mut reader, writer) = pipe();
        script.pipe(writer);
        let process = container.command("x").stdin(Stdio::Pipe).spawn().unwrap();
        script.calls();
        let mut stdin = process.take_stdin().unwrap().unwrap();
        assert!(process.take_stdin().unwrap().is_none());
        stdin.write_all(b"in").unwrap();
        if dropped {
            drop(stdin);
        } else {
            script.answer("modify process", Err(Error::from_hresult(Hresult::ERROR_NOT_FOUND)));
            stdin.close().unwrap();
        }
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), script.calls()), ("in", vec![CLOSE.to_owned()]));
    }
}

#[test]
fn an_opened_process_asks_for_its_streams_and_fresh_ones_come_each_time() {
    let (container, script) = container("Linux");
    let process = container.open_process(9).unwrap();
    for _ in 0..2 {
        script.pipe(pipe().1).pipe(pipe().0);
    }
    assert!(process.take_stdout().unwrap().is_some());
    assert!(process.take_stdout().unwrap().is_none());
    let fresh = process.stdio().unwrap();
    assert!(fresh.stdin.is_some() && fresh.stdout.is_some() && fresh.stderr.is_none());
    assert_eq!(script.calls(), ["open process 9", "info", "info"]);
}

#[test]
fn output_is_collected_from_both_streams_at_once() {
    let (container, script) = container("Linux");
    let (out, mut out_writer) = pipe();
    let (err, mut err_writer) = pipe();
    script.pipe(out).pipe(err).answer("wait process", Ok(EXITED));
    // More than a pipe holds, errors first: reading one after the other would never end.
    let writer = std::thread::spawn(move || {
        err_writer.write_all(&vec![b'e'; 200_000]).unwrap();
        out_writer.write_all(&vec![b'o'; 200_000]).unwrap();
    });
    let output = container.command("x").output().unwrap();
    writer.join().unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (200_000, 200_000));
    assert!(output.stdout.iter().all(|byte| *byte == b'o'));
    assert_eq!(output.status.code(), 0xC000_0135);
}
