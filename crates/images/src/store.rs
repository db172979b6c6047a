//! The store: blobs by digest, images by name.
//!
//! ```text
//! version       of this form
//! lock          shared by who adds, held by who takes away
//! blobs/HEX     blobs, each checked before it got its name
//! partial/HEX   what came so far of blobs, locked by who receives it
//! names/HEX     an image's name and its manifest; HEX is the digest of the name
//! layers/HEX    chains of layers, unpacked; HEX is the chain's id, HEX-w one of Windows
//! work/         what is not finished
//! ```

mod blobs;
mod names;
mod sweep;

pub(crate) use blobs::{BlobWriter, Receive};
pub use names::Entry;
pub use sweep::{Fsck, InUse, Swept};

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::error::{ImageError, Result, at, invalid};
use crate::io::{Lock, write_whole};
use crate::spec::{Descriptor, Image, MOST_CONFIG, MOST_LAYERS, MOST_MANIFEST, Manifest};

const VERSION: &str = "1";

/// A store of images. Several processes may use it at once.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// An image's documents, checked against each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Documents {
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub image: Image,
}

impl Store {
    /// Opens the store in this folder, and makes it if it is not there. Only its owner may enter: images may hold
    /// set-user-id programs.
    ///
    /// # Errors
    /// A store of a later version; what the system says.
    pub fn open(folder: &Path) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        let make = |path: &Path| builder.create(path).map_err(at("make", path));
        make(folder)?;
        let folder = fs_err::canonicalize(folder).map_err(at("open", folder))?;
        let store = Self { folder };
        for name in ["blobs", "partial", "names", "layers", "work"] {
            make(&store.folder.join(name))?;
        }
        let version = store.folder.join("version");
        match fs_err::read_to_string(&version) {
            Ok(found) if found.trim() == VERSION => {}
            Ok(found) => {
                let found = found.trim().chars().take(20).collect();
                return Err(ImageError::Version { folder: store.folder, found, known: VERSION });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole(&store.work(), &version, VERSION.as_bytes())?;
            }
            Err(error) => return Err(at("read", &version)(error)),
        }
        Ok(store)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    pub(crate) fn layers(&self) -> PathBuf {
        self.folder.join("layers")
    }

    fn lock_path(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Nothing is taken away as long as this is there: who makes a container keeps it from before the image is looked for
    /// until the container's document says which layers it stands on.
    ///
    /// # Errors
    /// What the system says.
    pub fn adding(&self) -> Result<Lock> {
        Lock::shared(&self.lock_path())
    }

    /// The documents of a manifest that is here.
    ///
    /// # Errors
    /// A blob that is missing or damaged; documents that contradict each other.
    pub fn documents(&self, manifest: &Descriptor) -> Result<Documents> {
        let manifest = self.manifest(manifest)?;
        let image: Image = self.document(&manifest.config, MOST_CONFIG)?;
        check_layers(&manifest, &image)?;
        Ok(Documents { manifest, image })
    }

    /// A manifest that is here.
    pub(crate) fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest> {
        let manifest: Manifest = self.document(descriptor, MOST_MANIFEST)?;
        check_manifest(descriptor.digest, &manifest)?;
        Ok(manifest)
    }

    /// A document that is here.
    pub(crate) fn document<T: DeserializeOwned>(&self, descriptor: &Descriptor, limit: u64) -> Result<T> {
        parse(&format!("blob {}", descriptor.digest), &self.bytes(descriptor, limit)?)
    }
}

/// Reads a document.
pub(crate) fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| ImageError::Document { what: what.into(), source })
}

/// What of a manifest can be said by itself.
pub(crate) fn check_manifest(digest: Digest, manifest: &Manifest) -> Result<()> {
    let what = || format!("manifest {digest}");
    if manifest.schema_version != 2 {
        return Err(invalid(what(), format!("is of schema {}; only 2 is taken", manifest.schema_version)));
    }
    if manifest.layers.len() > MOST_LAYERS {
        let count = manifest.layers.len();
        return Err(invalid(what(), format!("has {count} layers; {MOST_LAYERS} are taken at most")));
    }
    if let Some(layer) = manifest.layers.iter().find(|layer| !layer.is_layer()) {
        return Err(invalid(
            what(),
            format!("has {:?} among its layers, which is no layer of an image", layer.media_type),
        ));
    }
    if manifest.config.size > MOST_CONFIG {
        let (what, size) = (format!("configuration {}", manifest.config.digest), manifest.config.size);
        return Err(ImageError::TooLarge { what, size, limit: MOST_CONFIG });
    }
    Ok(())
}

/// Whether manifest and configuration are of one image.
pub(crate) fn check_layers(manifest: &Manifest, image: &Image) -> Result<()> {
    let (layers, ids) = (manifest.layers.len(), image.rootfs.diff_ids.len());
    if layers == ids {
        return Ok(());
    }
    let problem = format!("has {ids} layers, and its manifest {layers}");
    Err(invalid(format!("configuration {}", manifest.config.digest), problem))
}
