//! Extended attributes: behind an inode's fields, and in a block of their own when there is more.

use super::acl;
use super::{BLOCK, get_u16, get_u32, put_u16, put_u32};

/// Starts a block, and the area in an inode.
pub(crate) const MAGIC: u32 = 0xea02_0000;
/// Bytes of a block's header.
const BLOCK_HEADER: usize = 32;
/// Bytes of an entry before its name.
const ENTRY: usize = 16;
/// The index of `system.`, and under it the name of a file's content.
const SYSTEM: u8 = 7;
const DATA: &[u8] = b"data";

/// Beginnings of names that are kept as a number, in the order in which they are tried.
const PREFIXES: [(&[u8], u8); 7] = [
    (b"system.posix_acl_access", 2),
    (b"system.posix_acl_default", 3),
    (b"system.richacl", 8),
    (b"system.", SYSTEM),
    (b"user.", 1),
    (b"trusted.", 4),
    (b"security.", 6),
];

/// Name and value, as programs see them.
pub type Xattr = (Vec<u8>, Vec<u8>);

/// An attribute as it goes to disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stored {
    index: u8,
    /// Blocks are sorted by it before the name, so it stands before it.
    length: usize,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Stored {
    /// `None` when the name is empty or too long, or an access control list none.
    fn new((name, value): &Xattr) -> Option<Self> {
        let whole = |prefix: &[u8]| {
            matches!(prefix, b"system.posix_acl_access" | b"system.posix_acl_default" | b"system.richacl")
        };
        let (index, rest) = PREFIXES
            .iter()
            .find(|(prefix, _)| if whole(prefix) { name == prefix } else { name.starts_with(prefix) })
            .map_or((0, &name[..]), |(prefix, index)| (*index, &name[prefix.len()..]));
        let value = if matches!(index, 2 | 3) { acl::to_disk(value)? } else { value.clone() };
        // A name without one of these beginnings has index 0: nobody can ask the kernel for it, but the reader has it.
        let named = !rest.is_empty() || matches!(index, 2 | 3 | 8);
        let fits = rest.len() <= 255 && !name.is_empty() && !name.contains(&0);
        (named && fits).then(|| Self { index, length: rest.len(), name: rest.to_vec(), value })
    }

    /// Bytes of entry and value.
    fn size(&self) -> usize {
        ENTRY + self.name.len().next_multiple_of(4) + self.value.len().next_multiple_of(4)
    }

    /// What the entry says of name and value.
    fn hash(&self) -> u32 {
        let name = self.name.iter().fold(0_u32, |hash, byte| hash.rotate_left(5) ^ u32::from(*byte));
        self.value.chunks(4).fold(name, |hash, chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            hash.rotate_left(16) ^ u32::from_le_bytes(word)
        })
    }
}

/// Writes entries from `start` on and values from the end towards them; offsets count from `base`.
fn write_area(area: &mut [u8], start: usize, base: usize, entries: &[Stored]) {
    let (mut at, mut values) = (start, area.len());
    for entry in entries {
        let length = entry.value.len();
        values -= length.next_multiple_of(4);
        area[values..values + length].copy_from_slice(&entry.value);
        area[at] = u8::try_from(entry.name.len()).unwrap_or(u8::MAX);
        area[at + 1] = entry.index;
        let offset = if length == 0 { 0 } else { values - base };
        put_u16(area, at + 2, u16::try_from(offset).unwrap_or(u16::MAX));
        put_u32(area, at + 4, 0); // the value is in no inode of its own
        put_u32(area, at + 8, u32::try_from(length).unwrap_or(u32::MAX));
        put_u32(area, at + 12, entry.hash());
        area[at + ENTRY..at + ENTRY + entry.name.len()].copy_from_slice(&entry.name);
        at += ENTRY + entry.name.len().next_multiple_of(4);
    }
}

/// Bytes of a file that fit into an inode's attributes when nothing else is there.
pub(crate) fn data_room(area: usize) -> usize {
    area.saturating_sub(4 + ENTRY + 4 + 4)
}

/// Attributes laid out: those of the inode are written, those that did not fit make a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// All are in the inode.
    InInode,
    /// Some are in this block, which lacks its checksum.
    WithBlock(Vec<u8>),
}

/// An attribute that can't be kept: its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no room for it.
    TooBig(Vec<u8>),
    /// The name or the value is none that the kernel takes.
    Invalid(Vec<u8>),
}

