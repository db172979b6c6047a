//! Pipes in memory: unlike those of an operating system, either end can be closed while somebody is blocked in it,
//! as a killed process's are.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use hcs_contract::Stream;

/// What fits in before a writer must wait: as in a pipe of Linux.
const CAPACITY: usize = 64 << 10;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    readers: usize,
    writers: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that reads.
pub(crate) struct ReadEnd {
    shared: Arc<Shared>,
    closed: AtomicBool,
}

/// The end that writes.
pub(crate) struct WriteEnd {
    shared: Arc<Shared>,
    closed: AtomicBool,
}

/// A pipe, with one handle of each end.
pub(crate) fn pipe() -> (ReadEnd, WriteEnd) {
    let shared = Arc::new(Shared::default());
    {
        let mut state = shared.lock();
        (state.readers, state.writers) = (1, 1);
    }
    let reader = ReadEnd { shared: Arc::clone(&shared), closed: AtomicBool::new(false) };
    (reader, WriteEnd { shared, closed: AtomicBool::new(false) })
}

impl ReadEnd {
    /// Another handle of this end: two readers compete.
    pub(crate) fn duplicate(&self) -> Self {
        self.shared.lock().readers += 1;
        Self { shared: Arc::clone(&self.shared), closed: AtomicBool::new(false) }
    }

    /// Closes this handle; whoever is blocked in it is let go with an error.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        if !self.closed.swap(true, Ordering::Relaxed) {
            state.readers -= 1;
            self.shared.changed.notify_all();
        }
    }

    /// Throws away what nobody has read.
    pub(crate) fn discard(&self) {
        self.shared.lock().bytes.clear();
        self.shared.changed.notify_all();
    }

    /// Waits for bytes; 0 at the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.lock();
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(closed());
            }
            if buffer.is_empty() {
                return Ok(0);
            }
            if !state.bytes.is_empty() {
                let count = state.bytes.read(buffer)?;
                self.shared.changed.notify_all();
                return Ok(count);
            }
            if state.writers == 0 {
                return Ok(0);
            }
            state = self.shared.wait(state);
        }
    }
}

impl WriteEnd {
    /// Another handle of this end: the reader meets its end when all are closed.
    pub(crate) fn duplicate(&self) -> Self {
        self.shared.lock().writers += 1;
        Self { shared: Arc::clone(&self.shared), closed: AtomicBool::new(false) }
    }

    /// Closes this handle; whoever is blocked in it is let go with an error.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        if !self.closed.swap(true, Ordering::Relaxed) {
            state.writers -= 1;
            self.shared.changed.notify_all();
        }
    }

    /// Waits for room.
    pub(crate) fn write(&self, buffer: &[u8]) -> io::Result<usize> {
        let mut state = self.shared.lock();
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(closed());
            }
            if state.readers == 0 {
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads this pipe any more"));
            }
            let room = CAPACITY.saturating_sub(state.bytes.len()).min(buffer.len());
            if room > 0 || buffer.is_empty() {
                state.bytes.extend(&buffer[..room]);
                self.shared.changed.notify_all();
                return Ok(room);
            }
            state = self.shared.wait(state);
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the process has ended")
}

impl Drop for ReadEnd {
    fn drop(&mut self) {
        self.close();
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for ReadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadEnd")
    }
}

impl fmt::Debug for WriteEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteEnd")
    }
}

#[derive(Debug)]
struct Reading(ReadEnd);

#[derive(Debug)]
struct Writing(WriteEnd);

/// The end as its user holds it.
pub(crate) fn reading(end: ReadEnd) -> Stream {
    Stream::remote(Reading(end))
}

/// The end as its user holds it.
pub(crate) fn writing(end: WriteEnd) -> Stream {
    Stream::remote(Writing(end))
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Reading {
    fn write(&mut self, _buffer: &[u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this end of the pipe only reads"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Writing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this end of the pipe only writes"))
    }
}

impl Write for Writing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_to_the_end() {
        let (reader, writer) = pipe();
        let second = writer.duplicate();
        writer.write(b"abc").unwrap();
        drop(writer);
        second.write(b"d").unwrap();
        drop(second);
        let mut text = String::new();
        reading(reader).read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcd");
    }

    #[test]
    fn a_full_pipe_waits_for_its_reader_and_breaks_with_it() {
        let (reader, writer) = pipe();
        assert_eq!(writer.write(&vec![7; CAPACITY + 1]).unwrap(), CAPACITY);
        std::thread::scope(|scope| {
            let blocked = scope.spawn(|| writer.write(b"x"));
            reader.read(&mut [0; 10]).unwrap();
            assert_eq!(blocked.join().unwrap().unwrap(), 1);
        });
        drop(reader);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn closing_lets_a_blocked_reader_go() {
        let (reader, writer) = pipe();
        std::thread::scope(|scope| {
            let blocked = scope.spawn(|| reader.read(&mut [0; 1]));
            reader.close();
            assert!(blocked.join().unwrap().is_err());
        });
        assert!(writer.write(b"x").is_err());
    }
}
