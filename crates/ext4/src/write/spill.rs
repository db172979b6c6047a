//! An array of bytes that begins in memory and goes on in a temporary file, so that images of any size are made with
//! little memory.

use std::fs::File;
use std::io;

use crate::storage::Storage;

/// Bytes kept in memory.
const IN_MEMORY: u64 = 4 << 20;
/// Bytes behind the file's end that wait to be written.
const TAIL: usize = 256 << 10;

/// The array. Its beginning is in memory, then comes the file, then what waits for it.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    memory: Vec<u8>,
    file: Option<File>,
    /// Bytes that are in the file.
    filed: u64,
    tail: Vec<u8>,
}

impl Spill {
    pub(crate) fn len(&self) -> u64 {
        self.memory.len() as u64 + self.filed + self.tail.len() as u64
    }

    /// Adds bytes at the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() as u64 + bytes.len() as u64 <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        if self.tail.len() + bytes.len() > TAIL {
            if self.file.is_none() {
                self.file = Some(tempfile::tempfile()?);
            }
            if let Some(file) = &self.file {
                Storage::write_all_at(file, &self.tail, self.filed)?;
            }
            self.filed += self.tail.len() as u64;
            self.tail.clear();
        }
        self.tail.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads bytes that are there.
    pub(crate) fn read(&self, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
        let memory = self.memory.len() as u64;
        while !buffer.is_empty() {
            let count;
            if at < memory {
                let rest = &self.memory[usize::try_from(at).map_err(io::Error::other)?..];
                count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
            } else if at < memory + self.filed {
                let left = memory + self.filed - at;
                count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                Storage::read_exact_at(file, &mut buffer[..count], at - memory)?;
            } else {
                let from = usize::try_from(at - memory - self.filed).map_err(io::Error::other)?;
                let rest = self
                    .tail
                    .get(from..)
                    .filter(|rest| !rest.is_empty())
                    .ok_or(io::ErrorKind::UnexpectedEof)?;
                count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
            }
            buffer = &mut buffer[count..];
            at += count as u64;
        }
        Ok(())
    }

    /// Writes over bytes that are there. They lie whole in one of the parts, because all that is pushed has one length.
    pub(crate) fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        let memory = self.memory.len() as u64;
        let part = if at < memory {
            (&mut self.memory, at)
        } else if at < memory + self.filed {
            let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
            return Storage::write_all_at(file, bytes, at - memory);
        } else {
            (&mut self.tail, at - memory - self.filed)
        };
        let from = usize::try_from(part.1).map_err(io::Error::other)?;
        let place = part.0.get_mut(from..from + bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_each_part() {
        let mut spill = Spill::default();
        let record = |n: u64| [n.to_le_bytes(); 32].concat();
        let count = (IN_MEMORY + 3 * TAIL as u64) / 256 + 7;
        for n in 0..count {
            spill.push(&record(n)).unwrap();
        }
        assert_eq!(spill.len(), count * 256);
        let places = [0, 1, IN_MEMORY / 256 - 1, IN_MEMORY / 256, count - 500, count - 1];
        for n in places {
            spill.write(&record(n + 1), n * 256).unwrap();
        }
        let mut all = vec![0; usize::try_from(count * 256).unwrap()];
        spill.read(&mut all, 0).unwrap();
        for (n, found) in (0..count).zip(all.chunks(256)) {
            assert_eq!(found, record(if places.contains(&n) { n + 1 } else { n }), "{n}");
        }
        assert!(spill.read(&mut [0], count * 256).is_err());
    }
}
