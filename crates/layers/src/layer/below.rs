//! The layers below one that is read: what they know of files that a scratch layer changed, and what a folder of theirs
//! shows.
//!
//! A scratch layer is the upper folder of an overlay, without metadata of its own. What the overlay copied up carries its
//! mark (`trusted.overlay.origin`) and was a file of the layers below: it keeps their attributes, descriptor, streams and
//! time of creation, as a file of NTFS would that programs wrote to. What has no mark was made anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rustix::fs::FileType;

use super::{LayerError, LayerReader, links, text};
use crate::filetime::{BasicInfo, attributes};
use crate::metadata::{MetadataError, Object, StreamAt};
use crate::reparse::Reparse;
use crate::root::Root;

/// Attributes that the disk knows of, so that they are taken from there.
const ON_DISK: u32 = 1 | attributes::DIRECTORY;

/// Layers, the highest first.
#[derive(Debug)]
pub(crate) struct Below {
    layers: Vec<LayerReader>,
}

impl Below {
    pub(super) fn open(parents: &[PathBuf]) -> Result<Self, LayerError> {
        let layers = parents.iter().map(|parent| LayerReader::open(parent)).collect::<Result<_, _>>()?;
        Ok(Self { layers })
    }

    /// What is known of an object of the scratch at `root`; `info` is what the disk says.
    pub(super) fn describe(
        &mut self,
        root: &mut Root,
        path: &str,
        kind: FileType,
        info: BasicInfo,
    ) -> Result<Object, LayerError> {
        let failed = |error| LayerError::io("look at", path.as_bytes(), error);
        let known = if root.is_copied(path.as_bytes()).map_err(failed)? { self.find(path)? } else { None };
        let known = known.map(|(_, object)| object);
        if kind == FileType::Symlink {
            return link(root, path, info, known);
        }
        let Some(mut object) = known.filter(|object| {
            object.info.is_directory() == (kind == FileType::Directory) && object.reparse.is_none()
        }) else {
            return Ok(Object { info, ..Object::default() });
        };
        object.info.attributes = object.info.attributes & !ON_DISK | info.attributes & ON_DISK;
        object.info.written = info.written;
        object.info.accessed = info.accessed;
        object.info.changed = object.info.changed.max(info.written);
        Ok(object)
    }

    /// The alternate streams of such an object.
    pub(super) fn streams(&mut self, root: &mut Root, path: &str) -> Result<Vec<StreamAt>, LayerError> {
        let copied = root.is_copied(path.as_bytes());
        if !copied.map_err(|error| LayerError::io("look at", path.as_bytes(), error))? {
            return Ok(Vec::new());
        }
        let Some((number, _)) = self.find(path)? else { return Ok(Vec::new()) };
        let mut streams = self.layers[number].streams_of(path)?;
        for stream in &mut streams {
            stream.layer = number + 1;
        }
        Ok(streams)
    }

    pub(super) fn bytes_of(&mut self, number: usize, stream: &mut StreamAt) -> Result<&[u8], MetadataError> {
        let Some(layer) = self.layers.get_mut(number) else { return Ok(&[]) };
        // To its own layer the stream is its own.
        stream.layer = 0;
        let bytes = layer.bytes_of(stream);
        stream.layer = number + 1;
        bytes
    }

    /// The highest layer that has the path, and what it knows of it.
    fn find(&mut self, path: &str) -> Result<Option<(usize, Object)>, LayerError> {
        for (number, layer) in self.layers.iter_mut().enumerate() {
            match layer.lookup(path)? {
                Some(Some(object)) => return Ok(Some((number, object))),
                Some(None) => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The names that the layers together show in a folder.
    pub(crate) fn names(&mut self, folder: &str) -> Result<BTreeSet<String>, LayerError> {
        let mut names = BTreeSet::new();
        let mut hidden = BTreeSet::new();
        for layer in &mut self.layers {
            let failed = |error| LayerError::io("read the folder", folder.as_bytes(), error);
            // What hides the folder, or one on the way, ends the look downwards.
            let mut last = false;
            let mut there = true;
            for prefix in super::tree::prefixes(folder).chain([folder]) {
                match layer.root.stat(prefix.as_bytes()) {
                    Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                        last |= layer.root.is_opaque(prefix.as_bytes()).map_err(failed)?;
                    }
                    Ok(_) => (last, there) = (true, false),
                    Err(rustix::io::Errno::NOENT) => there = false,
                    Err(error) => return Err(failed(error)),
                }
                if !there {
                    break;
                }
            }
            if there {
                for (name, _) in layer.root.entries(folder.as_bytes()).map_err(failed)? {
                    let name = name.into_c_string().into_string().map_err(|error| {
                        LayerError::path(
                            &text(error.into_cstring().to_bytes()),
                            crate::path::PathProblem::NotText,
                        )
                    })?;
                    let stat = layer.root.stat(format!("{folder}/{name}").as_bytes()).map_err(failed)?;
                    if crate::root::is_whiteout(&stat) {
                        hidden.insert(name);
                    } else if !hidden.contains(&name) {
                        names.insert(name);
                    }
                }
            }
            if last {
                break;
            }
        }
        Ok(names)
    }
}

/// A symbolic link as Windows has it: as the layers below know it, unless it leads elsewhere now.
fn link(root: &mut Root, path: &str, info: BasicInfo, known: Option<Object>) -> Result<Object, LayerError> {
    let target = root.link_text(path.as_bytes());
    let target = target.map_err(|error| LayerError::io("read the link", path.as_bytes(), error))?;
    let target = String::from_utf8(target).map_err(|_| LayerError::file(path, "its target is no text"))?;
    if let Some(object) = known {
        let same = object.reparse.as_deref().and_then(|buffer| Reparse::decode(buffer).ok());
        if same.and_then(|reparse| links::target(path, &reparse)).as_deref() == Some(&target) {
            return Ok(object);
        }
    }
    if target.starts_with('/') || target.contains('\\') {
        return Err(LayerError::file(
            path,
            "a symbolic link to an absolute path of Linux's, or with \\ in it",
        ));
    }
    let reparse = Reparse::to(&target.replace('/', "\\"), false);
    let reparse =
        reparse.encode().map_err(|source| LayerError::Reparse { name: text(path.as_bytes()), source })?;
    let folder = if root.leads_to_folder(path.as_bytes()) { attributes::DIRECTORY } else { 0 };
    let info = BasicInfo { attributes: attributes::REPARSE_POINT | folder, ..info };
    Ok(Object { info, reparse: Some(reparse), ..Object::default() })
}
