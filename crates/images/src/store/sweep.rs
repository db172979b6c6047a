//! Taking away: names, what no image needs any more, and what is damaged.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err::File;

use super::{Entry, Store, check_layers};
use crate::digest::{Digest, Hashed};
use crate::error::{ImageError, Result, at};
use crate::io::Lock;
use crate::spec::{Image, MOST_CONFIG};

/// Folders of layers that something stands on, and what that is.
pub type InUse = Vec<(PathBuf, String)>;

/// What was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Blobs, whole or not.
    pub blobs: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Unpacked layers.
    pub layers: u64,
    /// Others were at work, so that nothing more could go; the next time it does.
    pub busy: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fsck {
    /// Images whose parts are all there.
    pub images: u64,
    /// Blobs that are what their names say.
    pub blobs: u64,
    /// What is wrong, a text for each.
    pub problems: Vec<String>,
    /// Names of images that lack something.
    pub broken: Vec<String>,
}

/// What the images that are left need.
#[derive(Debug, Default)]
struct Needed {
    blobs: BTreeSet<String>,
    layers: BTreeSet<String>,
}

impl Store {
    /// Takes a name away, and whatever no other name needs. `in_use` is asked when nobody can begin to use an image any
    /// more; what is mounted is known besides.
    ///
    /// # Errors
    /// No such image; [`ImageError::InUse`]; what `in_use` or the system says.
    pub fn remove<E: From<ImageError>>(
        &self,
        text: &str,
        in_use: impl FnOnce() -> Result<InUse, E>,
    ) -> Result<(Entry, Swept), E> {
        // Without the lock others are at work, and no layer goes.
        let lock = Lock::try_exclusive(&self.lock_path())?;
        let entry = self.find(text)?;
        let mut in_use = in_use()?;
        in_use.extend(self.mounted()?);
        let others = self.list()?.into_iter().filter(|other| other.name != entry.name);
        let shared = others.into_iter().any(|other| other.manifest.digest == entry.manifest.digest);
        // Who only takes one of two names away changes nothing for containers.
        if !shared && let Some(documents) = there(self.documents(&entry.manifest))? {
            let own = documents.image.chains().last().map(Digest::hex);
            let stands = |path: &Path| own.is_some() && self.chain_of(path) == own.as_deref();
            let user = in_use.iter().find(|(path, _)| stands(path));
            if let Some((_, user)) = user {
                return Err(ImageError::InUse { name: entry.name.short(), user: user.clone() }.into());
            }
        }
        self.forget_name(&entry.name)?;
        let swept = match lock {
            Some(_lock) => self.take_away(&in_use)?,
            None => Swept { busy: true, ..Swept::default() },
        };
        Ok((entry, swept))
    }

    /// Takes away what no image needs, and what killed processes left. `in_use` as in [`Store::remove`].
    ///
    /// # Errors
    /// A name's record or document that can't be read, because then nobody knows what it needs; what `in_use` or the
    /// system says.
    pub fn sweep<E: From<ImageError>>(&self, in_use: impl FnOnce() -> Result<InUse, E>) -> Result<Swept, E> {
        let Some(_lock) = Lock::try_exclusive(&self.lock_path())? else {
            return Ok(Swept { busy: true, ..Swept::default() });
        };
        let mut in_use = in_use()?;
        in_use.extend(self.mounted()?);
        Ok(self.take_away(&in_use)?)
    }

    fn take_away(&self, in_use: &[(PathBuf, String)]) -> Result<Swept> {
        let mut swept = Swept::default();
        let needed = self.needed()?;
        for path in entries(&self.folder.join("blobs"))? {
            if !needed.blobs.contains(&name_of(&path)) {
                swept.bytes += size_of(&path);
                swept.blobs += 1;
                remove_file(&path)?;
            }
        }
        for path in entries(&self.folder.join("partial"))? {
            swept.bytes += size_of(&path);
            swept.blobs += 1;
            remove_file(&path)?;
        }
        for path in entries(&self.layers())? {
            let used = in_use.iter().any(|(user, _)| user.starts_with(&path));
            if !used && !self.chain_of(&path).is_some_and(|chain| needed.layers.contains(chain)) {
                swept.layers += 1;
                remove_folder(&path)?;
            }
        }
        for path in entries(&self.work())? {
            let folder = fs_err::symlink_metadata(&path).map_err(at("look at", &path))?.is_dir();
            if folder { remove_folder(&path)? } else { remove_file(&path)? }
        }
        Ok(swept)
    }

