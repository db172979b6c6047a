//! What a Linux container wrote, as the tar of a layer.

use std::collections::HashMap;
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use hcs_ext4::tar::{Item, Kind, Writer, printable};
use hcs_ext4::{Time, Xattr};

use crate::error::{ImageError, Result, at};

/// What overlays note of files for themselves.
const OVERLAY: &[u8] = b"trusted.overlay.";
const OPAQUE: &[u8] = b"trusted.overlay.opaque";
/// By these a file's content or a folder's place lies in a lower layer.
const ELSEWHERE: [&[u8]; 2] = [b"trusted.overlay.redirect", b"trusted.overlay.metacopy"];
/// What a program may do that its user may not.
const CAPABILITIES: &[u8] = b"security.capability";
/// Marks of the host's.
const HOST: &[u8] = b"security.selinux";

/// A walk through the upper folder of an overlay.
pub(crate) struct Diff<'a> {
    /// The host's id that was the container's id 0.
    pub(crate) first_id: u32,
    /// Folders whose content is none of the image's, as paths without a slash at either end.
    pub(crate) without: &'a [String],
    /// What has no form in a layer and was left out.
    pub(crate) warnings: Vec<String>,
    /// The first name of each file with several.
    links: HashMap<(u64, u64), Vec<u8>>,
}

impl<'a> Diff<'a> {
    pub(crate) fn new(first_id: u32, without: &'a [String]) -> Self {
        Self { first_id, without, warnings: Vec::new(), links: HashMap::new() }
    }

    /// Writes the tar. Entries are in the order of their names, so that equal folders make equal tars.
    pub(crate) fn write(&mut self, upper: &Path, out: impl Write) -> Result<()> {
        let mut tar = Writer::new(out);
        self.folder(upper, b"", &mut tar)?;
        tar.finish().map_err(at("write the layer of", upper))?;
        Ok(())
    }

    fn folder<W: Write>(&mut self, folder: &Path, name: &[u8], tar: &mut Writer<W>) -> Result<()> {
        let mut entries: Vec<PathBuf> = fs_err::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(at("read", folder))?;
        entries.sort();
        for path in entries {
            let base = path.file_name().unwrap_or_default().as_bytes();
            let name = if name.is_empty() { base.to_vec() } else { [name, b"/", base].concat() };
            self.entry(&path, &name, tar)?;
        }
        Ok(())
    }

    fn entry<W: Write>(&mut self, path: &Path, name: &[u8], tar: &mut Writer<W>) -> Result<()> {
        let found = fs_err::symlink_metadata(path).map_err(at("look at", path))?;
        let kind = found.file_type();
        let output = |error| at("write the layer of", path)(error);
        let mut item = Item {
            mode: found.mode() & 0o7777,
            modified: Time {
                seconds: found.mtime(),
                nanoseconds: u32::try_from(found.mtime_nsec()).unwrap_or_default(),
            },
            ..Item::default()
        };
        let device = (rustix::fs::major(found.rdev()), rustix::fs::minor(found.rdev()));
        if kind.is_char_device() && device == (0, 0) {
            let whiteout = hidden(name);
            let item = Item { name: &whiteout, modified: item.modified, ..Item::default() };
            return tar.entry(&item).map_err(output);
        }
        let owner = |id: u32| {
            let what = "its owner is none of the container's";
            id.checked_sub(self.first_id).ok_or_else(|| ImageError::Diff { name: printable(name), what })
        };
        (item.uid, item.gid) = (owner(found.uid())?, owner(found.gid())?);
        let (mut xattrs, opaque) = attributes(path, name)?;
        for (_, value) in xattrs.iter_mut().filter(|(key, _)| key == CAPABILITIES) {
            let of_container = capabilities(value, self.first_id).ok_or_else(|| {
                let what = "its capabilities are those of another user namespace";
                ImageError::Diff { name: printable(name), what }
            })?;
            *value = of_container;
        }
        item.xattrs = &xattrs;
        if kind.is_dir() {
            let named = [name, b"/"].concat();
            tar.entry(&Item { kind: Kind::Directory, name: &named, ..item }).map_err(output)?;
            if self.without.iter().any(|without| without.as_bytes() == name) {
                return Ok(());
            }
            if opaque {
                let mark = [name, b"/.wh..wh..opq"].concat();
                tar.entry(&Item { name: &mark, ..Item::default() }).map_err(output)?;
            }
            return self.folder(path, name, tar);
        }
        item.name = name;
        if found.nlink() > 1 {
            if let Some(first) = self.links.get(&(found.dev(), found.ino())) {
                let item = Item { kind: Kind::HardLink, link: first, xattrs: &[], ..item };
                return tar.entry(&item).map_err(output);
            }
            self.links.insert((found.dev(), found.ino()), name.to_vec());
        }
        if kind.is_symlink() {
            let target = fs_err::read_link(path).map_err(at("read", path))?;
            let link = target.as_os_str().as_bytes();
            return tar.entry(&Item { kind: Kind::Symlink, link, ..item }).map_err(output);
        }
        if kind.is_file() {
            tar.entry(&Item { kind: Kind::File, stored: found.len(), ..item }).map_err(output)?;
            return content(path, found.len(), tar);
        }
        let kind = match kind {
            kind if kind.is_char_device() => Kind::CharDevice,
            kind if kind.is_block_device() => Kind::BlockDevice,
            kind if kind.is_fifo() => Kind::Fifo,
            _ => {
                self.warnings.push(format!("{}: a socket, which no layer has, is left out", printable(name)));
                return Ok(());
            }
        };
        tar.entry(&Item { kind, device, ..item }).map_err(output)
    }
}

