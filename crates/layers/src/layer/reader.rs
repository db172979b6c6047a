//! Reading a layer, in the order in which layers are exported: folders before what is in them, names by their bytes.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, Stat};

use super::{Below, LayerError, OPAQUE, text};
use crate::backup::{SPARSE_ATTRIBUTE, StreamHeader, StreamId, Writer};
use crate::filetime::{BasicInfo, FileTime, attributes};
use crate::metadata::{self, Found, MetadataError, MetadataReader, Object, StreamAt};
use crate::path::PathProblem;
use crate::root::{Root, is_whiteout};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum What {
    /// A file, a folder or a reparse point.
    Object,
    /// Lower layers have something by this name, which is hidden.
    Tombstone,
    /// All that lower layers have in the folder of this path is hidden.
    Opaque,
}

/// An item of a layer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// Its path, with `/` between components.
    pub path: String,
    /// What it is.
    pub what: What,
    /// What is known of it; for tombstones nothing.
    pub object: Object,
    /// Bytes of its content.
    pub size: u64,
    /// How many names it has.
    pub links: u64,
    /// What its names have in common: device and inode.
    pub id: (u64, u64),
    /// Its content is a file on disk.
    has_data: bool,
}

/// A folder that is being read.
#[derive(Debug)]
struct Frame {
    path: String,
    names: std::vec::IntoIter<Box<CStr>>,
}

/// Reads a layer.
#[derive(Debug)]
pub struct LayerReader {
    pub(crate) root: Root,
    metadata: Option<MetadataReader>,
    /// What a layer without metadata, a scratch, stands on.
    below: Option<Below>,
    frames: Vec<Frame>,
    /// What comes before the next name: roots, tombstones of the last folder.
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
enum Waiting {
    Top(&'static str),
    Hidden(String, What),
}

impl LayerReader {
    /// Opens a layer's folder. One without metadata is taken as it lies on disk.
    ///
    /// # Errors
    /// [`LayerError::Metadata`] when the layer is not finished, or damaged; what the system says.
    #[doc(alias = "NewLayerReader")]
    pub fn open(folder: &Path) -> Result<Self, LayerError> {
        let name = folder.as_os_str().as_encoded_bytes();
        let root = Root::open(folder);
        let mut root = root.map_err(|error| LayerError::io("open the layer", name, error))?;
        let metadata = match root.open_at(metadata::FILE.as_bytes(), OFlags::RDONLY, Mode::empty()) {
            Ok(file) => Some(MetadataReader::open(file.into())?),
            Err(rustix::io::Errno::NOENT) => None,
            Err(error) => return Err(LayerError::io("open", metadata::FILE.as_bytes(), error)),
        };
        let waiting = ["Files", "Hives", "UtilityVM"].map(Waiting::Top).into();
        Ok(Self { root, metadata, below: None, frames: Vec::new(), waiting })
    }

    /// Opens a layer's folder above others, the direct parent first. Of a scratch layer, the upper folder of an overlay, a
    /// file that was there before keeps what the layers below know of it.
    ///
    /// # Errors
    /// As [`LayerReader::open`], of any of the layers.
    pub fn open_above(folder: &Path, parents: &[std::path::PathBuf]) -> Result<Self, LayerError> {
        let mut this = Self::open(folder)?;
        this.below = Some(Below::open(parents)?);
        Ok(this)
    }

    /// The layers below, as far as they were named.
    pub(crate) fn below(&mut self) -> Option<&mut Below> {
        self.below.as_mut()
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// [`LayerError::Kind`] for what no Windows layer has; what the system says.
    #[doc(alias = "Next")]
    #[expect(
        clippy::should_implement_trait,
        reason = "content is read between two items, from the same reader"
    )]
    pub fn next(&mut self) -> Result<Option<Item>, LayerError> {
        loop {
            let path = match self.waiting.pop_front() {
                Some(Waiting::Hidden(path, what)) => return Ok(Some(hidden(path, what))),
                Some(Waiting::Top(name)) if self.frames.is_empty() => match self.root.stat(name.as_bytes()) {
                    Ok(_) => name.to_owned(),
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(error) => return Err(LayerError::io("look at", name.as_bytes(), error)),
                },
                Some(top) => {
                    // What is in the last top folder comes first.
                    self.waiting.push_front(top);
                    match self.next_name()? {
                        Some(path) => path,
                        None => continue,
                    }
                }
                None if self.frames.is_empty() => return Ok(None),
                None => match self.next_name()? {
                    Some(path) => path,
                    None => continue,
                },
            };
            if let Some(item) = self.item(path)? {
                return Ok(Some(item));
            }
        }
    }

