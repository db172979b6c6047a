//! From files into the store. A tar is read once, in order, so that it may come from a pipe.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use fs_err::File;
use hcs_ext4::tar::{self, Entry, Kind, Reader};

use super::{DOCKER, DockerImage, INDEX, MARK, NAME, REF_NAME};
use crate::digest::Digest;
use crate::error::{ImageError, Result, at, invalid};
use crate::io::Room;
use crate::platform::{self, Wanted};
use crate::reference::Reference;
use crate::spec::{Descriptor, Image, Index, MOST_CONFIG, MOST_MANIFEST, Manifest, media};
use crate::store::{self, Store};

/// Entries of an archive that are looked at.
const MOST_ENTRIES: usize = 100_000;
/// Lists within lists.
const DEEPEST: u32 = 3;

/// An image that was loaded.
pub type Loaded = store::Entry;

/// The parts of a layout or archive, by their paths.
#[derive(Default)]
struct Parts {
    documents: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Descriptor>,
    links: BTreeMap<String, String>,
}

impl Store {
    /// Loads all images of a folder with an OCI layout, or of a tar with one or with docker's form; `-` is standard
    /// input. `name` is the image's, whatever it is called there; with several images it is refused. Of a list of several systems
    /// the one that is `wanted`.
    ///
    /// # Errors
    /// What is no such archive; images without a name; parts that are missing or have another digest; what the system
    /// says. Images that came before stay.
    pub fn load(
        &self,
        path: &Path,
        name: Option<&Reference>,
        wanted: Option<&Wanted>,
    ) -> Result<Vec<Loaded>> {
        let _lock = self.adding()?;
        let parts = if path.as_os_str() != "-" && path.is_dir() {
            self.layout_parts(path)?
        } else {
            self.tar_parts(path)?
        };
        let images = if parts.documents.contains_key(INDEX) {
            if !parts.documents.contains_key(MARK) {
                let problem = format!("is no whole OCI layout: it has no file {MARK}");
                return Err(invalid(path.display().to_string(), problem));
            }
            self.layout(path, &parts, wanted)?
        } else if parts.documents.contains_key(DOCKER) {
            self.docker(path, &parts)?
        } else {
            let problem = format!("is no archive of images: it has neither {INDEX} nor {DOCKER}");
            return Err(invalid(path.display().to_string(), problem));
        };
        if name.is_some() && images.len() > 1 {
            return Err(invalid(path.display().to_string(), "has several images, and one name was given"));
        }
        // Everything that all of them need is there before one has a name.
        let mut whole = Vec::new();
        for Found { manifest, index, names } in images {
            let names = name.map_or(names, |name| vec![name.clone()]);
            if names.is_empty() {
                let problem =
                    format!("has an image without a name ({}); give it one with --name", manifest.digest);
                return Err(invalid(path.display().to_string(), problem));
            }
            let documents = self.documents(&manifest)?;
            for layer in documents.manifest.layers.iter().filter(|layer| !layer.is_foreign()) {
                if !self.has(layer)? {
                    return Err(ImageError::NoBlob { digest: layer.digest });
                }
            }
            whole.push((manifest, index, names));
        }
        let mut loaded = Vec::new();
        for (manifest, index, names) in &whole {
            for name in names {
                loaded.push(self.name(name, manifest, *index)?);
            }
        }
        Ok(loaded)
    }

    /// The parts of a layout's folder. Blobs are copied when they are wanted.
    fn layout_parts(&self, path: &Path) -> Result<Parts> {
        let mut parts = Parts::default();
        for name in [MARK, INDEX, DOCKER] {
            let file = path.join(name);
            match File::open(&file) {
                Ok(open) => {
                    parts.documents.insert(name.into(), document(open, &file)?);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at("open", &file)(error)),
            }
        }
        let blobs = path.join("blobs/sha256");
        for entry in fs_err::read_dir(&blobs).map_err(at("read", &blobs))? {
            let entry = entry.map_err(at("read", &blobs))?;
            let digest = format!("sha256:{}", entry.file_name().to_string_lossy()).parse::<Digest>();
            let Ok(digest) = digest else { continue };
            let size = entry.metadata().map_err(at("look at", &blobs))?.len();
            let descriptor = Descriptor::new("", digest, size);
            if let Some(mut receive) = self.receive(&descriptor)? {
                receive.restart()?;
                let file = entry.path();
                let mut open = File::open(&file).map_err(at("open", &file))?;
                let mut piece = vec![0; 256 << 10];
                loop {
                    match open.read(&mut piece).map_err(at("read", &file))? {
                        0 => break,
                        count => receive.write(&piece[..count])?,
                    }
                }
                receive.finish()?;
            }
            parts.blobs.insert(format!("blobs/sha256/{}", digest.hex()), descriptor);
        }
        Ok(parts)
    }

