//! Fields of a header of 512 bytes.

use super::entry::Entry;
use super::{RECORD, TarProblem};
use crate::format::time::Time;

/// A header's fields: where they are.
pub(super) mod field {
    use std::ops::Range;

    pub(in super::super) const NAME: Range<usize> = 0..100;
    pub(in super::super) const MODE: Range<usize> = 100..108;
    pub(in super::super) const UID: Range<usize> = 108..116;
    pub(in super::super) const GID: Range<usize> = 116..124;
    pub(in super::super) const SIZE: Range<usize> = 124..136;
    pub(in super::super) const MTIME: Range<usize> = 136..148;
    pub(in super::super) const CHECKSUM: Range<usize> = 148..156;
    pub(in super::super) const TYPE: usize = 156;
    pub(in super::super) const LINK: Range<usize> = 157..257;
    pub(in super::super) const MAGIC: Range<usize> = 257..265;
    pub(in super::super) const MAJOR: Range<usize> = 329..337;
    pub(in super::super) const MINOR: Range<usize> = 337..345;
    pub(in super::super) const PREFIX: Range<usize> = 345..500;
    pub(in super::super) const GNU_ATIME: Range<usize> = 345..357;
    pub(in super::super) const GNU_CTIME: Range<usize> = 357..369;
}

/// Which dialect a header is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Without a magic number, from before there were standards.
    Old,
    Posix,
    Gnu,
}

pub(super) type Header = [u8; RECORD];

/// A field's text, up to the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits, or in base 256 when its first bit is set.
pub(super) fn number(field: &[u8], name: &'static str) -> Result<i128, TarProblem> {
    let bad = || TarProblem::Number { field: name };
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let negative = field[0] & 0x40 != 0;
        let first = i128::from(field[0] & 0x3f) - if negative { 0x40 } else { 0 };
        return Ok(field[1..].iter().fold(first, |value, byte| value << 8 | i128::from(*byte)));
    }
    let digits = field.iter().copied().skip_while(|byte| *byte == b' ');
    let mut value = 0_i128;
    for digit in digits.take_while(|byte| !matches!(byte, 0 | b' ')) {
        if !(b'0'..=b'7').contains(&digit) {
            return Err(bad());
        }
        value = value << 3 | i128::from(digit - b'0');
    }
    Ok(value)
}

fn unsigned<T: TryFrom<i128>>(field: &[u8], name: &'static str) -> Result<T, TarProblem> {
    T::try_from(number(field, name)?).map_err(|_| TarProblem::Number { field: name })
}

/// Whether a header's checksum is right. Old programs added bytes as signed.
pub(super) fn checksum_holds(header: &Header) -> bool {
    let Ok(stated) = number(&header[field::CHECKSUM], "checksum") else { return false };
    let spaces = i128::from(b' ') * 8;
    let outside = || header[..field::CHECKSUM.start].iter().chain(&header[field::CHECKSUM.end..]);
    // 504 bytes: neither sum can overflow.
    let unsigned: u32 = outside().map(|byte| u32::from(*byte)).sum();
    if stated == i128::from(unsigned) + spaces {
        return true;
    }
    let signed: i32 = outside().map(|byte| i32::from(byte.cast_signed())).sum();
    stated == i128::from(signed) + spaces
}

/// The size of what follows.
pub(super) fn size(header: &Header) -> Result<u64, TarProblem> {
    unsigned(&header[field::SIZE], "size")
}

/// Fills an entry from a header.
pub(super) fn fill(entry: &mut Entry, header: &Header) -> Result<(), TarProblem> {
    let dialect = match &header[field::MAGIC] {
        b"ustar  \0" => Dialect::Gnu,
        magic if magic.starts_with(b"ustar") => Dialect::Posix,
        _ => Dialect::Old,
    };
    if entry.name.is_empty() {
        let prefix = if dialect == Dialect::Posix { text(&header[field::PREFIX]) } else { &[] };
        if !prefix.is_empty() {
            entry.name.extend_from_slice(prefix);
            entry.name.push(b'/');
        }
        entry.name.extend_from_slice(text(&header[field::NAME]));
    }
    if entry.link.is_empty() {
        entry.link.extend_from_slice(text(&header[field::LINK]));
    }
    entry.mode = unsigned::<u64>(&header[field::MODE], "mode").map(crate::format::low32)?;
    entry.uid = unsigned(&header[field::UID], "uid")?;
    entry.gid = unsigned(&header[field::GID], "gid")?;
    entry.modified = time(&header[field::MTIME], "mtime")?;
    if matches!(header[field::TYPE], b'3' | b'4') {
        entry.major = unsigned(&header[field::MAJOR], "devmajor")?;
        entry.minor = unsigned(&header[field::MINOR], "devminor")?;
    }
    if dialect == Dialect::Gnu {
        // Present only in incremental archives.
        let known = |field: &[u8]| field.iter().any(|byte| !matches!(byte, 0 | b' ' | b'0'));
        if known(&header[field::GNU_ATIME]) {
            entry.accessed = Some(time(&header[field::GNU_ATIME], "atime")?);
        }
        if known(&header[field::GNU_CTIME]) {
            entry.changed = Some(time(&header[field::GNU_CTIME], "ctime")?);
        }
    }
    Ok(())
}

fn time(field: &[u8], name: &'static str) -> Result<Time, TarProblem> {
    let seconds = number(field, name)?;
    // Farther than any file system goes: clamped there.
    let clamped = seconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Ok(Time::from_seconds(i64::try_from(clamped).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_both_forms() {
        let read = |field: &[u8]| number(field, "size").ok();
        assert_eq!(read(b"0000644\0"), Some(0o644));
        assert_eq!(read(b"   644 \0"), Some(0o644));
        assert_eq!(read(b"\0\0\0\0"), Some(0));
        assert_eq!(read(b"\x80\0\0\0\0\0\x01\x02"), Some(258));
        assert_eq!(read(&[0xff; 12]), Some(-1));
        assert_eq!(read(b"0000649\0"), None);
        assert_eq!(read(b"-1\0"), None);
    }
}
