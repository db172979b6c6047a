//! A process's document (`ProcessConfig` or `ProcessParameters`) as what the supervisor starts, and the documents
//! that say how a process fares.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use hcs_contract::{Error, ProcessStreams, Result, StreamSource, reading};
use hcs_guest_protocol::{Console, CreateProcess, Streams as WindowsStreams};
use hcs_schema::Document;
use hcs_schema::compute::ProcessStatus;
use hcs_schema::compute::v1::ProcessConfig;
use hcs_schema::compute::v2::ProcessParameters;
use hcs_silo::protocol::{LinuxProgram, Process, ProcessExit, Program, Stream, User};
use hcs_silo::spec::Command;

use super::create_v1::NO_VM;
use super::refuse::{self, no, no_nul, unless_default, unless_null};
use super::{process_limits, words};
use crate::record::GuestOs;

/// What a Linux process finds its programs in, unless its document says otherwise: what the kernel's other engines
/// give.
const LINUX_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The size of a console whose document does not say: the service's own.
const CONSOLE: Console = Console { columns: 80, rows: 25 };

/// A process to be started.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) process: Process,
    /// The descriptors of given streams, in order.
    pub(super) given: Vec<OwnedFd>,
    /// Which streams the caller gets.
    pub(super) pipes: [bool; 3],
}

/// What both schemas say of a process.
#[derive(Debug)]
struct Wanted {
    application_name: String,
    command_line: String,
    command_args: Vec<String>,
    user: String,
    working_directory: String,
    environment: BTreeMap<String, String>,
    emulate_console: bool,
    pipes: [bool; 3],
    /// Height, width.
    console_size: [u32; 2],
}

/// Reads a document for a guest, in a system that was created from a document of `schema`.
///
/// # Errors
/// Invalid document, not supported by name, invalid argument for streams that do not fit the document.
pub(super) fn request(text: &str, streams: ProcessStreams, guest: GuestOs, schema: u32) -> Result<Request> {
    let wanted = read(text, schema)?;
    let pipes = wanted.pipes;
    let console = console(&wanted)?;
    let ProcessStreams { stdin, stdout, stderr } = streams;
    let mut given = Vec::new();
    let mut kinds = [Stream::Null; 3];
    for (number, (source, kind)) in [stdin, stdout, stderr].into_iter().zip(&mut kinds).enumerate() {
        *kind = stream(number, source, pipes[number], console.is_some(), &mut given)?;
    }
    let program = match guest {
        GuestOs::Linux => Program::Linux(linux(wanted, console.is_some())?),
        GuestOs::Windows => Program::Windows(windows(wanted)?),
    };
    Ok(Request { process: Process { program, streams: kinds, console }, given, pipes })
}

/// The schemas' documents differ in a few members; what only one of them knows says which it is. Without such a
/// member it is of the system's own schema.
fn read(text: &str, schema: u32) -> Result<Wanted> {
    if schema == 1 {
        let config: ProcessConfig = reading::read(text)?;
        if config.unknown.is_empty() {
            return from_v1(config);
        }
    }
    let parameters: ProcessParameters = reading::read(text)?;
    if parameters.unknown.is_empty() {
        let wanted = from_v2(parameters)?;
        // Clients of schema 1 send a size with every process. In schema 2 it is there because somebody wants it.
        if schema != 1 && !wanted.emulate_console {
            let reason = "only a console has a size; set EmulateConsole, or leave the size out";
            unless_default("ConsoleSize", &wanted.console_size, reason)?;
        }
        return Ok(wanted);
    }
    if schema != 1 {
        let config: ProcessConfig = reading::read(text)?;
        if config.unknown.is_empty() {
            return from_v1(config);
        }
    }
    // Unknown to both, or of both at once.
    refuse::parse::<ProcessParameters>(text).and_then(from_v2)
}

fn from_v1(config: ProcessConfig) -> Result<Wanted> {
    let ProcessConfig {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        emulate_console,
        create_std_in_pipe,
        create_std_out_pipe,
        create_std_err_pipe,
        console_size,
        create_in_utility_vm,
        oci_specification,
        unknown: _,
    } = config;
    unless_default("CreateInUtilityVm", &create_in_utility_vm, NO_VM)?;
    unless_null("OCISpecification", &oci_specification, "name the program in CommandArgs")?;
    Ok(Wanted {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        emulate_console,
        pipes: [create_std_in_pipe, create_std_out_pipe, create_std_err_pipe],
        console_size,
    })
}

fn from_v2(parameters: ProcessParameters) -> Result<Wanted> {
    let ProcessParameters {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        restricted_token,
        emulate_console,
        create_std_in_pipe,
        create_std_out_pipe,
        create_std_err_pipe,
        console_size,
        use_existing_login,
        use_legacy_console,
        unknown: _,
    } = parameters;
    unless_default("RestrictedToken", &restricted_token, "there are no restricted tokens here; name a User")?;
    unless_default("UseExistingLogin", &use_existing_login, "there are no logins here")?;
    unless_default("UseLegacyConsole", &use_legacy_console, "there is one kind of console here")?;
    let console_size = match console_size[..] {
        [] => [0, 0],
        [height, width] => [height, width],
        _ => return Err(Error::invalid_document("ConsoleSize", "it holds two numbers, height and width")),
    };
    Ok(Wanted {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        emulate_console,
        pipes: [create_std_in_pipe, create_std_out_pipe, create_std_err_pipe],
        console_size,
    })
}

