//! Group descriptors: where a group's bitmaps and inodes lie, and what is free in it. 64 bytes each in what we write.

use super::{get_u16, get_u32, high16, high32, low16, low32, put_u16, put_u32};

/// Bytes of a descriptor in a file system of 64 bits.
pub(crate) const SIZE: usize = 64;

/// The group's table of inodes has been zeroed; else the kernel would do that when it mounts.
pub(crate) const INODE_ZEROED: u16 = 4;
/// No block of the group is in use but for metadata; its bitmap need not be read.
pub(crate) const BLOCK_UNINIT: u16 = 2;
/// No inode of the group is in use.
pub(crate) const INODE_UNINIT: u16 = 1;

/// A descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) block_bitmap: u64,
    pub(crate) inode_bitmap: u64,
    pub(crate) inode_table: u64,
    pub(crate) free_blocks: u32,
    pub(crate) free_inodes: u32,
    pub(crate) folders: u32,
    pub(crate) flags: u16,
    /// Inodes at the end of the table that were never used.
    pub(crate) unused_inodes: u32,
    pub(crate) block_bitmap_checksum: u32,
    pub(crate) inode_bitmap_checksum: u32,
    pub(crate) checksum: u16,
}

impl Descriptor {
    /// Writes all but the checksum, which is that of what is written here.
    pub(crate) fn write(&self, raw: &mut [u8]) {
        for (at, value) in [(0, self.block_bitmap), (4, self.inode_bitmap), (8, self.inode_table)] {
            put_u32(raw, at, low32(value));
            put_u32(raw, at + 0x20, high32(value));
        }
        for (low, high, value) in [
            (0xc, 0x2c, self.free_blocks),
            (0xe, 0x2e, self.free_inodes),
            (0x10, 0x30, self.folders),
            (0x1c, 0x32, self.unused_inodes),
            (0x18, 0x38, self.block_bitmap_checksum),
            (0x1a, 0x3a, self.inode_bitmap_checksum),
        ] {
            put_u16(raw, low, low16(value));
            put_u16(raw, high, high16(value));
        }
        put_u16(raw, 0x12, self.flags);
        put_u16(raw, 0x1e, self.checksum);
    }

    /// Reads one of 32 or 64 bytes.
    pub(crate) fn read(raw: &[u8]) -> Self {
        let wide = raw.len() >= SIZE;
        let block = |at: usize| {
            u64::from(get_u32(raw, at)) | if wide { u64::from(get_u32(raw, at + 0x20)) << 32 } else { 0 }
        };
        let number = |low: usize, high: usize| {
            u32::from(get_u16(raw, low)) | if wide { u32::from(get_u16(raw, high)) << 16 } else { 0 }
        };
        Self {
            block_bitmap: block(0),
            inode_bitmap: block(4),
            inode_table: block(8),
            free_blocks: number(0xc, 0x2c),
            free_inodes: number(0xe, 0x2e),
            folders: number(0x10, 0x30),
            flags: get_u16(raw, 0x12),
            unused_inodes: number(0x1c, 0x32),
            block_bitmap_checksum: number(0x18, 0x38),
            inode_bitmap_checksum: number(0x1a, 0x3a),
            checksum: get_u16(raw, 0x1e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_come_back() {
        let group = Descriptor {
            block_bitmap: 0x1_2345_6789,
            inode_bitmap: 0x2_2345_6789,
            inode_table: 0x3_2345_6789,
            free_blocks: 0x1_2345,
            free_inodes: 0x1_4345,
            folders: 0x1_5345,
            flags: INODE_ZEROED,
            unused_inodes: 0x1_6345,
            block_bitmap_checksum: 0x1234_5678,
            inode_bitmap_checksum: 0x8765_4321,
            checksum: 7,
        };
        let mut raw = [0; SIZE];
        group.write(&mut raw);
        assert_eq!(Descriptor::read(&raw), group);
    }
}
