//! Reading and writing the files of a cgroup below its folder, and the few text forms that they have.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

/// Writes `text` in one call: kernfs takes each write(2) as one whole value.
pub(crate) fn write(dir: BorrowedFd<'_>, file: &str, text: &[u8]) -> Result<(), Errno> {
    rustix::io::write(open_to_write(dir, file)?, text).map(drop)
}

/// For several values, one after the other, each written to the beginning in one call.
pub(crate) fn open_to_write(dir: BorrowedFd<'_>, file: &str) -> Result<OwnedFd, Errno> {
    openat(dir, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

/// The whole file.
pub(crate) fn read(dir: BorrowedFd<'_>, file: &str) -> Result<Vec<u8>, Errno> {
    let fd = openat(dir, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    read_all(&fd)
}

/// From the beginning of an open file, whatever was read before. Reading is what re-arms the file's poll event.
pub(crate) fn read_all(fd: &OwnedFd) -> Result<Vec<u8>, Errno> {
    // Most files have less, and then the vector is small: musl's heap maps and unmaps what is not. Those that have more
    // (mounts, many processes) are read in few calls.
    let mut piece = [0; 4096];
    let mut text = Vec::new();
    loop {
        match rustix::io::pread(fd, &mut piece, text.len() as u64)? {
            0 => return Ok(text),
            length => text.extend_from_slice(&piece[..length]),
        }
    }
}

/// The number in a file that holds nothing else.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// The number after `key` in a file of `key number` lines.
pub(crate) fn keyed(text: &[u8], key: &str) -> Option<u64> {
    text.split(|&b| b == b'\n').find_map(|line| {
        let value = line.strip_prefix(key.as_bytes())?.strip_prefix(b" ")?;
        number(value)
    })
}

/// The bytes in a `key   number kB` line of `/proc/PID/status`; 0 when there is none, as for a process without memory.
pub(crate) fn keyed_bytes(text: &[u8], key: &str) -> u64 {
    let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(key.as_bytes()));
    let kilobytes = line.and_then(|line| number(line.trim_ascii().strip_suffix(b" kB")?));
    kilobytes.unwrap_or(0).saturating_mul(1024)
}

/// Lines of an ASCII file; a line that is not text is left out.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|&b| b == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_matches_whole_keys_only() {
        let text = b"oom 1\noom_kill 22\noom_group_kill 3\n";
        assert_eq!(keyed(text, "oom"), Some(1));
        assert_eq!(keyed(text, "oom_kill"), Some(22));
        assert_eq!(keyed(text, "oom_"), None);
        assert_eq!(keyed(b"oom x\n", "oom"), None);
        assert_eq!(keyed(b"", "oom"), None);
        assert_eq!(keyed_bytes(b"RssAnon:\t    1234 kB\nRssFile:\t5 kB\n", "RssFile:"), 5 * 1024);
        assert_eq!(keyed_bytes(b"RssAnon:\t    1234 kB\n", "RssAnon:"), 1234 * 1024);
        assert_eq!(keyed_bytes(b"RssAnon:\t1 MB\n", "RssAnon:"), 0);
    }

    #[test]
    fn long_files_are_read_whole_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let long = "0123456789".repeat(1000);
        fs_err::write(dir.path().join("f"), &long).unwrap();
        let fd: OwnedFd = fs_err::File::open(dir.path().join("f")).unwrap().into_parts().0.into();
        assert_eq!(read_all(&fd).unwrap(), long.as_bytes());
        assert_eq!(read_all(&fd).unwrap(), long.as_bytes());
    }
}
