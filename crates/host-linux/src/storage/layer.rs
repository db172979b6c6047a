//! What a folder is: a writable layer, a read-only one, a Wine base, or none.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, LayerDescriptor, Result};
use serde::{Deserialize, Serialize};

use super::error::{io, object};
use crate::record::{check_version, parse, read_text, write_durably};
use crate::wine::BaseStore;

/// The file by which clients know a writable layer. On Windows it is its disk; here it says what the layer is.
pub(super) const MARK: &str = "sandbox.vhdx";
/// The upper folder of a writable layer's overlay, and the files of a read-only one.
pub(super) const FILES: &str = "Files";
/// What an overlay needs beside its upper folder.
pub(super) const WORK: &str = "work";
/// The disk of a writable layer with a size, which holds the two then.
pub(super) const DISK: &str = "scratch.ext4";

/// Version of [`Mark`].
const VERSION: u32 = 1;

/// What a writable layer's [`MARK`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mark {
    version: u32,
    /// Real paths of the layers below, the direct parent first.
    pub(super) parents: Vec<PathBuf>,
    /// Bytes of its disk; `None`: it takes what the host's disk has.
    pub(super) size: Option<u64>,
}

impl Mark {
    pub(super) fn new(parents: Vec<PathBuf>, size: Option<u64>) -> Self {
        Self { version: VERSION, parents, size }
    }

    /// `None`: the folder is no writable layer.
    pub(super) fn read(layer: &Path) -> Result<Option<Self>> {
        let path = layer.join(MARK);
        let Some(text) = read_text(&path)? else { return Ok(None) };
        check_version(&path, &text)?;
        let invalid = || {
            let reason = format!(
                "{} was not made by this engine; disks of Windows can't be used here",
                path.display()
            );
            Error::not_supported("sandbox.vhdx", reason)
        };
        parse(&text).map(Some).ok_or_else(invalid)
    }

    /// After a crash of the machine it is the old one or the new one, and the new one when this call came to its end.
    pub(super) fn write(&self, layer: &Path) -> Result<()> {
        write_durably(&layer.join(MARK), self)
    }
}

/// A folder that is a layer.
#[derive(Debug)]
pub(super) enum Kind {
    Writable(Mark),
    /// Nothing is to be mounted for it.
    ReadOnly,
}

impl Kind {
    /// `None`: there is no layer.
    pub(super) fn of(layer: &Path) -> Result<Option<Self>> {
        if let Some(mark) = Mark::read(layer)? {
            return Ok(Some(Self::Writable(mark)));
        }
        let there = [FILES, hcs_layers::metadata::FILE, BASE].iter().any(|name| layer.join(name).exists());
        Ok(there.then_some(Self::ReadOnly))
    }

    /// The same, where there has to be one.
    pub(super) fn expect(layer: &Path) -> Result<Self> {
        Self::of(layer)?.ok_or_else(|| Error::not_found(object(layer)))
    }
}

/// What makes a folder a Wine base.
const BASE: &str = "base.json";

/// A path of this host's, as a client gives it.
pub(super) fn absolute(name: &'static str, path: &str) -> Result<PathBuf> {
    if path.contains('\0') {
        return Err(Error::invalid_argument(name, "a path can't hold a NUL character"));
    }
    if !path.starts_with('/') {
        return Err(Error::invalid_argument(name, format!("{path:?} is not an absolute Linux path")));
    }
    Ok(path.into())
}

/// A layer's real path, also of one that is not there yet: then its folder has to be.
pub(super) fn real(layer: &str) -> Result<PathBuf> {
    let path = absolute("layer", layer)?;
    let failed = |error| io("look at", &path, error);
    match fs_err::canonicalize(&path) {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(failed(error));
            };
            match fs_err::canonicalize(folder) {
                Ok(folder) => Ok(folder.join(name)),
                Err(_) => Err(Error::not_found(object(&path))),
            }
        }
        Err(error) => Err(failed(error)),
    }
}

/// The real paths of layers below, each of which has to be one.
pub(super) fn parents(parents: &[LayerDescriptor]) -> Result<Vec<PathBuf>> {
    let one = |parent: &LayerDescriptor| {
        let path = real(&parent.path)?;
        match Kind::expect(&path)? {
            Kind::ReadOnly => Ok(path),
            Kind::Writable(_) => Err(Error::invalid_argument(
                "parents",
                format!("{} is a writable layer; only read-only ones lie below others", path.display()),
            )),
        }
    };
    parents.iter().map(one).collect()
}

/// The folder that an overlay shows of a layer below.
pub(super) fn lower(parent: &Path) -> Result<PathBuf> {
    if parent.join(BASE).is_file()
        && let (Some(store), Some(name)) =
            (parent.parent(), parent.file_name().and_then(|name| name.to_str()))
    {
        return Ok(BaseStore::new(store).get(name).map_err(crate::compute::from_wine)?.drive_c());
    }
    Ok(parent.join(FILES))
}
