//! The names of a layer that is being made: each once, none through a link, folders made where nobody announced them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Mode};
use rustix::io::Errno;

use super::{LayerError, text};
use crate::metadata::MetadataWriter;
use crate::path::{self, PathProblem};
use crate::root::Root;

/// The folder, and whether we made it.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    made: bool,
    kept: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        // It was new or empty. What can't be removed has no end, so nobody takes it for a layer.
        if self.kept {
            return;
        }
        if self.made {
            let _ = fs_err::remove_dir_all(&self.folder);
        } else if let Ok(entries) = fs_err::read_dir(&self.folder) {
            for entry in entries.flatten() {
                let path = entry.path();
                let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let _ = if folder { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) };
            }
        }
    }
}

/// Which names are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Those that differ by upper and lower case only, as on Windows.
    Folded,
    /// None.
    Kept,
}

/// A layer's root and its names.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: Root,
    place: Option<Place>,
    case: Case,
    /// A digest of each name as Windows compares them, and one of the name.
    names: HashMap<u64, u64>,
    hasher: RandomState,
    /// Folders that nobody announced.
    pub(crate) implicit: HashSet<String>,
    /// Folders in the place of reparse points, through which nothing leads.
    pub(super) closed: HashSet<String>,
}

impl Tree {
    /// Takes a folder that is new or empty.
    pub(crate) fn create(folder: &Path, case: Case) -> Result<Self, LayerError> {
        let name = folder.as_os_str().as_encoded_bytes();
        let made = match fs::mkdir(folder, Mode::from_raw_mode(0o755)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(LayerError::io("make the folder", name, error)),
        };
        let opened = Root::open(folder).and_then(|mut root| {
            let empty = made || root.names(b"")?.is_empty();
            Ok((root, empty))
        });
        let (root, empty) = opened.map_err(|error| LayerError::io("open the folder", name, error))?;
        if !empty {
            return Err(LayerError::NotEmpty { folder: text(name) });
        }
        let place = Some(Place { folder: folder.to_owned(), made, kept: false });
        let (names, hasher) = (HashMap::new(), RandomState::new());
        let (implicit, closed) = (HashSet::new(), HashSet::new());
        Ok(Self { root, place, case, names, hasher, implicit, closed })
    }

    /// It stays.
    pub(crate) fn keep(&mut self) {
        if let Some(place) = &mut self.place {
            place.kept = true;
        }
    }

