//! dm-verity: a tree of hashes behind a file system, by which the kernel checks each block that it reads.
//!
//! The tree lies where `veritysetup` and the kernel look for it with `--hash-offset` at the file system's end: a super
//! block in a block of its own, then the tree from its top down. SHA-256, blocks of 4096 bytes, a salt of 32 zeros.
//!
//! Source: Linux, Documentation/admin-guide/device-mapper/verity.rst; cryptsetup's description of the super block.

mod many;
mod read;
mod tree;

use sha2::{Digest as _, Sha256};

pub use read::{Check, ReadError, check, read};
pub(crate) use tree::Leaves;
pub use tree::append;

/// Bytes of a block, of data and of hashes.
pub(crate) const BLOCK: usize = 4096;
/// Bytes of a hash.
pub(crate) const HASH: usize = 32;
/// Bytes of the salt, which are zero.
pub(crate) const SALT: usize = 32;
/// The super block's first bytes.
const SIGNATURE: [u8; 8] = *b"verity\0\0";

/// What the kernel needs to know of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verity {
    /// The hash of the tree's top: whoever has it from a trusted place can trust the whole image.
    pub root_hash: [u8; 32],
    /// `sha256`.
    pub algorithm: String,
    /// What is hashed before each block.
    pub salt: Vec<u8>,
    /// Blocks of the file system, behind which the tree's super block lies.
    pub data_blocks: u64,
    /// Bytes of a block of data.
    pub data_block_size: u32,
    /// Bytes of a block of hashes.
    pub hash_block_size: u32,
    /// Version of the tree's form: 1.
    pub version: u32,
    /// The tree's UUID.
    pub uuid: [u8; 16],
}

impl Verity {
    /// Where the tree's super block lies, in bytes.
    pub fn hash_offset(&self) -> u64 {
        self.data_blocks.saturating_mul(u64::from(self.data_block_size))
    }

    /// The root hash as text.
    pub fn root_hash_hex(&self) -> String {
        hex(&self.root_hash)
    }
}

/// Bytes as text.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A string takes all that is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of a block.
fn hash(salt: &[u8], block: &[u8]) -> [u8; HASH] {
    Sha256::new().chain_update(salt).chain_update(block).finalize().into()
}

/// A UUID of one's own form (version 8) from a digest.
pub(crate) fn uuid_from(digest: &[u8; 32]) -> [u8; 16] {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&digest[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}
