//! Blobs: in only what was checked, out only what still is what its name says.

use std::io::{self, Read as _, Seek as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err::{File, OpenOptions};
use rustix::fs::FlockOperation;

use super::Store;
use crate::digest::{Digest, Hashed};
use crate::error::{ImageError, Result, at};
use crate::io::{Room, Temporary, wait};
use crate::spec::Descriptor;

impl Store {
    pub(crate) fn blob(&self, digest: Digest) -> PathBuf {
        self.folder.join("blobs").join(digest.hex())
    }

    fn partial(&self, digest: Digest) -> PathBuf {
        self.folder.join("partial").join(digest.hex())
    }

    /// Whether a blob is here, with the size that is announced for it.
    ///
    /// # Errors
    /// [`ImageError::Mismatch`] when it has another size; what the system says.
    pub fn has(&self, blob: &Descriptor) -> Result<bool> {
        let path = self.blob(blob.digest);
        match fs_err::metadata(&path) {
            Ok(found) if found.len() == blob.size => Ok(true),
            Ok(found) => Err(size_mismatch(blob, found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at("look at", &path)(error)),
        }
    }

    /// Opens a blob.
    pub(crate) fn open_blob(&self, blob: &Descriptor) -> Result<File> {
        if !self.has(blob)? {
            return Err(ImageError::NoBlob { digest: blob.digest });
        }
        let path = self.blob(blob.digest);
        File::open(&path).map_err(at("open", &path))
    }

    /// A small blob's content, checked once more.
    pub(crate) fn bytes(&self, blob: &Descriptor, limit: u64) -> Result<Vec<u8>> {
        if blob.size > limit {
            return Err(ImageError::TooLarge {
                what: format!("blob {}", blob.digest),
                size: blob.size,
                limit,
            });
        }
        let mut bytes = Vec::new();
        let path = self.blob(blob.digest);
        self.open_blob(blob)?.take(limit).read_to_end(&mut bytes).map_err(at("read", &path))?;
        match Digest::of(&bytes) {
            found if found == blob.digest => Ok(bytes),
            found => Err(digest_mismatch(blob, found)),
        }
    }

    /// Puts a small blob in.
    pub(crate) fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        if !self.has(&descriptor)? {
            crate::io::write_whole(&self.work(), &self.blob(descriptor.digest), bytes)?;
        }
        Ok(descriptor)
    }

    /// A blob whose digest comes with its last byte.
    pub(crate) fn new_blob(&self) -> Result<BlobWriter> {
        Ok(BlobWriter { store: self.clone(), file: Hashed::new(Temporary::new(&self.work())?) })
    }

    /// Begins to receive a blob, or goes on where it was left. Another process that receives the same is waited for;
    /// `None`: the blob is here.
    pub(crate) fn receive(&self, blob: &Descriptor) -> Result<Option<Receive>> {
        let path = self.partial(blob.digest);
        loop {
            if self.has(blob)? {
                return Ok(None);
            }
            let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
            let mut file = opened.map_err(at("make", &path))?;
            wait(&file, FlockOperation::LockExclusive).map_err(at("lock", &path))?;
            // Who had the lock before may have finished or given up, and the name may be another file's.
            if !is_named(&file, &path)? {
                continue;
            }
            let mut sum = Hashed::new(io::sink());
            io::copy(&mut file, &mut sum).map_err(at("read", &path))?;
            let room = Room::at(&self.work())?;
            let mut receive = Receive { store: self.clone(), blob: blob.clone(), path, file, room, sum };
            if receive.at() > blob.size {
                receive.restart()?;
            }
            return Ok(Some(receive));
        }
    }
}

fn is_named(file: &File, path: &Path) -> Result<bool> {
    let ours = file.metadata().map_err(at("look at", path))?;
    Ok(fs_err::metadata(path).is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino())))
}

fn size_mismatch(blob: &Descriptor, found: u64) -> ImageError {
    let (expected, found) = (format!("{} bytes", blob.size), format!("{found} bytes"));
    ImageError::Mismatch { what: format!("blob {}", blob.digest), expected, found }
}

fn digest_mismatch(blob: &Descriptor, found: Digest) -> ImageError {
    let (expected, found) = (blob.digest.to_string(), found.to_string());
    ImageError::Mismatch { what: format!("blob {}", blob.digest), expected, found }
}

/// A blob on its way in. What is there when it is dropped stays, and the next one goes on behind it.
#[derive(Debug)]
pub(crate) struct Receive {
    store: Store,
    blob: Descriptor,
    path: PathBuf,
    file: File,
    room: Room,
    sum: Hashed<io::Sink>,
}

