//! Paths: to an inode, and all of them.

use std::collections::HashSet;

use super::{DirEntry, FileSystem, FileType, ReadError, Stat};
use crate::format::ROOT;
use crate::storage::Storage;
use crate::write::text;

/// Symbolic links on one path.
const LINKS: usize = 40;
/// Folders above one another, while all are walked through.
const DEPTH: usize = 100_000;

impl<S: Storage> FileSystem<S> {
    /// The inode that a path leads to. Symbolic links are followed on the way, and at the end if `follow` says so; they
    /// do not lead out.
    ///
    /// # Errors
    /// [`ReadError::NotFound`], [`ReadError::NotAFolder`], [`ReadError::TooManyLinks`], and what damage brings.
    pub fn lookup(&self, path: &[u8], follow: bool) -> Result<Stat, ReadError> {
        let split = |path: &[u8]| -> Vec<Vec<u8>> {
            let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
            parts.rev().map(<[u8]>::to_vec).collect()
        };
        let mut rest = split(path);
        // The folders from the root down to where we are.
        let mut way = vec![self.stat(ROOT)?];
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == b".." {
                if way.len() > 1 {
                    way.pop();
                }
                continue;
            }
            let here = way[way.len() - 1];
            if here.file_type != FileType::Directory {
                return Err(ReadError::NotAFolder { path: text(path) });
            }
            let mut found = None;
            self.each_name(&self.inode(here.inode)?, |entry| {
                if entry.name == part {
                    found = Some(entry.inode);
                }
            })?;
            let stat = self.stat(found.ok_or_else(|| ReadError::NotFound { path: text(path) })?)?;
            if stat.file_type == FileType::Symlink && (follow || !rest.is_empty()) {
                links += 1;
                let target = self.read_link(stat.inode)?;
                if links > LINKS || rest.len() > DEPTH {
                    return Err(ReadError::TooManyLinks { path: text(path) });
                }
                if target.first() == Some(&b'/') {
                    way.truncate(1);
                }
                rest.extend(split(&target));
                continue;
            }
            if stat.file_type != FileType::Directory {
                if rest.is_empty() {
                    return Ok(stat);
                }
                return Err(ReadError::NotAFolder { path: text(path) });
            }
            way.push(stat);
        }
        Ok(way[way.len() - 1])
    }

    /// All files below a folder, folders before what is in them, names in the order of their bytes. A folder that
    /// damage has put below itself is told once.
    ///
    /// # Errors
    /// [`ReadError`]; each step can fail, and the next one goes on elsewhere.
    pub fn walk(&self, inode: u32) -> Result<Walk<'_, S>, ReadError> {
        let mut walk = Walk { file_system: self, open: Vec::new(), path: Vec::new(), seen: HashSet::new() };
        walk.enter(inode, 0)?;
        Ok(walk)
    }
}

/// Walks through folders.
#[derive(Debug)]
pub struct Walk<'a, S> {
    file_system: &'a FileSystem<S>,
    /// Names that are still to come in each folder on the way, the next one last; and the length of the folder's path.
    open: Vec<(Vec<DirEntry>, usize)>,
    path: Vec<u8>,
    seen: HashSet<u32>,
}

impl<S: Storage> Walk<'_, S> {
    fn enter(&mut self, inode: u32, length: usize) -> Result<(), ReadError> {
        if !self.seen.insert(inode) || self.open.len() >= DEPTH {
            return Err(ReadError::Damaged {
                inode,
                what: "the folder is in several folders, or below itself",
            });
        }
        let mut names = self.file_system.read_dir(inode)?;
        names.sort_unstable_by(|a, b| b.name.cmp(&a.name));
        self.open.push((names, length));
        Ok(())
    }

    /// The next file: its path from where the walk began, and its metadata.
    #[expect(
        clippy::should_implement_trait,
        reason = "the path is borrowed from the walk, which an iterator can't do"
    )]
    pub fn next(&mut self) -> Option<Result<(&[u8], Stat), ReadError>> {
        let entry = loop {
            let (names, length) = self.open.last_mut()?;
            self.path.truncate(*length);
            if let Some(entry) = names.pop() {
                break entry;
            }
            self.open.pop();
        };
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&entry.name);
        let stat = match self.file_system.stat(entry.inode) {
            Ok(stat) => stat,
            Err(error) => return Some(Err(error)),
        };
        if stat.file_type == FileType::Directory
            && let Err(error) = self.enter(stat.inode, self.path.len())
        {
            return Some(Err(error));
        }
        Some(Ok((&self.path, stat)))
    }
}
