//! From a tar to a layer.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use hcs_ext4::tar::{Entry, Kind, Reader, Source};

use super::order::{Place, Rank};
use super::record::RecordWriter;
use super::{EntryProblem, Progress, RECORD, TarLayerError, WHITEOUT, canonical, entry};
use crate::filetime::BasicInfo;
use crate::layer::{OPAQUE, text};
use crate::metadata::Object;
use crate::path::{self, PathProblem};
use crate::{LayerError, LayerOptions, LayerWriter};

/// Warnings that are kept.
const WARNINGS: usize = 100;
/// The utility VM's boot data, and the names of their copies.
const BOOT: [(&str, &str); 4] = [
    ("UtilityVM/Files/EFI/Microsoft/Boot/BCD", "bcd.bak"),
    ("UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG", "bcd.log.bak"),
    ("UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG1", "bcd.log1.bak"),
    ("UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG2", "bcd.log2.bak"),
];
/// Two blocks of zeros end an archive; the reader takes one of them for the end.
const END: usize = 512;

/// How to import.
#[derive(Clone, Debug, Default)]
#[must_use]
#[doc(alias = "ImportLayerFromTar")]
pub struct Import {
    parents: Vec<PathBuf>,
    end_is_optional: bool,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Entries of the tar.
    pub entries: u64,
    /// Bytes of the tar.
    pub read: u64,
    /// Bytes of all files' contents, without alternate streams.
    pub size: u64,
    /// The tar was in our form: the layer alone gives it again, without a record.
    pub canonical: bool,
    /// What a layer has no place for, the first hundred. The record keeps it for an export.
    pub warnings: Vec<String>,
    /// How many that were in all.
    pub warning_count: u64,
}

impl ImportReport {
    pub(super) fn warn(&mut self, name: &[u8], what: &str) {
        self.warning_count += 1;
        if self.warnings.len() < WARNINGS {
            self.warnings.push(format!("{}: {what}", text(name)));
        }
    }
}

impl Import {
    /// A base layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The layers below: the direct parent first.
    pub fn parents(mut self, parents: Vec<PathBuf>) -> Self {
        self.parents = parents;
        self
    }

    /// Takes a tar as whole that just ends.
    pub fn end_is_optional(mut self, yes: bool) -> Self {
        self.end_is_optional = yes;
        self
    }

    /// Makes a layer in a folder that is new or empty. `progress` is called for each entry, and between big pieces.
    ///
    /// # Errors
    /// [`TarLayerError`], with the entry's name and place; the folder is then as it was.
    pub fn run(
        self,
        source: Source<'_>,
        folder: &Path,
        mut progress: impl FnMut(Progress),
    ) -> Result<ImportReport, TarLayerError> {
        let mut layer = LayerWriter::create(folder, LayerOptions { parents: self.parents })?;
        let reader =
            Reader::new(source).keep_records(true).keep_raw(true).end_is_optional(self.end_is_optional);
        let record = RecordWriter::new(layer.side_file(RECORD)?, false)?;
        let canonical = ImportReport { canonical: true, ..ImportReport::default() };
        let mut run = Run {
            reader,
            layer,
            record,
            report: canonical,
            last: Place::default(),
            raw: Vec::new(),
            expected: Vec::new(),
            current: None,
            infos: HashMap::new(),
            links: HashSet::new(),
            hasher: RandomState::new(),
        };
        run.all(&mut progress)?;
        let Run { mut layer, record, report, .. } = run;
        record.finish()?;
        if report.canonical {
            layer.remove_side_file(RECORD)?;
        }
        layer.finish()?;
        Ok(report)
    }
}

/// An import.
struct Run<'a> {
    reader: Reader<'a>,
    layer: LayerWriter,
    record: RecordWriter,
    report: ImportReport,
    /// Of the last entry, in our order.
    last: Place,
    /// What stood before the current entry's content, and what would in our form.
    raw: Vec<u8>,
    expected: Vec<u8>,
    /// The file that streams may follow: its name in the tar, its path, and what it is.
    current: Option<(Vec<u8>, String, Object)>,
    /// Digests of what each file says of itself, by its path's, for links to it.
    infos: HashMap<u64, u64>,
    links: HashSet<u64>,
    hasher: RandomState,
}

