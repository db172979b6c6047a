//! What containers stand on: layers over each other, fitted to each other.
//!
//! Windows does not tell upper from lower case in names, and an overlay does. So a layer whose names are spelled otherwise
//! than those below it is laid once more, with the same files under the spelling from below.

use std::collections::HashMap;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, XattrFlags};

use crate::digest::Digest;
use crate::error::{Result, at};
use crate::io::{Lock, keep_folder};
use crate::store::{Documents, Store};
use crate::unpack::{Unpacked, is_windows_itself};

/// The files of a layer.
const FILES: &str = "Files";
/// By which overlays hide what lies below a folder.
const OPAQUE: &str = "trusted.overlay.opaque";

impl Store {
    /// The layers of a Windows image, fitted to the drive of a Wine base; the top-most first. Layers that are Windows
    /// itself are left out, because the base takes their place.
    ///
    /// # Errors
    /// What the system says.
    pub fn fit(&self, layers: &[Unpacked], drive: &Path) -> Result<Vec<PathBuf>> {
        let _lock = self.adding()?;
        let mut below = vec![drive.to_owned()];
        let mut fitted: Vec<PathBuf> = Vec::new();
        let key = Digest::of(drive.as_os_str().as_encoded_bytes()).hex();
        for layer in layers.iter().filter(|layer| !is_windows_itself(&layer.folder)) {
            let files = layer.folder.join(FILES);
            let folder = if fits(&files, &below)? {
                layer.folder.clone()
            } else {
                let own = layer.folder.file_name().unwrap_or_default().to_string_lossy();
                let name = format!("{own}-{}", &key[..16]);
                self.made(&name, |work| {
                    fs_err::create_dir(work).map_err(at("make", work))?;
                    copy(&files, &work.join(FILES), &below)
                })?
            };
            below.insert(0, folder.join(FILES));
            fitted.insert(0, folder);
        }
        Ok(fitted)
    }

    /// A layer with folders that an image wants and its layers lack; `None` when they lack none. `lowers` are the layers'
    /// files, top-most first, and `wanted` paths below them. `any_case`: as on Windows.
    ///
    /// # Errors
    /// What the system says.
    pub fn wanted_folders(
        &self,
        documents: &Documents,
        lowers: &[PathBuf],
        wanted: &[Vec<String>],
        any_case: bool,
    ) -> Result<Option<PathBuf>> {
        let _lock = self.adding()?;
        // One below a file is not made, and a program is told so.
        let place = Place::new(lowers, lowers.first().map_or(Path::new("/"), PathBuf::as_path), any_case);
        let mut missing: Vec<&Vec<String>> = Vec::new();
        for path in wanted.iter().filter(|path| !path.is_empty()) {
            if !place.is_folder(path)? && !place.is_blocked(path)? {
                missing.push(path);
            }
        }
        if missing.is_empty() {
            return Ok(None);
        }
        let what = format!("{lowers:?} {wanted:?}");
        let chain = documents.image.chains().last().map_or_else(|| "empty".to_owned(), Digest::hex);
        let name = format!("{chain}-f{}", &Digest::of(what.as_bytes()).hex()[..16]);
        let folder = self.made(&name, |work| {
            let files = work.join(FILES);
            fs_err::create_dir_all(&files).map_err(at("make", &files))?;
            let place = Place::new(lowers, &files, any_case);
            missing.iter().try_for_each(|path| place.folder(path).map(drop))
        })?;
        Ok(Some(folder))
    }

    /// A folder of a layer, or beside them, made once. `make` makes it.
    pub(crate) fn made(&self, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.layers().join(name);
        if folder.exists() {
            return Ok(folder);
        }
        let work = self.work().join(name);
        let _lock = Lock::exclusive(&work.with_extension("lock"))?;
        if folder.exists() {
            return Ok(folder); // by who had the lock before
        }
        if work.exists() {
            fs_err::remove_dir_all(&work).map_err(at("remove", &work))?;
        }
        make(&work)?;
        keep_folder(&work, &folder)?;
        Ok(folder)
    }
}

/// The names in folders that lie over each other, by what Windows compares.
fn spelled(folders: &[PathBuf]) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    // The lowest spelling is the one that the others were fitted to.
    for folder in folders.iter().rev() {
        let entries = match fs_err::read_dir(folder) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(error) => return Err(at("read", folder)(error)),
        };
        for entry in entries {
            let name = entry.map_err(at("read", folder))?.file_name().to_string_lossy().into_owned();
            names.entry(name.to_lowercase()).or_insert(name);
        }
    }
    Ok(names)
}

