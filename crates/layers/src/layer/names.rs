//! Names without content of their own: hard links, tombstones, marks of folders.

use rustix::fs::{self, Mode, OFlags};

use super::reader::LayerReader;
use super::tree::{below_root, check};
use super::writer::{LayerWriter, metadata};
use super::{LayerError, OPAQUE, text};

impl LayerWriter {
    /// Another name of a file of this layer, or of one below.
    ///
    /// # Errors
    /// [`LayerError::LinkTarget`] when there is no such file; [`LayerError::Place`] outside of `Files` and
    /// `UtilityVM/Files`.
    #[doc(alias = "AddLink")]
    pub fn add_link(&mut self, name: &str, target: &str) -> Result<(), LayerError> {
        self.end_current()?;
        let (path, target) = (check(name)?, check(target)?);
        for path in [&path, &target] {
            if below_root(path).is_none() {
                return Err(LayerError::Place { what: "hard link", name: text(path.as_bytes()) });
            }
        }
        self.tree.parent(&path, Some(metadata(&mut self.metadata)?))?;
        self.tree.register(&path)?;
        if self.tree.has(&target) {
            self.tree.link(None, &path, &target, true)?;
            return Ok(metadata(&mut self.metadata)?.link(&path, &target)?);
        }
        let lacks =
            || LayerError::LinkTarget { name: text(path.as_bytes()), target: text(target.as_bytes()) };
        for n in 0..self.parents.len() {
            if !self.opened.contains_key(&n) {
                let reader = LayerReader::open(&self.parents[n])?;
                self.opened.insert(n, reader);
            }
            let found = self.opened.get_mut(&n).and_then(|reader| reader.lookup(&target).transpose());
            let Some(found) = found else { continue };
            let Some(object) = found? else { return Err(lacks()) };
            let from = self.opened.get(&n).map(|reader| &reader.root);
            self.tree.link(from, &path, &target, true)?;
            metadata(&mut self.metadata)?.object(&path, &object)?;
            let streams = self.opened.get_mut(&n).map(|reader| reader.streams_of(&target)).transpose()?;
            for mut stream in streams.into_iter().flatten() {
                let metadata = metadata(&mut self.metadata)?;
                metadata.stream(&stream.name, stream.size)?;
                let Some(reader) = self.opened.get_mut(&n) else { return Err(LayerError::Closed) };
                loop {
                    let bytes = reader.bytes_of(&mut stream)?;
                    if bytes.is_empty() {
                        break;
                    }
                    metadata.stream_bytes(bytes)?;
                }
            }
            return Ok(());
        }
        Err(lacks())
    }

    /// Hides what lower layers have by that name.
    ///
    /// # Errors
    /// [`LayerError::BaseTombstone`], [`LayerError::Place`]
    #[doc(alias = "Remove")]
    pub fn remove(&mut self, name: &str) -> Result<(), LayerError> {
        self.end_current()?;
        let path = check(name)?;
        if below_root(&path).is_none() {
            return Err(LayerError::Place { what: "tombstone", name: text(path.as_bytes()) });
        }
        if self.parents.is_empty() {
            return Err(LayerError::BaseTombstone { name: text(path.as_bytes()) });
        }
        self.tree.parent(&path, Some(metadata(&mut self.metadata)?))?;
        self.tree.register(&path)?;
        let made = self.tree.root.whiteout(path.as_bytes());
        made.map_err(|error| LayerError::io("make the whiteout", path.as_bytes(), error))?;
        Ok(metadata(&mut self.metadata)?.tombstone(&path)?)
    }

    /// Hides all that lower layers have in a folder of this one.
    ///
    /// # Errors
    /// As [`LayerWriter::remove`].
    pub fn hide_content(&mut self, folder: &str) -> Result<(), LayerError> {
        self.end_current()?;
        let path = check(folder)?;
        if below_root(&path).is_none() && !matches!(path.as_str(), "Files" | "UtilityVM/Files") {
            return Err(LayerError::Place { what: "tombstone", name: text(path.as_bytes()) });
        }
        if self.parents.is_empty() {
            return Err(LayerError::BaseTombstone { name: text(path.as_bytes()) });
        }
        let mark = format!("{path}/{OPAQUE}");
        self.tree.parent(&mark, Some(metadata(&mut self.metadata)?))?;
        self.tree.register(&mark)?;
        let opened =
            self.tree.root.open_at(path.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
        let set =
            opened.and_then(|fd| fs::fsetxattr(&fd, "trusted.overlay.opaque", b"y", fs::XattrFlags::empty()));
        set.map_err(|error| LayerError::io("mark as opaque", path.as_bytes(), error))?;
        Ok(metadata(&mut self.metadata)?.opaque(&mark)?)
    }
}
