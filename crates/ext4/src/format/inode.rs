//! Inodes: 256 bytes each, or 512 when small files lie in them.

use super::time::Time;
use super::{get_split, get_u16, get_u32, high16, high32, low16, low32, put, put_u16, put_u32};

/// Bytes of the fields that have names; extended attributes begin behind them.
pub(crate) const NAMED: usize = 128 + EXTRA;
/// Those of them that an old inode of 128 bytes lacks.
const EXTRA: usize = 24;
/// Where the file's blocks, its text or its first bytes stand, and how many bytes there are.
pub(crate) const BLOCK_AREA: usize = 0x28;
pub(crate) const BLOCK_AREA_LENGTH: usize = 60;
/// The longest target of a symbolic link that stands in the inode: a NUL follows.
pub(crate) const FAST_SYMLINK: usize = BLOCK_AREA_LENGTH - 1;

/// Kinds of files, the high four bits of a mode.
pub(crate) mod kind {
    pub(crate) const FIFO: u16 = 0o010_000;
    pub(crate) const CHAR: u16 = 0o020_000;
    pub(crate) const DIRECTORY: u16 = 0o040_000;
    pub(crate) const BLOCK: u16 = 0o060_000;
    pub(crate) const REGULAR: u16 = 0o100_000;
    pub(crate) const SYMLINK: u16 = 0o120_000;
    pub(crate) const SOCKET: u16 = 0o140_000;
    pub(crate) const MASK: u16 = 0o170_000;
}

/// Bits of an inode's flags.
pub(crate) mod flag {
    pub(crate) const ENCRYPT: u32 = 0x800;
    pub(crate) const INDEX: u32 = 0x1000;
    pub(crate) const EXTENTS: u32 = 0x8_0000;
    pub(crate) const EA_INODE: u32 = 0x20_0000;
    pub(crate) const INLINE_DATA: u32 = 0x1000_0000;
    pub(crate) const CASEFOLD: u32 = 0x4000_0000;
}

/// The fields of an inode that are not its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) links: u16,
    /// In units of 512 bytes.
    pub(crate) sectors: u64,
    pub(crate) flags: u32,
    pub(crate) xattr_block: u64,
    pub(crate) generation: u32,
    pub(crate) accessed: Time,
    pub(crate) changed: Time,
    pub(crate) modified: Time,
    pub(crate) created: Time,
}

impl Fields {
    /// Writes the fields; the block area, the checksum and what lies behind stay as they are.
    pub(crate) fn write(&self, raw: &mut [u8]) {
        put_u16(raw, 0, self.mode);
        put_u16(raw, 0x2, low16(self.uid));
        put_u32(raw, 0x4, low32(self.size));
        put_u16(raw, 0x18, low16(self.gid));
        put_u16(raw, 0x1a, self.links);
        put_u32(raw, 0x1c, low32(self.sectors));
        put_u32(raw, 0x20, self.flags);
        put_u32(raw, 0x64, self.generation);
        put_u32(raw, 0x68, low32(self.xattr_block));
        put_u32(raw, 0x6c, high32(self.size));
        put_u16(raw, 0x74, low16(high32(self.sectors)));
        put_u16(raw, 0x76, low16(high32(self.xattr_block)));
        put_u16(raw, 0x78, high16(self.uid));
        put_u16(raw, 0x7a, high16(self.gid));
        put_u16(raw, 0x80, low16(u32::try_from(EXTRA).unwrap_or_default()));
        for (time, low, extra) in [
            (self.accessed, 0x8, 0x8c),
            (self.changed, 0xc, 0x84),
            (self.modified, 0x10, 0x88),
            (self.created, 0x90, 0x94),
        ] {
            let (seconds, rest) = time.encode();
            put_u32(raw, low, seconds);
            put_u32(raw, extra, rest);
        }
    }

