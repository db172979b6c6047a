//! Finding the place of a path in the image: parents that are missing are made, symbolic links on the way are followed
//! and never lead out.

use super::error::text;
use super::tree::ROOT_FOLDER;
use super::{Error, Result, Writer};
use crate::format::dir::file_type;
use crate::format::{NAME_MAX, PATH_MAX};
use crate::storage::Storage;

/// Symbolic links that are followed on one path, as the kernel does.
const LINKS: u32 = 40;

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// To the root itself.
    Root,
    /// To a name in a folder.
    Name { folder: u32, name: &'a [u8] },
}

/// The folder that the last path was in: a tar has a folder's files together.
#[derive(Debug, Default)]
pub(super) struct Last {
    path: Vec<u8>,
    folder: Option<u32>,
}

impl Last {
    pub(super) fn forget(&mut self) {
        self.folder = None;
    }
}

/// What to do where a folder is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Refuse,
}

impl<S: Storage + 'static> Writer<S> {
    /// The place of a path. `Ok(None)` when a folder on the way is missing and none is to be made.
    pub(super) fn place<'a>(&mut self, path: &'a [u8], missing: Missing) -> Result<Option<Place<'a>>> {
        if path.len() > PATH_MAX {
            return Err(Error::PathTooLong { path: text(path) });
        }
        let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
        let trimmed = &path[..end];
        let cut = trimmed.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let (before, name) = trimmed.split_at(cut);
        if matches!(name, b"" | b"." | b"..") {
            return self.odd_place(path, missing);
        }
        if name.len() > NAME_MAX || name.contains(&0) {
            return Err(Error::InvalidName { path: text(path) });
        }
        let folder = match self.last.folder {
            Some(folder) if self.last.path == before => folder,
            _ => {
                let Some(folder) = self.walk(path, before, missing)? else { return Ok(None) };
                self.last.path.clear();
                self.last.path.extend_from_slice(before);
                self.last.folder = Some(folder);
                folder
            }
        };
        Ok(Some(Place::Name { folder, name }))
    }

    /// A path that ends with `.` or `..`, or is empty: it must mean the root, or a name that stands before.
    fn odd_place<'a>(&mut self, path: &'a [u8], missing: Missing) -> Result<Option<Place<'a>>> {
        let mut names: Vec<&[u8]> = Vec::new();
        for part in parts(path) {
            if part == b".." {
                names.pop().ok_or_else(|| Error::Escapes { path: text(path) })?;
            } else {
                names.push(part);
            }
        }
        let Some(name) = names.pop() else { return Ok(Some(Place::Root)) };
        let before = names.join(&b'/');
        let Some(folder) = self.walk(path, &before, missing)? else { return Ok(None) };
        Ok(Some(Place::Name { folder, name }))
    }

    /// The folder that a path of folders leads to.
    fn walk(&mut self, whole: &[u8], path: &[u8], missing: Missing) -> Result<Option<u32>> {
        // Parts that are still to go, the next one last; and how many of them come from links.
        let mut rest: Vec<Vec<u8>> = parts(path).rev().map(<[u8]>::to_vec).collect();
        let mut own = rest.len();
        let (mut folder, mut links) = (ROOT_FOLDER, 0);
        while let Some(part) = rest.pop() {
            let linked = rest.len() >= own;
            own = own.min(rest.len());
            if part == b".." {
                // In a link it stays in the root, as for a program whose root this is.
                if folder == ROOT_FOLDER && !linked {
                    return Err(Error::Escapes { path: text(whole) });
                }
                folder = self.tree.folder(folder).parent;
                continue;
            }
            if part.len() > NAME_MAX || part.contains(&0) {
                return Err(Error::InvalidName { path: text(whole) });
            }
            let Some(entry) = self.tree.find(folder, &part).map(|id| self.tree.entry(id)) else {
                if missing == Missing::Refuse {
                    return Ok(None);
                }
                folder = self.make_parent(folder, &part)?;
                continue;
            };
            match entry.kind {
                file_type::DIRECTORY => folder = entry.target,
                file_type::SYMLINK => {
                    links += 1;
                    if links > LINKS {
                        return Err(Error::TooManyLinksOnPath { path: text(whole) });
                    }
                    let target = self.link_target(entry.target)?;
                    if target.first() == Some(&b'/') {
                        folder = ROOT_FOLDER;
                    }
                    rest.extend(parts(&target).rev().map(<[u8]>::to_vec));
                }
                _ if missing == Missing::Refuse => return Ok(None),
                _ => return Err(Error::NotAFolder { path: text(whole), component: text(&part) }),
            }
        }
        Ok(Some(folder))
    }
}

/// A path's names; `.` and doubled slashes are none.
fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}
