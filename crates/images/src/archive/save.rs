//! From the store into files. Equal images make equal bytes.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::path::Path;

use fs_err::File;
use hcs_ext4::tar::{Item, Kind, Writer};

use super::{DOCKER, DockerImage, INDEX, MARK, MARK_CONTENT, NAME, REF_NAME};
use crate::error::{ImageError, Result, at, invalid};
use crate::spec::{Descriptor, Index, media};
use crate::store::{Entry, Store};

/// What images need, and the documents that lead to it.
struct Content {
    /// By digest, each once.
    blobs: BTreeMap<String, Descriptor>,
    index: Vec<u8>,
    docker: Vec<u8>,
}

impl Store {
    /// Writes images as a tar that is an OCI layout and a docker archive at once.
    ///
    /// # Errors
    /// A part that is missing; what the system says.
    pub fn save(&self, images: &[Entry], out: &mut dyn Write) -> Result<()> {
        let _lock = self.adding()?;
        let content = self.content(images)?;
        let output = |error| at("write", Path::new("the archive"))(error);
        let mut tar = Writer::new(out);
        for folder in ["blobs/", "blobs/sha256/"] {
            let item =
                Item { kind: Kind::Directory, name: folder.as_bytes(), mode: 0o755, ..Item::default() };
            tar.entry(&item).map_err(output)?;
        }
        for blob in content.blobs.values() {
            let name = format!("blobs/sha256/{}", blob.digest.hex());
            tar.entry(&file(&name, blob.size)).map_err(output)?;
            self.each_piece(blob, &mut |piece| tar.content(piece).map_err(output))?;
        }
        for (name, bytes) in
            [(INDEX, &content.index[..]), (DOCKER, &content.docker), (MARK, MARK_CONTENT.as_bytes())]
        {
            tar.entry(&file(name, bytes.len() as u64)).map_err(output)?;
            tar.content(bytes).map_err(output)?;
        }
        tar.finish().map_err(output)?;
        Ok(())
    }

    /// Writes images as an OCI layout into a folder that is new or empty.
    ///
    /// # Errors
    /// A folder that has something in it; a part that is missing; what the system says.
    pub fn save_layout(&self, images: &[Entry], folder: &Path) -> Result<()> {
        let _lock = self.adding()?;
        let content = self.content(images)?;
        let blobs = folder.join("blobs/sha256");
        fs_err::create_dir_all(folder).map_err(at("make", folder))?;
        if fs_err::read_dir(folder).map_err(at("read", folder))?.next().is_some() {
            return Err(invalid(
                folder.display().to_string(),
                "has something in it; a layout needs a new or empty folder",
            ));
        }
        fs_err::create_dir_all(&blobs).map_err(at("make", &blobs))?;
        for blob in content.blobs.values() {
            let path = blobs.join(blob.digest.hex());
            let mut out = File::create(&path).map_err(at("make", &path))?;
            self.each_piece(blob, &mut |piece| out.write_all(piece).map_err(at("write", &path)))?;
        }
        for (name, bytes) in [(INDEX, &content.index[..]), (MARK, MARK_CONTENT.as_bytes())] {
            let path = folder.join(name);
            fs_err::write(&path, bytes).map_err(at("write", &path))?;
        }
        Ok(())
    }

    fn content(&self, images: &[Entry]) -> Result<Content> {
        let (mut blobs, mut manifests, mut docker) = (BTreeMap::new(), Vec::new(), Vec::<DockerImage>::new());
        for entry in images {
            let documents = self.documents(&entry.manifest)?;
            let path = |blob: &Descriptor| format!("blobs/sha256/{}", blob.digest.hex());
            let mut named = entry.manifest.clone();
            let platform = documents.image.platform.clone();
            named.platform = Some(platform);
            named.annotations.insert(NAME.into(), entry.name.to_string());
            let tag = entry.name.tag().map_or_else(|| entry.name.to_string(), str::to_owned);
            named.annotations.insert(REF_NAME.into(), tag);
            manifests.push(named);
            let parts = documents.manifest.layers.iter().chain([&documents.manifest.config, &entry.manifest]);
            for blob in parts {
                if self.has(blob)? {
                    blobs.insert(blob.digest.hex(), blob.clone());
                } else if !blob.is_foreign() {
                    return Err(ImageError::NoBlob { digest: blob.digest });
                }
            }
            docker.push(DockerImage {
                config: path(&documents.manifest.config),
                repo_tags: entry.name.tag().map(|_| vec![entry.name.short()]),
                layers: documents.manifest.layers.iter().map(path).collect(),
            });
        }
        let json = |source| ImageError::Document { what: "the new archive".into(), source };
        let index = Index { schema_version: 2, media_type: media::INDEX.into(), manifests };
        let index = serde_json::to_vec(&index).map_err(json)?;
        Ok(Content { blobs, index, docker: serde_json::to_vec(&docker).map_err(json)? })
    }

    fn each_piece(&self, blob: &Descriptor, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let path = self.blob(blob.digest);
        let mut file = self.open_blob(blob)?;
        let mut piece = vec![0; 256 << 10];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => take(&piece[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(at("read", &path)(error)),
            }
        }
    }
}

fn file(name: &str, stored: u64) -> Item<'_> {
    Item { kind: Kind::File, name: name.as_bytes(), mode: 0o644, stored, ..Item::default() }
}