    /// Reads the fields of an inode of any size.
    pub(crate) fn read(raw: &[u8]) -> Self {
        let extra = if raw.len() > 128 { 128 + usize::from(get_u16(raw, 0x80)) } else { 128 };
        // A field that the inode says not to have counts as zero.
        let extra_u32 = |at: usize| if at + 4 <= extra { get_u32(raw, at) } else { 0 };
        let time = |low, high| Time::decode(get_u32(raw, low), extra_u32(high));
        let mode = get_u16(raw, 0);
        let high_size = matches!(mode & kind::MASK, kind::REGULAR | kind::DIRECTORY | kind::SYMLINK);
        Self {
            mode,
            uid: u32::from(get_u16(raw, 0x2)) | u32::from(get_u16(raw, 0x78)) << 16,
            gid: u32::from(get_u16(raw, 0x18)) | u32::from(get_u16(raw, 0x7a)) << 16,
            size: if high_size { get_split(raw, 0x4, 0x6c) } else { u64::from(get_u32(raw, 0x4)) },
            links: get_u16(raw, 0x1a),
            sectors: u64::from(get_u32(raw, 0x1c)) | u64::from(get_u16(raw, 0x74)) << 32,
            flags: get_u32(raw, 0x20),
            xattr_block: u64::from(get_u32(raw, 0x68)) | u64::from(get_u16(raw, 0x76)) << 32,
            generation: get_u32(raw, 0x64),
            accessed: time(0x8, 0x8c),
            changed: time(0xc, 0x84),
            modified: time(0x10, 0x88),
            created: Time::decode(extra_u32(0x90), extra_u32(0x94)),
        }
    }
}

/// Writes a count of links where it stands.
pub(crate) fn put_links(raw: &mut [u8], links: u16) {
    put_u16(raw, 0x1a, links);
}

/// Writes a device's numbers in the form that holds all of them, or in the old one where they fit, as the kernel does.
pub(crate) fn put_device(raw: &mut [u8], major: u32, minor: u32) {
    if major < 256 && minor < 256 {
        put_u32(raw, BLOCK_AREA, major << 8 | minor);
    } else {
        put(raw, BLOCK_AREA, [0; 4]);
        put_u32(raw, BLOCK_AREA + 4, minor & 0xff | major << 8 | (minor & !0xff) << 12);
    }
}

/// Reads a device's numbers.
pub(crate) fn device(raw: &[u8]) -> (u32, u32) {
    let old = get_u32(raw, BLOCK_AREA);
    if old != 0 {
        return (old >> 8 & 0xff, old & 0xff);
    }
    let new = get_u32(raw, BLOCK_AREA + 4);
    ((new & 0xf_ff00) >> 8, new & 0xff | new >> 12 & 0xf_ff00)
}

/// Devices have majors of 12 bits and minors of 20.
pub(crate) fn is_device(major: u32, minor: u32) -> bool {
    major < 1 << 12 && minor < 1 << 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_devices_come_back() {
        let fields = Fields {
            mode: 0o104_755,
            uid: 0x1234_5678,
            gid: 0x8765_4321,
            size: 0x1_2345_6789_abcd,
            links: 3,
            sectors: 0x1234_5678_9abc,
            flags: flag::EXTENTS,
            xattr_block: 0x1234_5678_9abc,
            generation: 9,
            accessed: Time { seconds: -1, nanoseconds: 5 },
            changed: Time { seconds: 1 << 33, nanoseconds: 6 },
            modified: Time { seconds: 3, nanoseconds: 7 },
            created: Time { seconds: 4, nanoseconds: 999_999_999 },
        };
        let mut raw = [0; 256];
        fields.write(&mut raw);
        assert_eq!(Fields::read(&raw), fields);
        for (major, minor) in [(0, 0), (1, 3), (255, 255), (8, 256), (0xfff, 0xf_ffff), (259, 0)] {
            let mut raw = [0; 256];
            put_device(&mut raw, major, minor);
            assert_eq!(device(&raw), (major, minor));
        }
    }
}
