//! From a layer to a tar.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::out::Out;
use super::record::{RecordReader, Step};
use super::{Progress, RECORD, TarLayerError, canonical};
use crate::layer::text;
use crate::{Item, LayerError, LayerReader, What};

/// Zeros that end a tar.
const END: usize = 1024;

/// How to export.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[doc(alias = "ExportLayerToTar")]
pub struct Export {
    canonical: bool,
}

/// What an export did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Entries, when the tar was made in our form.
    pub entries: u64,
    /// Bytes of the tar.
    pub written: u64,
    /// It was made after the record of the tar that the layer came as.
    pub recorded: bool,
}

impl Export {
    /// As the tar that the layer came as, if there is a record of it, else in our form.
    pub fn new() -> Self {
        Self::default()
    }

    /// In our form, whatever the layer came as.
    pub fn canonical(mut self, yes: bool) -> Self {
        self.canonical = yes;
        self
    }

    /// Writes a layer's tar. `progress` is called for each entry, and between big pieces.
    ///
    /// # Errors
    /// [`TarLayerError`], with the file's name.
    pub fn run(
        self,
        folder: &Path,
        out: impl Write,
        progress: impl FnMut(Progress),
    ) -> Result<ExportReport, TarLayerError> {
        self.run_from(LayerReader::open(folder)?, out, progress)
    }

    /// The same of a layer that is open and that nothing was read of.
    ///
    /// # Errors
    /// As [`Export::run`].
    pub fn run_from(
        self,
        mut layer: LayerReader,
        out: impl Write,
        mut progress: impl FnMut(Progress),
    ) -> Result<ExportReport, TarLayerError> {
        let out = Out::new(out);
        match open_record(&mut layer)? {
            Some(record) if !self.canonical => return Replay { layer, record, out }.run(&mut progress),
            Some(record) if record.linux => {
                return Err(TarLayerError::Linux { what: "only the tar that it came as can be made" });
            }
            _ => {}
        }
        let (headers, firsts) = (Vec::new(), HashMap::new());
        Walk { layer, tar: out, headers, firsts, entries: 0 }.run(&mut progress)
    }
}

/// The record of a layer's tar, whole.
fn open_record(layer: &mut LayerReader) -> Result<Option<RecordReader<io::BufReader<File>>>, TarLayerError> {
    match layer.root.open_at(RECORD.as_bytes(), OFlags::RDONLY, Mode::empty()) {
        Ok(record) => RecordReader::open(record.into()).map(Some),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(LayerError::io("open", RECORD.as_bytes(), error).into()),
    }
}

/// Whether a layer has a record of its tar, which is checked.
pub(crate) fn has_record(layer: &mut LayerReader) -> Result<bool, TarLayerError> {
    match open_record(layer)? {
        Some(record) if record.linux => Err(TarLayerError::Linux { what: "only the tar is known" }),
        record => Ok(record.is_some()),
    }
}

/// In our form.
struct Walk<W> {
    layer: LayerReader,
    tar: Out<W>,
    headers: Vec<u8>,
    /// Of files with several names, the first.
    firsts: HashMap<(u64, u64), String>,
    entries: u64,
}

impl<W: Write> Walk<W> {
    fn run(mut self, progress: &mut impl FnMut(Progress)) -> Result<ExportReport, TarLayerError> {
        while let Some(item) = self.layer.next()? {
            progress(Progress { bytes: self.tar.count, entries: self.entries });
            self.item(&item, progress)?;
        }
        self.tar.put(&[0; END])?;
        let (written, entries) = (self.tar.finish()?, self.entries);
        progress(Progress { bytes: written, entries });
        Ok(ExportReport { entries, written, recorded: false })
    }

    fn item(&mut self, item: &Item, progress: &mut impl FnMut(Progress)) -> Result<(), TarLayerError> {
        self.headers.clear();
        let (path, object) = (&item.path, &item.object);
        match item.what {
            What::Tombstone => {
                let made = canonical::tombstone(path, &mut self.headers);
                return self.put(path, made);
            }
            What::Opaque => {
                let made = canonical::opaque(path, &mut self.headers);
                return self.put(path, made);
            }
            What::Object => {}
        }
        if item.links > 1 {
            if let Some(first) = self.firsts.get(&item.id) {
                let made = canonical::hard_link(path, &object.info, first, &mut self.headers);
                return self.put(path, made);
            }
            self.firsts.insert(item.id, path.clone());
        }
        // A reparse point has no content in a tar; one that stands on disk as a file is empty.
        let size = if object.reparse.is_some() { 0 } else { item.size };
        let made = canonical::object(path, object, size, &mut self.headers);
        self.put(path, made)?;
        if size > 0
            && let Some(file) = self.layer.content(item)?
        {
            self.content(path, &file, size, progress)?;
        }
        for mut stream in self.layer.streams_of(path)? {
            self.headers.clear();
            let made = canonical::stream(path, &stream.name, object, stream.size, &mut self.headers);
            self.put(path, made)?;
            let size = stream.size;
            loop {
                let bytes = self.layer.bytes_of(&mut stream).map_err(LayerError::from)?;
                if bytes.is_empty() {
                    break;
                }
                self.tar.put(bytes)?;
            }
            self.pad(size)?;
        }
        Ok(())
    }