/// Extended attributes that belong to the file, and whether it is a folder that hides what lies below it.
fn attributes(path: &Path, name: &[u8]) -> Result<(Vec<Xattr>, bool)> {
    let failed = |errno: rustix::io::Errno| at("read the attributes of", path)(errno.into());
    let mut list = vec![0; 64 << 10];
    let length = match rustix::fs::llistxattr(path, &mut list[..]) {
        Ok(length) => length,
        Err(rustix::io::Errno::OPNOTSUPP) => 0,
        Err(errno) => return Err(failed(errno)),
    };
    let (mut kept, mut opaque) = (Vec::new(), false);
    for key in list[..length].split(|byte| *byte == 0).filter(|key| !key.is_empty() && *key != HOST) {
        let mut value = vec![0; 64 << 10];
        let length = rustix::fs::lgetxattr(path, key, &mut value[..]).map_err(failed)?;
        value.truncate(length);
        if ELSEWHERE.contains(&key) {
            let what = "its content or place lies in a lower layer (redirect_dir or metacopy of overlayfs)";
            return Err(ImageError::Diff { name: printable(name), what });
        }
        opaque |= key == OPAQUE && value == b"y";
        if !key.starts_with(OVERLAY) {
            kept.push((key.to_vec(), value));
        }
    }
    kept.sort();
    Ok((kept, opaque))
}

/// A file's capabilities as they are within the container: the kernel notes with them which of the host's ids is the root
/// that they count for, and a layer knows no ids of this host. `None`: they count for another root.
///
/// Source: `linux/capability.h`, `struct vfs_ns_cap_data`.
fn capabilities(value: &[u8], first_id: u32) -> Option<Vec<u8>> {
    let [start @ .., a, b, c, d] = value else { return None };
    match (value.len(), value.get(3)?) {
        (20, 2) => Some(value.to_vec()),
        (24, 3) if u32::from_le_bytes([*a, *b, *c, *d]) == first_id => {
            let mut of_container = start.to_vec();
            of_container[3] = 2;
            Some(of_container)
        }
        _ => None,
    }
}

/// What hides a name.
fn hidden(name: &[u8]) -> Vec<u8> {
    let cut = name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    [&name[..cut], b".wh.", &name[cut..]].concat()
}

fn content<W: Write>(path: &Path, size: u64, tar: &mut Writer<W>) -> Result<()> {
    let mut file = fs_err::File::open(path).map_err(at("open", path))?.take(size);
    let (mut piece, mut left) = (vec![0; 256 << 10], size);
    while left > 0 {
        match file.read(&mut piece) {
            Ok(0) => return Err(at("read", path)(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                left -= count as u64;
                tar.content(&piece[..count]).map_err(at("write the layer of", path))?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(at("read", path)(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn capabilities_count_for_the_container_s_root() {
        let (low, high) = ([1, 0, 0, 2_u8], [1, 0, 0, 3_u8]);
        let of = |start: [u8; 4], rest: &[u8]| [&start[..], &[7; 16], rest].concat();
        let root = 100_000_u32.to_le_bytes();
        assert_eq!(super::capabilities(&of(high, &root), 100_000), Some(of(low, &[])));
        assert_eq!(super::capabilities(&of(low, &[]), 100_000), Some(of(low, &[])));
        assert_eq!(super::capabilities(&of(high, &root), 0), None);
        for bad in [&of(high, &[])[..], &of(low, &root), &[], b"abc"] {
            assert_eq!(super::capabilities(bad, 100_000), None);
        }
    }

    #[test]
    fn whiteouts_stand_beside_what_they_hide() {
        assert_eq!(super::hidden(b"a/b"), b"a/.wh.b");
        assert_eq!(super::hidden(b"b"), b".wh.b");
    }
}
