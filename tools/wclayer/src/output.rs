//! Where a tar goes: a file, which is removed unless it is finished, or standard output; plain or compressed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, FrameCompressor};

use crate::failure::Failure;

/// Bytes that wait to be compressed.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// An output that is being written.
pub(crate) struct Output {
    writer: Kind,
    /// A regular file of ours, which goes unless it is finished.
    unfinished: Option<PathBuf>,
}

enum Kind {
    Plain(File),
    Compressed { pieces: BufWriter<Pieces>, thread: Option<JoinHandle<io::Result<()>>> },
    Finished,
}

impl Output {
    /// Opens a file, or standard output.
    pub(crate) fn create(path: Option<&Path>, gzip: bool, zstd: bool) -> Result<Self, Failure> {
        let open = |source| Failure::Open { source };
        let file = match path {
            Some(path) => fs_err::File::create(path).map_err(open)?.into_parts().0,
            None => std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned().map_err(open)?.into(),
        };
        let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let unfinished = path.filter(|_| regular).map(Path::to_owned);
        let writer = match (gzip, zstd) {
            (false, false) => Kind::Plain(file),
            (gzip, _) => compressed(file, gzip).map_err(open)?,
        };
        Ok(Self { writer, unfinished })
    }

    /// Everything is written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if let Kind::Compressed { pieces, thread } = std::mem::replace(&mut self.writer, Kind::Finished) {
            // The other end sees that nothing more comes.
            drop(pieces.into_inner().map_err(io::IntoInnerError::into_error)?);
            join(thread)?;
        }
        self.unfinished = None;
        Ok(())
    }
}

/// Compresses on another core while this one reads.
fn compressed(file: File, gzip: bool) -> io::Result<Kind> {
    let (send, receive) = sync_channel(WAITING);
    let mut source = Received { pieces: receive, piece: Vec::new(), at: 0 };
    let work = move || {
        if gzip {
            let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
            io::copy(&mut source, &mut encoder)?;
            return encoder.finish()?.flush();
        }
        let failure = std::rc::Rc::new(std::cell::Cell::new(None));
        let drain = Remembered { out: BufWriter::new(file), failure: std::rc::Rc::clone(&failure) };
        let mut encoder = FrameCompressor::new(CompressionLevel::Fastest);
        encoder.set_source(source);
        encoder.set_drain(drain);
        encoder.compress();
        let flushed = encoder.take_drain().map_or(Ok(()), |mut drain| drain.out.flush());
        failure.take().map_or(flushed, Err)
    };
    let thread = std::thread::Builder::new().name("compression".to_owned()).spawn(work)?;
    Ok(Kind::Compressed { pieces: BufWriter::with_capacity(PIECE, Pieces(send)), thread: Some(thread) })
}

fn join(thread: Option<JoinHandle<io::Result<()>>>) -> io::Result<()> {
    let ended = thread.map_or(Ok(Ok(())), JoinHandle::join);
    ended.unwrap_or_else(|_| Err(io::Error::other("the compression ended early")))
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Kind::Plain(file) => file.write(bytes),
            Kind::Compressed { pieces, thread } => match pieces.write(bytes) {
                // Nobody takes them any more: the thread knows why.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    join(thread.take())?;
                    Err(error)
                }
                result => result,
            },
            Kind::Finished => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Kind::Plain(file) => file.flush(),
            Kind::Compressed { pieces, .. } => pieces.flush(),
            Kind::Finished => Ok(()),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(path) = &self.unfinished {
            // Should that fail, it is a tar without an end.
            let _ = fs_err::remove_file(path);
        }
    }
}

/// The end of the channel that takes.
struct Pieces(SyncSender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end that gives.
struct Received {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl io::Read for Received {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.piece = self.pieces.recv().unwrap_or_default();
            self.at = 0;
        }
        let count = out.len().min(self.piece.len() - self.at);
        out[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Keeps the first failure, because the encoder panics on one; what comes after is let go.
struct Remembered {
    out: BufWriter<File>,
    failure: std::rc::Rc<std::cell::Cell<Option<io::Error>>>,
}

impl Write for Remembered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.failure.take();
        let failed = before.or_else(|| self.out.write_all(bytes).err());
        self.failure.set(failed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