    /// The next name of the folder that is being read; without one the folder is done.
    fn next_name(&mut self) -> Result<Option<String>, LayerError> {
        let Some(frame) = self.frames.last_mut() else { return Ok(None) };
        let Some(name) = frame.names.next() else {
            self.frames.pop();
            return Ok(None);
        };
        let path = [frame.path.as_bytes(), b"/", name.to_bytes()].concat();
        String::from_utf8(path).map(Some).map_err(|error| not_text(error.as_bytes()))
    }

    /// The object by that path; its folder's content comes next.
    fn item(&mut self, path: String) -> Result<Option<Item>, LayerError> {
        let stat = self.root.stat(path.as_bytes());
        let stat = stat.map_err(|error| LayerError::io("look at", path.as_bytes(), error))?;
        let found = self.find(&path)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if let Some(kind) = foreign(kind) {
            return Err(LayerError::Kind { name: text(path.as_bytes()), kind });
        }
        let (announced, object) = match found {
            Some(Found::Object(object)) => (true, object),
            Some(Found::Folder) => (false, Object::default()),
            // In `Hives` lies also what was made from the layer and is none of it.
            _ if path.starts_with("Hives") => return Ok(None),
            _ => {
                let info = from_stat(&stat, kind);
                match (&self.metadata, &mut self.below) {
                    (None, Some(below)) => (true, below.describe(&mut self.root, &path, kind, info)?),
                    _ if kind == FileType::Symlink => {
                        return Err(LayerError::file(
                            &path,
                            "a symbolic link of which the layer's metadata knows nothing",
                        ));
                    }
                    _ => (true, Object { info, ..Object::default() }),
                }
            }
        };
        if (kind == FileType::Directory) != object.info.is_directory()
            && kind != FileType::Symlink
            && announced
        {
            return Err(LayerError::file(
                &path,
                "the layer's metadata says folder and the disk file, or the reverse",
            ));
        }
        let reparse = object.reparse.is_some();
        if kind == FileType::Directory && !reparse {
            self.enter(&path)?;
        }
        if !announced {
            return Ok(None);
        }
        let has_data = kind == FileType::RegularFile && !object.info.is_directory();
        let size = if has_data { u64::try_from(stat.st_size).unwrap_or_default() } else { 0 };
        let links = if kind == FileType::RegularFile { wide(stat.st_nlink) } else { 1 };
        let id = (wide(stat.st_dev), wide(stat.st_ino));
        Ok(Some(Item { path, what: What::Object, object, size, links, id, has_data }))
    }

    /// Reads a folder's names. What is hidden in it comes first.
    fn enter(&mut self, path: &str) -> Result<(), LayerError> {
        let failed = |error| LayerError::io("read the folder", path.as_bytes(), error);
        let entries = self.root.entries(path.as_bytes()).map_err(failed)?;
        let mark = format!("{path}/{OPAQUE}");
        let mut first = Vec::new();
        let marked = match self.metadata {
            Some(_) => matches!(self.find(&mark)?, Some(Found::Opaque)),
            None => self.root.is_opaque(path.as_bytes()).map_err(failed)?,
        };
        if marked {
            first.push(Waiting::Hidden(path.to_owned(), What::Opaque));
        }
        let mut names = Vec::with_capacity(entries.len());
        for (name, kind) in entries {
            if path == "UtilityVM" && name.to_bytes() != b"Files" {
                continue; // disks that were made from the layer
            }
            if matches!(kind, FileType::CharacterDevice | FileType::Unknown) {
                let full = [path.as_bytes(), b"/", name.to_bytes()].concat();
                let stat = self.root.stat(&full).map_err(|error| LayerError::io("look at", &full, error))?;
                if is_whiteout(&stat) {
                    let full = String::from_utf8(full).map_err(|error| not_text(error.as_bytes()))?;
                    first.push(Waiting::Hidden(full, What::Tombstone));
                    continue;
                }
            }
            names.push(name);
        }
        for waiting in first.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        self.frames.push(Frame { path: path.to_owned(), names: names.into_iter() });
        Ok(())
    }

