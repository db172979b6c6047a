//! The structures of ext4 as they lie on disk. Little-endian; blocks of 4096 bytes in what we write.
//!
//! Source: Linux, Documentation/filesystems/ext4/, and `fs/ext4/ext4.h`.

pub(crate) mod acl;
pub(crate) mod checksum;
pub(crate) mod dir;
pub(crate) mod extent;
pub(crate) mod group;
pub(crate) mod hash;
pub(crate) mod inode;
pub(crate) mod superblock;
pub(crate) mod time;
pub(crate) mod xattr;

/// Bytes of a block in images that we write.
pub(crate) const BLOCK: usize = 4096;
/// The same as a number of the file's size.
pub(crate) const BLOCK64: u64 = 4096;
/// The inode of the root folder.
pub(crate) const ROOT: u32 = 2;
/// The inode of `lost+found`, the first that is not reserved.
pub(crate) const LOST_FOUND: u32 = 11;
/// Links that a file may have; a folder with more is said to have one.
pub(crate) const LINK_MAX: u32 = 65_000;
/// Bytes of a name in a folder.
pub(crate) const NAME_MAX: usize = 255;
/// Bytes of a path, as the kernel takes them.
pub(crate) const PATH_MAX: usize = 4096;

/// Features that a kernel need not know.
pub(crate) mod compat {
    pub(crate) const EXT_ATTR: u32 = 0x8;
    pub(crate) const DIR_INDEX: u32 = 0x20;
    pub(crate) const SPARSE_SUPER2: u32 = 0x200;
}

/// Features without which nothing can be read.
pub(crate) mod incompat {
    pub(crate) const FILETYPE: u32 = 0x2;
    pub(crate) const RECOVER: u32 = 0x4;
    pub(crate) const META_BG: u32 = 0x10;
    pub(crate) const EXTENTS: u32 = 0x40;
    pub(crate) const BIT64: u32 = 0x80;
    pub(crate) const MMP: u32 = 0x100;
    pub(crate) const FLEX_BG: u32 = 0x200;
    pub(crate) const EA_INODE: u32 = 0x400;
    pub(crate) const CSUM_SEED: u32 = 0x2000;
    pub(crate) const LARGEDIR: u32 = 0x4000;
    pub(crate) const INLINE_DATA: u32 = 0x8000;
}

/// Features without which nothing can be written.
pub(crate) mod ro_compat {
    pub(crate) const SPARSE_SUPER: u32 = 0x1;
    pub(crate) const LARGE_FILE: u32 = 0x2;
    pub(crate) const HUGE_FILE: u32 = 0x8;
    pub(crate) const DIR_NLINK: u32 = 0x20;
    pub(crate) const EXTRA_ISIZE: u32 = 0x40;
    pub(crate) const METADATA_CSUM: u32 = 0x400;
    pub(crate) const READONLY: u32 = 0x1000;
}

/// Reads a little-endian number; what lies beyond the end counts as zero, so hostile offsets can't panic.
pub(crate) fn get_u16(bytes: &[u8], at: usize) -> u16 {
    get::<2>(bytes, at).map_or(0, u16::from_le_bytes)
}

/// See [`get_u16`].
pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    get::<4>(bytes, at).map_or(0, u32::from_le_bytes)
}

/// A number whose halves lie at two places.
pub(crate) fn get_split(bytes: &[u8], low: usize, high: usize) -> u64 {
    u64::from(get_u32(bytes, low)) | u64::from(get_u32(bytes, high)) << 32
}

fn get<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Writes at a place that the caller knows to be within the structure.
pub(crate) fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// See [`put`].
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    put(bytes, at, value.to_le_bytes());
}

/// See [`put`].
pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    put(bytes, at, value.to_le_bytes());
}

/// The low half of a number.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(crate) fn low32(value: u64) -> u32 {
    value as u32
}

/// The high half.
pub(crate) fn high32(value: u64) -> u32 {
    low32(value >> 32)
}

/// The low half of a half.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(crate) fn low16(value: u32) -> u16 {
    value as u16
}

/// The high half of a half.
pub(crate) fn high16(value: u32) -> u16 {
    low16(value >> 16)
}

/// An index: no platform that this builds for has pointers of less than 32 bits.
pub(crate) fn index(value: u32) -> usize {
    value as usize
}

/// Bytes in memory that a number counts; more than memory can hold becomes the most that can be asked for.
pub(crate) fn length(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
