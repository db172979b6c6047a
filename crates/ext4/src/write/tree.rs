//! The names of an image while it is written: what is where, in some 60 bytes for each name.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{Error, Result};
use crate::format::dir::file_type;

/// The root's place among the folders.
pub(super) const ROOT_FOLDER: u32 = 0;
/// No entry: the end of a chain.
const NONE: u32 = u32::MAX;

/// A name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The folder that it is in.
    pub(super) parent: u32,
    /// An inode's number, or of a folder its place among the folders.
    pub(super) target: u32,
    name: u32,
    next: u32,
    length: u8,
    /// As folders on disk say it; 0 when the name has gone.
    pub(super) kind: u8,
    /// Which of the merged layers named it last.
    pub(super) layer: u16,
}

impl Entry {
    pub(super) fn is_folder(&self) -> bool {
        self.kind == file_type::DIRECTORY
    }
}

/// A folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder {
    pub(super) inode: u32,
    pub(super) parent: u32,
    first: u32,
    pub(super) folders: u32,
    /// Whether it hides what lower layers of an overlay have under its name.
    pub(super) opaque: bool,
    /// Whether it has gone.
    pub(super) gone: bool,
}

/// All names.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: Vec<Entry>,
    folders: Vec<Folder>,
    names: Vec<u8>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Tree {
    pub(super) fn name(&self, entry: &Entry) -> &[u8] {
        let from = crate::format::index(entry.name);
        &self.names[from..from + usize::from(entry.length)]
    }

    pub(super) fn entry(&self, id: u32) -> Entry {
        self.entries[crate::format::index(id)]
    }

    pub(super) fn entry_mut(&mut self, id: u32) -> &mut Entry {
        &mut self.entries[crate::format::index(id)]
    }

    pub(super) fn folder(&self, id: u32) -> Folder {
        self.folders[crate::format::index(id)]
    }

    pub(super) fn folder_mut(&mut self, id: u32) -> &mut Folder {
        &mut self.folders[crate::format::index(id)]
    }

    pub(super) fn folder_count(&self) -> u32 {
        u32::try_from(self.folders.len()).unwrap_or(u32::MAX)
    }

    /// The entry of this name.
    pub(super) fn find(&self, folder: u32, name: &[u8]) -> Option<u32> {
        let same = |id: &u32| {
            let entry = self.entry(*id);
            entry.parent == folder && self.name(&entry) == name
        };
        self.table.find(self.hasher.hash_one((folder, name)), same).copied()
    }

    /// Adds a folder without a name. The first one is its own parent: the root.
    pub(super) fn add_folder(&mut self, inode: u32, parent: u32) -> Result<u32> {
        let id = u32::try_from(self.folders.len()).map_err(|_| Error::TooMany { what: "folders" })?;
        self.folders.push(Folder { inode, parent, first: NONE, folders: 0, opaque: false, gone: false });
        Ok(id)
    }

    /// Adds a name that is not there yet.
    pub(super) fn insert(
        &mut self,
        parent: u32,
        name: &[u8],
        kind: u8,
        target: u32,
        layer: u16,
    ) -> Result<()> {
        let id = u32::try_from(self.entries.len()).ok().filter(|id| *id != NONE);
        let (Some(id), Ok(offset), Ok(length)) =
            (id, u32::try_from(self.names.len()), u8::try_from(name.len()))
        else {
            return Err(Error::TooMany { what: "over 4 GiB of names" });
        };
        self.names.extend_from_slice(name);
        let folder = &mut self.folders[crate::format::index(parent)];
        let entry = Entry { parent, target, name: offset, next: folder.first, length, kind, layer };
        folder.first = id;
        folder.folders += u32::from(entry.is_folder());
        self.entries.push(entry);
        let (entries, names, hasher) = (&self.entries, &self.names, &self.hasher);
        let hash = |id: &u32| {
            let entry = &entries[crate::format::index(*id)];
            let from = crate::format::index(entry.name);
            hasher.hash_one((entry.parent, &names[from..from + usize::from(entry.length)]))
        };
        self.table.insert_unique(hasher.hash_one((parent, name)), id, hash);
        Ok(())
    }

    /// Takes a name away. A folder must be empty.
    pub(super) fn remove(&mut self, id: u32) {
        let entry = self.entry(id);
        let hash = self.hasher.hash_one((entry.parent, self.name(&entry)));
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        self.folder_mut(entry.parent).folders -= u32::from(entry.is_folder());
        if entry.is_folder() {
            self.folder_mut(entry.target).gone = true;
        }
        self.entry_mut(id).kind = 0;
    }

    /// The names in a folder, the newest first.
    pub(super) fn children(&self, folder: u32) -> impl Iterator<Item = u32> {
        let mut next = self.folder(folder).first;
        std::iter::from_fn(move || {
            while next != NONE {
                let (id, entry) = (next, self.entry(next));
                next = entry.next;
                if entry.kind != 0 {
                    return Some(id);
                }
            }
            None
        })
    }

    /// An entry's path, for errors and listings.
    pub(super) fn inode(&self, entry: &Entry) -> u32 {
        if entry.is_folder() { self.folder(entry.target).inode } else { entry.target }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_until_they_are_removed() {
        let mut tree = Tree::default();
        assert_eq!(tree.add_folder(2, ROOT_FOLDER).unwrap(), ROOT_FOLDER);
        let sub = tree.add_folder(12, ROOT_FOLDER).unwrap();
        tree.insert(ROOT_FOLDER, b"sub", file_type::DIRECTORY, sub, 0).unwrap();
        for n in 0..3000_u32 {
            tree.insert(sub, format!("{n}").as_bytes(), file_type::REGULAR, n + 100, 0).unwrap();
        }
        assert_eq!((tree.find(ROOT_FOLDER, b"7"), tree.folder(ROOT_FOLDER).folders), (None, 1));
        for n in (0..3000_u32).step_by(2) {
            tree.remove(tree.find(sub, format!("{n}").as_bytes()).unwrap());
        }
        for n in 0..3000_u32 {
            let found = tree.find(sub, format!("{n}").as_bytes()).map(|id| tree.entry(id).target);
            assert_eq!(found, (n % 2 == 1).then_some(n + 100));
        }
        assert_eq!(tree.children(sub).count(), 1500);
    }
}
