//! The standard streams of a process: its own ends, and those that the service holds and hands out.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hcs_contract::{ProcessInformation, Stream};

use super::Task;
use crate::pipe::{self, ReadEnd, WriteEnd};
use crate::violation::Violation;

/// One stream as the program has it.
#[derive(Debug)]
pub(crate) enum Input {
    Null,
    Pipe(ReadEnd),
    Given(Mutex<Option<Stream>>),
}

/// One stream as the program has it.
#[derive(Debug)]
pub(crate) enum Output {
    Null,
    Pipe(WriteEnd),
    Given(Mutex<Option<Stream>>),
}

/// The service's own ends of the pipes, which it hands out as often as somebody asks.
#[derive(Debug, Default)]
pub(super) struct ServiceEnds {
    pub(super) stdin: Option<WriteEnd>,
    pub(super) stdout: Option<ReadEnd>,
    pub(super) stderr: Option<ReadEnd>,
    /// Ends that a violation keeps open.
    pub(super) kept: Vec<WriteEnd>,
}

impl Task {
    pub(super) fn close_streams(&self) {
        match &self.stdin {
            Input::Null => {}
            Input::Pipe(end) => end.close(),
            Input::Given(stream) => give_up(stream),
        }
        for output in [&self.stdout, &self.stderr] {
            match output {
                Output::Null => {}
                Output::Pipe(end) => end.close(),
                Output::Given(stream) => give_up(stream),
            }
        }
        if self.breaks(Violation::OutputIsLostAtExit) {
            let service = self.service();
            for end in [&service.stdout, &service.stderr].into_iter().flatten() {
                end.discard();
            }
        }
    }

    /// Closes the service's end of a stream, so that its other end meets the end once all others are closed too.
    pub(crate) fn close_stream(&self, number: u8) {
        let mut service = self.service();
        match number {
            0 if self.breaks(Violation::StdinNeverEnds) => {}
            0 => service.stdin = None,
            1 => service.stdout = None,
            _ => service.stderr = None,
        }
    }

    /// Its streams, as new handles.
    pub(crate) fn information(&self, wanted: [bool; 3]) -> ProcessInformation {
        let service = self.service();
        let stdin = service.stdin.as_ref().filter(|_| wanted[0]).map(WriteEnd::duplicate);
        let stdout = service.stdout.as_ref().filter(|_| wanted[1]).map(ReadEnd::duplicate);
        let stderr = service.stderr.as_ref().filter(|_| wanted[2]).map(ReadEnd::duplicate);
        ProcessInformation::new(
            self.pid,
            stdin.map(pipe::writing),
            stdout.map(pipe::reading),
            stderr.map(pipe::reading),
        )
    }

    fn service(&self) -> MutexGuard<'_, ServiceEnds> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn give_up(stream: &Mutex<Option<Stream>>) {
    // While its program is blocked in it only the program can close it, and does when it comes back.
    if let Ok(mut stream) = stream.try_lock() {
        *stream = None;
    }
}

impl Input {
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Null => Ok(0),
            Self::Pipe(end) => end.read(buffer),
            Self::Given(stream) => match &mut *stream.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(stream) => io::Read::read(stream, buffer),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }
}

impl Output {
    pub(crate) fn write(&self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Null => Ok(buffer.len()),
            Self::Pipe(end) => end.write(buffer),
            Self::Given(stream) => match &mut *stream.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(stream) => io::Write::write(stream, buffer),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }
}
