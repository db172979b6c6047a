//! Files below a folder, opened so that nothing in it leads out of it.
//!
//! Source: Linux, openat2(2).

use std::ffi::CStr;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::{Errno, Result};

/// No path leads out, and none through a symbolic link, as on Windows none leads through a reparse point.
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// An open folder, and the folder below it that was last used.
#[derive(Debug)]
pub(crate) struct Root {
    fd: OwnedFd,
    last: Option<(Vec<u8>, OwnedFd)>,
}

impl Root {
    pub(crate) fn open(path: &std::path::Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty())?;
        Ok(Self { fd, last: None })
    }

    /// The open folder of a path, and the path's last component.
    pub(crate) fn parent<'a, 'b>(&'a mut self, path: &'b [u8]) -> Result<(BorrowedFd<'a>, &'b [u8])> {
        let Some(at) = path.iter().rposition(|byte| *byte == b'/') else {
            return Ok((self.fd.as_fd(), path));
        };
        let (folder, base) = (&path[..at], &path[at + 1..]);
        if self.last.as_ref().is_none_or(|(last, _)| last != folder) {
            self.last = None;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let fd = fs::openat2(&self.fd, folder, flags, Mode::empty(), RESOLVE)?;
            self.last = Some((folder.to_vec(), fd));
        }
        match &self.last {
            Some((_, fd)) => Ok((fd.as_fd(), base)),
            None => Err(Errno::NOENT),
        }
    }

    /// The same, open on its own, so that another path can be used beside it.
    pub(crate) fn folder_of<'b>(&self, path: &'b [u8]) -> Result<(OwnedFd, &'b [u8])> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (folder, base) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&path[..at], &path[at + 1..]),
            None => (&b"."[..], path),
        };
        Ok((fs::openat2(&self.fd, folder, flags, Mode::empty(), RESOLVE)?, base))
    }

    /// Whether the folder of `path` is the one that was last used.
    pub(crate) fn is_last(&self, path: &[u8]) -> bool {
        let folder = path.iter().rposition(|byte| *byte == b'/').map(|at| &path[..at]);
        folder.is_none_or(|folder| self.last.as_ref().is_some_and(|(last, _)| last == folder))
    }

    /// Opens a path that is no link.
    pub(crate) fn open_at(&mut self, path: &[u8], flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        if path.is_empty() {
            return fs::openat(&self.fd, c".", flags | OFlags::CLOEXEC, mode);
        }
        let (folder, base) = self.parent(path)?;
        fs::openat(folder, base, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode)
    }

    /// What a path is, without following it.
    pub(crate) fn stat(&mut self, path: &[u8]) -> Result<Stat> {
        let (folder, base) = self.parent(path)?;
        fs::statat(folder, base, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The names in a folder, sorted by their bytes.
    pub(crate) fn names(&mut self, path: &[u8]) -> Result<Vec<Box<CStr>>> {
        Ok(self.entries(path)?.into_iter().map(|(name, _)| name).collect())
    }

    /// The names in a folder, sorted by their bytes, and what they are as far as the folder says.
    pub(crate) fn entries(&mut self, path: &[u8]) -> Result<Vec<(Box<CStr>, fs::FileType)>> {
        let fd = self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        let mut names = Vec::new();
        for entry in fs::Dir::new(fd)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push((entry.file_name().into(), entry.file_type()));
            }
        }
        names.sort_unstable_by(|(a, _): &(Box<CStr>, _), (b, _)| a.cmp(b));
        Ok(names)
    }

    /// Whether an overlay shows nothing of lower layers in this folder.
    pub(crate) fn is_opaque(&mut self, path: &[u8]) -> Result<bool> {
        let fd = self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        let mut value = [0; 1];
        match fs::fgetxattr(&fd, "trusted.overlay.opaque", &mut value) {
            Ok(length) => Ok(length == 1 && value[0] == b'y'),
            // One that is longer than the mark is none to an overlay.
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether an overlay copied this up from a lower layer, rather than that it was made above it.
    pub(crate) fn is_copied(&mut self, path: &[u8]) -> Result<bool> {
        let (folder, base) = self.parent(path)?;
        // O_PATH, because the object may be a link; the attribute is then read by the descriptor's path.
        let fd = fs::openat(folder, base, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let by_descriptor = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd));
        match fs::getxattr(by_descriptor, "trusted.overlay.origin", &mut [0_u8; 0][..]) {
            Ok(_) => Ok(true),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What a symbolic link holds.
    pub(crate) fn link_text(&mut self, path: &[u8]) -> Result<Vec<u8>> {
        let (folder, base) = self.parent(path)?;
        Ok(fs::readlinkat(folder, base, Vec::new())?.into_bytes())
    }

    /// Whether a symbolic link leads to a folder below this root.
    pub(crate) fn leads_to_folder(&self, path: &[u8]) -> bool {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat2(&self.fd, path, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
            .is_ok()
    }

    /// Removes a file or link.
    pub(crate) fn unlink(&mut self, path: &[u8]) -> Result<()> {
        let (folder, base) = self.parent(path)?;
        fs::unlinkat(folder, base, AtFlags::empty())
    }

    /// A whiteout, as overlay file systems know it: a device 0:0.
    pub(crate) fn whiteout(&mut self, path: &[u8]) -> Result<()> {
        let (folder, base) = self.parent(path)?;
        fs::mknodat(folder, base, fs::FileType::CharacterDevice, Mode::empty(), 0)
    }

    /// Forgets the folder that was last used, because it may have been replaced.
    pub(crate) fn forget(&mut self) {
        self.last = None;
    }
}

/// Whether an overlay file system takes this for a whiteout.
pub(crate) fn is_whiteout(stat: &Stat) -> bool {
    fs::FileType::from_raw_mode(stat.st_mode) == fs::FileType::CharacterDevice && stat.st_rdev == 0
}
