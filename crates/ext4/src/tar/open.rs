//! Where tars come from: files, pipes, standard input; plain, gzip or zstd, told apart by their first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Source;
use crate::storage::Storage;

const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that are read at once, and that wait decompressed.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// An opened input.
#[derive(Debug)]
pub struct Opened {
    /// What messages call it.
    pub name: String,
    /// Its bytes, decompressed.
    pub source: Source<'static>,
    /// Bytes that will be read of it, if that is known.
    pub total: Option<u64>,
}

/// Opens a file, or standard input for `-`; plain, gzip or zstd.
///
/// # Errors
/// What the system says, with the file's name.
pub fn open(path: &Path) -> io::Result<Opened> {
    let (name, file) = if path.as_os_str() == "-" {
        ("standard input".to_owned(), stdin()?)
    } else {
        (path.display().to_string(), fs_err::File::open(path)?.into_parts().0)
    };
    let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let total = file.metadata().ok().filter(|_| regular).map(|metadata| metadata.len());
    if regular {
        let mut start = [0; 4];
        let read = Storage::read_at(&file, &mut start, 0)?;
        if !is_compressed(&start[..read]) {
            return Ok(Opened { name, source: Source::from_file(file)?, total });
        }
    }
    let (start, file) = peek(file)?;
    let start_read = io::Cursor::new(start.clone());
    let reader = BufReader::with_capacity(PIECE, start_read.chain(file));
    if start.starts_with(&GZIP) {
        let source = Source::from_reader(Ahead::start(MultiGzDecoder::new(reader))?);
        Ok(Opened { name, source, total: None })
    } else if start.starts_with(&ZSTD) {
        let source = Source::from_reader(Ahead::start(Zstd::new(reader))?);
        Ok(Opened { name, source, total: None })
    } else {
        Ok(Opened { name, source: Source::from_reader(reader), total })
    }
}

/// Standard input as a file, so that one that was redirected from a file is used as that.
fn stdin() -> io::Result<File> {
    #[cfg(unix)]
    return Ok(std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?.into());
    #[cfg(windows)]
    return Ok(std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?.into());
}

fn is_compressed(start: &[u8]) -> bool {
    start.starts_with(&GZIP) || start.starts_with(&ZSTD)
}

/// The first bytes, and what follows them. A pipe may bring them one by one.
fn peek(mut file: File) -> io::Result<(Vec<u8>, File)> {
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    Ok((start, file))
}

/// Decompresses on another core while this one writes.
struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Ahead {
    fn start(mut reader: impl Read + Send + 'static) -> io::Result<Self> {
        let (send, pieces) = sync_channel(WAITING);
        // It ends when the input does, or when nobody receives any more.
        std::thread::Builder::new().name("decompression".to_owned()).spawn(move || {
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let result = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
                let (ended, result) = match result {
                    Ok(count) => (count == 0, Ok(piece)),
                    Err(error) => (true, Err(error)),
                };
                if send.send(result).is_err() || ended {
                    return;
                }
            }
        })?;
        Ok(Self { pieces, piece: Vec::new(), at: 0 })
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.piece = match self.pieces.recv() {
                Ok(piece) => piece?,
                // The thread has ended, and has said so by an empty piece or an error.
                Err(_) => return Ok(0),
            };
            self.at = 0;
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Frames of zstd, one behind the other.
struct Zstd<R> {
    reader: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(reader: R) -> Self {
        Self { reader, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// Begins the next frame; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.reader.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            self.in_frame = true;
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished() {
                let most = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.decoder.decode_blocks(&mut self.reader, most).map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let stated = self.decoder.get_checksum_from_data();
            if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the checksum of a zstd frame is wrong",
                ));
            }
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "hello\n" by the zstd command, with its checksum.
    const HELLO: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x31, 0x00, 0x00, b'h', b'e', b'l', b'l', b'o', b'\n', 0x53,
        0x88, 0xbd, 0x91,
    ];

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Zstd::new(bytes).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn frames_follow_each_other_and_some_are_skipped() {
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], HELLO].concat();
        assert_eq!(read(&[HELLO, &skipped].concat()).unwrap(), b"hello\nhello\n");
    }

    #[test]
    fn damage_is_an_error() {
        for at in 0..HELLO.len() {
            assert!(at == 0 || read(&HELLO[..at]).is_err(), "cut off at {at}");
        }
        let mut changed = HELLO.to_vec();
        changed[10] ^= 1;
        assert!(read(&changed).is_err());
    }
}
