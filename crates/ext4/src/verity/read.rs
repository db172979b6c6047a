//! Reading a tree that is there, and checking the file system by it.

use std::io;

use super::tree::levels;
use super::{BLOCK, HASH, SIGNATURE, Verity, hash};
use crate::format::{get_split, get_u16, get_u32};
use crate::storage::Storage;

/// Why a tree could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ReadError {
    /// There is no whole block where the super block should be.
    #[error("failed to read dm-verity super block at byte {offset}")]
    Superblock { offset: u64, source: io::Error },
    /// There is something else.
    #[error("not a valid dm-verity super-block at byte {offset}")]
    NotVerity { offset: u64 },
    /// The super block says something that this does not know.
    #[error("failed to parse dm-verity super-block: {what}")]
    Unsupported { what: String },
    /// The tree's top is not there.
    #[error("failed to read dm-verity root hash at byte {offset}")]
    RootHash { offset: u64, source: io::Error },
    /// A block could not be read.
    #[error("cannot read block {block}")]
    Block { block: u64, source: io::Error },
}

/// Reads the super block at `offset` bytes and the tree's top behind it.
///
/// # Errors
/// See [`ReadError`].
pub fn read<S: Storage + ?Sized>(storage: &S, offset: u64) -> Result<Verity, ReadError> {
    let mut block = [0; BLOCK];
    let read = storage.read_exact_at(&mut block, offset);
    read.map_err(|source| ReadError::Superblock { offset, source })?;
    if block[..8] != SIGNATURE {
        return Err(ReadError::NotVerity { offset });
    }
    let unsupported = |what: String| ReadError::Unsupported { what };
    let algorithm: Vec<u8> = block[32..64].iter().copied().take_while(|byte| *byte != 0).collect();
    let algorithm = String::from_utf8_lossy(&algorithm).into_owned();
    let (version, form, salt) = (get_u32(&block, 8), get_u32(&block, 12), usize::from(get_u16(&block, 80)));
    let (data, hashes) = (get_u32(&block, 64), get_u32(&block, 68));
    if version != 1 || form != 1 || algorithm != "sha256" || salt > 256 || data != 4096 || hashes != 4096 {
        let what = format!(
            "version {version}, form {form}, {algorithm:?}, blocks of {data} and {hashes} bytes, salt of {salt}"
        );
        return Err(unsupported(what));
    }
    let salt = block[88..88 + salt].to_vec();
    let data_blocks = get_split(&block, 72, 76);
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&block[16..32]);
    let mut top = [0; BLOCK];
    let place = offset.saturating_add(BLOCK as u64);
    let read = storage.read_exact_at(&mut top, place);
    read.map_err(|source| ReadError::RootHash { offset: place, source })?;
    let root_hash = hash(&salt, &top);
    Ok(Verity {
        root_hash,
        algorithm,
        salt,
        data_blocks,
        data_block_size: data,
        hash_block_size: hashes,
        version,
        uuid,
    })
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Blocks of the file system that differ from their hashes: the first thousand.
    pub damaged: Vec<u64>,
    /// Blocks of the tree that differ from theirs, counted from its top: the first thousand.
    pub damaged_tree: Vec<u64>,
}

impl Check {
    /// Whether all is as the root hash says.
    pub fn holds(&self) -> bool {
        self.damaged.is_empty() && self.damaged_tree.is_empty()
    }
}

/// Checks the whole file system by the tree that lies at `offset` bytes, against a root hash that came another way.
///
/// # Errors
/// See [`ReadError`].
pub fn check<S: Storage + ?Sized>(
    storage: &S,
    offset: u64,
    root_hash: &[u8; 32],
) -> Result<Check, ReadError> {
    let verity = read(storage, offset)?;
    let mut check = Check::default();
    let length = storage.length().map_err(|source| ReadError::Superblock { offset, source })?;
    if verity.hash_offset() > length || verity.data_blocks == 0 {
        return Err(ReadError::Unsupported { what: format!("{} blocks of data", verity.data_blocks) });
    }
    let levels = levels(verity.data_blocks);
    let tree = offset + BLOCK as u64;
    let get = |place: u64, block: &mut [u8; BLOCK]| {
        storage
            .read_exact_at(block, place)
            .map_err(|source| ReadError::Block { block: place / BLOCK as u64, source })
    };
    let note = |list: &mut Vec<u64>, block: u64| {
        if list.len() < 1000 {
            list.push(block);
        }
    };
    if verity.root_hash != *root_hash {
        note(&mut check.damaged_tree, 0);
    }
    let (mut parent, mut child) = ([0; BLOCK], [0; BLOCK]);
    for (n, level) in levels.iter().enumerate() {
        let (first, count) = match n.checked_sub(1) {
            None => (0, verity.data_blocks),
            Some(below) => (tree + levels[below].start * BLOCK as u64, levels[below].blocks),
        };
        for index in 0..level.blocks {
            get(tree + (level.start + index) * BLOCK as u64, &mut parent)?;
            let begin = index * (BLOCK / HASH) as u64;
            for (at, expected) in (begin..count).zip(parent.chunks(HASH)) {
                get(first + at * BLOCK as u64, &mut child)?;
                if hash(&verity.salt, &child) != *expected {
                    match n.checked_sub(1) {
                        None => note(&mut check.damaged, at),
                        Some(below) => note(&mut check.damaged_tree, levels[below].start + at),
                    }
                }
            }
        }
    }
    Ok(check)
}