    fn find(&mut self, path: &str) -> Result<Option<Found>, LayerError> {
        Ok(self.metadata.as_mut().map(|metadata| metadata.find(path)).transpose()?.flatten())
    }

    /// What the layer knows of a path, `None` when there is no such object, and the inner when it is hidden here.
    #[expect(clippy::option_option, reason = "who looks through a chain of layers stops at a tombstone")]
    pub(crate) fn lookup(&mut self, path: &str) -> Result<Option<Option<Object>>, LayerError> {
        let stat = match self.root.stat(path.as_bytes()) {
            Ok(stat) => stat,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(LayerError::io("look at", path.as_bytes(), error)),
        };
        if is_whiteout(&stat) {
            return Ok(Some(None));
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        Ok(Some(Some(match self.find(path)? {
            Some(Found::Object(object)) => object,
            _ => Object { info: from_stat(&stat, kind), ..Object::default() },
        })))
    }

    /// The alternate streams of a path: name and size of each.
    pub(crate) fn streams_of(&mut self, path: &str) -> Result<Vec<StreamAt>, LayerError> {
        if let Some(metadata) = &mut self.metadata {
            return Ok(metadata.streams(path)?);
        }
        match &mut self.below {
            Some(below) => below.streams(&mut self.root, path),
            None => Ok(Vec::new()),
        }
    }

    /// The next bytes of a stream, none at its end.
    pub(crate) fn bytes_of(&mut self, stream: &mut StreamAt) -> Result<&[u8], MetadataError> {
        match (stream.layer.checked_sub(1), &mut self.metadata, &mut self.below) {
            (None, Some(metadata), _) => metadata.stream_bytes(stream),
            (Some(number), _, Some(below)) => below.bytes_of(number, stream),
            _ => Ok(&[]),
        }
    }

    /// An object's content, as a file; `None` when it can have none.
    ///
    /// # Errors
    /// What the system says.
    pub fn content(&mut self, item: &Item) -> Result<Option<File>, LayerError> {
        if !item.has_data {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.root.open_at(item.path.as_bytes(), flags, Mode::empty());
        Ok(Some(file.map_err(|error| LayerError::io("open", item.path.as_bytes(), error))?.into()))
    }

    /// An object as a backup stream: descriptor, attributes, content, streams, reparse data.
    ///
    /// # Errors
    /// What the system says.
    #[doc(alias = "Read")]
    pub fn backup(&mut self, item: &Item) -> Result<Backup<'_>, LayerError> {
        let object = &item.object;
        let mut head = Writer::new(Vec::new());
        let (security, attributes) = (object.security.as_deref(), object.attributes.as_deref());
        put(&mut head, StreamId::SECURITY, security, &item.path)?;
        put(&mut head, StreamId::EA_DATA, attributes, &item.path)?;
        put(&mut head, StreamId::OBJECT_ID, object.object_id.as_deref(), &item.path)?;
        put(&mut head, StreamId::REPARSE_DATA, object.reparse.as_deref(), &item.path)?;
        let mut head = finish(head, &item.path)?;
        let content = self.content(item)?;
        if content.is_some() {
            // The writer would wait for the content, which comes from elsewhere.
            let mut header = StreamHeader::new(StreamId::DATA, item.size);
            if object.info.attributes & attributes::SPARSE_FILE != 0 {
                header.attributes = SPARSE_ATTRIBUTE;
            }
            head.extend(header.encode().map_err(|source| backup_error(&item.path, source))?);
        }
        let streams = self.streams_of(&item.path)?.into();
        let file = content.map(|file| file.take(item.size));
        Ok(Backup { reader: self, ready: head, at: 0, content: file, left: item.size, streams, stream: None })
    }
}

/// A file's backup stream, as it is read.
#[derive(Debug)]
pub struct Backup<'a> {
    reader: &'a mut LayerReader,
    ready: Vec<u8>,
    at: usize,
    content: Option<io::Take<File>>,
    left: u64,
    streams: VecDeque<StreamAt>,
    stream: Option<StreamAt>,
}

impl Read for Backup<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.at < self.ready.len() {
                let count = out.len().min(self.ready.len() - self.at);
                out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
                self.at += count;
                return Ok(count);
            }
            (self.at, self.ready) = (0, Vec::new());
            if let Some(content) = &mut self.content {
                let count = content.read(out)?;
                self.left -= count as u64;
                if count > 0 || out.is_empty() {
                    return Ok(count);
                }
                if self.left > 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file got shorter"));
                }
                self.content = None;
            }
            if let Some(stream) = &mut self.stream {
                let bytes = self.reader.bytes_of(stream).map_err(io::Error::other)?;
                if !bytes.is_empty() {
                    self.ready = bytes.to_vec();
                    continue;
                }
                self.stream = None;
            }
            let Some(stream) = self.streams.pop_front() else { return Ok(0) };
            let mut header = StreamHeader::new(StreamId::ALTERNATE_DATA, stream.size);
            header.name = format!(":{}:$DATA", stream.name).encode_utf16().collect();
            self.ready = header.encode()?;
            self.stream = Some(stream);
        }
    }
}