    /// The parts of a tar: documents in memory, all else in the store.
    fn tar_parts(&self, path: &Path) -> Result<Parts> {
        let opened = tar::open(path).map_err(at("open", path))?;
        let damaged = |source| ImageError::Archive { path: path.into(), source };
        let mut reader = Reader::new(opened.source).end_is_optional(true);
        let (mut entry, mut parts, mut count) = (Entry::default(), Parts::default(), 0);
        let mut room = Room::at(&self.work())?;
        while reader.next(&mut entry).map_err(damaged)? {
            count += 1;
            if count > MOST_ENTRIES {
                return Err(invalid(path.display().to_string(), format!("has over {MOST_ENTRIES} entries")));
            }
            let Some(name) = plain(&entry.name) else {
                let name = tar::printable(&entry.name);
                return Err(invalid(
                    path.display().to_string(),
                    format!("has an entry {name} that leads elsewhere"),
                ));
            };
            match entry.kind {
                Kind::Symlink | Kind::HardLink => {
                    let link = String::from_utf8_lossy(&entry.link).into_owned();
                    let folder = if entry.kind == Kind::Symlink {
                        name.rsplit_once('/').map_or("", |cut| cut.0)
                    } else {
                        ""
                    };
                    if let Some(target) = joined(folder, &link) {
                        parts.links.insert(name, target);
                    }
                }
                Kind::File if matches!(&*name, MARK | INDEX | DOCKER) => {
                    let mut bytes = Vec::new();
                    while (bytes.len() as u64) < entry.stored {
                        let piece = reader.content().map_err(damaged)?;
                        bytes.extend_from_slice(piece);
                        too_large(&name, bytes.len() as u64)?;
                    }
                    parts.documents.insert(name, bytes);
                }
                Kind::File => {
                    let mut blob = self.new_blob()?;
                    let mut left = entry.stored;
                    while left > 0 {
                        let piece = reader.content().map_err(damaged)?;
                        left -= piece.len() as u64;
                        let written = blob.write_all(piece).and_then(|()| room.take(piece.len() as u64));
                        written.map_err(at("write", &self.work()))?;
                    }
                    let descriptor = blob.finish("")?;
                    if let Some(hex) = name.strip_prefix("blobs/sha256/")
                        && hex != descriptor.digest.hex()
                    {
                        let (what, found) =
                            (format!("{name} of {}", path.display()), descriptor.digest.to_string());
                        return Err(ImageError::Mismatch { what, expected: format!("sha256:{hex}"), found });
                    }
                    parts.blobs.insert(name, descriptor);
                }
                _ => {}
            }
        }
        Ok(parts)
    }

    fn layout(&self, path: &Path, parts: &Parts, wanted: Option<&Wanted>) -> Result<Vec<Found>> {
        let what = path.join(INDEX).display().to_string();
        let index: Index = store::parse(&what, &parts.documents[INDEX])?;
        let mut found: Vec<Found> = Vec::new();
        // Several images without names are one for several systems.
        let all_named = index.manifests.iter().all(|manifest| !names(manifest).is_empty());
        let chosen: Vec<&Descriptor> = if all_named || index.manifests.len() < 2 {
            index.manifests.iter().collect()
        } else {
            vec![platform::choose(&what, &index.manifests, wanted)?]
        };
        for descriptor in chosen {
            let (manifest, list) = self.narrowed(&what, descriptor, wanted)?;
            let (names, index) = (names(descriptor), list);
            match found.iter_mut().find(|found| found.manifest.digest == manifest.digest) {
                Some(found) => found.names.extend(names),
                None => found.push(Found { manifest, index, names }),
            }
        }
        if found.is_empty() {
            return Err(invalid(what, "has no image"));
        }
        Ok(found)
    }

    /// The manifest that a descriptor leads to, through lists of several systems.
    fn narrowed(
        &self,
        what: &str,
        descriptor: &Descriptor,
        wanted: Option<&Wanted>,
    ) -> Result<(Descriptor, Option<Digest>)> {
        let (mut descriptor, mut list) = (descriptor.clone(), None);
        for _ in 0..DEEPEST {
            if !descriptor.is_index() {
                let documents = self.documents(&descriptor)?;
                platform::check(what, &documents.image.platform, wanted, descriptor.digest)?;
                return Ok((descriptor, list));
            }
            let index: Index = self.document(&descriptor, MOST_MANIFEST)?;
            list.get_or_insert(descriptor.digest);
            descriptor = platform::choose(what, &index.manifests, wanted)?.clone();
        }
        Err(invalid(what, "has lists of manifests within lists, too many of them"))
    }

