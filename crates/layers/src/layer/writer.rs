//! Making a layer, file by file.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, Mode, OFlags, Timestamps};

use super::reader::LayerReader;
use super::tree::{Case, Tree, check};
use super::{Filler, Finish, LayerError, Target, links, text};
use crate::filetime::{BasicInfo, FileTime, attributes};
use crate::metadata::{self, MetadataWriter, Object};
use crate::path::PathProblem;
use crate::reparse::Reparse;
use crate::{ea, security};

/// How a layer is made.
#[derive(Clone, Debug, Default)]
pub struct LayerOptions {
    /// Folders of the layers below: the direct parent first, the base last. None: this is a base layer.
    pub parents: Vec<PathBuf>,
}

/// Makes a layer in a folder. Until [`LayerWriter::finish`] there is none: whatever was made goes when this is dropped.
///
/// Call [`LayerWriter::add`] and then what belongs to the file, in any order but streams last: or write its backup stream,
/// by [`crate::layer_stream`].
#[derive(Debug)]
pub struct LayerWriter {
    /// Before the tree: what writes into files ends before they are removed.
    filler: Option<Filler>,
    /// What the process's mask takes from the modes of new files.
    umask: u32,
    pub(super) tree: Tree,
    pub(super) metadata: Option<MetadataWriter>,
    pub(super) parents: Vec<PathBuf>,
    /// Those of the parents that links led to.
    pub(super) opened: HashMap<usize, LayerReader>,
    folders: Vec<(String, Timestamps)>,
    /// Files that are copied when the layer is whole, and where to.
    backups: Vec<(String, &'static str)>,
    current: Option<Current>,
}

/// The file that is being added.
#[derive(Debug)]
struct Current {
    path: String,
    object: Object,
    /// It is there, with its metadata: only streams may follow.
    recorded: bool,
    data: Option<Arc<Target>>,
    /// Where its next bytes belong, and how many are to come.
    at: u64,
    left: u64,
    stream_left: u64,
    /// Zeros of its content are holes, whatever its attributes say.
    holes: bool,
}

impl LayerWriter {
    /// Begins a layer in a folder that is new or empty.
    ///
    /// # Errors
    /// [`LayerError::NotEmpty`]; what the system says.
    #[doc(alias = "NewLayerWriter")]
    pub fn create(folder: &Path, options: LayerOptions) -> Result<Self, LayerError> {
        let mut tree = Tree::create(folder, Case::Folded)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        let file = tree.root.open_at(metadata::FILE.as_bytes(), flags, Mode::from_raw_mode(0o644));
        let file = file.map_err(|error| LayerError::io("make", metadata::FILE.as_bytes(), error))?;
        Ok(Self {
            umask: umask(),
            tree,
            metadata: Some(MetadataWriter::new(file.into())?),
            parents: options.parents,
            opened: HashMap::new(),
            folders: Vec::new(),
            backups: Vec::new(),
            current: None,
            filler: Some(Filler::start()?),
        })
    }

    /// Begins a file, folder or reparse point; the one before is whole.
    ///
    /// # Errors
    /// A name that a layer can't have, or that is there; whatever the last file lacks.
    #[doc(alias = "Add")]
    pub fn add(&mut self, name: &str, info: &BasicInfo) -> Result<(), LayerError> {
        self.end_current()?;
        let path = check(name)?;
        if matches!(path.as_str(), "Files" | "Hives" | "UtilityVM" | "UtilityVM/Files")
            && !info.is_directory()
        {
            return Err(LayerError::file(&path, "it has to be a folder"));
        }
        let object = Object { info: *info, ..Object::default() };
        let (recorded, data) = (false, None);
        let (at, left, stream_left, holes) = (0, 0, 0, false);
        self.current = Some(Current { path, object, recorded, data, at, left, stream_left, holes });
        Ok(())
    }

    /// The current file's security descriptor, in self-relative form.
    ///
    /// # Errors
    /// [`LayerError::Security`]; [`LayerError::File`] behind a stream.
    pub fn security(&mut self, descriptor: &[u8]) -> Result<(), LayerError> {
        let current = self.open_object()?;
        let named = |source| LayerError::Security { name: text(current.path.as_bytes()), source };
        security::check(descriptor).map_err(named)?;
        current.object.security = Some(descriptor.to_vec());
        Ok(())
    }

    /// The current file's reparse buffer.
    ///
    /// # Errors
    /// [`LayerError::Reparse`]; [`LayerError::File`] behind a stream.
    pub fn reparse(&mut self, buffer: &[u8]) -> Result<(), LayerError> {
        let current = self.open_object()?;
        let named = |source| LayerError::Reparse { name: text(current.path.as_bytes()), source };
        Reparse::decode(buffer).map_err(named)?;
        current.object.reparse = Some(buffer.to_vec());
        current.object.info.attributes |= attributes::REPARSE_POINT;
        Ok(())
    }

