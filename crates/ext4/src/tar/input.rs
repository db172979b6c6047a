//! The bytes of an archive: a window over what was read, which content is handed on from.

use std::fs::File;
use std::io::{self, Read};

use crate::storage::Storage;

/// Bytes read at once.
const WINDOW: usize = 512 << 10;

/// Where an archive comes from.
pub enum Source<'a> {
    /// A regular file, from its start: what is not wanted is passed over.
    File(File),
    /// Anything that is read in order.
    Stream(Box<dyn Read + Send + 'a>),
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => formatter.debug_tuple("File").field(file).finish(),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

impl<'a> Source<'a> {
    /// A file: by place when it is a regular one that stands at its start, else in order.
    ///
    /// # Errors
    /// What the system says of it.
    pub fn from_file(mut file: File) -> io::Result<Self> {
        let regular = file.metadata()?.is_file() && io::Seek::stream_position(&mut file)? == 0;
        Ok(if regular { Self::File(file) } else { Self::Stream(Box::new(file)) })
    }

    /// Anything that can be read.
    pub fn from_reader(reader: impl Read + Send + 'a) -> Self {
        Self::Stream(Box::new(reader))
    }
}

/// The window.
#[derive(Debug)]
pub(super) struct Input<'a> {
    source: Source<'a>,
    window: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the window's `end` lies in the archive.
    read: u64,
    ended: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, window: vec![0; WINDOW], start: 0, end: 0, read: 0, ended: false }
    }

    /// The place of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.read - (self.end - self.start) as u64
    }

    /// Up to `most` bytes, at least one of them unless the archive ends here.
    pub(super) fn some(&mut self, most: u64) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.fill()?;
        }
        let count = (self.end - self.start).min(crate::format::length(most));
        let from = self.start;
        self.start += count;
        Ok(&self.window[from..from + count])
    }

    /// Exactly the bytes of `out`; fewer only when the archive ends.
    pub(super) fn exact(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let bytes = self.some((out.len() - done) as u64)?;
            if bytes.is_empty() {
                break;
            }
            out[done..done + bytes.len()].copy_from_slice(bytes);
            done += bytes.len();
        }
        Ok(done)
    }

    /// Passes over bytes; the result is how many there were.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let buffered = (self.end - self.start) as u64;
        if count > buffered
            && let Source::File(file) = &self.source
        {
            let target = self.offset().saturating_add(count).min(file.length()?.max(self.read));
            let skipped = target - self.offset();
            (self.start, self.end, self.read) = (0, 0, target);
            return Ok(skipped);
        }
        let mut left = count;
        while left > 0 {
            let passed = self.some(left)?.len() as u64;
            if passed == 0 {
                break;
            }
            left -= passed;
        }
        Ok(count - left)
    }

    /// Bytes to where they are wanted: those of the window, else from the source itself.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start < self.end {
            let bytes = self.some(out.len() as u64)?;
            out[..bytes.len()].copy_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.read_source(out)
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.start, self.end) = (0, 0);
        let mut window = std::mem::take(&mut self.window);
        let read = self.read_source(&mut window);
        self.window = window;
        self.end = read?;
        Ok(())
    }

    fn read_source(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let read = match &mut self.source {
                Source::File(file) => file.read_at(out, self.read),
                Source::Stream(stream) => stream.read(out),
            };
            match read {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.read += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }
}