    fn docker(&self, path: &Path, parts: &Parts) -> Result<Vec<Found>> {
        let what = path.join(DOCKER).display().to_string();
        let images: Vec<DockerImage> = store::parse(&what, &parts.documents[DOCKER])?;
        let missing =
            |name: &str| invalid(what.clone(), format!("names {name:?}, which is not in the archive"));
        let mut found = Vec::new();
        for DockerImage { config, repo_tags, layers } in images {
            let config = parts.blob(&config).ok_or_else(|| missing(&config))?;
            let bytes = self.bytes(config, MOST_CONFIG)?;
            let image: Image = store::parse(&what, &bytes)?;
            let mut manifest = Manifest {
                schema_version: 2,
                media_type: media::MANIFEST.into(),
                config: Descriptor::new(media::CONFIG, config.digest, config.size),
                layers: Vec::new(),
            };
            for layer in &layers {
                let blob = parts.blob(layer).ok_or_else(|| missing(layer))?;
                manifest
                    .layers
                    .push(Descriptor { media_type: self.layer_type(blob)?.into(), ..blob.clone() });
            }
            store::check_manifest(config.digest, &manifest)?;
            store::check_layers(&manifest, &image)?;
            let bytes = serde_json::to_vec(&manifest)
                .map_err(|source| ImageError::Document { what: what.clone(), source })?;
            let manifest = self.put(media::MANIFEST, &bytes)?;
            let names = repo_tags.unwrap_or_default();
            let names = names.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?;
            found.push(Found { manifest, index: None, names });
        }
        Ok(found)
    }

    /// A layer's media type by its first bytes: docker's archives do not say it.
    fn layer_type(&self, blob: &Descriptor) -> Result<&'static str> {
        let (path, mut start) = (self.blob(blob.digest), Vec::new());
        let read = self.open_blob(blob)?.take(4).read_to_end(&mut start);
        read.map_err(at("read", &path))?;
        Ok(match start[..] {
            [0x1f, 0x8b, ..] => media::LAYER_GZIP,
            [0x28, 0xb5, 0x2f, 0xfd] => media::LAYER_ZSTD,
            _ => media::LAYER,
        })
    }
}

/// An image of an archive.
struct Found {
    manifest: Descriptor,
    index: Option<Digest>,
    names: Vec<Reference>,
}

impl Parts {
    /// The blob of a path, through one link.
    fn blob(&self, path: &str) -> Option<&Descriptor> {
        let path = plain(path.as_bytes())?;
        self.blobs.get(&path).or_else(|| self.blobs.get(self.links.get(&path)?))
    }
}

/// The names that an index gives to an image. A mere tag is none.
fn names(descriptor: &Descriptor) -> Vec<Reference> {
    let mut names = BTreeSet::new();
    for key in [NAME, REF_NAME] {
        let value = descriptor.annotations.get(key);
        let whole = value.filter(|value| key == NAME || value.contains(['/', ':']));
        names.extend(whole.and_then(|value| value.parse::<Reference>().ok()));
    }
    names.into_iter().collect()
}

/// A path without `.` and doubled slashes; none that leads elsewhere.
fn plain(path: &[u8]) -> Option<String> {
    joined("", std::str::from_utf8(path).ok()?)
}

/// Where a path leads that is read in a folder.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn too_large(name: &str, size: u64) -> Result<()> {
    if size <= MOST_MANIFEST {
        return Ok(());
    }
    Err(ImageError::TooLarge { what: name.into(), size, limit: MOST_MANIFEST })
}

fn document(file: File, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST_MANIFEST + 1).read_to_end(&mut bytes).map_err(at("read", path))?;
    too_large(&path.display().to_string(), bytes.len() as u64)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_archive() {
        assert_eq!(joined("a/b", "../c/layer.tar").as_deref(), Some("a/c/layer.tar"));
        assert_eq!(plain(b"./blobs//sha256/x").as_deref(), Some("blobs/sha256/x"));
        for bad in [&b"/etc/x"[..], b"../x", b"a/../../x", b"\xff"] {
            assert_eq!(plain(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_tag_alone_is_no_name() {
        let named = |key: &str, value: &str| {
            let mut descriptor = Descriptor::of("", b"");
            descriptor.annotations.insert(key.into(), value.into());
            names(&descriptor).iter().map(Reference::short).collect::<Vec<_>>()
        };
        assert!(named(REF_NAME, "latest").is_empty() && named(REF_NAME, "a/UPPER").is_empty());
        assert_eq!(named(REF_NAME, "x:1"), ["x:1"]);
        assert_eq!(named(NAME, "docker.io/library/x:1"), ["x:1"]);
    }
}
