//! A store for one test, and images made by hand.

use std::path::{Path, PathBuf};

use hcs_ext4::tar::{Item, Kind, Writer};
use hcs_images::{Digest, Entry, ImageError, Reference, Store};
use serde_json::{Value, json};

/// A store in a folder of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
}

impl Place {
    pub(crate) fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "layers have owners: run it as root");
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let store = Store::open(&folder.path().join("images")).unwrap();
        Self { folder, store }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names of what is in a folder of the store.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs_err::read_dir(self.store.folder().join(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn load(&self, path: &Path) -> Result<Vec<Entry>, ImageError> {
        self.store.load(path, Some(&name("x:1")), None)
    }

    /// Unpacks; the folders of files, the lowest first.
    pub(crate) fn prepare(&self, entry: &Entry) -> Result<Vec<PathBuf>, ImageError> {
        let documents = self.store.documents(&entry.manifest)?;
        let layers = self.store.prepare(&documents, |_| {})?;
        Ok(layers.into_iter().map(|layer| layer.folder.join("Files")).collect())
    }
}

pub(crate) fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

/// A tar with these files.
pub(crate) fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = Writer::new(Vec::new());
    for (name, content) in files {
        let kind = if name.ends_with('/') { Kind::Directory } else { Kind::File };
        let stored = content.len() as u64;
        let item = Item { kind, name: name.as_bytes(), mode: 0o755, stored, ..Item::default() };
        tar.entry(&item).unwrap();
        tar.content(content.as_bytes()).unwrap();
    }
    tar.finish().unwrap()
}

/// An image by its blobs.
pub(crate) struct Made {
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) config: Value,
    pub(crate) manifest: Value,
}

impl Made {
    pub(crate) fn new(layers: &[Vec<u8>]) -> Self {
        let ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/x"] },
            "rootfs": { "type": "layers", "diff_ids": ids },
        });
        let layers_of = |layer: &Vec<u8>| descriptor("application/vnd.oci.image.layer.v1.tar", layer);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
            "layers": layers.iter().map(layers_of).collect::<Vec<_>>(),
        });
        Self { blobs: layers.to_vec(), config, manifest }
    }

    /// With another configuration, to which its manifest leads.
    pub(crate) fn with_config(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.config);
        let text = self.config.to_string();
        self.manifest["config"] = descriptor("application/vnd.oci.image.config.v1+json", text.as_bytes());
        self
    }

    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        let documents = [&self.config, &self.manifest].map(|document| document.to_string().into_bytes());
        self.blobs.iter().cloned().chain(documents).collect()
    }

    /// As an OCI layout.
    pub(crate) fn layout(&self, folder: &Path) {
        fs_err::create_dir_all(folder.join("blobs/sha256")).unwrap();
        for blob in self.all() {
            fs_err::write(folder.join("blobs/sha256").join(Digest::of(&blob).hex()), blob).unwrap();
        }
        let index = json!({
            "schemaVersion": 2,
            "manifests": [descriptor(MANIFEST, self.manifest.to_string().as_bytes())],
        });
        fs_err::write(folder.join("index.json"), index.to_string()).unwrap();
        fs_err::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    }
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len() })
}

/// No container stands on anything.
#[expect(clippy::unnecessary_wraps, reason = "what the store asks can fail")]
pub(crate) fn unused() -> hcs_images::Result<hcs_images::InUse> {
    Ok(hcs_images::InUse::new())
}
