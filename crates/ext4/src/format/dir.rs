//! Blocks of folders: names with their inodes, and the index of big ones.
//!
//! Every block ends with an entry that is none and holds the block's checksum. A folder of more than one block has its
//! names in the order of their hashes, and an index in its first block (and, when that is not enough, in blocks below).

use super::checksum::crc;
use super::{BLOCK, get_u16, get_u32, hash, put, put_u16, put_u32};

/// Bytes of the entry at a block's end that holds the checksum.
pub(crate) const TAIL: usize = 12;
/// Bytes of names in a block.
pub(crate) const ROOM: usize = BLOCK - TAIL;
/// What an entry has before its name.
pub(crate) const HEADER: usize = 8;
/// Says that an entry is a checksum.
const TAIL_TYPE: u8 = 0xde;

/// Where the index's entries begin in the first block, and in one below it.
const ROOT_ENTRIES: usize = 0x20;
const NODE_ENTRIES: usize = 8;
/// How many fit: 8 bytes each, with a checksum behind them.
pub(crate) const ROOT_LIMIT: usize = (BLOCK - ROOT_ENTRIES - 8) / 8;
pub(crate) const NODE_LIMIT: usize = (BLOCK - NODE_ENTRIES - 8) / 8;

/// What an entry says its inode is.
pub(crate) mod file_type {
    use super::super::inode::kind;

    pub(crate) const REGULAR: u8 = 1;
    pub(crate) const DIRECTORY: u8 = 2;
    pub(crate) const SYMLINK: u8 = 7;

    /// From the kind in an inode's mode.
    pub(crate) fn of(kind: u16) -> u8 {
        match kind & kind::MASK {
            kind::REGULAR => REGULAR,
            kind::DIRECTORY => DIRECTORY,
            kind::CHAR => 3,
            kind::BLOCK => 4,
            kind::FIFO => 5,
            kind::SOCKET => 6,
            kind::SYMLINK => SYMLINK,
            _ => 0,
        }
    }
}

/// Bytes that an entry takes.
pub(crate) fn entry_length(name: usize) -> usize {
    (HEADER + name).next_multiple_of(4)
}

fn put_entry(block: &mut [u8], at: usize, inode: u32, length: usize, kind: u8, name: &[u8]) {
    put_u32(block, at, inode);
    put_u16(block, at + 4, u16::try_from(length).unwrap_or(u16::MAX));
    block[at + 6] = u8::try_from(name.len()).unwrap_or(u8::MAX);
    block[at + 7] = kind;
    block[at + HEADER..at + HEADER + name.len()].copy_from_slice(name);
}

/// Names of one block, one behind the other.
#[derive(Debug)]
pub(crate) struct Leaf {
    block: Vec<u8>,
    used: usize,
    last: usize,
}

impl Leaf {
    pub(crate) fn new() -> Self {
        Self { block: vec![0; BLOCK], used: 0, last: 0 }
    }

    /// Whether a name of this length still fits.
    pub(crate) fn takes(&self, name: usize) -> bool {
        self.used + entry_length(name) <= ROOM
    }

    /// Adds a name that fits.
    pub(crate) fn push(&mut self, inode: u32, kind: u8, name: &[u8]) {
        let length = entry_length(name.len());
        put_entry(&mut self.block, self.used, inode, length, kind, name);
        self.last = self.used;
        self.used += length;
    }

    /// The finished block; the next one begins empty.
    pub(crate) fn finish(&mut self, inode_seed: u32) -> Vec<u8> {
        let mut block = std::mem::replace(self, Self::new());
        // The last name has the rest of the room; a block without names is one entry of none.
        let rest = u16::try_from(ROOM - block.last).unwrap_or(u16::MAX);
        put_u16(&mut block.block, block.last + 4, rest);
        put_tail(&mut block.block, inode_seed);
        block.block
    }
}

fn put_tail(block: &mut [u8], inode_seed: u32) {
    put(block, ROOM, [0; TAIL]);
    put_u16(block, ROOM + 4, u16::try_from(TAIL).unwrap_or_default());
    block[ROOM + 7] = TAIL_TYPE;
    let value = crc(inode_seed, &block[..ROOM]);
    put_u32(block, ROOM + 8, value);
}

/// An index's entry: names from this hash on are in that block of the folder.
pub(crate) type IndexEntry = (u32, u32);

/// The first block of a folder with an index. `levels` of index blocks lie below it.
pub(crate) fn index_root(
    inode: u32,
    parent: u32,
    levels: u8,
    entries: &[IndexEntry],
    inode_seed: u32,
) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    put_entry(&mut block, 0, inode, 12, file_type::DIRECTORY, b".");
    put_entry(&mut block, 12, parent, BLOCK - 12, file_type::DIRECTORY, b"..");
    block[0x1c] = hash::HALF_MD4;
    block[0x1d] = 8; // bytes of these four fields and the four before
    block[0x1e] = levels;
    put_index(&mut block, ROOT_ENTRIES, ROOT_LIMIT, entries, inode_seed);
    block
}

