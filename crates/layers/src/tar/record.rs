//! How a tar looked that is not in our form: its headers, its order, and where its contents lie. With the layer's files it
//! gives the same bytes again.
//!
//! Format: `hcstarrd`, the version in 32 bits, and in 32 bits 0 for Windows and 1 for Linux layers; then steps, each a number
//! of seven-bit groups, whose lowest two bits say what it is and the others how many bytes: 0 bytes that follow, 1 zeros,
//! 2 bytes of a file, whose path and offset follow, 3 bytes of an alternate stream, whose file and name follow. A step of no
//! bytes ends it; behind it stands the CRC-32C of all.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use super::TarLayerError;

/// The record's name, in the layer's folder.
pub const RECORD: &str = "layer.tar-record";

const MAGIC: &[u8; 12] = b"hcstarrd\x01\0\0\0";
/// Zeros of this length are counted.
const RUN: usize = 12;
/// Bytes of a path.
const PATH: u64 = 1 << 17;

/// A step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Bytes(u64),
    Zeros(u64),
    File { length: u64, path: String, offset: u64 },
    Stream { length: u64, path: String, name: String },
}

/// Writes a record.
#[derive(Debug)]
pub(super) struct RecordWriter {
    out: BufWriter<File>,
    step: Vec<u8>,
    crc: u32,
}

impl RecordWriter {
    pub(super) fn new(file: File, linux: bool) -> Result<Self, TarLayerError> {
        let mut this = Self { out: BufWriter::with_capacity(64 << 10, file), step: Vec::new(), crc: 0 };
        this.step.extend(MAGIC);
        this.step.extend(u32::from(linux).to_le_bytes());
        this.put()?;
        Ok(this)
    }

    /// Bytes that are no content.
    pub(super) fn raw(&mut self, mut bytes: &[u8]) -> Result<(), TarLayerError> {
        while !bytes.is_empty() {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            if zeros >= RUN {
                number(&mut self.step, (zeros as u64) << 2 | 1);
                bytes = &bytes[zeros..];
            } else {
                let length = literal(bytes);
                number(&mut self.step, (length as u64) << 2);
                self.step.extend(&bytes[..length]);
                bytes = &bytes[length..];
            }
            self.put()?;
        }
        Ok(())
    }

    pub(super) fn file(&mut self, path: &str, offset: u64, length: u64) -> Result<(), TarLayerError> {
        if length == 0 {
            return Ok(());
        }
        number(&mut self.step, length << 2 | 2);
        self.text(path);
        number(&mut self.step, offset);
        self.put()
    }

    pub(super) fn stream(&mut self, path: &str, name: &str, length: u64) -> Result<(), TarLayerError> {
        if length == 0 {
            return Ok(());
        }
        number(&mut self.step, length << 2 | 3);
        self.text(path);
        self.text(name);
        self.put()
    }

    pub(super) fn finish(mut self) -> Result<(), TarLayerError> {
        number(&mut self.step, 0);
        self.put()?;
        self.step.extend(self.crc.to_le_bytes());
        self.put()?;
        self.out.flush().map_err(|source| TarLayerError::Write { source })
    }

    fn text(&mut self, text: &str) {
        number(&mut self.step, text.len() as u64);
        self.step.extend(text.as_bytes());
    }

    fn put(&mut self) -> Result<(), TarLayerError> {
        self.crc = crc32c::crc32c_append(self.crc, &self.step);
        let written = self.out.write_all(&self.step);
        self.step.clear();
        written.map_err(|source| TarLayerError::Write { source })
    }
}

/// How many bytes come before the next zeros that are worth counting.
fn literal(bytes: &[u8]) -> usize {
    let mut zeros = 0;
    for (at, byte) in bytes.iter().enumerate() {
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        // A run that begins with the first byte is shorter: the caller looked.
        if zeros == RUN {
            return at + 1 - RUN;
        }
    }
    bytes.len()
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

/// Reads a record.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    input: R,
    /// Of a layer of a Linux image.
    pub(super) linux: bool,
}

impl RecordReader<BufReader<File>> {
    /// Checks the whole of it, and stands at its first step.
    pub(super) fn open(mut file: File) -> Result<Self, TarLayerError> {
        let io = |_| TarLayerError::Record { what: "cannot be read" };
        let length = file.metadata().map_err(io)?.len();
        let damaged = || TarLayerError::Record { what: "is damaged: its checksum is wrong" };
        let body = length.checked_sub(4).ok_or_else(damaged)?;
        let mut crc = 0;
        let mut input = BufReader::with_capacity(64 << 10, (&mut file).take(body));
        loop {
            let bytes = input.fill_buf().map_err(io)?;
            if bytes.is_empty() {
                break;
            }
            crc = crc32c::crc32c_append(crc, bytes);
            let count = bytes.len();
            input.consume(count);
        }
        let mut stated = [0; 4];
        file.read_exact(&mut stated).map_err(io)?;
        if stated != crc.to_le_bytes() {
            return Err(damaged());
        }
        io::Seek::rewind(&mut file).map_err(io)?;
        Self::new(BufReader::with_capacity(64 << 10, file))
    }
}

impl<R: Read> RecordReader<R> {
    /// Begins to read.
    pub(super) fn new(mut input: R) -> Result<Self, TarLayerError> {
        let mut magic = [0; 16];
        let read = input.read_exact(&mut magic);
        let linux = crate::bytes::u32(&magic, MAGIC.len());
        if read.is_err() || !magic.starts_with(MAGIC) || !matches!(linux, Some(0 | 1)) {
            return Err(TarLayerError::Record { what: "does not begin as one of a known version" });
        }
        Ok(Self { input, linux: linux == Some(1) })
    }

    /// The next step; the bytes of [`Step::Bytes`] have to be read before the one after. `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Step>, TarLayerError> {
        let head = self.number()?;
        let length = head >> 2;
        if length == 0 {
            return Ok(None);
        }
        Ok(Some(match head & 3 {
            0 => Step::Bytes(length),
            1 => Step::Zeros(length),
            2 => Step::File { length, path: self.text()?, offset: self.number()? },
            _ => Step::Stream { length, path: self.text()?, name: self.text()? },
        }))
    }

    /// Bytes of a step.
    pub(super) fn bytes(&mut self, out: &mut [u8]) -> Result<(), TarLayerError> {
        self.input.read_exact(out).map_err(|_| cut_off())
    }

    fn number(&mut self) -> Result<u64, TarLayerError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.bytes(&mut byte)?;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TarLayerError::Record { what: "is damaged: a number has no end" })
    }

    fn text(&mut self) -> Result<String, TarLayerError> {
        let length = self.number()?;
        if length > PATH {
            return Err(TarLayerError::Record { what: "is damaged: a path is too long" });
        }
        let mut text = vec![0; crate::bytes::length(length)];
        self.bytes(&mut text)?;
        String::from_utf8(text).map_err(|_| TarLayerError::Record { what: "is damaged: a path is no text" })
    }
}

fn cut_off() -> TarLayerError {
    TarLayerError::Record { what: "is damaged: it is cut off" }
}