    /// Writes an entry's headers.
    fn put(&mut self, path: &str, made: Result<(), canonical::Failed>) -> Result<(), TarLayerError> {
        made.map_err(|failed| match failed {
            canonical::Failed::Entry(source) => TarLayerError::Export { name: text(path.as_bytes()), source },
            canonical::Failed::Write(source) => TarLayerError::Write { source },
        })?;
        self.entries += 1;
        self.tar.put(&self.headers)
    }

    fn content(
        &mut self,
        path: &str,
        mut file: &File,
        size: u64,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), TarLayerError> {
        let mut left = size;
        while left > 0 {
            let failed = |error| LayerError::io("read", path.as_bytes(), error).into();
            let count = self.tar.fill(left, |room| read(&mut file, room).map_err(failed))?;
            if count == 0 {
                return Err(LayerError::file(path, "the file got shorter while it was read").into());
            }
            left -= count as u64;
            if left > 0 {
                progress(Progress { bytes: self.tar.count, entries: self.entries });
            }
        }
        self.pad(size)
    }

    fn pad(&mut self, size: u64) -> Result<(), TarLayerError> {
        let padding = crate::bytes::length(size.wrapping_neg() % 512);
        self.tar.put(&[0; 512][..padding])
    }
}

/// After the record of another tar.
struct Replay<W> {
    layer: LayerReader,
    record: RecordReader<io::BufReader<File>>,
    out: Out<W>,
}

impl<W: Write> Replay<W> {
    fn run(mut self, progress: &mut impl FnMut(Progress)) -> Result<ExportReport, TarLayerError> {
        while let Some(step) = self.record.next()? {
            let Self { layer, record, out } = &mut self;
            match step {
                Step::Bytes(length) => pieces(out, length, |room, _| record.bytes(room))?,
                Step::Zeros(length) => pieces(out, length, |room, _| {
                    room.fill(0);
                    Ok(())
                })?,
                Step::File { length, path, offset } => {
                    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
                    let file = layer.root.open_at(path.as_bytes(), flags, Mode::empty());
                    let file = file.map_err(|error| LayerError::io("open", path.as_bytes(), error))?;
                    let file = File::from(file);
                    pieces(out, length, |room, done| {
                        let read = file.read_exact_at(room, offset.saturating_add(done));
                        read.map_err(|error| LayerError::io("read", path.as_bytes(), error).into())
                    })?;
                }
                Step::Stream { length, path, name } => self.stream(&path, &name, length)?,
            }
            progress(Progress { bytes: self.out.count, entries: 0 });
        }
        Ok(ExportReport { entries: 0, written: self.out.finish()?, recorded: true })
    }

    fn stream(&mut self, path: &str, name: &str, length: u64) -> Result<(), TarLayerError> {
        let streams = self.layer.streams_of(path)?;
        let stream = streams.into_iter().find(|stream| stream.name == name && stream.size == length);
        let lacks = TarLayerError::Record { what: "names a stream that the layer has not" };
        let mut stream = stream.ok_or(lacks)?;
        loop {
            let bytes = self.layer.bytes_of(&mut stream).map_err(LayerError::from)?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.out.put(bytes)?;
        }
    }
}

/// So many bytes, which `fill` puts into each room, with how many came before.
fn pieces<W: Write>(
    out: &mut Out<W>,
    length: u64,
    mut fill: impl FnMut(&mut [u8], u64) -> Result<(), TarLayerError>,
) -> Result<(), TarLayerError> {
    let mut done = 0;
    while done < length {
        let count = out.fill(length - done, |room| fill(room, done).map(|()| room.len()))?;
        done += count as u64;
    }
    Ok(())
}

/// Reads once, whatever signals come.
fn read(file: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
