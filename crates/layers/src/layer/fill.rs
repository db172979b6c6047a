//! Content on its way into files: gathered by the thread that reads it, written by another one.
//!
//! The reader opens files in their order and fills buffers; writing, owners, modes and times follow elsewhere, in any
//! order. While every buffer is on its way, the reader writes too instead of waiting.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::{Gid, Mode, Timestamps, Uid};

use super::LayerError;

/// Bytes of a buffer, and how many there are.
const BUFFER: usize = 1 << 20;
const BUFFERS: usize = 8;
/// Files in one buffer: each is open until it is written.
const FILES: usize = 48;
/// Zeros of this length need not be written.
const HOLE: usize = 4096;

/// What a file gets when its content is whole.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) owner: Option<(u32, u32)>,
    /// To be set; `None` when the file was made with it.
    pub(crate) mode: Option<u32>,
    pub(crate) times: Timestamps,
}

/// A file that is being filled.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) file: File,
    pub(crate) name: Vec<u8>,
    /// Zeros are left out.
    pub(crate) sparse: bool,
    pub(crate) finish: Finish,
    /// Extended attributes, which go with the owner.
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Target {
    fn write(&self, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        if !self.sparse {
            return self.file.write_all_at(bytes, at);
        }
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(HOLE.min(bytes.len()));
            if now.iter().any(|byte| *byte != 0) {
                self.file.write_all_at(now, at)?;
            }
            at += now.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        if let Some((uid, gid)) = self.finish.owner {
            rustix::fs::fchown(&self.file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        // After the owner, whose change takes set-user-id bits and capabilities away.
        if let Some(mode) = self.finish.mode {
            rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode))?;
        }
        for (name, value) in &self.xattrs {
            rustix::fs::fsetxattr(&self.file, &name[..], value, rustix::fs::XattrFlags::empty())?;
        }
        Ok(rustix::fs::futimens(&self.file, &self.finish.times)?)
    }
}

/// Bytes of a buffer that belong into a file, and maybe its last ones.
#[derive(Debug)]
struct Job {
    target: Arc<Target>,
    start: usize,
    end: usize,
    at: u64,
}

#[derive(Debug, Default)]
struct Batch {
    buffer: Vec<u8>,
    used: usize,
    jobs: Vec<Job>,
}

/// The first failure.
type Failed = Arc<Mutex<Option<LayerError>>>;

/// Writes content.
#[derive(Debug)]
pub(crate) struct Filler {
    batch: Batch,
    made: usize,
    full: Option<Sender<Batch>>,
    /// The other end of `full`: also for us, when nothing is free.
    waiting: Arc<Mutex<Receiver<Batch>>>,
    free: Receiver<Batch>,
    thread: Option<JoinHandle<()>>,
    failed: Failed,
}

impl Filler {
    pub(crate) fn start() -> Result<Self, LayerError> {
        let (full, waiting) = channel::<Batch>();
        let waiting = Arc::new(Mutex::new(waiting));
        let (done, free) = channel();
        let failed = Failed::default();
        let (queue, errors) = (Arc::clone(&waiting), Arc::clone(&failed));
        let work = move || {
            loop {
                // The lock is held while nothing is there: whoever finds it taken has nothing to take.
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(mut batch) = next else { return };
                write(&mut batch, &errors);
                // Nobody fills buffers any more: an end, or an error.
                if done.send(batch).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("layer content".to_owned()).spawn(work);
        let thread = Some(thread.map_err(|error| LayerError::io("start a thread for", b"content", error))?);
        let batch = Batch { buffer: vec![0; BUFFER], ..Batch::default() };
        Ok(Self { batch, made: 1, full: Some(full), waiting, free, thread, failed })
    }

    /// Adds bytes that `read` puts into a buffer; the result is how many.
    pub(crate) fn fill<E: From<LayerError>>(
        &mut self,
        target: &Arc<Target>,
        at: u64,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        if self.batch.used == self.batch.buffer.len() || self.batch.jobs.len() >= FILES {
            self.send()?;
        }
        let start = self.batch.used;
        let count = read(&mut self.batch.buffer[start..])?;
        let end = start + count;
        self.batch.used = end;
        match self.batch.jobs.last_mut() {
            Some(job) if Arc::ptr_eq(&job.target, target) && job.at + (job.end - job.start) as u64 == at => {
                job.end = end;
            }
            _ => self.batch.jobs.push(Job { target: Arc::clone(target), start, end, at }),
        }
        Ok(count)
    }

    /// The file is whole: what holds it last finishes it.
    pub(crate) fn done(&mut self, target: Arc<Target>) -> Result<(), LayerError> {
        // Its last bytes are in this buffer: their job holds it.
        if self.batch.jobs.last().is_some_and(|job| Arc::ptr_eq(&job.target, &target)) {
            return Ok(());
        }
        if self.batch.jobs.len() >= FILES {
            self.send()?;
        }
        let place = self.batch.used;
        self.batch.jobs.push(Job { target, start: place, end: place, at: 0 });
        Ok(())
    }

    /// Sends the buffer off, and takes an empty one.
    fn send(&mut self) -> Result<(), LayerError> {
        self.check()?;
        let empty = match self.free.try_recv() {
            Ok(batch) => batch,
            Err(_) if self.made < BUFFERS => {
                self.made += 1;
                Batch { buffer: vec![0; BUFFER], ..Batch::default() }
            }
            Err(_) => self.take_part()?,
        };
        let batch = std::mem::replace(&mut self.batch, empty);
        if let Some(full) = &self.full {
            // It fails only when the thread has ended, which it does after a panic alone.
            full.send(batch).map_err(|_| LayerError::Closed)?;
        }
        Ok(())
    }

    /// Writes a buffer that waits, or waits for one that is being written.
    fn take_part(&mut self) -> Result<Batch, LayerError> {
        let waiting = self.waiting.try_lock().ok().and_then(|queue| queue.try_recv().ok());
        if let Some(mut batch) = waiting {
            write(&mut batch, &self.failed);
            return Ok(batch);
        }
        self.free.recv().map_err(|_| LayerError::Closed)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Everything is written when this returns.
    pub(crate) fn finish(mut self) -> Result<(), LayerError> {
        self.send()?;
        self.full = None;
        while let Some(mut batch) = {
            let queue = self.waiting.try_lock().ok();
            queue.and_then(|queue| queue.try_recv().ok())
        } {
            write(&mut batch, &self.failed);
        }
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| LayerError::Closed)?;
        }
        self.check()
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        // Whoever drops it without an end is about to remove the files: the thread must not be among them.
        self.full = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes a buffer and empties it. After a failure it only empties it.
fn write(batch: &mut Batch, failed: &Failed) {
    for job in batch.jobs.drain(..) {
        let mut slot = None;
        if failed.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let written = job.target.write(&batch.buffer[job.start..job.end], job.at);
            slot = written.err().map(|error| LayerError::io("write", &job.target.name, error));
        }
        if let Some(target) = Arc::into_inner(job.target)
            && slot.is_none()
        {
            let finished = target.finish();
            slot = finished.err().map(|error| LayerError::io("finish", &target.name, error));
        }
        if let Some(error) = slot {
            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
    batch.used = 0;
}
