//! Where an image lies: anything that is read and written at positions.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Bytes that are read and written at positions. What was never written reads as zeros.
///
/// Two threads use it at once, for different places.
pub trait Storage: Send + Sync {
    /// Reads up to `buffer.len()` bytes; 0 at the end.
    ///
    /// # Errors
    /// What the system answers.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes, and makes the storage longer if it ends before them.
    ///
    /// # Errors
    /// What the system answers.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the storage this long.
    ///
    /// # Errors
    /// What the system answers.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Bytes, up to the end.
    ///
    /// # Errors
    /// What the system answers.
    fn length(&self) -> io::Result<u64>;

    /// Reads exactly this many bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` when the storage ends before.
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    buffer = &mut buffer[read..];
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Storage for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(self, buffer, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(self, buffer, offset);
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_all_at(self, bytes, offset);
        #[cfg(windows)]
        {
            let (mut bytes, mut offset) = (bytes, offset);
            while !bytes.is_empty() {
                match std::os::windows::fs::FileExt::seek_write(self, bytes, offset)? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => {
                        bytes = &bytes[written..];
                        offset += written as u64;
                    }
                }
            }
            Ok(())
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let metadata = self.metadata()?;
        // A device has the length that it has.
        if metadata.is_file() { self.set_len(length) } else { Ok(()) }
    }

    fn length(&self) -> io::Result<u64> {
        let metadata = self.metadata()?;
        if metadata.is_file() {
            return Ok(metadata.len());
        }
        io::Seek::seek(&mut &*self, io::SeekFrom::End(0))
    }
}

/// What leads to storage is storage.
macro_rules! leads_to_storage {
    ($($pointer:ty,)*) => {
        $(impl<S: Storage + ?Sized> Storage for $pointer {
            fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
                (**self).read_at(buffer, offset)
            }

            fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
                (**self).write_all_at(bytes, offset)
            }

            fn set_length(&self, length: u64) -> io::Result<()> {
                (**self).set_length(length)
            }

            fn length(&self) -> io::Result<u64> {
                (**self).length()
            }
        })*
    };
}

leads_to_storage! { &S, std::sync::Arc<S>, }

/// An image in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<u8>>);

impl Memory {
    /// With these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Mutex::new(bytes))
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        // No code that can panic runs while it is locked but allocation, which leaves the bytes as they were.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.bytes();
        let from = usize::try_from(offset).map_or(bytes.len(), |offset| offset.min(bytes.len()));
        let length = buffer.len().min(bytes.len() - from);
        buffer[..length].copy_from_slice(&bytes[from..from + length]);
        Ok(length)
    }

    fn write_all_at(&self, new: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = self.bytes();
        let end = usize::try_from(offset).ok().and_then(|from| Some((from, from.checked_add(new.len())?)));
        let (from, to) = end.ok_or(io::ErrorKind::FileTooLarge)?;
        if bytes.len() < to {
            bytes.resize(to, 0);
        }
        bytes[from..to].copy_from_slice(new);
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.bytes().resize(length, 0);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }
}
