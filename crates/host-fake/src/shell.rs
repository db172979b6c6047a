//! The fake's own programs: a few words of a command line, enough to have something run.
//!
//! Their list stands at [`crate::FakeHost`].

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use crate::plan::Guest;
use crate::program::{FakeProcess, ProcessEvent, Program};
use crate::words;

const WORDS: [&str; 16] = [
    "exit", "echo", "error", "cat", "read", "hang", "obey", "stubborn", "env", "cd", "hostname", "user",
    "size", "sizes", "type", "write",
];

/// What ends a program: its code, or that it was ended.
enum End {
    Code(u32),
    Killed,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Killed
    }
}

/// The fake's own program of this name.
pub(crate) fn find(word: &str, guest: Guest) -> Option<Program> {
    let file = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    // `hang& exit 7` has no space before what separates.
    let file = file.trim_end_matches(['&', ';']);
    let file = file.strip_suffix(".exe").unwrap_or(file);
    match (file, guest) {
        ("sh" | "bash", Guest::Linux) | ("cmd", Guest::Windows) => Some(Arc::new(shell)),
        ("args", _) => Some(Arc::new(|process| ended(&arguments(process).map_err(End::from)))),
        ("true", Guest::Linux) => Some(Arc::new(|_| 0)),
        ("false", Guest::Linux) => Some(Arc::new(|_| 1)),
        _ if WORDS.contains(&file) => Some(Arc::new(move |process| {
            let line = if process.is_windows() {
                process.command_line().to_owned()
            } else {
                process.arguments().join(" ")
            };
            ended(&run(process, &line))
        })),
        _ => None,
    }
}

fn shell(process: &FakeProcess) -> u32 {
    let arguments = process.arguments();
    let script = if process.is_windows() {
        let rest = words::behind_first(process.command_line());
        let start = rest.to_ascii_lowercase().find("/c").map(|start| start + 2);
        start.map(|start| unquoted(rest[start..].trim()).to_owned())
    } else {
        arguments.iter().position(|word| word == "-c").and_then(|at| arguments.get(at + 1).cloned())
    };
    if let Some(script) = script {
        return ended(&run(process, &script));
    }
    let mut input = BufReader::new(process.stdin());
    let mut line = String::new();
    while input.read_line(&mut line).is_ok_and(|count| count > 0) {
        let end = run(process, line.trim_end());
        if end.is_err() {
            return ended(&end);
        }
        line.clear();
    }
    0
}

fn arguments(process: &FakeProcess) -> io::Result<()> {
    process.arguments().iter().skip(1).try_for_each(|argument| say(process, argument))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn ended(end: &Result<(), End>) -> u32 {
    match end {
        Ok(()) => 0,
        Err(End::Code(code)) => *code,
        // Nobody looks at it: the process has its code.
        Err(End::Killed) => 1,
    }
}

fn run(process: &FakeProcess, script: &str) -> Result<(), End> {
    let separators: &[char] = if process.is_windows() { &['&'] } else { &['&', ';'] };
    for step in script.split(separators) {
        let step = step.trim();
        let (word, rest) = step.split_once([' ', '\t']).unwrap_or((step, ""));
        let word = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
        one(process, word.strip_suffix(".exe").unwrap_or(&word), rest.trim())?;
    }
    Ok(())
}

fn one(process: &FakeProcess, word: &str, rest: &str) -> Result<(), End> {
    match word {
        "" | "true" => {}
        "exit" => return Err(End::Code(number(rest))),
        "echo" => say(process, rest)?,
        "error" => {
            let text = format!("{rest}{}", process.line_end());
            process.stderr().write_all(text.as_bytes())?;
        }
        "cat" => {
            io::copy(&mut process.stdin(), &mut process.stdout())?;
        }
        "read" => drop(line(process)?),
        "hang" => {
            say(process, "ready")?;
            wait(process, |_| false)?;
        }
        "stubborn" => {
            process.take_controls();
            say(process, "ready")?;
            wait(process, |_| false)?;
        }
        "obey" => {
            process.take_controls();
            say(process, "ready")?;
            wait(process, |event| matches!(event, ProcessEvent::Control(_)))?;
        }
        "env" => {
            let known = process
                .environment()
                .iter()
                .find(|(name, _)| *name == rest || (process.is_windows() && name.eq_ignore_ascii_case(rest)));
            if let Some((name, value)) = known {
                say(process, &format!("{name}={value}"))?;
            }
        }
        "cd" => say(process, process.working_directory())?,
        "hostname" => say(process, &process.host_name())?,
        "user" => say(process, process.user())?,
        "size" => size(process)?,
        "sizes" => {
            say(process, "ready")?;
            while line(process)?.is_some() {
                size(process)?;
            }
        }
        "type" => match process.read_file(rest) {
            Some(content) => process.stdout().write_all(&content)?,
            None => return Err(End::Code(1)),
        },
        "write" => {
            let (path, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let content = format!("{text}{}", process.line_end());
            if !process.write_file(path, content.as_bytes()) {
                return Err(End::Code(1));
            }
        }
        unknown => {
            let text = format!("{unknown}: not found{}", process.line_end());
            process.stderr().write_all(text.as_bytes())?;
            return Err(End::Code(127));
        }
    }
    Ok(())
}

fn say(process: &FakeProcess, text: &str) -> io::Result<()> {
    process.stdout().write_all(format!("{text}{}", process.line_end()).as_bytes())
}

fn size(process: &FakeProcess) -> io::Result<()> {
    let (width, height) = process.console_size().unwrap_or_default();
    say(process, &format!("size {width}x{height}"))
}

/// Waits for an event; an error once the process has ended.
fn wait(process: &FakeProcess, wanted: impl Fn(ProcessEvent) -> bool) -> Result<(), End> {
    loop {
        match process.next_event() {
            ProcessEvent::Ended => return Err(End::Killed),
            event if wanted(event) => return Ok(()),
            _ => {}
        }
    }
}

/// One line of input, byte by byte, so that the rest stays for the next; `None` at the end. On a console the line
/// ends with what the Enter key sends, as a terminal reads it.
fn line(process: &FakeProcess) -> io::Result<Option<Vec<u8>>> {
    let mut input = process.stdin();
    let console = process.console_size().is_some();
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        match input.read(&mut byte)? {
            0 if line.is_empty() => return Ok(None),
            0 => return Ok(Some(line)),
            _ if byte == *b"\n" || (console && byte == *b"\r") => return Ok(Some(line)),
            _ => line.push(byte[0]),
        }
    }
}

fn number(text: &str) -> u32 {
    let text = text.trim();
    let hexadecimal = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    hexadecimal
        .or_else(|| text.parse::<u32>().ok())
        .or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
        .unwrap_or(0)
}