/// A block of index entries below the first one.
pub(crate) fn index_node(entries: &[IndexEntry], inode_seed: u32) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    // To who does not know indexes, the block is one entry of none.
    put_u16(&mut block, 4, u16::try_from(BLOCK).unwrap_or_default());
    put_index(&mut block, NODE_ENTRIES, NODE_LIMIT, entries, inode_seed);
    block
}

fn put_index(block: &mut [u8], at: usize, limit: usize, entries: &[IndexEntry], inode_seed: u32) {
    for (n, (hash, child)) in entries.iter().enumerate() {
        put_u32(block, at + n * 8, *hash);
        put_u32(block, at + n * 8 + 4, *child);
    }
    // The first entry's hash is always the lowest, so its place holds the counts.
    let count = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
    put_u16(block, at, count(limit));
    put_u16(block, at + 2, count(entries.len()));
    let tail = at + limit * 8;
    put(block, tail, [0; 8]);
    let value = index_checksum(block, at, entries.len(), tail, inode_seed);
    put_u32(block, tail + 4, value);
}

fn index_checksum(block: &[u8], at: usize, count: usize, tail: usize, inode_seed: u32) -> u32 {
    let value = crc(inode_seed, block.get(..at + count * 8).unwrap_or_default());
    crc(crc(value, block.get(tail..tail + 4).unwrap_or_default()), &[0; 4])
}

/// Whether the checksum of a folder's block is right; `None` when it has none. `indexed` folders have index blocks, of
/// which the first block is one.
pub(crate) fn checksum_holds(block: &[u8], first: bool, indexed: bool, inode_seed: u32) -> Option<bool> {
    let end = block.len().checked_sub(TAIL)?;
    let index_at = if !indexed {
        None
    } else if first {
        Some(ROOT_ENTRIES)
    } else if get_u32(block, 0) == 0 && usize::from(get_u16(block, 4)) == block.len() % 65_536 {
        Some(NODE_ENTRIES)
    } else {
        None
    };
    if let Some(at) = index_at {
        let (limit, count) = (usize::from(get_u16(block, at)), usize::from(get_u16(block, at + 2)));
        let tail = at + limit * 8;
        if count > limit || tail + 8 > block.len() {
            return Some(false);
        }
        return Some(get_u32(block, tail + 4) == index_checksum(block, at, count, tail, inode_seed));
    }
    let is_tail = get_u32(block, end) == 0
        && usize::from(get_u16(block, end + 4)) == TAIL
        && block[end + 7] == TAIL_TYPE;
    is_tail.then(|| get_u32(block, end + 8) == crc(inode_seed, &block[..end]))
}

/// An entry that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawEntry<'a> {
    pub(crate) inode: u32,
    pub(crate) name: &'a [u8],
}

/// The entries of a block; `None` in their place when the block is damaged from there on.
pub(crate) fn entries(block: &[u8]) -> impl Iterator<Item = Option<RawEntry<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < block.len() {
            let length = match usize::from(get_u16(block, at + 4)) {
                // Blocks of 64 KiB don't fit into the field.
                0 | 65_535 if block.len() == 65_536 => block.len() - at,
                length => length,
            };
            let (inode, name) = (get_u32(block, at), usize::from(*block.get(at + 6).unwrap_or(&0)));
            let begun = at;
            at += length;
            if length < HEADER || length % 4 != 0 || at > block.len() || HEADER + name > length {
                at = block.len();
                return Some(None);
            }
            if inode != 0 && name != 0 {
                return Some(Some(RawEntry { inode, name: &block[begun + HEADER..begun + HEADER + name] }));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_checksums_hold() {
        let mut leaf = Leaf::new();
        leaf.push(2, 2, b".");
        leaf.push(2, 2, b"..");
        leaf.push(12, 1, b"name");
        let block = leaf.finish(9);
        let names: Vec<_> = entries(&block).map(|entry| entry.unwrap().name.to_vec()).collect();
        assert_eq!(names, [&b"."[..], b"..", b"name"]);
        assert_eq!(checksum_holds(&block, true, false, 9), Some(true));
        assert_eq!(checksum_holds(&block, true, false, 8), Some(false));
        let root = index_root(12, 2, 0, &[(0, 1), (8, 2)], 9);
        assert_eq!(checksum_holds(&root, true, true, 9), Some(true));
        let node = index_node(&[(0, 1)], 9);
        assert_eq!(checksum_holds(&node, false, true, 9), Some(true));
        assert_eq!(entries(&node).count(), 0);
    }

    #[test]
    fn a_damaged_block_ends_where_it_is_damaged() {
        for damage in [&[0_u8, 0][..], &[7, 0], &[0xff, 0xff], &[8, 0]] {
            let mut leaf = Leaf::new();
            leaf.push(2, 2, b"name");
            let mut block = leaf.finish(0);
            block[4..6].copy_from_slice(damage);
            assert!(entries(&block).any(|entry| entry.is_none()));
        }
    }
}
