//! Making a tree: hashes of blocks in whatever order they are written, then level over level.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::many::hash_many;
use super::{BLOCK, HASH, SALT, SIGNATURE, Verity, hash, uuid_from};
use crate::storage::Storage;
use crate::write::Spill;

/// Blocks that are hashed before the result is put down.
const BATCH: usize = 64;
/// Bytes read at once.
const PIECE: usize = 1 << 20;

/// The hashes of a file system's blocks. What was never written reads as zeros and is hashed as that.
#[derive(Debug)]
pub(crate) struct Leaves {
    /// The lowest level; a hash of zeros stands for a block that was not written.
    hashes: Mutex<Spill>,
}

impl Leaves {
    pub(crate) fn new() -> Self {
        Self { hashes: Mutex::new(Spill::default()) }
    }

    /// Hashes whole blocks that lie from `first` on.
    pub(crate) fn add(&self, first: u64, bytes: &[u8]) -> io::Result<()> {
        let mut at = first * HASH as u64;
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        debug_assert!(rest.is_empty());
        for blocks in blocks.chunks(BATCH) {
            let mut hashes = [[0; HASH]; BATCH];
            let hashes = &mut hashes[..blocks.len()];
            hash_many(blocks, hashes);
            let mut all = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
            put(&mut all, at, hashes.as_flattened())?;
            at += hashes.as_flattened().len() as u64;
        }
        Ok(())
    }

    /// Writes super block and tree behind the `blocks` of the file system.
    pub(crate) fn write_tree<S: Storage + ?Sized>(
        &self,
        storage: &S,
        blocks: u64,
        uuid: Option<[u8; 16]>,
    ) -> io::Result<Verity> {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        // Blocks behind the last one that was written.
        while hashes.len() < blocks * HASH as u64 {
            hashes.push(&[0; HASH])?;
        }
        let levels = levels(blocks);
        let offset = blocks * BLOCK as u64;
        let zero = hash(&[0; SALT], &[0; BLOCK]);
        // The lowest level from the hashes, each other one from that below it.
        let mut root_hash = [0; HASH];
        for (n, level) in levels.iter().enumerate() {
            let count = if n == 0 { blocks } else { levels[n - 1].blocks };
            for index in 0..level.blocks {
                let mut block = vec![0; BLOCK];
                let first = index * (BLOCK / HASH) as u64;
                for (at, out) in (first..count).zip(block.chunks_mut(HASH)) {
                    if n == 0 {
                        hashes.read(out, at * HASH as u64)?;
                        if *out == [0; HASH] {
                            out.copy_from_slice(&zero);
                        }
                    } else {
                        let mut child = [0; BLOCK];
                        storage.read_exact_at(
                            &mut child,
                            offset + (1 + levels[n - 1].start + at) * BLOCK as u64,
                        )?;
                        out.copy_from_slice(&hash(&[0; SALT], &child));
                    }
                }
                storage.write_all_at(&block, offset + (1 + level.start + index) * BLOCK as u64)?;
                root_hash = hash(&[0; SALT], &block);
            }
        }
        let uuid = uuid.unwrap_or_else(|| uuid_from(&root_hash));
        let verity = Verity {
            root_hash,
            algorithm: "sha256".to_owned(),
            salt: vec![0; SALT],
            data_blocks: blocks,
            data_block_size: 4096,
            hash_block_size: 4096,
            version: 1,
            uuid,
        };
        storage.write_all_at(&superblock(&verity), offset)?;
        Ok(verity)
    }
}

/// Puts hashes at a place that may lie behind the end, or before it.
fn put(spill: &mut Spill, mut at: u64, mut hashes: &[u8]) -> io::Result<()> {
    while spill.len() < at {
        spill.push(&[0; HASH])?;
    }
    while !hashes.is_empty() {
        let (now, later) = hashes.split_at(HASH);
        if at < spill.len() {
            spill.write(now, at)?;
        } else {
            spill.push(now)?;
        }
        at += HASH as u64;
        hashes = later;
    }
    Ok(())
}

/// A level of the tree: where it begins within the tree, in blocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) start: u64,
    pub(super) blocks: u64,
}

/// The levels over this many blocks, from the lowest; the topmost is one block, with which the tree begins.
pub(super) fn levels(blocks: u64) -> Vec<Level> {
    let per_block = (BLOCK / HASH) as u64;
    let mut levels = Vec::new();
    let mut below = blocks;
    loop {
        below = below.div_ceil(per_block).max(1);
        levels.push(Level { start: 0, blocks: below });
        if below == 1 {
            break;
        }
    }
    let mut start = 0;
    for level in levels.iter_mut().rev() {
        level.start = start;
        start += level.blocks;
    }
    levels
}

fn superblock(verity: &Verity) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let salt = verity.salt.len().min(256);
    block[..8].copy_from_slice(&SIGNATURE);
    block[8..12].copy_from_slice(&verity.version.to_le_bytes());
    block[12..16].copy_from_slice(&1_u32.to_le_bytes()); // the usual form, not Chromium's
    block[16..32].copy_from_slice(&verity.uuid);
    block[32..32 + verity.algorithm.len()].copy_from_slice(verity.algorithm.as_bytes());
    block[64..68].copy_from_slice(&verity.data_block_size.to_le_bytes());
    block[68..72].copy_from_slice(&verity.hash_block_size.to_le_bytes());
    block[72..80].copy_from_slice(&verity.data_blocks.to_le_bytes());
    block[80..82].copy_from_slice(&u16::try_from(salt).unwrap_or_default().to_le_bytes());
    block[88..88 + salt].copy_from_slice(&verity.salt[..salt]);
    block
}

/// Adds a tree to a file system that is there, `length` bytes long, which are whole blocks. What lay behind them is
/// overwritten.
///
/// # Errors
/// `InvalidInput` when there are no bytes or half a block; else what the storage answers.
pub fn append<S: Storage + ?Sized>(storage: &S, length: u64, uuid: Option<[u8; 16]>) -> io::Result<Verity> {
    if length == 0 || !length.is_multiple_of(BLOCK as u64) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a tree of hashes needs whole blocks of 4096 bytes",
        ));
    }
    let leaves = Leaves::new();
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < length {
        let count = buffer.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        storage.read_exact_at(&mut buffer[..count], at)?;
        leaves.add(at / BLOCK as u64, &buffer[..count])?;
        at += count as u64;
    }
    leaves.write_tree(storage, length / BLOCK as u64, uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_with_the_top() {
        let shape =
            |blocks| levels(blocks).iter().map(|level| (level.start, level.blocks)).collect::<Vec<_>>();
        assert_eq!(shape(1), [(0, 1)]);
        assert_eq!(shape(128), [(0, 1)]);
        assert_eq!(shape(129), [(1, 2), (0, 1)]);
        assert_eq!(shape(128 * 128 + 1), [(3, 129), (1, 2), (0, 1)]);
    }
}
