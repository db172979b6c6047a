//! The super block: what the whole file system is like. 1024 bytes at offset 1024.

use super::{checksum, get_split, get_u16, get_u32, high32, low32, put, put_u16, put_u32};

/// Bytes, and how far from the start.
pub(crate) const SIZE: usize = 1024;
pub(crate) const OFFSET: u64 = 1024;
/// What says that this is ext2, 3 or 4.
pub(crate) const MAGIC: u16 = 0xef53;

/// A super block's fields that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub(crate) inodes: u32,
    pub(crate) blocks: u64,
    pub(crate) free_blocks: u64,
    pub(crate) free_inodes: u32,
    pub(crate) first_block: u32,
    /// A block has 1024 shifted by this.
    pub(crate) log_block: u32,
    pub(crate) blocks_per_group: u32,
    pub(crate) inodes_per_group: u32,
    pub(crate) revision: u32,
    pub(crate) inode_size: u16,
    pub(crate) compat: u32,
    pub(crate) incompat: u32,
    pub(crate) ro_compat: u32,
    pub(crate) uuid: [u8; 16],
    pub(crate) label: [u8; 16],
    /// Of when it was made and last written.
    pub(crate) time: u64,
    pub(crate) descriptor_size: u16,
    pub(crate) first_meta_group: u32,
    pub(crate) checksum_seed: u32,
}

/// Checksums are CRC-32C; there is no other kind.
const CRC32C: u8 = 1;
/// Names are hashed as unsigned bytes.
const UNSIGNED_HASH: u32 = 2;

impl Superblock {
    /// Writes a super block of ours, with its checksum.
    pub(crate) fn write(&self, raw: &mut [u8]) {
        put_u32(raw, 0x0, self.inodes);
        put_u32(raw, 0x4, low32(self.blocks));
        put_u32(raw, 0xc, low32(self.free_blocks));
        put_u32(raw, 0x10, self.free_inodes);
        put_u32(raw, 0x14, self.first_block);
        put_u32(raw, 0x18, self.log_block);
        put_u32(raw, 0x1c, self.log_block); // clusters are blocks
        put_u32(raw, 0x20, self.blocks_per_group);
        put_u32(raw, 0x24, self.blocks_per_group);
        put_u32(raw, 0x28, self.inodes_per_group);
        put_u32(raw, 0x30, low32(self.time));
        put_u16(raw, 0x36, u16::MAX); // mounts until a check: never
        put_u16(raw, 0x38, MAGIC);
        put_u16(raw, 0x3a, 1); // clean
        put_u16(raw, 0x3c, 1); // go on after errors
        put_u32(raw, 0x40, low32(self.time));
        put_u32(raw, 0x4c, self.revision);
        put_u32(raw, 0x54, super::LOST_FOUND);
        put_u16(raw, 0x58, self.inode_size);
        put_u32(raw, 0x5c, self.compat);
        put_u32(raw, 0x60, self.incompat);
        put_u32(raw, 0x64, self.ro_compat);
        put(raw, 0x68, self.uuid);
        put(raw, 0x78, self.label);
        raw[0xfc] = super::hash::HALF_MD4;
        put_u16(raw, 0xfe, self.descriptor_size);
        put_u32(raw, 0x104, self.first_meta_group);
        put_u32(raw, 0x108, low32(self.time));
        put_u32(raw, 0x150, high32(self.blocks));
        put_u32(raw, 0x158, high32(self.free_blocks));
        put_u16(raw, 0x15c, 24); // extra fields that every inode has, and that new ones should have
        put_u16(raw, 0x15e, 24);
        put_u32(raw, 0x160, UNSIGNED_HASH);
        raw[0x174] = 4; // 16 groups are kept together
        raw[0x175] = CRC32C;
        put_u32(raw, 0x268, super::LOST_FOUND);
        put_u32(raw, 0x270, self.checksum_seed);
        let high = u8::try_from(high32(self.time) & 0xff).unwrap_or_default();
        (raw[0x274], raw[0x276]) = (high, high);
        let value = checksum::superblock(raw);
        put_u32(raw, 0x3fc, value);
    }

    /// Reads a super block; `None` when the magic number is another. Nothing in it is believed yet.
    pub(crate) fn read(raw: &[u8]) -> Option<Self> {
        if raw.len() < SIZE || get_u16(raw, 0x38) != MAGIC {
            return None;
        }
        let revision = get_u32(raw, 0x4c);
        let incompat = if revision == 0 { 0 } else { get_u32(raw, 0x60) };
        let wide = incompat & super::incompat::BIT64 != 0;
        let number = |low, high| if wide { get_split(raw, low, high) } else { u64::from(get_u32(raw, low)) };
        let copy = |at: usize| raw[at..at + 16].try_into().unwrap_or_default();
        let uuid = copy(0x68);
        let seeded = incompat & super::incompat::CSUM_SEED != 0;
        Some(Self {
            inodes: get_u32(raw, 0),
            blocks: number(0x4, 0x150),
            free_blocks: number(0xc, 0x158),
            free_inodes: get_u32(raw, 0x10),
            first_block: get_u32(raw, 0x14),
            log_block: get_u32(raw, 0x18),
            blocks_per_group: get_u32(raw, 0x20),
            inodes_per_group: get_u32(raw, 0x28),
            revision,
            inode_size: if revision == 0 { 128 } else { get_u16(raw, 0x58) },
            compat: if revision == 0 { 0 } else { get_u32(raw, 0x5c) },
            incompat,
            ro_compat: if revision == 0 { 0 } else { get_u32(raw, 0x64) },
            uuid,
            label: copy(0x78),
            time: u64::from(get_u32(raw, 0x108)),
            descriptor_size: if wide { get_u16(raw, 0xfe) } else { 32 },
            first_meta_group: get_u32(raw, 0x104),
            checksum_seed: if seeded { get_u32(raw, 0x270) } else { checksum::crc(!0, &uuid) },
        })
    }

    /// Whether metadata has checksums.
    pub(crate) fn has_checksums(&self) -> bool {
        self.ro_compat & super::ro_compat::METADATA_CSUM != 0
    }

    /// Whether a super block's own checksum is right.
    pub(crate) fn checksum_holds(raw: &[u8]) -> bool {
        get_u32(raw, 0x3fc) == checksum::superblock(raw)
    }
}