fn join_all(folders: &[PathBuf], name: &str) -> Vec<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).filter(|folder| is_real_folder(folder)).collect()
}

/// Whether there is a folder. No link is followed: to where one leads is seen on the host, and not in the layers.
fn is_real_folder(path: &Path) -> bool {
    fs_err::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether every name of a layer is spelled as below it.
fn fits(files: &Path, below: &[PathBuf]) -> Result<bool> {
    if below.is_empty() {
        return Ok(true);
    }
    let names = spelled(below)?;
    for entry in fs_err::read_dir(files).map_err(at("read", files))? {
        let entry = entry.map_err(at("read", files))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if names.get(&name.to_lowercase()).is_some_and(|known| *known != name) {
            return Ok(false);
        }
        let is_folder = entry.file_type().map_err(at("look at", files))?.is_dir();
        if is_folder && !fits(&entry.path(), &join_all(below, &name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same files under the spelling from below.
fn copy(from: &Path, to: &Path, below: &[PathBuf]) -> Result<()> {
    folder_like(from, to)?;
    let names = if below.is_empty() { HashMap::new() } else { spelled(below)? };
    for entry in fs_err::read_dir(from).map_err(at("read", from))? {
        let entry = entry.map_err(at("read", from))?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let name = names.get(&own.to_lowercase()).unwrap_or(&own);
        let (source, target) = (entry.path(), to.join(name));
        let kind = entry.file_type().map_err(at("look at", &source))?;
        let failed = |errno: rustix::io::Errno| at("make", &target)(errno.into());
        if kind.is_dir() {
            copy(&source, &target, &join_all(below, name))?;
        } else if kind.is_char_device() {
            rustix::fs::mknodat(CWD, &target, FileType::CharacterDevice, Mode::empty(), 0).map_err(failed)?;
        } else {
            rustix::fs::linkat(CWD, &source, CWD, &target, AtFlags::empty()).map_err(failed)?;
        }
    }
    Ok(())
}

/// A folder with another's owner, mode and mark.
fn folder_like(from: &Path, to: &Path) -> Result<()> {
    let found = fs_err::symlink_metadata(from).map_err(at("look at", from))?;
    fs_err::create_dir(to).map_err(at("make", to))?;
    let mode = std::fs::Permissions::from_mode(found.mode() & 0o7777);
    std::os::unix::fs::chown(to, Some(found.uid()), Some(found.gid())).map_err(at("give away", to))?;
    fs_err::set_permissions(to, mode).map_err(at("set the mode of", to))?;
    if is_opaque(from) {
        let set = rustix::fs::setxattr(to, OPAQUE, b"y", XattrFlags::empty());
        set.map_err(|errno| at("mark", to)(errno.into()))?;
    }
    Ok(())
}

pub(crate) fn is_opaque(folder: &Path) -> bool {
    let mut value = [0; 1];
    matches!(rustix::fs::getxattr(folder, OPAQUE, &mut value), Ok(1) if value == *b"y")
}

/// An upper folder over others, into which files are put as a container would.
pub(crate) struct Place<'a> {
    lowers: &'a [PathBuf],
    upper: &'a Path,
    any_case: bool,
}

/// Links on the way to one place.
const MOST_LINKS: usize = 40;

impl<'a> Place<'a> {
    pub(crate) fn new(lowers: &'a [PathBuf], upper: &'a Path, any_case: bool) -> Self {
        Self { lowers, upper, any_case }
    }

    fn all(&self) -> Vec<PathBuf> {
        std::iter::once(self.upper.to_owned()).chain(self.lowers.iter().cloned()).collect()
    }

    /// The names behind links, as they are spelled. None of them is a link.
    fn resolved(&self, names: &[String]) -> Result<Vec<String>> {
        let (mut done, mut links) = (Vec::<String>::new(), 0);
        let mut left: Vec<String> = names.iter().rev().cloned().collect();
        while let Some(name) = left.pop() {
            done.push(name);
            let (spelled, shown) = look(&self.all(), &done, self.any_case);
            done = spelled;
            let Some(shown) = shown.filter(|path| path.is_symlink()) else { continue };
            if links == MOST_LINKS {
                let path = self.upper.join(names.join("/"));
                return Err(at("follow the links of", &path)(rustix::io::Errno::LOOP.into()));
            }
            links += 1;
            let link = fs_err::read_link(&shown).map_err(at("read", &shown))?;
            done.pop();
            if link.is_absolute() {
                done.clear();
            }
            // What a link says comes before what is left, and its `..` lead up from where it is.
            let parts: Vec<String> = link.to_string_lossy().split('/').map(str::to_owned).collect();
            let mut ahead = Vec::new();
            for part in parts {
                match part.as_str() {
                    "" | "." => {}
                    ".." => {
                        if ahead.pop().is_none() {
                            done.pop();
                        }
                    }
                    _ => ahead.push(part),
                }
            }
            left.extend(ahead.into_iter().rev());
        }
        Ok(done)
    }

    /// Whether a folder shows there.
    pub(crate) fn is_folder(&self, names: &[String]) -> Result<bool> {
        let names = self.resolved(names)?;
        let shown = || look(&self.all(), &names, self.any_case).1;
        Ok(names.is_empty() || shown().is_some_and(|path| is_real_folder(&path)))
    }

    /// Whether something on the way is no folder.
    fn is_blocked(&self, names: &[String]) -> Result<bool> {
        let names = self.resolved(names)?;
        Ok((1..=names.len()).any(|count| {
            let (_, shown) = look(&self.all(), &names[..count], self.any_case);
            shown.is_some_and(|path| !is_real_folder(&path))
        }))
    }

    /// A folder, made with those above it.
    pub(crate) fn folder(&self, names: &[String]) -> Result<PathBuf> {
        let mut place = self.upper.to_owned();
        let names = self.resolved(names)?;
        for count in 1..=names.len() {
            place.push(&names[count - 1]);
            if is_real_folder(&place) {
                continue;
            }
            match look(self.lowers, &names[..count], self.any_case).1 {
                Some(like) if is_real_folder(&like) => {
                    folder_like(&like, &place)?;
                    unmark(&place)?;
                }
                Some(other) => {
                    return Err(at("make a folder in the place of", &other)(
                        std::io::ErrorKind::NotADirectory.into(),
                    ));
                }
                None => fs_err::create_dir(&place).map_err(at("make", &place))?,
            }
        }
        Ok(place)
    }

    /// Where a file is to be put; what was there is gone.
    pub(crate) fn file(&self, names: &[String]) -> Result<PathBuf> {
        let names = self.resolved(names)?;
        let Some((name, folder)) = names.split_last() else { return Ok(self.upper.to_owned()) };
        let place = self.folder(folder)?.join(name);
        match fs_err::remove_file(&place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at("remove", &place)(error)),
            _ => Ok(place),
        }
    }
}

/// How a path is spelled in folders that lie over each other, and what shows there.
fn look(folders: &[PathBuf], path: &[String], any_case: bool) -> (Vec<String>, Option<PathBuf>) {
    let (mut spelling, mut here, mut shown) = (Vec::new(), folders.to_vec(), None);
    for part in path {
        let found = if any_case {
            spelled(&here).ok().and_then(|names| names.get(&part.to_lowercase()).cloned())
        } else {
            None
        };
        let name = found.unwrap_or_else(|| part.clone());
        let mut next = Vec::new();
        shown = None;
        for folder in &here {
            let place = folder.join(&name);
            let Ok(kind) = fs_err::symlink_metadata(&place).map(|found| found.file_type()) else { continue };
            if !kind.is_dir() {
                // A whiteout, or a file below a folder of the same name.
                if shown.is_none() && !kind.is_char_device() {
                    shown = Some(place);
                }
                break;
            }
            let last = is_opaque(&place);
            shown.get_or_insert_with(|| place.clone());
            next.push(place);
            if last {
                break;
            }
        }
        spelling.push(name);
        here = next;
    }
    (spelling, shown)
}

/// Takes a mark away that would hide what is to show.
fn unmark(folder: &Path) -> Result<()> {
    if !is_opaque(folder) {
        return Ok(());
    }
    rustix::fs::removexattr(folder, OPAQUE).map_err(|errno| at("mark", folder)(errno.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ImageError;

    fn tree(root: &Path, paths: &[&str]) {
        for path in paths {
            let path = root.join(path);
            if path.extension().is_some() {
                fs_err::create_dir_all(path.parent().unwrap()).unwrap();
                fs_err::write(&path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
            } else {
                fs_err::create_dir_all(path).unwrap();
            }
        }
    }

    #[test]
    fn a_layer_takes_the_spelling_from_below() {
        let temp = tempfile::tempdir().unwrap();
        let store = Store::open(&temp.path().join("images")).unwrap();
        let drive = temp.path().join("drive");
        tree(&drive, &["windows/system32"]);
        let layer = |name: &str, paths: &[&str]| {
            let folder = temp.path().join(name);
            tree(&folder.join(FILES), paths);
            Unpacked { chain: Digest::of(name.as_bytes()), folder }
        };
        let layers = [
            layer("itself", &["Windows/System32/NTDLL.dll"]),
            layer("app", &["App/a.txt", "Windows/System32/b.dll"]),
            layer("patch", &["app/A.TXT"]),
            layer("plain", &["other/x.txt"]),
        ];
        let fitted = store.fit(&layers, &drive).unwrap();
        assert_eq!(fitted.len(), 3);
        assert_eq!(fitted[0], layers[3].folder, "nothing to fit");
        assert_eq!(fs_err::read_to_string(fitted[1].join("Files/App/a.txt")).unwrap(), "A.TXT");
        assert!(fitted[2].join("Files/windows/system32/b.dll").is_file());
        assert!(!fitted[2].join("Files/Windows").exists());
        assert_eq!(store.fit(&layers, &drive).unwrap(), fitted, "once is enough");
    }

    #[test]
    fn no_link_leads_out_of_the_layers() {
        use fs_err::os::unix::fs::symlink;
        let temp = tempfile::tempdir().unwrap();
        let [host, upper, lower] = ["host", "upper", "lower"].map(|name| temp.path().join(name));
        tree(temp.path(), &["host/kept.txt", "upper", "lower"]);
        // On the host the first leads out; in the layers it leads to itself, as the others lead to each other.
        let own = host.strip_prefix("/").unwrap();
        for folder in [&upper, &lower] {
            fs_err::create_dir_all(folder.join(own.parent().unwrap())).unwrap();
            symlink(&host, folder.join(own)).unwrap();
            symlink("b", folder.join("a")).unwrap();
            symlink("a", folder.join("b")).unwrap();
        }
        let names = |path: &Path| -> Vec<String> {
            path.iter().map(|name| name.to_string_lossy().into_owned()).collect()
        };
        let lowers = [lower];
        for upper in [&upper, &temp.path().join("empty")] {
            let place = Place::new(&lowers, upper, false);
            for path in [own, Path::new("a")] {
                assert!(place.is_folder(&names(path)).is_err() && place.is_blocked(&names(path)).is_err());
                let error = place.file(&names(&path.join("kept.txt"))).unwrap_err();
                let ImageError::Io { source, .. } = &error else { panic!("{error}") };
                assert_eq!(source.raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
                assert!(place.folder(&names(&path.join("new"))).is_err());
            }
        }
        assert_eq!(fs_err::read_dir(&host).unwrap().count(), 1);
    }

    #[test]
    fn folders_that_are_wanted_are_made_like_what_is_above_them() {
        let temp = tempfile::tempdir().unwrap();
        let store = Store::open(&temp.path().join("images")).unwrap();
        let lower = temp.path().join("lower");
        tree(&lower, &["a/b", "file.txt"]);
        fs_err::set_permissions(lower.join("a"), std::fs::Permissions::from_mode(0o750)).unwrap();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let documents = crate::commit::empty(&crate::Platform::default());
        let make = |paths: &[&str], any_case| {
            let wanted: Vec<_> = paths.iter().map(|text| path(text)).collect();
            store.wanted_folders(&documents, std::slice::from_ref(&lower), &wanted, any_case).unwrap()
        };
        assert_eq!(make(&["a/b", "file.txt/x"], false), None);
        let made = make(&["a/c/d", "x"], false).unwrap().join(FILES);
        assert!(made.join("a/c/d").is_dir() && made.join("x").is_dir() && !made.join("a/b").exists());
        assert_eq!(fs_err::metadata(made.join("a")).unwrap().mode() & 0o777, 0o750);
        assert_eq!(make(&["A/B"], true), None);
        assert!(make(&["A/B"], false).is_some());
    }
}
