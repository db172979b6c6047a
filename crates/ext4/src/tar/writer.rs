//! Writing an archive: PAX, with records only where a header has no room, so that equal files make equal archives.

use std::io::{self, Write};

use super::RECORD;
use super::header::field;
use crate::format::time::Time;
use crate::format::xattr::Xattr;

/// What an entry is to say.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) kind: u8,
    pub(crate) name: &'a [u8],
    pub(crate) link: &'a [u8],
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Bytes that follow.
    pub(crate) stored: u64,
    pub(crate) modified: Time,
    pub(crate) accessed: Time,
    pub(crate) changed: Time,
    pub(crate) device: (u32, u32),
    pub(crate) xattrs: &'a [Xattr],
    /// Of a sparse file, its size; the list of its parts comes first of what follows.
    pub(crate) sparse: Option<u64>,
}

/// Writes entries.
#[derive(Debug)]
pub(crate) struct TarWriter<W> {
    out: W,
    left: u64,
    padding: usize,
}

impl<W: Write> TarWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, left: 0, padding: 0 }
    }

    /// Begins an entry; its content has to follow.
    pub(crate) fn entry(&mut self, item: &Item<'_>) -> io::Result<()> {
        let mut records = Vec::new();
        let mut header = [0; RECORD];
        if !put_text(&mut header[field::NAME], item.name) {
            record(&mut records, b"path", item.name);
        }
        if !put_text(&mut header[field::LINK], item.link) {
            record(&mut records, b"linkpath", item.link);
        }
        for (place, key, value) in [
            (field::UID, "uid", u64::from(item.uid)),
            (field::GID, "gid", u64::from(item.gid)),
            (field::SIZE, "size", item.stored),
        ] {
            if !put_octal(&mut header[place], value) {
                record(&mut records, key.as_bytes(), value.to_string().as_bytes());
            }
        }
        let seconds = u64::try_from(item.modified.seconds).ok().filter(|_| item.modified.nanoseconds == 0);
        if !seconds.is_some_and(|seconds| put_octal(&mut header[field::MTIME], seconds)) {
            record(&mut records, b"mtime", time(item.modified).as_bytes());
        }
        for (key, other) in [("atime", item.accessed), ("ctime", item.changed)] {
            if other != item.modified {
                record(&mut records, key.as_bytes(), time(other).as_bytes());
            }
        }
        if matches!(item.kind, b'3' | b'4') {
            for (place, key, value) in [
                (field::MAJOR, "SCHILY.devmajor", item.device.0),
                (field::MINOR, "SCHILY.devminor", item.device.1),
            ] {
                if !put_octal(&mut header[place], u64::from(value)) {
                    record(&mut records, key.as_bytes(), value.to_string().as_bytes());
                }
            }
        }
        for (name, value) in item.xattrs {
            record(&mut records, &[b"SCHILY.xattr.", &name[..]].concat(), value);
        }
        if let Some(size) = item.sparse {
            record(&mut records, b"GNU.sparse.major", b"1");
            record(&mut records, b"GNU.sparse.minor", b"0");
            record(&mut records, b"GNU.sparse.name", item.name);
            record(&mut records, b"GNU.sparse.realsize", size.to_string().as_bytes());
        }
        if !records.is_empty() {
            let mut extended = [0; RECORD];
            put_text(&mut extended[field::NAME], b"PaxHeaders/entry");
            put_octal(&mut extended[field::SIZE], records.len() as u64);
            self.header(&mut extended, b'x', 0o644)?;
            self.out.write_all(&records)?;
            self.out.write_all(&[0; RECORD][..records.len().wrapping_neg() % RECORD])?;
        }
        self.header(&mut header, item.kind, item.mode)?;
        self.left = item.stored;
        self.padding = crate::format::length(item.stored.wrapping_neg() % RECORD as u64);
        if self.left == 0 {
            self.padding = 0;
        }
        Ok(())
    }

    fn header(&mut self, header: &mut [u8; RECORD], kind: u8, mode: u32) -> io::Result<()> {
        put_octal(&mut header[field::MODE], u64::from(mode));
        header[field::TYPE] = kind;
        header[field::MAGIC].copy_from_slice(b"ustar\x0000");
        header[field::CHECKSUM].copy_from_slice(b"        ");
        // 512 bytes of at most 255: six digits hold it.
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[field::CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.out.write_all(header)
    }

    /// Adds content.
    pub(crate) fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
        self.out.write_all(bytes)?;
        if self.left == 0 && !bytes.is_empty() {
            let padding = std::mem::take(&mut self.padding);
            self.out.write_all(&[0; RECORD][..padding])?;
        }
        Ok(())
    }

    /// Writes the end marker.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * RECORD])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Text that fits and that every reader takes as it is.
fn put_text(field: &mut [u8], text: &[u8]) -> bool {
    let fits = text.len() <= field.len() && text.is_ascii();
    if fits {
        field[..text.len()].copy_from_slice(text);
    }
    fits
}

/// A number that fits: octal digits and a NUL.
fn put_octal(field: &mut [u8], value: u64) -> bool {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    let fits = text.len() == digits;
    if fits {
        field[..digits].copy_from_slice(text.as_bytes());
    }
    fits
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

fn time(time: Time) -> String {
    // Before 1970 the fraction counts the other way.
    let (negative, seconds, nanoseconds) = match (time.seconds < 0, time.nanoseconds) {
        (true, 0) => (true, time.seconds.unsigned_abs(), 0),
        (true, rest) => (true, (time.seconds + 1).unsigned_abs(), 1_000_000_000 - rest),
        (false, rest) => (false, time.seconds.unsigned_abs(), rest),
    };
    let sign = if negative { "-" } else { "" };
    let text = format!("{sign}{seconds}.{nanoseconds:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
