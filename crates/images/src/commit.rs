//! New images: one more layer on an image, or a first one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use hcs_layers::tar::Export;
use hcs_layers::{LayerOptions, LayerWriter};

use crate::digest::{Digest, Hashed};
use crate::error::{ImageError, Result, at};
use crate::io::keep_folder;
use crate::linux_diff::Diff;
use crate::reference::Reference;
use crate::spec::{Config, Descriptor, History, Image, Manifest, Platform, RootFs, media};
use crate::store::{BlobWriter, Documents, Entry, Store};
use crate::windows_diff;

/// What is new about an image.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The image that it stands on; `None`: none.
    pub base: Option<Descriptor>,
    /// Of an image that stands on none, for which system it is.
    pub platform: Platform,
    /// The upper folder of the container's overlay, and the host's id that was its id 0; `None`: no new layer.
    pub written: Option<(PathBuf, u32)>,
    /// How its program is started; `None`: as the base's.
    pub config: Option<Config>,
    /// By what it came about.
    pub created_by: String,
    /// A remark.
    pub comment: Option<String>,
    /// When, in RFC 3339; `None`: now.
    pub created: Option<String>,
}

/// A new image, which may have no name yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Committed {
    /// Its manifest.
    pub manifest: Descriptor,
    /// What has no form in a layer and was left out.
    pub warnings: Vec<String>,
}

impl Store {
    /// Makes an image of what a container wrote, and gives it a name.
    ///
    /// # Errors
    /// A file that no layer can have; what the system says. There is no new image then.
    pub fn commit(&self, change: &Change, name: &Reference) -> Result<(Entry, Vec<String>)> {
        let _lock = self.adding()?;
        let committed = self.compose(change)?;
        Ok((self.name(name, &committed.manifest, None)?, committed.warnings))
    }

    /// The same without a name: a step of a build. The next [`Store::sweep`] takes it away unless another image has all
    /// of it.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn compose(&self, change: &Change) -> Result<Committed> {
        let _lock = self.adding()?;
        let Documents { mut manifest, mut image } = match &change.base {
            Some(base) => self.documents(base)?,
            None => empty(&change.platform),
        };
        if let Some(config) = &change.config {
            image.config = config.clone();
        }
        let created = change.created.clone().unwrap_or_else(|| jiff::Timestamp::now().to_string());
        let mut warnings = Vec::new();
        if let Some((written, first_id)) = &change.written {
            let without = volumes(&image);
            let (diff_id, layer) = if image.is_windows() {
                self.windows_layer(written, &without)?
            } else {
                let mut diff = Diff::new(*first_id, &without);
                let layer = self.layer_blob(|out| diff.write(written, out))?;
                warnings = diff.warnings;
                layer
            };
            image.rootfs.diff_ids.push(diff_id);
            manifest.layers.push(layer);
        }
        image.history.push(History {
            created: Some(created.clone()),
            created_by: Some(change.created_by.clone()),
            comment: change.comment.clone(),
            empty_layer: change.written.is_none(),
        });
        image.created = Some(created);
        let json = |source| ImageError::Document { what: "the new image".into(), source };
        manifest.config = self.put(media::CONFIG, &serde_json::to_vec(&image).map_err(json)?)?;
        manifest.media_type = media::MANIFEST.into();
        crate::store::check_manifest(manifest.config.digest, &manifest)?;
        let manifest = self.put(media::MANIFEST, &serde_json::to_vec(&manifest).map_err(json)?)?;
        Ok(Committed { manifest, warnings })
    }

    fn windows_layer(&self, written: &Path, without: &[String]) -> Result<(Digest, Descriptor)> {
        let work = self.work_folder("commit")?;
        let parent = self.empty_layer()?;
        let folder = work.path().join("layer");
        windows_diff::layer(written, &folder, &parent, without)?;
        self.layer_blob(|out| Export::new().run(&folder, out, |_| {}).map(drop).map_err(ImageError::Export))
    }

    /// A folder for what is not finished, of this thread's own.
    pub(crate) fn work_folder(&self, what: &str) -> Result<Work> {
        let id = rustix::thread::gettid().as_raw_nonzero();
        let path = self.work().join(format!("{what}-{id}"));
        // Of a killed process that had this number.
        let _ = fs_err::remove_dir_all(&path);
        fs_err::create_dir(&path).map_err(at("make", &path))?;
        Ok(Work(path))
    }

    /// A layer without files: what lies below the lowest layer of an image that stands on a Wine base.
    pub(crate) fn empty_layer(&self) -> Result<PathBuf> {
        let folder = self.layers().join("empty");
        if !folder.exists() {
            let work = self.work_folder("empty")?;
            let layer = work.path().join("layer");
            LayerWriter::create(&layer, LayerOptions { parents: Vec::new() })?.finish()?;
            match keep_folder(&layer, &folder) {
                Err(_) if folder.exists() => {} // another process was faster
                made => made?,
            }
        }
        Ok(folder)
    }

    /// Puts a layer's tar in, compressed. The result is the tar's digest and the blob.
    fn layer_blob(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<(Digest, Descriptor)> {
        let encoder = GzEncoder::new(self.new_blob()?, Compression::fast());
        let mut tar = Hashed::new(io::BufWriter::with_capacity(256 << 10, encoder));
        write(&mut tar)?;
        let (diff_id, _) = tar.sum();
        let done = |error: io::Error| at("write", &self.work())(error);
        let encoder = tar.into_inner().into_inner().map_err(|error| done(error.into_error()))?;
        let blob: BlobWriter = encoder.finish().map_err(done)?;
        Ok((diff_id, blob.finish(media::LAYER_GZIP)?))
    }
}

/// A folder that goes when it is not needed any more.
pub(crate) struct Work(PathBuf);

impl Work {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What stays is swept.
        let _ = fs_err::remove_dir_all(&self.0);
    }
}

/// Folders whose content is the container's, as paths within the root or drive.
fn volumes(image: &Image) -> Vec<String> {
    let paths = image.config.volumes.iter().flat_map(|volumes| volumes.keys());
    paths
        .map(|path| {
            if image.is_windows() {
                let path = path.get(2..).filter(|_| path.get(1..2) == Some(":")).unwrap_or(path);
                path.replace('\\', "/").trim_matches('/').to_lowercase()
            } else {
                path.trim_matches('/').to_owned()
            }
        })
        .collect()
}

/// An image of nothing.
pub(crate) fn empty(platform: &Platform) -> Documents {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media::MANIFEST.into(),
        config: Descriptor::of(media::CONFIG, b""),
        layers: Vec::new(),
    };
    let rootfs = RootFs { kind: "layers".into(), diff_ids: Vec::new() };
    Documents { manifest, image: Image { platform: platform.clone(), rootfs, ..Image::default() } }
}
