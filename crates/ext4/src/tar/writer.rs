//! Writing an archive: PAX, with records only where a header has no room, so that equal files make equal archives.
//!
//! The bytes are those of Go's `archive/tar` in its format PAX, which most tools that make images use: records in the
//! order of their keys, an extended header without times and owner, numbers that do not fit as 0 in the header.

use std::io::{self, Write};

use super::header::field;
use super::{Kind, RECORD};
use crate::format::time::Time;
use crate::format::xattr::Xattr;

/// What an entry is to say.
#[derive(Clone, Debug, Default)]
pub struct Item<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its path.
    pub name: &'a [u8],
    /// What a link leads to.
    pub link: &'a [u8],
    /// Permissions, and maybe bits of its kind.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Bytes that follow.
    pub stored: u64,
    /// When the content was changed.
    pub modified: Time,
    /// When it was read, if that is to be said.
    pub accessed: Option<Time>,
    /// When the inode was changed, if that is to be said.
    pub changed: Option<Time>,
    /// A device's major and minor number.
    pub device: (u32, u32),
    /// Extended attributes.
    pub xattrs: &'a [Xattr],
    /// Further records, of keys that nothing above stands for.
    pub records: &'a [(Vec<u8>, Vec<u8>)],
    /// Of a sparse file, its size; the list of its parts comes first of what follows.
    pub sparse: Option<u64>,
}

impl Item<'_> {
    /// Adds the entry's headers to `out`.
    ///
    /// # Errors
    /// `InvalidInput` when the records are larger than a reader would take.
    pub fn headers(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut records = self.pax();
        let mut header = [0; RECORD];
        let mut name = self.name;
        let long = name.len() > field::NAME.len() || !is_plain(name);
        if long {
            match split(name).filter(|_| records.is_empty()) {
                Some((prefix, rest)) => {
                    put_text(&mut header[field::PREFIX], prefix);
                    name = rest;
                }
                None => records.push((b"path".to_vec(), self.name.to_vec())),
            }
        }
        if !records.is_empty() {
            records.sort();
            let mut block = Vec::new();
            for (key, value) in &records {
                record(&mut block, key, value);
            }
            if block.len() as u64 > super::reader::EXTENDED {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the entry's records are too large"));
            }
            self.extended(&block, out);
        }
        put_text(&mut header[field::NAME], name);
        put_text(&mut header[field::LINK], self.link);
        for (place, value) in [
            (field::MODE, u64::from(self.mode)),
            (field::UID, u64::from(self.uid)),
            (field::GID, u64::from(self.gid)),
            (field::SIZE, self.stored),
            (field::MTIME, u64::try_from(self.modified.seconds).unwrap_or(u64::MAX)),
            (field::MAJOR, u64::from(self.device.0)),
            (field::MINOR, u64::from(self.device.1)),
        ] {
            if !put_octal(&mut header[place.clone()], value) {
                put_octal(&mut header[place], 0);
            }
        }
        let kind = match self.kind {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::CharDevice => b'3',
            Kind::BlockDevice => b'4',
            Kind::Directory => b'5',
            Kind::Fifo => b'6',
        };
        finish(&mut header, kind);
        out.extend_from_slice(&header);
        Ok(())
    }

    /// The records for what the header has no room for, all but the path.
    fn pax(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut records = self.records.to_vec();
        let mut add = |key: &str, value: &[u8]| records.push((key.as_bytes().to_vec(), value.to_vec()));
        if self.link.len() > field::LINK.len() || !is_plain(self.link) {
            add("linkpath", self.link);
        }
        for (place, key, value) in [
            (field::UID, "uid", u64::from(self.uid)),
            (field::GID, "gid", u64::from(self.gid)),
            (field::SIZE, "size", self.stored),
            (field::MAJOR, "SCHILY.devmajor", u64::from(self.device.0)),
            (field::MINOR, "SCHILY.devminor", u64::from(self.device.1)),
        ] {
            if !fits(place.len(), value) {
                add(key, value.to_string().as_bytes());
            }
        }
        let whole = u64::try_from(self.modified.seconds).ok().filter(|_| self.modified.nanoseconds == 0);
        if !whole.is_some_and(|seconds| fits(field::MTIME.len(), seconds)) {
            add("mtime", time_text(self.modified).as_bytes());
        }
        for (key, time) in [("atime", self.accessed), ("ctime", self.changed)] {
            if let Some(time) = time {
                add(key, time_text(time).as_bytes());
            }
        }
        if let Some(size) = self.sparse {
            add("GNU.sparse.major", b"1");
            add("GNU.sparse.minor", b"0");
            add("GNU.sparse.name", self.name);
            add("GNU.sparse.realsize", size.to_string().as_bytes());
        }
        for (name, value) in self.xattrs {
            records.push(([b"SCHILY.xattr.", &name[..]].concat(), value.clone()));
        }
        records
    }

    /// The extended header with its records.
    fn extended(&self, block: &[u8], out: &mut Vec<u8>) {
        let cut = self.name.iter().rposition(|byte| *byte == b'/');
        let (folder, base) = cut.map_or((&[][..], self.name), |at| (&self.name[..at], &self.name[at + 1..]));
        let mut name: Vec<u8> = Vec::with_capacity(self.name.len() + 16);
        for part in [folder, b"PaxHeaders.0", base] {
            if !part.is_empty() {
                if !name.is_empty() || part.starts_with(b"/") {
                    name.push(b'/');
                }
                name.extend(part);
            }
        }
        name.retain(|byte| is_plain(&[*byte]));
        name.truncate(field::NAME.len());
        while name.ends_with(b"/") {
            name.pop();
        }
        let mut header = [0; RECORD];
        put_text(&mut header[field::NAME], &name);
        for place in [field::MODE, field::UID, field::GID, field::MTIME] {
            put_octal(&mut header[place], 0);
        }
        put_octal(&mut header[field::SIZE], block.len() as u64);
        finish(&mut header, b'x');
        out.extend_from_slice(&header);
        out.extend_from_slice(block);
        out.resize(out.len() + block.len().wrapping_neg() % RECORD, 0);
    }
}

