//! Names of images: which manifest each stands for.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Store, parse};
use crate::digest::Digest;
use crate::error::{ImageError, Result, at};
use crate::io::write_whole;
use crate::reference::Reference;
use crate::spec::Descriptor;

/// Fewest digits of a digest by which an image is found.
const FEWEST_DIGITS: usize = 6;

/// An image by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name, with its tag.
    pub name: Reference,
    /// Its manifest.
    pub manifest: Descriptor,
    /// The list of manifests that it was chosen from.
    pub index: Option<Digest>,
}

/// The same on disk.
#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    manifest: Descriptor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<Digest>,
}

impl Store {
    fn name_path(&self, name: &Reference) -> PathBuf {
        self.folder.join("names").join(Digest::of(name.to_string().as_bytes()).hex())
    }

    /// Gives an image a name, in place of whatever has it.
    pub(crate) fn name(
        &self,
        name: &Reference,
        manifest: &Descriptor,
        index: Option<Digest>,
    ) -> Result<Entry> {
        let mut manifest = manifest.clone();
        manifest.platform = None;
        let record = Record { name: name.to_string(), manifest: manifest.clone(), index };
        let bytes = serde_json::to_vec(&record)
            .map_err(|source| ImageError::Document { what: format!("the name {name}"), source })?;
        write_whole(&self.work(), &self.name_path(name), &bytes)?;
        Ok(Entry { name: name.clone(), manifest, index })
    }

    /// Gives an image that is here one more name.
    ///
    /// # Errors
    /// No such image; what the system says.
    pub fn tag(&self, image: &str, name: &Reference) -> Result<Entry> {
        let _lock = self.adding()?;
        let entry = self.find(image)?;
        self.name(name, &entry.manifest, entry.index)
    }

    pub(crate) fn forget_name(&self, name: &Reference) -> Result<()> {
        let path = self.name_path(name);
        fs_err::remove_file(&path).map_err(at("remove", &path))
    }

    /// All images, by their names.
    ///
    /// # Errors
    /// A damaged record; what the system says.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let records = self.records()?.into_iter();
        let mut entries = records.map(|(_, entry)| entry).collect::<Result<Vec<_>>>()?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The files of all names, and what each says.
    pub(super) fn records(&self) -> Result<Vec<(PathBuf, Result<Entry>)>> {
        let folder = self.folder.join("names");
        let mut records = Vec::new();
        for found in fs_err::read_dir(&folder).map_err(at("read", &folder))? {
            let path = found.map_err(at("read", &folder))?.path();
            match fs_err::read(&path) {
                Ok(bytes) => {
                    let entry = entry(&bytes, &path.display().to_string());
                    records.push((path, entry));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // removed meanwhile
                Err(error) => return Err(at("read", &path)(error)),
            }
        }
        Ok(records)
    }

    /// The image of this name; or the one whose manifest's digest begins so, with or without `sha256:`.
    ///
    /// # Errors
    /// No such image, or several.
    pub fn find(&self, text: &str) -> Result<Entry> {
        let missing = || ImageError::NoImage { name: text.chars().take(300).collect() };
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let is_digits = digits.len() >= FEWEST_DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let name = if text.starts_with("sha256:") { None } else { Some(text.parse::<Reference>()) };
        match name {
            Some(Ok(name)) => {
                if let Some(entry) = self.by_name(&name)? {
                    return Ok(entry);
                }
            }
            Some(Err(error)) if !is_digits => return Err(error.into()),
            _ => {}
        }
        if !is_digits {
            return Err(missing());
        }
        let mut found: Option<Entry> = None;
        for entry in self.list()? {
            if !entry.manifest.digest.hex().starts_with(digits) {
                continue;
            }
            if found.as_ref().is_some_and(|found| found.manifest.digest != entry.manifest.digest) {
                return Err(ImageError::Ambiguous { name: text.into() });
            }
            found.get_or_insert(entry);
        }
        found.ok_or_else(missing)
    }

    fn by_name(&self, name: &Reference) -> Result<Option<Entry>> {
        let path = self.name_path(name);
        match fs_err::read(&path) {
            Ok(bytes) => return entry(&bytes, &name.to_string()).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at("read", &path)(error)),
        }
        let Some(digest) = name.digest() else { return Ok(None) };
        // By digest whatever name it came by, of the same repository.
        let fits = |entry: &Entry| {
            entry.name.repository() == name.repository()
                && (entry.manifest.digest == digest || entry.index == Some(digest))
        };
        Ok(self.list()?.into_iter().find(fits))
    }
}

fn entry(bytes: &[u8], what: &str) -> Result<Entry> {
    let Record { name, manifest, index } = parse(what, bytes)?;
    Ok(Entry { name: name.parse()?, manifest, index })
}
