//! `hcs logs`: what a container's detached programs have printed.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Mutex;

use hcsshim::linux::{LogLine, LogReader, LogStream};
use hcsshim::{Container, Error, EventType, Host, Subscription};

use crate::args::manage::Logs;
use crate::failure::Failure;
use crate::host;
use crate::printer;

pub(crate) fn logs(logs: &Logs) -> Result<(), Failure> {
    let host = host::open()?;
    if let Some(engine) = host.linux() {
        let mut reader = LogReader::open(engine, &logs.id)?;
        return if logs.follow {
            follow(logs, &host, &mut reader)
        } else {
            show(logs, || reader.next_line())
        };
    }
    if logs.follow {
        let error = Error::not_supported(
            "hcs logs --follow",
            "HCS_HOST names another host, whose logs don't grow here",
        )
        .with_hint("run it on the machine of the containers, or without --follow");
        return Err(Failure::Hcs(error));
    }
    let bytes = host.records()?.log(&logs.id)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    show(logs, || {
        let line = |line: &[u8]| {
            let line = LogLine::parse(line.strip_suffix(b"\n").unwrap_or(line));
            line.ok_or_else(|| Error::unexpected_value("a line of another format in the log"))
        };
        lines.next().map(line).transpose()
    })
}

/// Prints what there is, or the last of it.
fn show(logs: &Logs, mut next: impl FnMut() -> hcsshim::Result<Option<LogLine>>) -> Result<(), Failure> {
    let Some(tail) = logs.tail else {
        while let Some(line) = next()? {
            print(logs, &line)?;
        }
        return Ok(());
    };
    // No more than the tail is held, however long the log is.
    let mut last = Tail::new(tail);
    while let Some(line) = next()? {
        last.push(line);
    }
    last.parts.iter().try_for_each(|(line, _)| print(logs, line))
}

/// The last lines of a log, each with all its parts.
struct Tail {
    most: usize,
    lines: usize,
    /// Parts, and whether a line begins with them.
    parts: VecDeque<(LogLine, bool)>,
    /// The last part of standard output and of standard error was not the end of its line.
    open: [bool; 2],
}

impl Tail {
    fn new(most: usize) -> Self {
        Self { most, lines: 0, parts: VecDeque::new(), open: [false; 2] }
    }

    fn push(&mut self, line: LogLine) {
        let open = &mut self.open[usize::from(line.stream == LogStream::Stderr)];
        let begins = !std::mem::replace(open, !line.whole);
        self.lines += usize::from(begins);
        self.parts.push_back((line, begins));
        // Whole lines go: up to the next one that begins.
        while self.lines > self.most || self.parts.front().is_some_and(|(_, begins)| !begins) {
            let Some((_, begins)) = self.parts.pop_front() else { return };
            self.lines -= usize::from(begins);
        }
    }
}

/// Prints what there is and what comes, until the container has stopped.
fn follow(logs: &Logs, host: &Host, reader: &mut LogReader) -> Result<(), Failure> {
    // Watched before the first look at either, so that nothing falls between.
    let watch = reader.watch()?;
    let container = host.open_container(&logs.id)?;
    let (stopped, _subscription) = stopped(&container)?;
    show(logs, || reader.next_line())?;
    while watch.wait(stopped.as_fd())? {
        while let Some(line) = reader.next_line()? {
            print(logs, &line)?;
        }
    }
    while let Some(line) = reader.next_line()? {
        print(logs, &line)?;
    }
    Ok(())
}

/// A descriptor that becomes readable (its other end closes) when the container has stopped.
fn stopped(container: &Container) -> Result<(OwnedFd, Subscription), Failure> {
    let (reader, writer) =
        std::io::pipe().map_err(|source| Failure::System { step: "make a pipe", source })?;
    let writer = Mutex::new(Some(writer));
    let subscription = container.subscribe(move |event| {
        if matches!(event.kind, EventType::SYSTEM_EXITED | EventType::SERVICE_DISCONNECT)
            && let Ok(mut writer) = writer.lock()
        {
            drop(writer.take());
        }
    })?;
    Ok((reader.into(), subscription))
}

fn print(logs: &Logs, line: &LogLine) -> Result<(), Failure> {
    let mut bytes = Vec::with_capacity(line.text.len() + 40);
    if logs.timestamps {
        bytes.extend_from_slice(line.time.as_bytes());
        bytes.push(b' ');
    }
    bytes.extend_from_slice(&line.text);
    if line.whole {
        bytes.push(b'\n');
    }
    match line.stream {
        LogStream::Stdout => printer::raw(&bytes),
        LogStream::Stderr => printer::raw_error(&bytes),
    }
}
