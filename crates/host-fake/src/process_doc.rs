//! A process's document (`ProcessConfig` or `ProcessParameters`) as what the fake starts, and the document that says
//! how a process fares.

use std::collections::BTreeMap;

use hcs_contract::reading::no_nul;
use hcs_contract::{Error, ProcessStreams, Result, Stream, StreamSource};
use hcs_schema::Document;
use hcs_schema::compute::ProcessStatus;
use hcs_schema::compute::v1::ProcessConfig;
use hcs_schema::compute::v2::ProcessParameters;

use crate::plan::{Guest, NO_VM};
use crate::refuse::Reader;
use crate::violation::{Violation, Violations};
use crate::words;

const LINUX_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Rows and columns of a console whose document does not say: the service's own.
const CONSOLE: [u16; 2] = [25, 80];

/// A process to be started.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) arguments: Vec<String>,
    pub(crate) command_line: String,
    pub(crate) user: String,
    pub(crate) working_directory: String,
    pub(crate) environment: BTreeMap<String, String>,
    /// Width, height.
    pub(crate) console: Option<(u16, u16)>,
    pub(crate) streams: [Source; 3],
}

/// Where one stream comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Null,
    Pipe,
    Given(Stream),
}

/// What both schemas say of a process.
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
pub(crate) fn request(
    reader: Reader<'_>,
    text: &str,
    streams: ProcessStreams,
    guest: Guest,
    schema: u32,
) -> Result<Request> {
    let wanted = read(reader, text, schema)?;
    let console = console(&wanted)?;
    let ProcessStreams { stdin, stdout, stderr } = streams;
    let all = reader.breaks(Violation::PipesWithoutBeingAsked);
    let pipe = |number: usize| wanted.pipes[number] || all;
    let streams = [
        source(["stdin", "CreateStdInPipe"], stdin, pipe(0), console.is_some())?,
        source(["stdout", "CreateStdOutPipe"], stdout, pipe(1), console.is_some())?,
        source(["stderr", "CreateStdErrPipe"], stderr, pipe(2), console.is_some())?,
    ];
    let user = wanted.user.clone();
    let working_directory = wanted.working_directory.clone();
    let (arguments, command_line, environment) = match guest {
        Guest::Linux => linux(reader, wanted, console.is_some())?,
        Guest::Windows => windows(reader, wanted)?,
    };
    Ok(Request { arguments, command_line, user, working_directory, environment, console, streams })
}

/// The schemas' documents differ in a few members; what only one of them knows says which it is. Without such a
/// member it is of the system's own schema.
fn read(reader: Reader<'_>, text: &str, schema: u32) -> Result<Wanted> {
    let parameters: ProcessParameters = reader.parse_open(text)?;
    if parameters.unknown_paths().is_empty() {
        let size_is_wanted = schema != 1 || reader.breaks(Violation::ZeroConsoleSizeRefused);
        let given = !parameters.console_size.is_empty();
        let wanted = from_v2(reader, parameters)?;
        // Clients of schema 1 send a size with every process. In schema 2 it is there because somebody wants it.
        if size_is_wanted && !wanted.emulate_console {
            let reason = "only a console has a size; set EmulateConsole, or leave the size out";
            if given && reader.breaks(Violation::ZeroConsoleSizeRefused) {
                return Err(Error::not_supported("ConsoleSize", reason));
            }
            reader.unless_default("ConsoleSize", &wanted.console_size, reason)?;
        }
        return Ok(wanted);
    }
    let config: ProcessConfig = reader.parse_open(text)?;
    if config.unknown.is_empty() {
        return from_v1(reader, config);
    }
    // Unknown to both, or of both at once.
    reader.no_unknown(&parameters)?;
    from_v2(reader, parameters)
}

