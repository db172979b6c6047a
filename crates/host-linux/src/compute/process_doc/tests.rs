//! Process documents of both schemas as what the supervisor is asked for.

use std::os::fd::OwnedFd;

use hcs_contract::{Hresult, Stream as ContractStream};

use super::*;

fn check(text: &str, guest: GuestOs) -> Result<Request> {
    request(text, ProcessStreams::default(), guest, 2)
}

fn linux_program(text: &str) -> LinuxProgram {
    match check(text, GuestOs::Linux).unwrap().process.program {
        Program::Linux(program) => program,
        Program::Windows(_) => panic!("a Linux guest has Linux programs"),
    }
}

#[test]
fn linux_programs_come_from_arguments_or_a_line() {
    let program = linux_program(
        r#"{"CommandArgs":["/bin/sh","-c","exit 7"],"Environment":{"A":"b=c"},
        "WorkingDirectory":"/tmp","User":"web:logs"}"#,
    );
    assert_eq!(program.command.argv, ["/bin/sh", "-c", "exit 7"]);
    assert_eq!(program.command.env, [format!("PATH={LINUX_PATH}"), "A=b=c".into()]);
    assert_eq!(program.directory, "/tmp");
    assert_eq!(program.user, User::Name("web:logs".into()));
    let program = linux_program(r#"{"CommandLine":"/bin/sh -c 'exit 7'","Environment":{"PATH":"/x"}}"#);
    assert_eq!(program.command.argv, ["/bin/sh", "-c", "exit 7"]);
    assert_eq!(program.command.env, ["PATH=/x"]);
    assert_eq!(program.user, User::default());
}

#[test]
fn windows_programs_come_from_a_line() {
    let text = r#"{"ApplicationName":"C:\\a.exe","CommandLine":"a \"b c\"","WorkingDirectory":"C:\\w",
        "Environment":{"X":"y"},"User":"ContainerUser"}"#;
    let Program::Windows(program) = check(text, GuestOs::Windows).unwrap().process.program else {
        panic!("a Windows guest has Windows programs")
    };
    assert_eq!(
        program,
        CreateProcess {
            application: Some(r"C:\a.exe".into()),
            command_line: "a \"b c\"".into(),
            working_directory: Some(r"C:\w".into()),
            environment: vec![("X".into(), "y".into())],
            user: Some("ContainerUser".into()),
            streams: WindowsStreams::Null,
        }
    );
}

