//! Reading streams from something that is read in order.

use std::io::{self, Read};

use super::{BackupError, HEADER, StreamHeader};
use crate::bytes;

/// Reads a file's streams: [`Reader::next`] for each, and the [`Read`] of it for its bytes.
#[derive(Debug)]
#[doc(alias = "BackupStreamReader")]
pub struct Reader<R> {
    input: R,
    left: u64,
}

impl<R: Read> Reader<R> {
    /// Reads from `input`. Nothing is read yet.
    #[doc(alias = "NewBackupStreamReader")]
    pub fn new(input: R) -> Self {
        Self { input, left: 0 }
    }

    /// The next stream; `None` at the end. What was not read of the last one is passed over.
    ///
    /// # Errors
    /// [`BackupError::CutOff`] unless the input ends before a header; sizes and names that can't be.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not hand out the reader between two items"
    )]
    pub fn next(&mut self) -> Result<Option<StreamHeader>, BackupError> {
        let left = std::mem::take(&mut self.left);
        let passed = io::copy(&mut self.input.by_ref().take(left), &mut io::sink())?;
        if passed < left {
            return Err(BackupError::CutOff { within: "a stream" });
        }
        let mut fixed = [0; HEADER];
        match self.fill(&mut fixed)? {
            0 => return Ok(None),
            HEADER => {}
            _ => return Err(BackupError::CutOff { within: "a header" }),
        }
        let (mut header, name, offset) = StreamHeader::decode(&fixed)?;
        // At most 64 KiB: names have a limit.
        let mut rest = vec![0; name + if offset { 8 } else { 0 }];
        if self.fill(&mut rest)? < rest.len() {
            return Err(BackupError::CutOff { within: "a header" });
        }
        header.complete(&rest, name)?;
        self.left = header.size;
        Ok(Some(header))
    }

    /// Fills `out`, less only at the end.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            match self.input.read(&mut out[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl<R: Read> Read for Reader<R> {
    /// Bytes of the current stream, 0 at its end.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(bytes::length(self.left));
        let read = self.input.read(&mut out[..count])?;
        if read == 0 && count > 0 {
            return Err(BackupError::CutOff { within: "a stream" }.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