/// Places attributes in `area`, the bytes behind an inode's fields, and in a block. `data` is what a file with its
/// content in the inode has beyond the first 60 bytes.
pub(crate) fn place(area: &mut [u8], data: Option<&[u8]>, xattrs: &[Xattr]) -> Result<Placed, Refused> {
    area.fill(0);
    let mut entries = Vec::with_capacity(xattrs.len());
    for xattr in xattrs {
        entries.push(Stored::new(xattr).ok_or_else(|| Refused::Invalid(xattr.0.clone()))?);
    }
    entries.sort();
    let data =
        data.map(|value| Stored { index: SYSTEM, length: 4, name: DATA.to_vec(), value: value.to_vec() });
    // Magic before, four zeros behind the entries.
    let mut room = area.len().saturating_sub(8);
    let (mut inside, mut outside, mut outside_size) = (Vec::new(), Vec::new(), BLOCK_HEADER + 4);
    for entry in data.into_iter().chain(entries) {
        if entry.size() <= room {
            room -= entry.size();
            inside.push(entry);
        } else {
            outside_size += entry.size();
            if outside_size > BLOCK {
                return Err(Refused::TooBig(full_name(entry.index, &entry.name)));
            }
            outside.push(entry);
        }
    }
    if !inside.is_empty() {
        put_u32(area, 0, MAGIC);
        write_area(area, 4, 4, &inside);
    }
    if outside.is_empty() {
        return Ok(Placed::InInode);
    }
    let mut block = vec![0; BLOCK];
    put_u32(&mut block, 0, MAGIC);
    put_u32(&mut block, 4, 1); // users
    put_u32(&mut block, 8, 1); // blocks
    write_area(&mut block, BLOCK_HEADER, 0, &outside);
    // By which the kernel finds equal blocks.
    let hash = outside.iter().fold(0_u32, |hash, entry| hash.rotate_left(16) ^ entry.hash());
    put_u32(&mut block, 12, hash);
    Ok(Placed::WithBlock(block))
}

fn full_name(index: u8, name: &[u8]) -> Vec<u8> {
    let prefix = PREFIXES.iter().find(|(_, own)| *own == index).map_or(&b""[..], |(prefix, _)| prefix);
    [prefix, name].concat()
}

/// What was found behind an inode's fields or in a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Attributes, as programs see them.
    pub(crate) xattrs: Vec<Xattr>,
    /// A file's content beyond its first 60 bytes.
    pub(crate) data: Option<Vec<u8>>,
    /// What could not be read: a damaged entry, or a value in an inode of its own.
    pub(crate) problem: Option<&'static str>,
}

/// Reads the area behind an inode's fields.
pub(crate) fn read_area(area: &[u8]) -> Found {
    if get_u32(area, 0) == MAGIC { read_entries(area, 4, 4) } else { Found::default() }
}

/// Reads a block.
pub(crate) fn read_block(block: &[u8]) -> Found {
    if get_u32(block, 0) == MAGIC {
        read_entries(block, BLOCK_HEADER, 0)
    } else {
        Found { problem: Some("the block of extended attributes has no magic number"), ..Found::default() }
    }
}

fn read_entries(area: &[u8], start: usize, base: usize) -> Found {
    let mut found = Found::default();
    let mut at = start;
    while get_u32(area, at) != 0 {
        let (name_length, index) = (usize::from(area[at]), *area.get(at + 1).unwrap_or(&0));
        let (offset, size) = (usize::from(get_u16(area, at + 2)) + base, super::index(get_u32(area, at + 8)));
        let name = area.get(at + ENTRY..at + ENTRY + name_length);
        let value = if size == 0 {
            Some(&[][..])
        } else {
            offset.checked_add(size).and_then(|end| area.get(offset..end))
        };
        let (Some(name), Some(value)) = (name, value) else {
            found.problem = Some("an extended attribute lies outside its room");
            return found;
        };
        if get_u32(area, at + 4) != 0 {
            found.problem = Some("an extended attribute's value is in an inode of its own");
        } else if index == SYSTEM && name == DATA {
            found.data = Some(value.to_vec());
        } else {
            let value = if matches!(index, 2 | 3) { acl::from_disk(value) } else { Some(value.to_vec()) };
            match value {
                Some(value) => found.xattrs.push((full_name(index, name), value)),
                None => found.problem = Some("an access control list is damaged"),
            }
        }
        at += ENTRY + name_length.next_multiple_of(4);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xattr(name: &str, value: &[u8]) -> Xattr {
        (name.as_bytes().to_vec(), value.to_vec())
    }

    #[test]
    fn attributes_come_back_from_inode_and_block() {
        let all = [
            xattr("user.small", b"1"),
            xattr("trusted.overlay.opaque", b"y"),
            xattr("security.capability", &[7; 20]),
            xattr("user.big", &[3; 3000]),
            xattr("com.example", b""),
        ];
        let mut area = vec![0xff; 104];
        let Placed::WithBlock(block) = place(&mut area, None, &all).unwrap() else { panic!("no block") };
        let (inside, outside) = (read_area(&area), read_block(&block));
        assert!(!inside.xattrs.is_empty() && outside.problem.is_none());
        let mut found: Vec<_> = inside.xattrs.into_iter().chain(outside.xattrs).collect();
        let mut all = all.to_vec();
        found.sort();
        all.sort();
        assert_eq!(found, all);
    }

    #[test]
    fn content_comes_first_and_fills_the_room() {
        let mut area = vec![0; 104];
        let data = vec![9; data_room(104)];
        let placed = place(&mut area, Some(&data), &[xattr("user.a", b"b")]).unwrap();
        assert!(matches!(placed, Placed::WithBlock(_)));
        assert_eq!(read_area(&area).data, Some(data));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let mut area = vec![0; 104];
        let refused = |area: &mut Vec<u8>, xattr: Xattr| place(area, None, &[xattr]).unwrap_err();
        assert_eq!(refused(&mut area, xattr("user.big", &[0; 4096])), Refused::TooBig(b"user.big".to_vec()));
        for name in ["", "user.", "system.posix_acl_access"] {
            assert_eq!(refused(&mut area, xattr(name, b"x")), Refused::Invalid(name.as_bytes().to_vec()));
        }
    }
}