    /// The current file's extended attributes, as a buffer.
    ///
    /// # Errors
    /// [`LayerError::Ea`]; [`LayerError::File`] behind a stream.
    pub fn attributes(&mut self, buffer: &[u8]) -> Result<(), LayerError> {
        let current = self.open_object()?;
        ea::decode(buffer)
            .map_err(|source| LayerError::Ea { name: text(current.path.as_bytes()), source })?;
        current.object.attributes = Some(buffer.to_vec());
        Ok(())
    }

    /// The current file's name of eight and three characters.
    ///
    /// # Errors
    /// [`LayerError::File`] for more characters, and behind a stream.
    pub fn short_name(&mut self, name: &[u16]) -> Result<(), LayerError> {
        let current = self.open_object()?;
        if name.is_empty() || name.len() > 12 {
            return Err(LayerError::file(&current.path, "a short name has 1 to 12 characters"));
        }
        current.object.short_name = Some(name.to_vec());
        Ok(())
    }

    /// The current file's object id of NTFS.
    ///
    /// # Errors
    /// [`LayerError::File`] for one over 64 bytes, and behind a stream.
    pub fn object_id(&mut self, id: &[u8]) -> Result<(), LayerError> {
        let current = self.open_object()?;
        if id.len() > 64 {
            return Err(LayerError::file(&current.path, "an object id has at most 64 bytes"));
        }
        current.object.object_id = Some(id.to_vec());
        Ok(())
    }

    /// Makes the current folder or link now, so that an error comes here and not with what is called next.
    ///
    /// # Errors
    /// As [`LayerWriter::add`].
    pub fn make(&mut self) -> Result<(), LayerError> {
        self.record()
    }

    /// The current file's content: `size` bytes, which [`LayerWriter::write`] brings.
    ///
    /// # Errors
    /// [`LayerError::File`] when it has content already, or can have none.
    pub fn data(&mut self, size: u64) -> Result<(), LayerError> {
        let current = self.current.as_ref().ok_or(LayerError::Closed)?;
        let path = &current.path;
        if current.object.info.is_directory() {
            return Err(LayerError::file(path, "folders have no content"));
        }
        if current.data.is_some() || current.recorded {
            return Err(LayerError::file(path, "it has content already"));
        }
        let tag = current.object.reparse.as_deref().map(Reparse::decode);
        if size > 0 && !matches!(tag, None | Some(Ok(Reparse::Other { .. }))) {
            return Err(LayerError::file(path, "links have no content"));
        }
        self.materialise()?;
        let current = self.current.as_mut().ok_or(LayerError::Closed)?;
        if let Some(target) = current.data.as_ref().filter(|target| target.sparse) {
            let set = target.file.set_len(size);
            set.map_err(|error| LayerError::io("set the length of", current.path.as_bytes(), error))?;
        }
        (current.at, current.left) = (0, size);
        Ok(())
    }

    /// The same for a file most of which may be holes; [`LayerWriter::part`] says where bytes belong.
    ///
    /// # Errors
    /// As [`LayerWriter::data`].
    pub fn data_with_holes(&mut self, size: u64) -> Result<(), LayerError> {
        self.current.as_mut().ok_or(LayerError::Closed)?.holes = true;
        self.data(size)?;
        self.current.as_mut().ok_or(LayerError::Closed)?.left = 0;
        Ok(())
    }

