//! The way of bytes into an image: gathered into big pieces, which a second thread writes, and hashes when the image
//! gets a tree of hashes.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use super::{Error, Result};
use crate::format::BLOCK64;
use crate::storage::Storage;
use crate::verity::Leaves;

/// Bytes that are written at once. A quarter of it, with as many waiting, took 1.15 times as long.
const PIECE: usize = 1 << 20;
/// Pieces that wait for the second thread.
const WAITING: usize = 2;

/// Bytes for one place.
struct Piece {
    offset: u64,
    /// As long as a piece can be, so that nothing has to be zeroed before it is read into; what counts is `used`.
    buffer: Vec<u8>,
    used: usize,
    /// Whether its hashes have been taken.
    hashed: bool,
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.used]
    }
}

/// Where bytes go.
pub(super) struct Output<S> {
    storage: Arc<S>,
    leaves: Option<Arc<Leaves>>,
    piece: Piece,
    /// Buffers that can be used again come back this way.
    worker: Option<Worker>,
    spare: Vec<Vec<u8>>,
}

struct Worker {
    pieces: SyncSender<Piece>,
    spare: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
}

impl<S> std::fmt::Debug for Output<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Output").field("offset", &self.position()).finish_non_exhaustive()
    }
}

impl<S> Output<S> {
    /// The place of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.piece.offset + self.piece.used as u64
    }
}

impl<S: Storage + 'static> Output<S> {
    pub(super) fn new(storage: S, verity: bool) -> Self {
        let piece = Piece { offset: 0, buffer: vec![0; PIECE], used: 0, hashed: false };
        let leaves = verity.then(|| Arc::new(Leaves::new()));
        Self { storage: Arc::new(storage), leaves, piece, worker: None, spare: Vec::new() }
    }

    pub(super) fn storage(&self) -> &S {
        &self.storage
    }

    /// Goes to another place. Pieces of images that are hashed consist of whole blocks.
    pub(super) fn seek(&mut self, offset: u64) -> Result<()> {
        if offset != self.position() {
            self.flush()?;
            self.piece.offset = offset;
        }
        Ok(())
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.room(bytes.len())?;
            let (now, later) = bytes.split_at(room.len());
            room.copy_from_slice(now);
            self.piece.used += now.len();
            bytes = later;
        }
        Ok(())
    }

    pub(super) fn zeros(&mut self, mut count: usize) -> Result<()> {
        while count > 0 {
            let room = self.room(count)?;
            room.fill(0);
            let now = room.len();
            self.piece.used += now;
            count -= now;
        }
        Ok(())
    }

    /// Has bytes read straight to where they are written from. `read` says how many there were; the result is that too.
    pub(super) fn read_into<E>(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> std::result::Result<usize, E>,
    ) -> Result<std::result::Result<usize, E>> {
        let room = self.room(most)?;
        let length = room.len();
        let read = read(room);
        if let Ok(count) = &read {
            self.piece.used += (*count).min(length);
        }
        Ok(read)
    }

    /// Up to this much room for the next bytes, and some in any case.
    fn room(&mut self, most: usize) -> Result<&mut [u8]> {
        if self.piece.used == PIECE {
            self.flush()?;
        }
        let from = self.piece.used;
        Ok(&mut self.piece.buffer[from..PIECE.min(from.saturating_add(most))])
    }

    /// Hands the bytes gathered so far to the second thread.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.piece.used == 0 {
            return Ok(());
        }
        debug_assert!(self.leaves.is_none() || self.piece.offset.is_multiple_of(BLOCK64));
        let next = Piece { offset: self.position(), buffer: self.buffer(), used: 0, hashed: false };
        let piece = std::mem::replace(&mut self.piece, next);
        if self.worker.is_none() {
            self.worker = self.start();
        }
        let Some(worker) = &self.worker else {
            let offset = piece.offset;
            return work(&*self.storage, self.leaves.as_deref(), &piece)
                .map_err(|source| Error::Write { offset, source });
        };
        let sent = match worker.pieces.try_send(piece) {
            Err(TrySendError::Full(mut piece)) => {
                // Both cores hash: whoever has nothing else to do.
                if let Some(leaves) = &self.leaves {
                    leaves.add(piece.offset / BLOCK64, piece.bytes()).map_err(spilled)?;
                    piece.hashed = true;
                }
                worker.pieces.send(piece).is_ok()
            }
            Err(TrySendError::Disconnected(_)) => false,
            Ok(()) => true,
        };
        // The thread has ended: its error says why.
        if sent { Ok(()) } else { self.join() }
    }

    /// A buffer that the second thread is done with, or a new one.
    fn buffer(&mut self) -> Vec<u8> {
        if let Some(worker) = &self.worker {
            self.spare.extend(worker.spare.try_iter());
        }
        self.spare.pop().unwrap_or_else(|| vec![0; PIECE])
    }

    /// `None` when the system has no thread for us, or no core: then it goes without.
    fn start(&self) -> Option<Worker> {
        if std::thread::available_parallelism().is_ok_and(|cores| cores == NonZeroUsize::MIN) {
            return None;
        }
        let (pieces, incoming) = sync_channel::<Piece>(WAITING);
        let (done, spare) = sync_channel(WAITING + 2);
        let (storage, leaves) = (Arc::clone(&self.storage), self.leaves.clone());
        let run = move || {
            for piece in incoming {
                work(&*storage, leaves.as_deref(), &piece)?;
                // Nobody waits for buffers: one too many is freed.
                let _ = done.try_send(piece.buffer);
            }
            Ok(())
        };
        let thread = std::thread::Builder::new().name("ext4 output".to_owned()).spawn(run).ok()?;
        Some(Worker { pieces, spare, thread })
    }

    /// Waits until all is written.
    pub(super) fn join(&mut self) -> Result<()> {
        let Some(Worker { pieces, spare, thread }) = self.worker.take() else { return Ok(()) };
        drop(pieces);
        let offset = self.piece.offset;
        let result =
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread has panicked")));
        self.spare.extend(spare.try_iter());
        result.map_err(|source| Error::Write { offset, source })
    }

    /// Writes what is left and gives storage and hashes back.
    pub(super) fn finish(mut self) -> Result<(Arc<S>, Option<Arc<Leaves>>)> {
        self.flush()?;
        self.join()?;
        Ok((self.storage, self.leaves))
    }
}

fn spilled(source: io::Error) -> Error {
    Error::Spill { source }
}

/// What is done with a piece.
fn work<S: Storage>(storage: &S, leaves: Option<&Leaves>, piece: &Piece) -> io::Result<()> {
    if let Some(leaves) = leaves.filter(|_| !piece.hashed) {
        leaves.add(piece.offset / BLOCK64, piece.bytes())?;
    }
    storage.write_all_at(piece.bytes(), piece.offset)
}
