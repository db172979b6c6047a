//! What a program of the fake is: a function that is given its process, and returns its exit code.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::plan::Guest;
use crate::task::Task;
use crate::violation::Violation;

/// A program: runs on a thread of its own and returns the exit code, of which a Linux guest keeps 8 bits.
pub(crate) type Program = Arc<dyn Fn(&FakeProcess) -> u32 + Send + Sync>;

/// What a running program sees of itself and of those who use it.
///
/// When the process is killed, its streams are closed at once: reads and writes fail, [`FakeProcess::next_event`]
/// says [`ProcessEvent::Ended`], and what the program returns then is not looked at. While the system is paused,
/// reads, writes and the program's end wait. A read from a stream that the client gave is not let go by a kill, but
/// when that stream ends.
#[derive(Clone, Debug)]
pub struct FakeProcess(Arc<Task>);

/// What a program is told while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessEvent {
    /// Somebody signalled it, or shut its system down. Only for a program that takes them:
    /// [`FakeProcess::take_controls`].
    Control(ControlEvent),
    /// Its console has another size.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// It was ended.
    Ended,
}

/// A signal of Linux or a control event of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlEvent {
    /// A signal of Linux, by its number; a shutdown is 15.
    Signal(u8),
    /// Ctrl-C.
    CtrlC,
    /// Ctrl-Break.
    CtrlBreak,
    /// The console is closed.
    CtrlClose,
    /// The user logs off.
    CtrlLogoff,
    /// The system shuts down.
    CtrlShutdown,
}

impl FakeProcess {
    pub(crate) fn new(task: Arc<Task>) -> Self {
        Self(task)
    }

    /// Its number within its system.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// The id of its system.
    pub fn system(&self) -> String {
        self.0.machine().map(|machine| machine.id.clone()).unwrap_or_default()
    }

    /// Its arguments; the first is the program itself.
    pub fn arguments(&self) -> &[String] {
        &self.0.facts.arguments
    }

    /// Its command line as one text.
    pub fn command_line(&self) -> &str {
        &self.0.facts.command_line
    }

    /// Its environment.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.0.facts.environment
    }

    /// The folder that it runs in.
    pub fn working_directory(&self) -> &str {
        &self.0.facts.working_directory
    }

    /// The user that the document names; empty for the default.
    pub fn user(&self) -> &str {
        &self.0.facts.user
    }

    /// The name of the computer that it runs on.
    pub fn host_name(&self) -> String {
        self.0.machine().map(|machine| machine.host_name()).unwrap_or_default()
    }

    /// Whether it runs in a Windows container; otherwise it is a Linux container.
    pub fn is_windows(&self) -> bool {
        self.0.guest == Guest::Windows
    }

    /// Columns and rows of its console; `None` without one.
    pub fn console_size(&self) -> Option<(u16, u16)> {
        self.0.console()
    }

    /// Its standard input; at its end when it has none.
    pub fn stdin(&self) -> impl Read + use<> {
        Stdin(Arc::clone(&self.0))
    }

    /// Its standard output; what nobody asked for goes nowhere.
    pub fn stdout(&self) -> impl Write + use<> {
        Stdout { task: Arc::clone(&self.0), errors: false }
    }

    /// Its error output: with a console, its output.
    pub fn stderr(&self) -> impl Write + use<> {
        Stdout { task: Arc::clone(&self.0), errors: true }
    }

    /// From now on signals and control events do not end it: [`FakeProcess::next_event`] tells of them.
    pub fn take_controls(&self) {
        self.0.take_controls();
    }

    /// Waits for the next thing that it is told.
    pub fn next_event(&self) -> ProcessEvent {
        self.0.next_event()
    }

    /// The content of a file of the container or of a folder mapped into it; `None` when there is none.
    pub fn read_file(&self, path: &str) -> Option<Vec<u8>> {
        self.0.machine()?.read_file(path)
    }

    /// Writes a file of the container or of a folder mapped into it. False where it may only read.
    pub fn write_file(&self, path: &str, content: &[u8]) -> bool {
        self.0.machine().is_some_and(|machine| machine.write_file(path, content))
    }

    /// The line end of its guest and streams.
    pub(crate) fn line_end(&self) -> &'static str {
        if self.is_windows() || self.console_size().is_some() { "\r\n" } else { "\n" }
    }
}

struct Stdin(Arc<Task>);

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.stdin.read(buffer)?;
        self.0.go_on();
        Ok(count)
    }
}

struct Stdout {
    task: Arc<Task>,
    errors: bool,
}

impl Write for Stdout {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let task = &self.task;
        task.go_on();
        let breaks =
            |violation| task.machine().is_some_and(|machine| machine.rules.violations.has(violation));
        let errors = self.errors && !breaks(Violation::StderrOnStdout);
        let errors = errors && (task.console().is_none() || breaks(Violation::ConsoleHasStderr));
        let output = if errors { &task.stderr } else { &task.stdout };
        if breaks(Violation::BytesAreText) {
            let text = String::from_utf8_lossy(buffer);
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                rest = &rest[output.write(rest)?..];
            }
            return Ok(buffer.len());
        }
        output.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The programs of a host, by their names.
#[derive(Clone, Default)]
pub(crate) struct Programs(Vec<(String, Program)>);

impl Programs {
    pub(crate) fn add(&mut self, name: String, program: Program) {
        self.0.push((name, program));
    }

    /// The program that was registered for the first word of a command line: by the whole word or by its last part,
    /// on Windows in any case and with or without `.exe`.
    pub(crate) fn find(&self, word: &str, guest: Guest) -> Option<Program> {
        let file = word.rsplit(['/', '\\']).next().unwrap_or(word);
        let plain = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix(".exe").map_or(name.clone(), str::to_owned)
        };
        let is_it = |name: &str| match guest {
            Guest::Linux => name == word || name == file,
            Guest::Windows => plain(name) == plain(word) || plain(name) == plain(file),
        };
        // The last one counts, so that a default can be replaced.
        self.0.iter().rev().find(|(name, _)| is_it(name)).map(|(_, program)| Arc::clone(program))
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
