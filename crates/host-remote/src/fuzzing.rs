//! What a client makes of an answer's bytes, for the fuzz targets.

use std::io::{self, Read, Write};

use crate::http::Connection;

/// An answer, or the lines of one that is a stream, and whether that had its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Status and body.
    Answer(u16, Vec<u8>),
    /// The lines, and whether there were no more.
    Lines(Vec<Vec<u8>>, bool),
}

/// Reads an answer that comes so many bytes at a time. `None`: it is none.
pub fn answer(bytes: &[u8], step: usize) -> Option<Heard> {
    let connection = Connection::new(Drip { bytes, step: step.max(1) });
    match connection.receive_lines().ok()? {
        Err(answer) => Some(Heard::Answer(answer.status, answer.body)),
        Ok(mut lines) => {
            let mut all = Vec::new();
            loop {
                match lines.next() {
                    Ok(Some(line)) => all.push(line),
                    Ok(None) => return Some(Heard::Lines(all, true)),
                    Err(_) => return Some(Heard::Lines(all, false)),
                }
            }
        }
    }
}

/// The other side has said this and hung up.
struct Drip<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.step.min(buffer.len()).min(self.bytes.len());
        let (now, rest) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.bytes = rest;
        Ok(count)
    }
}

impl Write for Drip<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