fn console(wanted: &Wanted) -> Result<Option<Console>> {
    let [height, width] = wanted.console_size;
    if !wanted.emulate_console {
        return Ok(None);
    }
    let cells = |value: u32, default: u16| match value {
        0 => Ok(default),
        value => u16::try_from(value)
            .map_err(|_| Error::invalid_document("ConsoleSize", format!("{value} is over 65535 characters"))),
    };
    Ok(Some(Console { rows: cells(height, CONSOLE.rows)?, columns: cells(width, CONSOLE.columns)? }))
}

fn stream(
    number: usize,
    source: StreamSource,
    pipe: bool,
    console: bool,
    given: &mut Vec<OwnedFd>,
) -> Result<Stream> {
    let name = ["stdin", "stdout", "stderr"][number];
    let member = ["CreateStdInPipe", "CreateStdOutPipe", "CreateStdErrPipe"][number];
    match source {
        StreamSource::Given(_) if console => {
            let reason = "the process gets a console; ask for its pipes in the document instead";
            Err(Error::invalid_argument(name, reason))
        }
        StreamSource::Given(_) if pipe => {
            Err(Error::invalid_argument(name, format!("a stream is given, and {member} asks for a pipe")))
        }
        StreamSource::Given(stream) => match stream.into_fd() {
            Ok(fd) => {
                given.push(fd);
                Ok(Stream::Given)
            }
            Err(_) => Err(Error::not_supported(name, "a remote stream has no descriptor to hand on")),
        },
        StreamSource::FromDocument if console => Ok(Stream::Null),
        StreamSource::FromDocument if pipe => Ok(Stream::Pipe),
        StreamSource::FromDocument if number == 0 => Ok(Stream::Null),
        // Output that nobody asked for is what `logs` shows.
        StreamSource::FromDocument => Ok(Stream::Log),
    }
}

fn linux(wanted: Wanted, console: bool) -> Result<LinuxProgram> {
    let Wanted {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        emulate_console: _,
        pipes: _,
        console_size: _,
    } = wanted;
    unless_default("ApplicationName", &application_name, "a Linux program is the first of CommandArgs")?;
    no_nul("CommandLine", &command_line)?;
    no_nul("User", &user)?;
    let (field, argv) = match (command_args.is_empty(), command_line.is_empty()) {
        (false, true) => ("CommandArgs", command_args),
        (true, false) => (
            "CommandLine",
            words::split(&command_line)
                .map_err(|reason| Error::invalid_document("CommandLine", reason.to_string()))?,
        ),
        (false, false) => {
            return Err(Error::invalid_document("CommandLine", "it excludes CommandArgs"));
        }
        (true, true) => ("CommandArgs", Vec::new()),
    };
    if argv.first().is_none_or(String::is_empty) {
        return Err(Error::invalid_document(field, "it must begin with the program"));
    }
    for (index, argument) in argv.iter().enumerate() {
        no_nul(&format!("CommandArgs[{index}]"), argument)?;
    }
    no_nul("WorkingDirectory", &working_directory)?;
    if !working_directory.is_empty() && !working_directory.starts_with('/') {
        let message = format!("{working_directory:?} is not absolute");
        return Err(Error::invalid_document("WorkingDirectory", message));
    }
    let mut env = vec![("PATH", LINUX_PATH)];
    if console {
        env.push(("TERM", "xterm"));
    }
    let mut env: Vec<String> = env
        .into_iter()
        .filter(|(name, _)| !environment.contains_key(*name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for (name, value) in &environment {
        env.push(variable(name, value)?);
    }
    process_limits::linux(field, &argv, &env)?;
    let user = if user.is_empty() { User::default() } else { User::Name(user) };
    Ok(LinuxProgram { command: Command { argv, env }, directory: working_directory, user })
}

fn windows(wanted: Wanted) -> Result<CreateProcess> {
    let Wanted {
        application_name,
        command_line,
        command_args,
        user,
        working_directory,
        environment,
        emulate_console: _,
        pipes: _,
        console_size: _,
    } = wanted;
    if !command_args.is_empty() {
        return Err(no("CommandArgs", "Windows programs take one CommandLine"));
    }
    if command_line.is_empty() && application_name.is_empty() {
        return Err(Error::invalid_document("CommandLine", "it must begin with the program"));
    }
    for (field, text) in [
        ("ApplicationName", &application_name),
        ("CommandLine", &command_line),
        ("WorkingDirectory", &working_directory),
        ("User", &user),
    ] {
        no_nul(field, text)?;
    }
    for (name, value) in &environment {
        variable(name, value)?;
    }
    process_limits::windows(&command_line, &environment)?;
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(CreateProcess {
        application: some(application_name),
        command_line,
        working_directory: some(working_directory),
        environment: environment.into_iter().collect(),
        user: some(user),
        streams: WindowsStreams::Null,
    })
}

fn variable(name: &str, value: &str) -> Result<String> {
    let field = format!("Environment.{name}");
    // Windows has variables that begin with `=`, one for each drive's folder; they are its own.
    if name.is_empty() || name.contains('=') {
        return Err(Error::invalid_document(field, "the name of a variable can't be empty or hold \"=\""));
    }
    no_nul(&field, name)?;
    no_nul(&field, value)?;
    Ok(format!("{name}={value}"))
}

/// The `ProcessStatus` of a process.
pub(super) fn status(pid: u32, exit: Option<ProcessExit>) -> String {
    ProcessStatus {
        process_id: pid,
        exited: exit.is_some(),
        exit_code: exit.map_or(0, |exit| exit.code),
        last_wait_result: 0,
        ..ProcessStatus::default()
    }
    .to_json()
}

#[cfg(test)]
mod tests;
