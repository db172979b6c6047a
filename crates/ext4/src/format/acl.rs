//! Access control lists of POSIX: programs pass them to the kernel in one form, the disk has them in a shorter one.
//!
//! A tar holds the form of programs. Copied as it is, the kernel could not read it.

use super::{get_u16, get_u32};

const PROGRAMS: u32 = 2;
const DISK: u32 = 1;
/// Tags of entries that name a user or a group.
const USER: u16 = 2;
const GROUP: u16 = 8;
/// Of those that name nobody: owner, owning group, mask, others.
const NAMELESS: [u16; 4] = [1, 4, 0x10, 0x20];
const NOBODY: u32 = u32::MAX;

/// To the form on disk; `None` when it is no such list.
pub(crate) fn to_disk(value: &[u8]) -> Option<Vec<u8>> {
    if get_u32(value, 0) != PROGRAMS || value.len() < 4 || value.len() % 8 != 4 {
        return None;
    }
    let mut out = DISK.to_le_bytes().to_vec();
    for entry in value[4..].chunks(8) {
        let tag = get_u16(entry, 0);
        match tag {
            USER | GROUP => out.extend_from_slice(entry),
            _ if NAMELESS.contains(&tag) => out.extend_from_slice(&entry[..4]),
            _ => return None,
        }
    }
    Some(out)
}

/// From the form on disk; `None` when it is no such list.
pub(crate) fn from_disk(value: &[u8]) -> Option<Vec<u8>> {
    if get_u32(value, 0) != DISK || value.len() < 4 {
        return None;
    }
    let mut out = PROGRAMS.to_le_bytes().to_vec();
    let mut rest = &value[4..];
    while !rest.is_empty() {
        let tag = get_u16(rest, 0);
        let named = matches!(tag, USER | GROUP);
        let length = if named { 8 } else { 4 };
        if rest.len() < length || !(named || NAMELESS.contains(&tag)) {
            return None;
        }
        out.extend_from_slice(&rest[..4]);
        out.extend_from_slice(&if named { get_u32(rest, 4) } else { NOBODY }.to_le_bytes());
        rest = &rest[length..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_and_others_are_none() {
        let mut list = PROGRAMS.to_le_bytes().to_vec();
        for (tag, permissions, id) in [
            (1_u16, 7_u16, NOBODY),
            (USER, 6, 1000),
            (4, 5, NOBODY),
            (GROUP, 5, 7),
            (0x10, 7, NOBODY),
            (0x20, 4, NOBODY),
        ] {
            list.extend_from_slice(&tag.to_le_bytes());
            list.extend_from_slice(&permissions.to_le_bytes());
            list.extend_from_slice(&id.to_le_bytes());
        }
        let disk = to_disk(&list).unwrap();
        assert_eq!(disk.len(), 4 + 4 * 4 + 2 * 8);
        assert_eq!(from_disk(&disk).unwrap(), list);
        for bad in [&b""[..], b"\x02\0\0\0x", b"\x03\0\0\0", b"\x02\0\0\0\x03\0\0\0\0\0\0\0"] {
            assert_eq!(to_disk(bad), None);
        }
        for bad in [&b"\x01\0\0\0\x02\0\x07\0"[..], b"\x01\0\0\0\x01", b"\x01\0\0\0\x05\0\0\0"] {
            assert_eq!(from_disk(bad), None);
        }
    }
}