/// Writes entries.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    headers: Vec<u8>,
    left: u64,
    padding: usize,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, headers: Vec::new(), left: 0, padding: 0 }
    }

    /// Begins an entry; its content has to follow.
    ///
    /// # Errors
    /// What the output says; `InvalidInput` when the last entry lacks content, or records are too large.
    pub fn entry(&mut self, item: &Item<'_>) -> io::Result<()> {
        self.whole()?;
        self.headers.clear();
        item.headers(&mut self.headers)?;
        self.out.write_all(&self.headers)?;
        self.left = item.stored;
        self.padding = crate::format::length(item.stored.wrapping_neg() % RECORD as u64);
        Ok(())
    }

    /// Adds content.
    ///
    /// # Errors
    /// What the output says; `InvalidInput` when it is more than the entry said.
    pub fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::InvalidInput)?;
        self.out.write_all(bytes)?;
        if self.left == 0 && !bytes.is_empty() {
            let padding = std::mem::take(&mut self.padding);
            self.out.write_all(&[0; RECORD][..padding])?;
        }
        Ok(())
    }

    /// Adds bytes as they are: headers and padding that were kept of another archive.
    ///
    /// # Errors
    /// What the output says.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Writes the end marker.
    ///
    /// # Errors
    /// As [`Writer::entry`].
    pub fn finish(mut self) -> io::Result<W> {
        self.whole()?;
        self.out.write_all(&[0; 2 * RECORD])?;
        self.into_inner()
    }

    /// Gives the output back without an end marker.
    ///
    /// # Errors
    /// What the output says.
    pub fn into_inner(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn whole(&self) -> io::Result<()> {
        match self.left {
            0 => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the last entry lacks content")),
        }
    }
}

/// Kind, magic number and checksum, when everything else is set.
fn finish(header: &mut [u8; RECORD], kind: u8) {
    header[field::TYPE] = kind;
    header[field::MAGIC].copy_from_slice(b"ustar\x0000");
    header[field::CHECKSUM].copy_from_slice(b"        ");
    // 512 bytes of at most 255: six digits hold it.
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[field::CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Text that every reader takes as it is.
fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| (1..0x80).contains(byte))
}