impl Run<'_> {
    fn all(&mut self, progress: &mut impl FnMut(Progress)) -> Result<(), TarLayerError> {
        let mut entry = Entry::default();
        while self.reader.next(&mut entry)? {
            progress(Progress { bytes: self.reader.offset(), entries: self.report.entries });
            self.report.entries += 1;
            self.reader.take_raw(&mut self.raw);
            self.record.raw(&self.raw)?;
            let result = self.entry(&entry);
            let stored = result.map_err(|failure| match failure {
                Failure::Entry(source) => {
                    TarLayerError::Entry { entry: text(&entry.name), offset: entry.offset, source }
                }
                Failure::Other(error) => error,
            })?;
            self.report.canonical &= self.expected == self.raw;
            self.content(&entry, &stored, progress)?;
            self.expected.clear();
            self.expected.resize(crate::bytes::length(entry.stored.wrapping_neg() % 512), 0);
        }
        self.reader.take_raw(&mut self.raw);
        self.record.raw(&self.raw)?;
        let mut end = self.raw.len();
        self.report.canonical &= end == self.expected.len() + END;
        loop {
            let bytes = self.reader.rest()?;
            if bytes.is_empty() {
                break;
            }
            end += bytes.len();
            self.report.canonical &= bytes.iter().all(|byte| *byte == 0);
            self.record.raw(bytes)?;
        }
        self.report.canonical &= end == self.expected.len() + 2 * END;
        self.report.read = self.reader.offset();
        progress(Progress { bytes: self.report.read, entries: self.report.entries });
        Ok(())
    }

    /// Takes an entry; its content is still to come.
    fn entry(&mut self, entry: &Entry) -> Result<Stored, Failure> {
        if let Some(stored) = self.stream(entry)? {
            return Ok(stored);
        }
        self.current = None;
        if let Some(kind) = entry::foreign(entry.kind) {
            return Err(EntryProblem::Kind { kind }.into());
        }
        let refused = |source| LayerError::Path { name: text(&entry.name), source };
        let path = path::windows(&entry.name).map_err(refused)?;
        if path.is_empty() && entry.kind == Kind::Directory {
            // `./`: the layer's own folder, of which a layer says nothing.
            self.report.warn(&entry.name, "the folder of the layer itself has no attributes of its own");
            return Ok(Stored::Nothing);
        }
        let (folder, base) = path::split(&path);
        if let Some(hidden) = base.strip_prefix(WHITEOUT) {
            if entry.stored > 0 {
                return Err(LayerError::file(&path, "a tombstone has no content").into());
            }
            self.hide(&path, folder, hidden)?;
            return Ok(Stored::Nothing);
        }
        if !entry.xattrs.is_empty() || entry.has_acl_text {
            self.report.warn(&entry.name, "extended attributes of Linux have no place in a Windows layer");
        }
        self.in_order(&path, Rank::Object);
        if entry.kind == Kind::HardLink {
            self.link(entry, &path)?;
            return Ok(Stored::Nothing);
        }
        let object = entry::object(entry)?;
        self.layer.add(&path, &object.info)?;
        if let Some(security) = &object.security {
            self.layer.security(security)?;
        }
        if let Some(attributes) = &object.attributes {
            self.layer.attributes(attributes)?;
        }
        if let Some(reparse) = &object.reparse {
            self.layer.reparse(reparse)?;
        }
        // Once it is known that a record is needed, nothing has to be compared any more.
        if self.report.canonical {
            canonical::object(&path, &object, entry.size, &mut self.expected)?;
        }
        let name: Vec<u8> = entry.name.strip_suffix(b"/").unwrap_or(&entry.name).to_vec();
        let stored = if entry.kind == Kind::File {
            Stored::File(path.clone())
        } else {
            self.layer.make()?;
            Stored::Nothing
        };
        if entry.kind == Kind::File {
            self.report.size += entry.size;
            if self.report.canonical {
                let info = self.hasher.hash_one(digest(&object.info));
                self.infos.insert(self.hasher.hash_one(&path), info);
            }
            if let Some((_, copy)) = BOOT.iter().find(|(boot, _)| *boot == path) {
                self.layer.back_up(&path, copy);
            }
        }
        self.current = Some((name, path, object));
        Ok(stored)
    }

    /// The entry as an alternate stream of the last file, if it is one.
    fn stream(&mut self, entry: &Entry) -> Result<Option<Stored>, Failure> {
        let Some((name, path, object)) = self.current.take() else { return Ok(None) };
        let stream = entry.name.strip_prefix(&name[..]).and_then(|rest| rest.strip_prefix(b":"));
        let Some(stream) = stream.filter(|_| entry.kind == Kind::File) else { return Ok(None) };
        let stream = std::str::from_utf8(stream)
            .map_err(|_| LayerError::Path { name: text(&entry.name), source: PathProblem::NotText })?;
        if entry.parts.is_some() {
            return Err(LayerError::file(&path, "an alternate stream with holes").into());
        }
        self.layer.stream(stream, entry.size)?;
        if self.report.canonical {
            canonical::stream(&path, stream, &object, entry.size, &mut self.expected)?;
        }
        let stored = Stored::Stream(path.clone(), stream.to_owned());
        self.current = Some((name, path, object));
        Ok(Some(stored))
    }

    fn hide(&mut self, path: &str, folder: &str, hidden: &str) -> Result<(), Failure> {
        if path.ends_with(OPAQUE) {
            self.in_order(path, Rank::Opaque);
            self.layer.hide_content(folder)?;
            return Ok(canonical::opaque(folder, &mut self.expected)?);
        }
        let slash = if folder.is_empty() { "" } else { "/" };
        let hidden = format!("{folder}{slash}{hidden}");
        self.in_order(&hidden, Rank::Tombstone);
        self.layer.remove(&hidden)?;
        Ok(canonical::tombstone(&hidden, &mut self.expected)?)
    }

    fn link(&mut self, entry: &Entry, path: &str) -> Result<(), Failure> {
        let refused = |source| LayerError::Path { name: text(&entry.link), source };
        let target = path::windows(&entry.link).map_err(refused)?;
        self.layer.add_link(path, &target)?;
        let info = entry::info(entry)?;
        if !self.report.canonical {
            return Ok(());
        }
        canonical::hard_link(path, &info, &target, &mut self.expected)?;
        // An export says what the file says of itself, and names the first of its names.
        let (link, target) = (self.hasher.hash_one(path), self.hasher.hash_one(&target));
        self.links.insert(link);
        let same = self.infos.get(&target) == Some(&self.hasher.hash_one(digest(&info)));
        self.report.canonical &= same && !self.links.contains(&target);
        Ok(())
    }

    /// Notes whether an entry comes where our form has it.
    fn in_order(&mut self, path: &str, rank: Rank) {
        if !self.report.canonical {
            return;
        }
        let place = Place::new(path, rank);
        self.report.canonical &= self.last < place;
        self.last = place;
    }

    fn content(
        &mut self,
        entry: &Entry,
        stored: &Stored,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), TarLayerError> {
        let failed = |source: LayerError| TarLayerError::Entry {
            entry: text(&entry.name),
            offset: entry.offset,
            source: source.into(),
        };
        match stored {
            Stored::Nothing => Ok(()),
            Stored::Stream(path, name) => {
                self.record.stream(path, name, entry.stored)?;
                loop {
                    let bytes = self.reader.content()?;
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    self.layer.stream_bytes(bytes).map_err(failed)?;
                }
            }
            Stored::File(path) => {
                let Some(parts) = &entry.parts else {
                    self.record.file(path, 0, entry.stored)?;
                    self.layer.data(entry.size).map_err(failed)?;
                    return self.copy(progress);
                };
                self.layer.data_with_holes(entry.size).map_err(failed)?;
                for part in parts {
                    self.record.file(path, part.offset, part.length)?;
                    self.layer.part(part.offset, part.length).map_err(failed)?;
                    self.copy(progress)?;
                }
                Ok(())
            }
        }
    }

    fn copy(&mut self, progress: &mut impl FnMut(Progress)) -> Result<(), TarLayerError> {
        let Self { reader, layer, report, .. } = self;
        while layer.write_by::<TarLayerError>(|room| Ok(reader.content_into(room)?))? > 0 {
            progress(Progress { bytes: reader.offset(), entries: report.entries });
        }
        Ok(())
    }
}

/// Where an entry's content goes.
#[derive(Debug)]
enum Stored {
    Nothing,
    File(String),
    Stream(String, String),
}

#[derive(Debug)]
enum Failure {
    Entry(EntryProblem),
    Other(TarLayerError),
}

impl From<EntryProblem> for Failure {
    fn from(problem: EntryProblem) -> Self {
        Self::Entry(problem)
    }
}

impl From<LayerError> for Failure {
    fn from(error: LayerError) -> Self {
        Self::Entry(error.into())
    }
}

impl From<canonical::Failed> for Failure {
    /// What can't be said in our form was not said so.
    fn from(failed: canonical::Failed) -> Self {
        match failed {
            canonical::Failed::Entry(problem) => Self::Entry(problem),
            canonical::Failed::Write(source) => Self::Other(TarLayerError::Write { source }),
        }
    }
}

fn digest(info: &BasicInfo) -> [u64; 5] {
    let ticks = |time: crate::filetime::FileTime| time.0.cast_unsigned();
    let attributes = info.attributes.into();
    [ticks(info.created), ticks(info.accessed), ticks(info.written), ticks(info.changed), attributes]
}