fn from_v1(reader: Reader<'_>, config: ProcessConfig) -> Result<Wanted> {
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
    reader.unless_default("CreateInUtilityVm", &create_in_utility_vm, NO_VM)?;
    reader.unless_null("OCISpecification", &oci_specification, "name the program in CommandArgs")?;
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

fn from_v2(reader: Reader<'_>, parameters: ProcessParameters) -> Result<Wanted> {
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
    let tokens = "there are no restricted tokens here; name a User";
    reader.unless_default("RestrictedToken", &restricted_token, tokens)?;
    reader.unless_default("UseExistingLogin", &use_existing_login, "there are no logins here")?;
    reader.unless_default("UseLegacyConsole", &use_legacy_console, "there is one kind of console here")?;
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

fn console(wanted: &Wanted) -> Result<Option<(u16, u16)>> {
    let [height, width] = wanted.console_size;
    if !wanted.emulate_console {
        return Ok(None);
    }
    let cells = |value: u32, default: u16| match value {
        0 => Ok(default),
        value => u16::try_from(value)
            .map_err(|_| Error::invalid_document("ConsoleSize", format!("{value} is over 65535 characters"))),
    };
    Ok(Some((cells(width, CONSOLE[1])?, cells(height, CONSOLE[0])?)))
}

fn source(names: [&'static str; 2], source: StreamSource, pipe: bool, console: bool) -> Result<Source> {
    let [name, member] = names;
    match source {
        StreamSource::Given(_) if console => {
            let reason = "the process gets a console; ask for its pipes in the document instead";
            Err(Error::invalid_argument(name, reason))
        }
        StreamSource::Given(_) if pipe => {
            Err(Error::invalid_argument(name, format!("a stream is given, and {member} asks for a pipe")))
        }
        StreamSource::Given(stream) => Ok(Source::Given(stream)),
        StreamSource::FromDocument if pipe => Ok(Source::Pipe),
        StreamSource::FromDocument => Ok(Source::Null),
    }
}

type Program = (Vec<String>, String, BTreeMap<String, String>);

fn linux(reader: Reader<'_>, wanted: Wanted, console: bool) -> Result<Program> {
    let Wanted { application_name, command_line, command_args, working_directory, environment, .. } = wanted;
    let reason = "a Linux program is the first of CommandArgs";
    reader.unless_default("ApplicationName", &application_name, reason)?;
    let mut argv = match (command_args.is_empty(), command_line.is_empty()) {
        (false, true) => command_args,
        (true, false) => words::split_linux(&command_line)
            .ok_or_else(|| Error::invalid_document("CommandLine", "a quotation in it has no end"))?,
        (false, false) => {
            return Err(Error::invalid_document("CommandLine", "it excludes CommandArgs"));
        }
        (true, true) => Vec::new(),
    };
    if argv.first().is_none_or(String::is_empty) {
        return Err(Error::invalid_document("CommandArgs", "it must begin with the program"));
    }
    for (index, argument) in argv.iter().enumerate() {
        no_nul(&format!("CommandArgs[{index}]"), argument)?;
    }
    no_nul("WorkingDirectory", &working_directory)?;
    if !working_directory.is_empty() && !working_directory.starts_with('/') {
        let message = format!("{working_directory:?} is not absolute");
        return Err(Error::invalid_document("WorkingDirectory", message));
    }
    for (name, value) in &environment {
        variable(name, value)?;
    }
    let mut all = BTreeMap::from([("PATH".to_owned(), LINUX_PATH.to_owned())]);
    if console {
        all.insert("TERM".into(), "xterm".into());
    }
    all.extend(environment);
    if reader.breaks(Violation::ArgumentsAreSplit) {
        argv = argv.iter().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect();
    }
    let line = if command_line.is_empty() { argv.join(" ") } else { command_line };
    Ok((argv, line, all))
}

fn windows(reader: Reader<'_>, wanted: Wanted) -> Result<Program> {
    let Wanted { application_name, command_line, command_args, working_directory, environment, user, .. } =
        wanted;
    if !command_args.is_empty() {
        reader.no("CommandArgs", "Windows programs take one CommandLine")?;
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
    let line = if command_line.is_empty() { format!("\"{application_name}\"") } else { command_line };
    let mut arguments = if reader.breaks(Violation::ArgumentsAreSplit) {
        line.split_whitespace().map(str::to_owned).collect()
    } else {
        words::split_windows(&line)
    };
    // The program is the application's name; the line's first word is only what it is told about itself.
    if !application_name.is_empty()
        && let Some(first) = arguments.first_mut()
    {
        *first = application_name;
    }
    Ok((arguments, line, environment))
}

fn variable(name: &str, value: &str) -> Result<()> {
    let field = format!("Environment.{name}");
    if name.is_empty() || name.contains('=') {
        return Err(Error::invalid_document(field, "the name of a variable can't be empty or hold \"=\""));
    }
    no_nul(&field, name)?;
    no_nul(&field, value)
}

/// The `ProcessStatus` of a process.
pub(crate) fn status(violations: &Violations, pid: u32, exit: Option<u32>) -> String {
    let status = ProcessStatus {
        process_id: pid,
        exited: exit.is_some() || violations.has(Violation::RunningSaysExited),
        exit_code: exit.unwrap_or(0),
        last_wait_result: 0,
        ..ProcessStatus::default()
    };
    let text = status.to_json();
    if violations.has(Violation::ExitCodeIsNegative) {
        let code = status.exit_code;
        return text.replace(&format!(":{code},"), &format!(":{},", code.cast_signed()));
    }
    text
}