#[test]
fn what_cannot_be_honoured_is_refused_by_name() {
    for (text, guest, code, name) in [
        ("{}", GuestOs::Linux, 0x8037_010D, "CommandArgs"),
        (r#"{"CommandArgs":[""]}"#, GuestOs::Linux, 0x8037_010D, "CommandArgs"),
        (r#"{"CommandArgs":["a\u0000"]}"#, GuestOs::Linux, 0x8037_010D, "CommandArgs[0]"),
        (r#"{"CommandArgs":["a"],"CommandLine":"a"}"#, GuestOs::Linux, 0x8037_010D, "CommandLine"),
        (r#"{"CommandLine":"a 'b"}"#, GuestOs::Linux, 0x8037_010D, "CommandLine"),
        (r#"{"CommandArgs":["a"],"ApplicationName":"a"}"#, GuestOs::Linux, 0x8007_0032, "ApplicationName"),
        (r#"{"CommandArgs":["a"],"WorkingDirectory":"w"}"#, GuestOs::Linux, 0x8037_010D, "WorkingDirectory"),
        (r#"{"CommandArgs":["a"],"Environment":{"":"x"}}"#, GuestOs::Linux, 0x8037_010D, "Environment."),
        (r#"{"CommandArgs":["a"],"Environment":{"A=":"x"}}"#, GuestOs::Linux, 0x8037_010D, "Environment.A="),
        (r#"{"CommandArgs":["a"]}"#, GuestOs::Windows, 0x8007_0032, "CommandArgs"),
        ("{}", GuestOs::Windows, 0x8037_010D, "CommandLine"),
        (r#"{"CommandLine":"a","RestrictedToken":true}"#, GuestOs::Windows, 0x8007_0032, "RestrictedToken"),
        (r#"{"CommandLine":"a","UseExistingLogin":true}"#, GuestOs::Windows, 0x8007_0032, "UseExistingLogin"),
        (r#"{"CommandLine":"a","UseLegacyConsole":true}"#, GuestOs::Windows, 0x8007_0032, "UseLegacyConsole"),
        (
            r#"{"CommandLine":"a","CreateInUtilityVm":true}"#,
            GuestOs::Windows,
            0x8007_0032,
            "CreateInUtilityVm",
        ),
        (
            r#"{"CommandLine":"a","OCISpecification":{"x":1}}"#,
            GuestOs::Windows,
            0x8007_0032,
            "OCISpecification",
        ),
        (r#"{"CommandLine":"a","Nope":1}"#, GuestOs::Windows, 0x8037_010D, "Nope"),
        (
            r#"{"CommandLine":"a","EmulateConsole":true,"ConsoleSize":[1]}"#,
            GuestOs::Windows,
            0x8037_010D,
            "ConsoleSize",
        ),
        (
            r#"{"CommandLine":"a","EmulateConsole":true,"ConsoleSize":[70000,1]}"#,
            GuestOs::Windows,
            0x8037_010D,
            "ConsoleSize",
        ),
    ] {
        let error = check(text, guest).unwrap_err();
        assert_eq!(error.hresult(), Hresult(code), "{text}: {error}");
        assert!(error.to_string().contains(name), "{text}: {error}");
    }
}

#[test]
fn streams_are_pipes_given_logged_or_nothing() {
    let streams = |text: &str| check(text, GuestOs::Linux).unwrap().process.streams;
    assert_eq!(streams(r#"{"CommandArgs":["a"]}"#), [Stream::Null, Stream::Log, Stream::Log]);
    assert_eq!(
        streams(r#"{"CommandArgs":["a"],"CreateStdInPipe":true,"CreateStdErrPipe":true}"#),
        [Stream::Pipe, Stream::Log, Stream::Pipe]
    );
    let given = || {
        let (reader, _) = std::io::pipe().unwrap();
        StreamSource::Given(ContractStream::from(OwnedFd::from(reader)))
    };
    let with = |text: &str| {
        request(text, ProcessStreams { stdin: given(), ..ProcessStreams::default() }, GuestOs::Linux, 2)
    };
    let request = with(r#"{"CommandArgs":["a"],"CreateStdOutPipe":true}"#).unwrap();
    assert_eq!(request.process.streams, [Stream::Given, Stream::Pipe, Stream::Log]);
    assert_eq!(request.given.len(), 1);
    for text in
        [r#"{"CommandArgs":["a"],"CreateStdInPipe":true}"#, r#"{"CommandArgs":["a"],"EmulateConsole":true}"#]
    {
        assert_eq!(with(text).unwrap_err().hresult(), Hresult::E_INVALIDARG);
    }
}

#[test]
fn a_console_has_a_size_in_either_form() {
    let console = |text: &str| check(text, GuestOs::Linux).unwrap().process.console;
    assert_eq!(console(r#"{"CommandArgs":["a"],"ConsoleSize":[0,0]}"#), None);
    assert_eq!(
        console(r#"{"CommandArgs":["a"],"EmulateConsole":true,"ConsoleSize":[10,20]}"#),
        Some(Console { rows: 10, columns: 20 })
    );
    assert_eq!(console(r#"{"CommandArgs":["a"],"EmulateConsole":true}"#), Some(CONSOLE));
    let terminal = linux_program(r#"{"CommandArgs":["a"],"EmulateConsole":true}"#);
    assert!(terminal.command.env.contains(&"TERM=xterm".to_owned()));
}

#[test]
fn a_size_without_a_console_is_refused_unless_schema_1_sends_it() {
    const SIZED: &str = r#"{"CommandArgs":["a"],"ConsoleSize":[10,20]}"#;
    // What only schema 1 knows makes it a document of that schema.
    const ONE: &str = r#"{"CommandArgs":["a"],"ConsoleSize":[10,20],"CreateInUtilityVm":false}"#;
    let console = |text: &str, schema| {
        request(text, ProcessStreams::default(), GuestOs::Linux, schema)
            .map(|request| request.process.console)
    };
    assert_eq!(console(SIZED, 1).unwrap(), None);
    assert_eq!(console(ONE, 2).unwrap(), None);
    let error = console(SIZED, 2).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
    assert!(error.to_string().contains("ConsoleSize is not supported here: only a console"), "{error}");
}
