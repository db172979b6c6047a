//! Checksums of metadata: CRC-32C without the final inversion, seeded per file system and per inode.

use super::{get_u16, get_u32, put_u16, put_u32};

/// The seed of every image that we write. The feature `csum_seed` parts it from the UUID, which is known only when all
/// that it is made from has been written.
pub(crate) const SEED: u32 = 0x6863_7334;

/// The checksum of `bytes` after that of others.
pub(crate) fn crc(seed: u32, bytes: &[u8]) -> u32 {
    // The crate inverts before and after, as the checksum's users elsewhere want it.
    !crc32c::crc32c_append(!seed, bytes)
}

/// The seed of what belongs to one inode: folders' blocks, extents' blocks, itself. Generation 0 in what we write.
pub(crate) fn inode_seed(seed: u32, number: u32, generation: u32) -> u32 {
    crc(crc(seed, &number.to_le_bytes()), &generation.to_le_bytes())
}

/// Where an inode keeps the halves of its checksum.
const INODE_LOW: usize = 0x7c;
const INODE_HIGH: usize = 0x82;
const EXTRA_ISIZE: usize = 0x80;

/// The checksum of an inode, whatever stands in its field.
pub(crate) fn inode(seed: u32, number: u32, raw: &[u8]) -> u32 {
    let seed = inode_seed(seed, number, get_u32(raw, 0x64));
    let crc_of = |seed, from: usize, to: usize| crc(seed, raw.get(from..to).unwrap_or_default());
    let seed = crc(crc_of(seed, 0, INODE_LOW), &[0; 2]);
    let seed = crc_of(seed, INODE_LOW + 2, 128);
    if raw.len() <= 128 {
        return seed;
    }
    let seed = crc_of(seed, 128, INODE_HIGH);
    if has_high(raw) {
        crc_of(crc(seed, &[0; 2]), INODE_HIGH + 2, raw.len())
    } else {
        crc_of(seed, INODE_HIGH, raw.len())
    }
}

fn has_high(raw: &[u8]) -> bool {
    raw.len() > 128 && get_u16(raw, EXTRA_ISIZE) >= 4
}

/// Writes an inode's checksum into it.
pub(crate) fn set_inode(seed: u32, number: u32, raw: &mut [u8]) -> u32 {
    let value = inode(seed, number, raw);
    put_u16(raw, INODE_LOW, super::low16(value));
    put_u16(raw, INODE_HIGH, super::high16(value));
    value
}

/// Whether an inode's checksum is right.
pub(crate) fn inode_holds(seed: u32, number: u32, raw: &[u8]) -> bool {
    let value = inode(seed, number, raw);
    let low = get_u16(raw, INODE_LOW) == super::low16(value);
    low && (!has_high(raw) || get_u16(raw, INODE_HIGH) == super::high16(value))
}

/// The checksum of a group descriptor.
pub(crate) fn group(seed: u32, number: u32, raw: &[u8]) -> u16 {
    let seed = crc(crc(seed, &number.to_le_bytes()), &raw[..0x1e]);
    super::low16(crc(crc(seed, &[0; 2]), &raw[0x20..]))
}

/// The checksum of a block of extended attributes, which lies at `block`.
pub(crate) fn xattr(seed: u32, block: u64, raw: &[u8]) -> u32 {
    let seed = crc(crc(seed, &block.to_le_bytes()), &raw[..16]);
    crc(crc(seed, &[0; 4]), &raw[20..])
}

/// The super block ends with its checksum.
pub(crate) fn superblock(raw: &[u8]) -> u32 {
    crc(!0, &raw[..1020])
}

/// Writes the checksum of a block of extents behind its entries.
pub(crate) fn set_extents(inode_seed: u32, raw: &mut [u8]) {
    let end = raw.len() - 4;
    let value = crc(inode_seed, &raw[..end]);
    put_u32(raw, end, value);
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_kernel_s_crc() {
        // The check value of CRC-32C is e3069283, inverted at the end.
        assert_eq!(!super::crc(!0, b"123456789"), 0xe306_9283);
        assert_eq!(super::crc(super::crc(7, b"1234"), b"56789"), super::crc(7, b"123456789"));
    }
}