    /// Bytes of the content that [`LayerWriter::data`] announced.
    ///
    /// # Errors
    /// [`LayerError::File`] when there are more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.write_by::<LayerError>(|room| {
                let count = room.len().min(rest.len());
                room[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            })?;
            if count == 0 {
                let path = self.current.as_ref().map_or("", |current| &current.path);
                return Err(LayerError::file(path, "more content than its size says"));
            }
            rest = &rest[count..];
        }
        Ok(())
    }

    /// The same, read straight into the buffer from which it is written; 0 when nothing is wanted.
    ///
    /// # Errors
    /// What `read` says, and [`LayerError`].
    pub fn write_by<E: From<LayerError>>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let (Some(current), Some(filler)) = (&mut self.current, &mut self.filler) else {
            return Err(LayerError::Closed.into());
        };
        let Some(target) = current.data.as_ref().filter(|_| current.left > 0) else { return Ok(0) };
        let left = crate::bytes::length(current.left);
        let count = filler.fill(target, current.at, |room| {
            let room_length = room.len().min(left);
            read(&mut room[..room_length])
        })?;
        current.at += count as u64;
        current.left -= count as u64;
        Ok(count)
    }

    /// Of a sparse file: the next bytes belong here, and there are so many of them. None: the file ends here.
    ///
    /// # Errors
    /// [`LayerError::File`] when the file is not sparse, or its last part is not whole.
    pub fn part(&mut self, offset: u64, length: u64) -> Result<(), LayerError> {
        let current = self.current.as_mut().ok_or(LayerError::Closed)?;
        let Some(target) = current.data.as_ref().filter(|target| target.sparse) else {
            return Err(LayerError::file(&current.path, "a part of a sparse file without one"));
        };
        if current.left > 0 {
            return Err(LayerError::file(&current.path, "a part of a sparse file is not whole"));
        }
        if offset < current.at || i64::try_from(offset.saturating_add(length)).is_err() {
            return Err(LayerError::file(&current.path, "parts of a sparse file are not in order"));
        }
        if length == 0 {
            let set = target.file.set_len(offset);
            set.map_err(|error| LayerError::io("set the length of", current.path.as_bytes(), error))?;
        }
        (current.at, current.left) = (offset, length);
        Ok(())
    }

    /// An alternate stream of the current file, by its bare name; [`LayerWriter::stream_bytes`] brings its bytes.
    ///
    /// # Errors
    /// [`LayerError::Path`] for a name that can't be; [`LayerError::File`] while another stream is not whole.
    pub fn stream(&mut self, name: &str, size: u64) -> Result<(), LayerError> {
        self.record()?;
        let current = self.current.as_mut().ok_or(LayerError::Closed)?;
        let full = || format!("{}:{name}", current.path);
        if current.stream_left > 0 {
            return Err(LayerError::file(&full(), "the stream before is not whole"));
        }
        let invalid = name.chars().find(|character| matches!(character, '\0' | '/' | '\\' | ':'));
        if let Some(character) = invalid {
            return Err(LayerError::path(&full(), PathProblem::Character { character }));
        }
        if name.is_empty() {
            return Err(LayerError::path(&full(), PathProblem::Empty));
        }
        if name.len() > 1024 {
            return Err(LayerError::path(&full(), PathProblem::TooLong { length: name.len() }));
        }
        current.stream_left = size;
        Ok(metadata(&mut self.metadata)?.stream(name, size)?)
    }

    /// Bytes of the stream.
    ///
    /// # Errors
    /// [`LayerError::File`] when there are more than it said.
    pub fn stream_bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        let current = self.current.as_mut().ok_or(LayerError::Closed)?;
        let left = current.stream_left.checked_sub(bytes.len() as u64);
        current.stream_left =
            left.ok_or_else(|| LayerError::file(&current.path, "a stream has more bytes than it says"))?;
        Ok(metadata(&mut self.metadata)?.stream_bytes(bytes)?)
    }

    /// The layer is whole: times of folders are set, and it can be read.
    ///
    /// # Errors
    /// Whatever the last file lacks; what the system says. Then there is no layer.
    #[doc(alias = "Close")]
    pub fn finish(mut self) -> Result<(), LayerError> {
        self.end_current()?;
        if let Some(filler) = self.filler.take() {
            filler.finish()?;
        }
        for (path, times) in std::mem::take(&mut self.folders).iter().rev() {
            let set = self
                .tree
                .root
                .parent(path.as_bytes())
                .and_then(|(folder, base)| fs::utimensat(folder, base, times, AtFlags::SYMLINK_NOFOLLOW));
            set.map_err(|error| LayerError::io("set the times of", path.as_bytes(), error))?;
        }
        for (from, to) in std::mem::take(&mut self.backups) {
            let from = self.tree.root.open_at(from.as_bytes(), OFlags::RDONLY, Mode::empty());
            let mut from = fs_file(from, to)?;
            let mut out = self.side_file(to)?;
            std::io::copy(&mut from, &mut out)
                .map_err(|error| LayerError::io("copy", to.as_bytes(), error))?;
        }
        if let Some(metadata) = self.metadata.take() {
            metadata.finish()?;
        }
        self.tree.keep();
        Ok(())
    }

    /// A file beside the layer's trees, which goes with the layer if that fails.
    pub(crate) fn side_file(&mut self, name: &'static str) -> Result<File, LayerError> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        fs_file(self.tree.root.open_at(name.as_bytes(), flags, Mode::from_raw_mode(0o644)), name)
    }

    /// Removes such a file.
    pub(crate) fn remove_side_file(&mut self, name: &'static str) -> Result<(), LayerError> {
        let removed = self.tree.root.unlink(name.as_bytes());
        removed.map_err(|error| LayerError::io("remove", name.as_bytes(), error))
    }

    /// When the layer is whole, the file at `path` is copied to `to` beside its trees.
    pub(crate) fn back_up(&mut self, path: &str, to: &'static str) {
        self.backups.push((path.to_owned(), to));
    }

    /// Whether the current file has an attribute.
    pub(crate) fn has_attribute(&self, bit: u32) -> bool {
        self.current.as_ref().is_some_and(|current| current.object.info.attributes & bit != 0)
    }

    /// The current file, while its metadata may still change.
    fn open_object(&mut self) -> Result<&mut Current, LayerError> {
        let current = self.current.as_mut().ok_or(LayerError::Closed)?;
        if current.recorded {
            return Err(LayerError::file(&current.path, "its streams come last"));
        }
        Ok(current)
    }

    /// The current file is whole.
    pub(super) fn end_current(&mut self) -> Result<(), LayerError> {
        self.record()?;
        match self.current.take() {
            Some(current) if current.left > 0 || current.stream_left > 0 => {
                Err(LayerError::file(&current.path, "it has less content than its size says"))
            }
            Some(Current { data: Some(target), .. }) => match &mut self.filler {
                Some(filler) => filler.done(target),
                None => Err(LayerError::Closed),
            },
            _ => Ok(()),
        }
    }

    /// Makes the current file if it is not there, and writes its metadata.
    fn record(&mut self) -> Result<(), LayerError> {
        if self.current.as_ref().is_none_or(|current| current.recorded) {
            return Ok(());
        }
        self.materialise()?;
        let (Some(current), Some(metadata)) = (&mut self.current, &mut self.metadata) else {
            return Err(LayerError::Closed);
        };
        if current.left > 0 {
            return Err(LayerError::file(&current.path, "it has less content than its size says"));
        }
        current.recorded = true;
        Ok(metadata.object(&current.path, &current.object)?)
    }

    /// Makes the current file on disk.
    fn materialise(&mut self) -> Result<(), LayerError> {
        let Some(mut current) = self.current.take_if(|current| current.data.is_none() && !current.recorded)
        else {
            return Ok(());
        };
        let path = current.path.clone();
        let info = current.object.info;
        if info.is_reparse_point() && current.object.reparse.is_none() {
            return Err(LayerError::file(
                &path,
                "its attributes say reparse point, but it has no reparse data",
            ));
        }
        self.tree.parent(&path, Some(metadata(&mut self.metadata)?))?;
        let known = self.tree.register(&path)?;
        let bytes = path.as_bytes();
        let failed = |error| LayerError::io("make", bytes, error);
        let reparse = current.object.reparse.as_deref().and_then(|buffer| Reparse::decode(buffer).ok());
        let times = times(&info);
        let link = reparse.as_ref().and_then(|reparse| links::target(&path, reparse));
        let (folder, base) = self.tree.root.parent(bytes).map_err(failed)?;
        if known {
            // A folder that was made for what is in it is announced now.
            if !info.is_directory() || reparse.is_some() {
                return Err(LayerError::path(&path, PathProblem::Exists));
            }
            self.tree.implicit.remove(&path);
            self.folders.push((path, times));
        } else if let Some(link) = link {
            fs::symlinkat(link, folder, base).map_err(failed)?;
            fs::utimensat(folder, base, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        } else if info.is_directory() {
            fs::mkdirat(folder, base, Mode::from_raw_mode(0o755)).map_err(failed)?;
            if reparse.is_some() {
                self.tree.closed.insert(path.clone());
            }
            self.folders.push((path, times));
        } else {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            // Wine takes a file that nobody may write for one with the attribute "read-only".
            let mode = if info.attributes & 1 == 0 { 0o644 } else { 0o444 };
            let file = fs::openat(folder, base, flags, Mode::from_raw_mode(mode)).map_err(failed)?;
            let mode = (mode & self.umask != 0).then_some(mode);
            let finish = Finish { owner: None, mode, times };
            let sparse = current.holes || info.attributes & attributes::SPARSE_FILE != 0;
            let (name, xattrs) = (path.into_bytes(), Vec::new());
            current.data = Some(Arc::new(Target { file: file.into(), name, sparse, finish, xattrs }));
        }
        self.current = Some(current);
        Ok(())
    }
}

/// The metadata, while the layer is being made.
pub(super) fn metadata(metadata: &mut Option<MetadataWriter>) -> Result<&mut MetadataWriter, LayerError> {
    metadata.as_mut().ok_or(LayerError::Closed)
}

/// The process's mask for new files. Without /proc, or where that does not say: all of it, so that modes are set.
pub(crate) fn umask() -> u32 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o777)
}

/// A file beside the layer's trees.
fn fs_file(opened: rustix::io::Result<OwnedFd>, name: &str) -> Result<File, LayerError> {
    opened.map(File::from).map_err(|error| LayerError::io("open", name.as_bytes(), error))
}

/// The times that Linux keeps too.
pub(crate) fn times(info: &BasicInfo) -> Timestamps {
    let time = |time: FileTime| {
        let (seconds, nanoseconds) = time.to_unix();
        fs::Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() }
    };
    Timestamps { last_access: time(info.accessed), last_modification: time(info.written) }
}