impl Receive {
    /// Bytes that are here.
    pub(crate) fn at(&self) -> u64 {
        self.sum.sum().1
    }

    /// Forgets what is here.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let done = self.file.set_len(0).and_then(|()| self.file.rewind());
        done.map_err(at("cut", &self.path))?;
        self.sum = Hashed::new(io::sink());
        Ok(())
    }

    /// Takes bytes; more than were announced are an error.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let after = self.at() + bytes.len() as u64;
        if after > self.blob.size {
            return self.refuse(size_mismatch(&self.blob, after));
        }
        let written = self.file.write_all(bytes).and_then(|()| self.sum.write_all(bytes));
        written.and_then(|()| self.room.take(bytes.len() as u64)).map_err(at("write", &self.path))
    }

    /// The blob is whole: it gets its name if it is what was announced, and goes otherwise.
    pub(crate) fn finish(self) -> Result<()> {
        let (found, size) = self.sum.sum();
        if size != self.blob.size {
            return self.refuse(size_mismatch(&self.blob, size));
        }
        if found != self.blob.digest {
            return self.refuse(digest_mismatch(&self.blob, found));
        }
        let path = self.store.blob(self.blob.digest);
        self.file.sync_all().map_err(at("write", &self.path))?;
        fs_err::rename(&self.path, &path).map_err(at("make", &path))
    }

    /// Nothing of it can be gone on with.
    fn refuse<T>(&self, error: ImageError) -> Result<T> {
        let _ = fs_err::remove_file(&self.path);
        Err(error)
    }
}

/// A blob that is being made here.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    store: Store,
    file: Hashed<Temporary>,
}

impl BlobWriter {
    /// The blob is whole.
    pub(crate) fn finish(self, media_type: &str) -> Result<Descriptor> {
        let (digest, size) = self.file.sum();
        let descriptor = Descriptor::new(media_type, digest, size);
        if !self.store.has(&descriptor)? {
            self.file.into_inner().keep(&self.store.blob(digest))?;
        }
        Ok(descriptor)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let temp = tempfile::tempdir().unwrap();
        let store = Store::open(&temp.path().join("images")).unwrap();
        (temp, store)
    }

    #[test]
    fn a_blob_comes_in_pieces_and_is_checked() {
        let (_temp, store) = store();
        let blob = Descriptor::of("x", b"hello");
        let mut first = store.receive(&blob).unwrap().unwrap();
        first.write(b"hel").unwrap();
        drop(first);
        assert!(!store.has(&blob).unwrap());
        let mut second = store.receive(&blob).unwrap().unwrap();
        assert_eq!(second.at(), 3);
        second.write(b"lo").unwrap();
        second.finish().unwrap();
        assert!(store.has(&blob).unwrap() && store.receive(&blob).unwrap().is_none());
        assert_eq!(store.bytes(&blob, 5).unwrap(), b"hello");
        assert!(matches!(store.bytes(&blob, 4), Err(ImageError::TooLarge { .. })));
    }

    #[test]
    fn what_is_not_what_was_announced_leaves_nothing() {
        let (_temp, store) = store();
        let blob = Descriptor::of("x", b"hello");
        for bytes in [&b"hullo"[..], b"hell", b"hello!"] {
            let mut receive = store.receive(&blob).unwrap().unwrap();
            assert_eq!(receive.at(), 0, "{bytes:?}");
            let error = receive.write(bytes).and_then(|()| receive.finish()).unwrap_err();
            assert!(matches!(error, ImageError::Mismatch { .. }), "{error}");
            assert!(!store.has(&blob).unwrap() && !store.partial(blob.digest).exists());
        }
    }

    #[test]
    fn a_blob_that_was_changed_is_noticed() {
        let (_temp, store) = store();
        let blob = store.put("x", b"hello").unwrap();
        fs_err::write(store.blob(blob.digest), "hullo").unwrap();
        assert!(matches!(store.bytes(&blob, 10), Err(ImageError::Mismatch { .. })));
        fs_err::write(store.blob(blob.digest), "hell").unwrap();
        assert!(matches!(store.has(&blob), Err(ImageError::Mismatch { .. })));
    }

    #[test]
    fn two_receivers_of_one_blob_take_turns() {
        let (_temp, store) = store();
        let blob = Descriptor::of("x", b"hello");
        let mut first = store.receive(&blob).unwrap().unwrap();
        let (other, wanted) = (store.clone(), blob.clone());
        let second = std::thread::spawn(move || other.receive(&wanted).unwrap().is_none());
        first.write(b"hello").unwrap();
        first.finish().unwrap();
        assert!(second.join().unwrap(), "the second finds it there");
    }
}