fn put(
    writer: &mut Writer<Vec<u8>>,
    id: StreamId,
    bytes: Option<&[u8]>,
    path: &str,
) -> Result<(), LayerError> {
    let Some(bytes) = bytes else { return Ok(()) };
    let begun = writer.begin(&StreamHeader::new(id, bytes.len() as u64));
    begun.map_err(|source| backup_error(path, source))?;
    io::Write::write_all(writer, bytes).map_err(|source| backup_error(path, source.into()))
}

fn finish(writer: Writer<Vec<u8>>, path: &str) -> Result<Vec<u8>, LayerError> {
    writer.finish().map_err(|source| backup_error(path, source))
}

fn backup_error(path: &str, source: crate::backup::BackupError) -> LayerError {
    LayerError::Backup { name: text(path.as_bytes()), source }
}

fn not_text(name: &[u8]) -> LayerError {
    LayerError::Path { name: text(name), source: PathProblem::NotText }
}

/// A number of the system's, which has another width on each architecture.
fn wide(value: impl Into<u64>) -> u64 {
    value.into()
}

fn hidden(path: String, what: What) -> Item {
    Item { path, what, object: Object::default(), size: 0, links: 1, id: (0, 0), has_data: false }
}

/// What Windows has no name for.
fn foreign(kind: FileType) -> Option<&'static str> {
    match kind {
        FileType::RegularFile | FileType::Directory | FileType::Symlink => None,
        FileType::Fifo => Some("named pipe"),
        FileType::Socket => Some("socket"),
        FileType::BlockDevice => Some("block device"),
        _ => Some("character device"),
    }
}

/// What Linux knows of a file, for one that has no metadata.
pub(crate) fn from_stat(stat: &Stat, kind: FileType) -> BasicInfo {
    let time = |seconds: i64, nanoseconds: u64| {
        FileTime::from_unix(seconds, u32::try_from(nanoseconds).unwrap_or_default())
    };
    let written = time(stat.st_mtime, stat.st_mtime_nsec);
    // As the writer sets it, and as Wine shows and sets the attribute.
    let read_only = u32::from(stat.st_mode & 0o222 == 0);
    BasicInfo {
        created: written,
        accessed: time(stat.st_atime, stat.st_atime_nsec),
        written,
        changed: written,
        attributes: if kind == FileType::Directory {
            attributes::DIRECTORY
        } else {
            attributes::ARCHIVE | read_only
        },
    }
}
