//! What is mounted: `/proc/self/mountinfo`.
//!
//! Source: man page proc(5), "/proc/pid/mountinfo".

use std::path::{Path, PathBuf};

use crate::error::Error;

/// One mount of our mount namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mount {
    /// Where it is.
    pub(crate) point: PathBuf,
    /// Type of the file system.
    pub(crate) kind: String,
    /// What was mounted.
    pub(crate) source: String,
    /// Options of the file system, comma separated.
    pub(crate) options: String,
}

impl Mount {
    /// Whether the mount lies in `dir`, or was made from something in it.
    pub(crate) fn concerns(&self, dir: &Path) -> bool {
        let name = dir.to_string_lossy();
        self.point.starts_with(dir) || self.source.contains(&*name) || self.options.contains(&*name)
    }
}

/// All mounts, the first made first.
pub(crate) fn all() -> Result<Vec<Mount>, Error> {
    Ok(parse(&fs_err::read_to_string("/proc/self/mountinfo")?))
}

pub(crate) fn parse(text: &str) -> Vec<Mount> {
    text.lines()
        .filter_map(|line| {
            let (mount, file_system) = line.split_once(" - ")?;
            let mut words = file_system.split(' ');
            Some(Mount {
                point: unescape(mount.split(' ').nth(4)?).into(),
                kind: words.next()?.to_owned(),
                source: unescape(words.next()?),
                options: words.next().unwrap_or_default().to_owned(),
            })
        })
        .collect()
}

/// The kernel writes blank, tab, newline and backslash as three octal digits.
fn unescape(word: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(word.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_whatever_optional_fields_it_has() {
        let text = "36 35 98:0 /mnt1 /mnt\\040two rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n\
                    25 1 0:22 / /over rw - overlay overlay rw,lowerdir=/a/b,upperdir=/c\n";
        let mounts = parse(text);
        assert_eq!(mounts[0].point, Path::new("/mnt two"));
        assert_eq!((&*mounts[0].kind, &*mounts[0].source), ("ext3", "/dev/root"));
        assert!(mounts[1].concerns(Path::new("/a")) && !mounts[1].concerns(Path::new("/x")));
        assert!(mounts[0].concerns(Path::new("/mnt two")) && !mounts[0].concerns(Path::new("/mnt")));
    }
}
