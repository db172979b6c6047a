//! Extended headers of PAX: records of key and value that take the place of header fields.

use super::TarProblem;
use super::entry::Entry;
use super::sparse::SparseKeys;
use crate::format::time::Time;

/// Extended attributes of one entry: no file system takes more.
const XATTRS: usize = 1024;
/// Records of one entry that are kept for whoever knows them.
const RECORDS: usize = 8192;

/// The records of a block of them.
pub(super) fn records(mut block: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), TarProblem>> {
    std::iter::from_fn(move || {
        // Some programs fill up with NULs.
        if block.iter().all(|byte| *byte == 0) {
            return None;
        }
        let record = record(block);
        block = match &record {
            Ok((_, _, length)) => &block[*length..],
            Err(_) => &[],
        };
        Some(record.map(|(key, value, _)| (key, value)))
    })
}

fn record(block: &[u8]) -> Result<(&[u8], &[u8], usize), TarProblem> {
    let bad = |what| TarProblem::Extended { what };
    let space =
        block.iter().take(20).position(|byte| *byte == b' ').ok_or(bad("a record without a length"))?;
    let length: usize = decimal(&block[..space]).ok_or(bad("a record's length is no number"))?;
    let body = block.get(space + 1..length).ok_or(bad("a record is longer than the header"))?;
    let body = body.strip_suffix(b"\n").ok_or(bad("a record does not end with a newline"))?;
    let equals = body.iter().position(|byte| *byte == b'=').ok_or(bad("a record without ="))?;
    if equals == 0 {
        return Err(bad("a record without a key"));
    }
    Ok((&body[..equals], &body[equals + 1..], length))
}

/// A number of digits only.
pub(super) fn decimal<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A time: seconds with a fraction, negative before 1970. More digits than nanoseconds are cut off.
pub(super) fn time(value: &[u8]) -> Option<Time> {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&digits[..dot], &digits[dot + 1..]),
        None => (digits, &[][..]),
    };
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) || whole.is_empty() {
        return None;
    }
    // A number too large for this is clamped, as every time is that does not fit.
    let seconds = decimal::<i64>(whole).unwrap_or(i64::MAX);
    let nanoseconds =
        (0..9).fold(0, |value, n| value * 10 + u32::from(fraction.get(n).map_or(0, |digit| digit - b'0')));
    Some(match (negative, nanoseconds) {
        (false, _) => Time { seconds, nanoseconds },
        (true, 0) => Time { seconds: -seconds, nanoseconds },
        (true, _) => Time { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

/// Sets an entry from records. `size` is that of the content, if one is given. `keep` also puts those that are not
/// known into the entry.
pub(super) fn apply(
    entry: &mut Entry,
    block: &[u8],
    size: &mut Option<u64>,
    sparse: &mut SparseKeys,
    keep: bool,
) -> Result<(), TarProblem> {
    for record in records(block) {
        let (key, value) = record?;
        let number = |field| decimal::<u64>(value).ok_or(TarProblem::Number { field });
        let id = |field| decimal::<u32>(value).ok_or(TarProblem::Number { field });
        let when = |field| time(value).ok_or(TarProblem::Number { field });
        // An empty value takes a record of the archive's own header back.
        let named = !value.is_empty();
        match key {
            b"path" if named => value.clone_into(&mut entry.name),
            b"linkpath" if named => value.clone_into(&mut entry.link),
            b"size" if named => *size = Some(number("size")?),
            b"uid" if named => entry.uid = id("uid")?,
            b"gid" if named => entry.gid = id("gid")?,
            b"mtime" if named => entry.modified = when("mtime")?,
            b"atime" => entry.accessed = if named { Some(when("atime")?) } else { None },
            b"ctime" => entry.changed = if named { Some(when("ctime")?) } else { None },
            b"LIBARCHIVE.creationtime" => {
                entry.created = if named { Some(when("creationtime")?) } else { None }
            }
            b"SCHILY.devmajor" if named => entry.major = id("devmajor")?,
            b"SCHILY.devminor" if named => entry.minor = id("devminor")?,
            b"SCHILY.acl.access" | b"SCHILY.acl.default" if named => entry.has_acl_text = true,
            _ if key.starts_with(b"SCHILY.xattr.") => {
                let name = key[b"SCHILY.xattr.".len()..].to_vec();
                entry.xattrs.retain(|(other, _)| *other != name);
                if entry.xattrs.len() >= XATTRS {
                    return Err(TarProblem::Extended { what: "over 1,024 extended attributes" });
                }
                entry.xattrs.push((name, value.to_vec()));
            }
            _ if key.starts_with(b"GNU.sparse.") => sparse.take(&key[b"GNU.sparse.".len()..], value)?,
            _ if keep => {
                entry.records.retain(|(other, _)| other != key);
                if entry.records.len() >= RECORDS {
                    return Err(TarProblem::Extended { what: "over 8,192 records that are not known" });
                }
                if named {
                    entry.records.push((key.to_vec(), value.to_vec()));
                }
            }
            // POSIX: keys that a reader does not know are none of its business.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_times() {
        let all: Vec<_> = records(b"12 path=abc\n13 linkpath=\n\0\0").map(Result::unwrap).collect();
        assert_eq!(all, [(&b"path"[..], &b"abc"[..]), (b"linkpath", b"")]);
        for bad in
            [&b"x path=abc\n"[..], b"99 path=abc\n", b"12 path:abc\n", b"4 =\n", b"0 a=b\n", b"11 path=abc\n"]
        {
            assert!(records(bad).any(|record| record.is_err()), "{bad:?}");
        }
        let read = |text: &str| time(text.as_bytes()).map(|time| (time.seconds, time.nanoseconds));
        assert_eq!(read("1.5"), Some((1, 500_000_000)));
        assert_eq!(read("-1.25"), Some((-2, 750_000_000)));
        assert_eq!(read("7.1234567899"), Some((7, 123_456_789)));
        assert_eq!(read("99999999999999999999"), Some((i64::MAX, 0)));
        assert_eq!((read(""), read("-"), read("1,5"), read("1.-5")), (None, None, None, None));
    }
}
