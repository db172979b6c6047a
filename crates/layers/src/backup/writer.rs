//! Writing streams.

use std::io::{self, Write};

use super::{BackupError, StreamHeader, StreamId};

/// Writes a file's streams: [`Writer::begin`] for each, then as many bytes as it said.
#[derive(Debug)]
#[doc(alias = "BackupStreamWriter")]
pub struct Writer<W> {
    out: W,
    id: StreamId,
    left: u64,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    #[doc(alias = "NewBackupStreamWriter")]
    pub fn new(out: W) -> Self {
        Self { out, id: StreamId::DATA, left: 0 }
    }

    /// Begins a stream.
    ///
    /// # Errors
    /// [`BackupError::Missing`] while the last one is not whole; a name or a size that a header has no room for.
    #[doc(alias = "WriteHeader")]
    pub fn begin(&mut self, header: &StreamHeader) -> Result<(), BackupError> {
        self.whole()?;
        self.out.write_all(&header.encode()?)?;
        (self.id, self.left) = (header.id, header.size);
        Ok(())
    }

    /// Ends the last stream.
    ///
    /// # Errors
    /// [`BackupError::Missing`]; what the output says.
    pub fn finish(mut self) -> Result<W, BackupError> {
        self.whole()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn whole(&self) -> Result<(), BackupError> {
        match self.left {
            0 => Ok(()),
            missing => Err(BackupError::Missing { id: self.id, missing }),
        }
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(BackupError::TooMany { id: self.id, excess: bytes.len() as u64 - self.left }.into());
        }
        let count = self.out.write(bytes)?;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