    /// The id of the chain that a folder of layers, or what is below it, belongs to.
    fn chain_of<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let below = path.strip_prefix(self.layers()).ok()?;
        below.iter().next()?.to_str()?.split('-').next()
    }

    fn needed(&self) -> Result<Needed> {
        let mut needed = Needed::default();
        for entry in self.list()? {
            needed.blobs.insert(entry.manifest.digest.hex());
            // Of an image that lacks a document nothing more is known, and what it had is of no use.
            let Some(manifest) = there(self.manifest(&entry.manifest))? else { continue };
            needed.blobs.insert(manifest.config.digest.hex());
            needed.blobs.extend(manifest.layers.iter().map(|layer| layer.digest.hex()));
            let image = self.document::<Image>(&manifest.config, MOST_CONFIG);
            let image = image.and_then(|image| check_layers(&manifest, &image).map(|()| image));
            let Some(image) = there(image)? else { continue };
            needed.layers.extend(image.chains().iter().map(Digest::hex));
        }
        Ok(needed)
    }

    /// Reads every blob, and looks whether each image has all it needs. With `repair` damaged blobs and names go, so that
    /// a pull brings them again, and so does what no image needs; `in_use` as in [`Store::remove`].
    ///
    /// # Errors
    /// What `in_use` or the system says; what is wrong with the store is in the result.
    pub fn fsck<E: From<ImageError>>(
        &self,
        repair: bool,
        in_use: impl FnOnce() -> Result<InUse, E>,
    ) -> Result<Fsck, E> {
        let mut found = Fsck::default();
        {
            let _lock = self.adding()?;
            let mut damaged = BTreeSet::new();
            for path in entries(&self.folder.join("blobs"))? {
                let mut sum = Hashed::new(File::open(&path).map_err(at("open", &path))?);
                io::copy(&mut sum, &mut io::sink()).map_err(at("read", &path))?;
                if sum.sum().0.hex() == name_of(&path) {
                    found.blobs += 1;
                    continue;
                }
                found.problems.push(format!("blob {} has another content", name_of(&path)));
                damaged.insert(name_of(&path));
                if repair {
                    remove_file(&path)?;
                }
            }
            for (path, entry) in self.records()? {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        found.problems.push(format!("name {}: {error}", name_of(&path)));
                        if repair {
                            remove_file(&path)?;
                        }
                        continue;
                    }
                };
                match self.lacks(&entry, &damaged) {
                    Ok(None) => found.images += 1,
                    Ok(Some(problem)) => {
                        found.problems.push(format!("image {}: {problem}", entry.name.short()));
                        found.broken.push(entry.name.short());
                    }
                    Err(error) => {
                        found.problems.push(format!("image {}: {error}", entry.name.short()));
                        found.broken.push(entry.name.short());
                    }
                }
            }
        }
        if repair {
            self.sweep(in_use)?;
        }
        Ok(found)
    }

    fn lacks(&self, entry: &Entry, damaged: &BTreeSet<String>) -> Result<Option<String>> {
        let documents = self.documents(&entry.manifest)?;
        for layer in documents.manifest.layers.iter().filter(|layer| !layer.is_foreign()) {
            if damaged.contains(&layer.digest.hex()) || !self.has(layer)? {
                return Ok(Some(format!("layer {} is not there, or not whole", layer.digest)));
            }
        }
        Ok(None)
    }
}

/// What is not there, or not whole; what can't be read now may be whole all the same.
fn there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error @ ImageError::Io { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs_err::read_dir(folder).map_err(at("read", folder))?;
    read.map(|entry| entry.map(|entry| entry.path()).map_err(at("read", folder))).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn size_of(path: &Path) -> u64 {
    fs_err::symlink_metadata(path).map_or(0, |found| found.len())
}

fn remove_file(path: &Path) -> Result<()> {
    fs_err::remove_file(path).map_err(at("remove", path))
}

fn remove_folder(path: &Path) -> Result<()> {
    fs_err::remove_dir_all(path).map_err(at("remove", path))
}
