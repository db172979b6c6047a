//! The tar on its way out: small files leave many in one write, and are read straight into the buffer that is written.

use std::io::{self, Write};

use super::TarLayerError;

/// Bytes that leave at once.
const BUFFER: usize = 1 << 20;
/// Room that is worth reading into.
const ROOM: usize = 64 << 10;

/// Counts and gathers what is written.
#[derive(Debug)]
pub(super) struct Out<W> {
    inner: W,
    buffer: Vec<u8>,
    used: usize,
    /// Bytes of the tar so far.
    pub(super) count: u64,
}

impl<W: Write> Out<W> {
    pub(super) fn new(out: W) -> Self {
        Self { inner: out, buffer: vec![0; BUFFER], used: 0, count: 0 }
    }

    /// Adds bytes.
    pub(super) fn put(&mut self, mut bytes: &[u8]) -> Result<(), TarLayerError> {
        while !bytes.is_empty() {
            let count = self.fill(bytes.len() as u64, |room| {
                room.copy_from_slice(&bytes[..room.len()]);
                Ok(room.len())
            })?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Adds up to `most` bytes, which `read` puts into the room that there is; the result is how many it did.
    pub(super) fn fill(
        &mut self,
        most: u64,
        read: impl FnOnce(&mut [u8]) -> Result<usize, TarLayerError>,
    ) -> Result<usize, TarLayerError> {
        let most = crate::bytes::length(most);
        if self.buffer.len() - self.used < most.min(ROOM) {
            self.send()?;
        }
        let end = self.buffer.len().min(self.used.saturating_add(most));
        let count = read(&mut self.buffer[self.used..end])?;
        self.used += count;
        self.count += count as u64;
        Ok(count)
    }

    /// Everything leaves.
    pub(super) fn finish(mut self) -> Result<u64, TarLayerError> {
        self.send()?;
        self.inner.flush().map_err(|source| TarLayerError::Write { source })?;
        Ok(self.count)
    }

    fn send(&mut self) -> Result<(), TarLayerError> {
        let sent = self.inner.write_all(&self.buffer[..self.used]);
        self.used = 0;
        sent.map_err(|source: io::Error| TarLayerError::Write { source })
    }
}