/// The part of a text that is plain and fits; the whole of it stands in a record if that is less.
fn put_text(field: &mut [u8], text: &[u8]) {
    let (length, mut at) = (field.len(), 0);
    let mut plain = text.iter().filter(|byte| is_plain(&[**byte]));
    for (place, byte) in field.iter_mut().zip(&mut plain) {
        *place = *byte;
        at += 1;
    }
    // A slash at the end of what was cut makes old readers take a file for a folder.
    if at == length && plain.next().is_some() {
        while at > 0 && field[at - 1] == b'/' {
            at -= 1;
            field[at] = 0;
        }
    }
}

/// A long name as a prefix and a rest that a header has room for.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if !is_plain(name) {
        return None;
    }
    let end = match name.len() {
        length if length > field::PREFIX.len() + 1 => field::PREFIX.len() + 1,
        length if name.ends_with(b"/") => length - 1,
        length => length,
    };
    let at = name[..end].iter().rposition(|byte| *byte == b'/').filter(|at| *at > 0)?;
    let rest = &name[at + 1..];
    (!rest.is_empty() && rest.len() <= field::NAME.len()).then_some((&name[..at], rest))
}

/// Whether a field has room for a number: octal digits and a NUL.
fn fits(field: usize, value: u64) -> bool {
    value >> ((field - 1) * 3) == 0
}

/// Octal digits and a NUL, if they fit.
fn put_octal(field: &mut [u8], mut value: u64) -> bool {
    if !fits(field.len(), value) {
        return false;
    }
    let digits = field.len() - 1;
    for place in field[..digits].iter_mut().rev() {
        *place = b'0' + u8::try_from(value & 7).unwrap_or_default();
        value >>= 3;
    }
    true
}

/// A record says its own length, digits and all.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    for part in [&b" "[..], key, b"=", value, b"\n"] {
        records.extend_from_slice(part);
    }
}

/// A time as records have it: seconds, and a fraction without zeros at its end.
pub fn time_text(time: Time) -> String {
    // Before 1970 the fraction counts the other way.
    let (negative, seconds, nanoseconds) = match (time.seconds < 0, time.nanoseconds) {
        (true, 0) => (true, time.seconds.unsigned_abs(), 0),
        (true, rest) => (true, (time.seconds + 1).unsigned_abs(), 1_000_000_000 - rest),
        (false, rest) => (false, time.seconds.unsigned_abs(), rest),
    };
    let sign = if negative { "-" } else { "" };
    if nanoseconds == 0 {
        return format!("{sign}{seconds}");
    }
    format!("{sign}{seconds}.{nanoseconds:09}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(item: &Item<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        item.headers(&mut out).unwrap();
        out
    }

    #[test]
    fn a_long_name_alone_is_split_and_with_records_it_is_one() {
        let name = [&[b'd'; 60][..], b"/", &[b'f'; 60]].concat();
        let item = Item { name: &name, ..Item::default() };
        let plain = headers(&item);
        assert_eq!(plain.len(), RECORD);
        assert_eq!((&plain[..60], &plain[345..405]), (&[b'f'; 60][..], &[b'd'; 60][..]));
        let with = headers(&Item { accessed: Some(Time::from_seconds(5)), ..item });
        assert_eq!(with.len(), 3 * RECORD);
        assert!(with[RECORD..].starts_with(b"11 atime=5\n131 path=ddd"));
        assert_eq!(with[..76], [&[b'd'; 60][..], b"/PaxHeaders.0/ff"].concat());
        // The header holds what fits.
        assert_eq!(with[2 * RECORD..2 * RECORD + 100], name[..100]);
    }

    #[test]
    fn what_is_not_plain_is_left_out_of_headers() {
        let all = headers(&Item { name: "a/ä.txt".as_bytes(), ..Item::default() });
        assert!(all.starts_with(b"a/PaxHeaders.0/.txt\0"));
        assert!(all[RECORD..].starts_with("17 path=a/ä.txt\n".as_bytes()));
        assert!(all[2 * RECORD..].starts_with(b"a/.txt\0"));
    }

    #[test]
    fn times_have_no_more_digits_than_they_need() {
        let text = |seconds, nanoseconds| time_text(Time { seconds, nanoseconds });
        assert_eq!(text(10, 0), "10");
        assert_eq!(text(10, 500_000_100), "10.5000001");
        assert_eq!(text(-2, 750_000_000), "-1.25");
        assert_eq!(text(-1, 999_999_900), "-0.0000001");
    }
}