    /// Whether something has this very name.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.names.get(&self.folded(path)) == Some(&self.key(path))
    }

    fn folded(&self, path: &str) -> u64 {
        match self.case {
            Case::Folded => self.key(&path::fold(path)),
            Case::Kept => self.key(path),
        }
    }

    fn key(&self, path: &str) -> u64 {
        self.hasher.hash_one(path)
    }

    /// Notes a name that nothing has yet. True when it is that of a folder that nobody announced so far.
    ///
    /// A digest of each name is kept, of 64 bits with a secret key: enough that no two differ by mistake.
    pub(crate) fn register(&mut self, path: &str) -> Result<bool, LayerError> {
        let (folded, exact) = (self.folded(path), self.key(path));
        let before = match self.names.entry(folded) {
            Entry::Vacant(place) => {
                place.insert(exact);
                return Ok(false);
            }
            Entry::Occupied(place) => *place.get(),
        };
        if before != exact {
            let other = self.other(path);
            return Err(LayerError::path(path, PathProblem::Clash { other }));
        }
        if self.implicit.contains(path) { Ok(true) } else { Err(LayerError::path(path, PathProblem::Exists)) }
    }

    /// Another name of `target`, which lies below `from`, or in this tree.
    pub(crate) fn link(
        &mut self,
        from: Option<&Root>,
        path: &str,
        target: &str,
        files_only: bool,
    ) -> Result<(), LayerError> {
        let failed = |error| match error {
            Errno::NOENT | Errno::LOOP | Errno::NOTDIR => {
                LayerError::LinkTarget { name: text(path.as_bytes()), target: text(target.as_bytes()) }
            }
            error => LayerError::io("link", path.as_bytes(), error),
        };
        let (from, name) = from.unwrap_or(&self.root).folder_of(target.as_bytes()).map_err(failed)?;
        let kind = fs::statat(&from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?.st_mode;
        let kind = fs::FileType::from_raw_mode(kind);
        if kind == fs::FileType::Directory || files_only && kind != fs::FileType::RegularFile {
            return Err(LayerError::file(path, "hard links lead to files only"));
        }
        let (folder, base) = self.root.parent(path.as_bytes()).map_err(failed)?;
        let linked = fs::linkat(from, name, folder, base, AtFlags::empty());
        linked.map_err(|error| LayerError::io("link", path.as_bytes(), error))
    }

    /// The name beside `path` that Windows takes for the same.
    fn other(&mut self, path: &str) -> String {
        let (folder, base) = path::split(path);
        let names = self.root.names(folder.as_bytes()).unwrap_or_default();
        let mut names = names.iter().map(|name| name.to_string_lossy());
        let other = names.find(|name| path::fold(name) == path::fold(base));
        other.map_or_else(|| base.to_owned(), |other| text(other.as_bytes()))
    }

    /// Sees to it that the folder of `path` is there and is one.
    pub(crate) fn parent(
        &mut self,
        path: &str,
        metadata: Option<&mut MetadataWriter>,
    ) -> Result<(), LayerError> {
        if self.root.is_last(path.as_bytes()) {
            return Ok(());
        }
        match self.root.parent(path.as_bytes()) {
            Ok(_) => {
                let closed = prefixes(path).find(|prefix| self.closed.contains(*prefix));
                let Some(link) = closed.map(str::to_owned) else { return Ok(()) };
                self.root.forget();
                Err(LayerError::path(path, PathProblem::ThroughLink { link }))
            }
            Err(Errno::NOENT) => self.make_parents(path, metadata),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.obstacle(path)),
            Err(error) => Err(LayerError::io("open the folder of", path.as_bytes(), error)),
        }
    }

    /// What stands in the way of a path.
    fn obstacle(&mut self, path: &str) -> LayerError {
        for prefix in prefixes(path) {
            let kind = self.root.stat(prefix.as_bytes());
            let kind = kind.map(|stat| fs::FileType::from_raw_mode(stat.st_mode));
            match kind {
                Ok(fs::FileType::Directory) => {}
                Ok(fs::FileType::Symlink) => {
                    return LayerError::path(
                        path,
                        PathProblem::ThroughLink { link: text(prefix.as_bytes()) },
                    );
                }
                Ok(_) => {
                    return LayerError::path(
                        path,
                        PathProblem::ThroughFile { file: text(prefix.as_bytes()) },
                    );
                }
                Err(error) => return LayerError::io("open the folder of", path.as_bytes(), error),
            }
        }
        LayerError::io("open the folder of", path.as_bytes(), Errno::NOTDIR)
    }

    /// Makes folders that nobody announced.
    fn make_parents(
        &mut self,
        path: &str,
        mut metadata: Option<&mut MetadataWriter>,
    ) -> Result<(), LayerError> {
        for prefix in prefixes(path) {
            if self.closed.contains(prefix) {
                return Err(LayerError::path(
                    path,
                    PathProblem::ThroughLink { link: text(prefix.as_bytes()) },
                ));
            }
            if self.has(prefix) {
                continue;
            }
            self.register(prefix)?;
            let made = self
                .root
                .parent(prefix.as_bytes())
                .and_then(|(folder, base)| fs::mkdirat(folder, base, Mode::from_raw_mode(0o755)));
            match made {
                Ok(()) => {}
                Err(Errno::LOOP | Errno::NOTDIR) => return Err(self.obstacle(path)),
                Err(error) => return Err(LayerError::io("make the folder", prefix.as_bytes(), error)),
            }
            self.implicit.insert(prefix.to_owned());
            if let Some(metadata) = &mut metadata {
                metadata.folder(prefix)?;
            }
        }
        match self.root.parent(path.as_bytes()) {
            Ok(_) => Ok(()),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.obstacle(path)),
            Err(error) => Err(LayerError::io("open the folder of", path.as_bytes(), error)),
        }
    }
}

/// A clean path within a layer.
pub(super) fn check(name: &str) -> Result<String, LayerError> {
    let path = path::windows(name.as_bytes()).map_err(|problem| LayerError::path(name, problem))?;
    let problem = match path.split('/').next().unwrap_or_default() {
        "" => PathProblem::Empty,
        "Files" | "Hives" => return Ok(path),
        "UtilityVM" if matches!(path.split('/').nth(1), None | Some("Files")) => return Ok(path),
        _ => PathProblem::Outside,
    };
    Err(LayerError::path(name, problem))
}

/// The part of a path below the root of a tree that can hold links and tombstones.
pub(super) fn below_root(path: &str) -> Option<&str> {
    path.strip_prefix("UtilityVM/").unwrap_or(path).strip_prefix("Files/")
}

/// The folders that lead to a path, the highest first.
pub(super) fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}
