//! Layers of Linux images: a tar becomes a folder `Files`, which an overlay takes as a lower one, and a record by which the
//! tar comes out again. Names, owners, modes, times, attributes and devices are the disk's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use hcs_ext4::Time;
use hcs_ext4::tar::{Entry, Kind, Reader, Source};
use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use super::record::RecordWriter;
use super::{EntryProblem, ImportReport, Progress, RECORD, TarLayerError, WHITEOUT};
use crate::LayerError;
use crate::layer::{Case, Filler, Finish, OPAQUE, Target, Tree, text, umask};
use crate::metadata::{self, MetadataWriter};
use crate::path::{self, PathProblem};

/// Where the tree lies.
const ROOT: &str = "Files";
/// Attributes by which overlays are steered: a tar that brings them would show files that no layer has.
const OVERLAY: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];

/// How to unpack.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Unpack {
    end_is_optional: bool,
}

impl Unpack {
    /// As it is.
    pub fn new() -> Self {
        Self::default()
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
        let filler = Filler::start()?;
        let mut tree = Tree::create(folder, Case::Kept)?;
        let failed = |error| LayerError::io("make", ROOT.as_bytes(), error);
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        let record =
            tree.root.open_at(RECORD.as_bytes(), flags, Mode::from_raw_mode(0o644)).map_err(failed)?;
        let record = RecordWriter::new(File::from(record), true)?;
        // It holds nothing, but has an end only when the layer is whole.
        let marker = tree
            .root
            .open_at(metadata::FILE.as_bytes(), flags, Mode::from_raw_mode(0o644))
            .map_err(failed)?;
        let marker = MetadataWriter::new(marker.into()).map_err(LayerError::from)?;
        let (place, name) = tree.root.parent(ROOT.as_bytes()).map_err(failed)?;
        fs::mkdirat(place, name, Mode::from_raw_mode(0o755)).map_err(failed)?;
        tree.register(ROOT)?;
        let stat = tree.root.stat(ROOT.as_bytes()).map_err(failed)?;
        // Where new files get the group of their folder, it is set like any other.
        let plain = stat.st_mode & 0o2000 == 0;
        let own = plain.then_some((stat.st_uid, stat.st_gid));
        let reader = Reader::new(source).keep_raw(true).end_is_optional(self.end_is_optional);
        let (report, folders) = (ImportReport::default(), BTreeMap::new());
        let mut run = Run { reader, filler, tree, record, report, folders, own, umask: umask() };
        run.all(&mut progress)?;
        let Run { record, filler, mut tree, report, folders, .. } = run;
        filler.finish()?;
        // What is in a folder comes before it.
        for (path, meta) in folders.iter().rev() {
            let opened =
                tree.root.open_at(path.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
            let set = opened.and_then(|fd| meta.set(&fd));
            set.map_err(|error| LayerError::io("finish", path.as_bytes(), error))?;
        }
        record.finish()?;
        marker.finish().map_err(LayerError::from)?;
        tree.keep();
        Ok(report)
    }
}

/// What a folder gets when nothing more comes into it, and a link or device at once.
#[derive(Debug)]
struct Meta {
    owner: (u32, u32),
    mode: u32,
    times: Timestamps,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Meta {
    fn of(entry: &Entry) -> Result<Self, EntryProblem> {
        let steering = |name: &&(Vec<u8>, Vec<u8>)| OVERLAY.iter().any(|prefix| name.0.starts_with(prefix));
        if let Some((name, _)) = entry.xattrs.iter().find(steering) {
            return Err(EntryProblem::Xattr { name: text(name) });
        }
        let time = |time: Time| fs::Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() };
        let last_access = time(entry.accessed.unwrap_or(entry.modified));
        let times = Timestamps { last_access, last_modification: time(entry.modified) };
        let xattrs = entry.xattrs.clone();
        Ok(Self { owner: (entry.uid, entry.gid), mode: entry.mode & 0o7777, times, xattrs })
    }

    fn set(&self, fd: &rustix::fd::OwnedFd) -> rustix::io::Result<()> {
        fs::fchown(fd, Some(Uid::from_raw(self.owner.0)), Some(Gid::from_raw(self.owner.1)))?;
        fs::fchmod(fd, Mode::from_raw_mode(self.mode))?;
        for (name, value) in &self.xattrs {
            fs::fsetxattr(fd, &name[..], value, XattrFlags::empty())?;
        }
        fs::futimens(fd, &self.times)
    }
}

struct Run<'a> {
    reader: Reader<'a>,
    /// Before the tree: what writes into files ends before they are removed.
    filler: Filler,
    tree: Tree,
    record: RecordWriter,
    report: ImportReport,
    /// The later of two entries for one counts.
    folders: BTreeMap<String, Meta>,
    /// The owner that new files have anyway.
    own: Option<(u32, u32)>,
    umask: u32,
}

impl Run<'_> {
    fn all(&mut self, progress: &mut impl FnMut(Progress)) -> Result<(), TarLayerError> {
        let (mut entry, mut raw) = (Entry::default(), Vec::new());
        while self.reader.next(&mut entry)? {
            progress(Progress { bytes: self.reader.offset(), entries: self.report.entries });
            self.report.entries += 1;
            self.reader.take_raw(&mut raw);
            self.record.raw(&raw)?;
            let named =
                |source| TarLayerError::Entry { entry: text(&entry.name), offset: entry.offset, source };
            let file = self.entry(&entry).map_err(named)?;
            if let Some((path, target)) = file {
                self.content(&entry, &path, target, progress)?;
            }
        }
        self.reader.take_raw(&mut raw);
        self.record.raw(&raw)?;
        loop {
            let bytes = self.reader.rest()?;
            if bytes.is_empty() {
                break;
            }
            self.record.raw(bytes)?;
        }
        self.report.read = self.reader.offset();
        progress(Progress { bytes: self.report.read, entries: self.report.entries });
        Ok(())
    }

    /// Makes what an entry says. The content of a file is still to come.
    fn entry(&mut self, entry: &Entry) -> Result<Option<(String, Arc<Target>)>, EntryProblem> {
        let path = inside(&entry.name)?;
        let (folder, base) = path::split(&path);
        if let Some(hidden) = base.strip_prefix(WHITEOUT) {
            if entry.stored > 0 {
                return Err(LayerError::file(&path, "a tombstone has no content").into());
            }
            return self.hide(&path, folder, hidden).map(|()| None);
        }
        if entry.has_acl_text {
            self.report.warn(&entry.name, "an access control list in text form is not set");
        }
        if entry.kind == Kind::HardLink {
            let target = inside(&entry.link)?;
            self.new_name(&path)?;
            self.tree.link(None, &path, &target, false)?;
            return Ok(None);
        }
        let meta = Meta::of(entry)?;
        if entry.kind == Kind::Directory {
            self.folder(&path)?;
            self.folders.insert(path, meta);
            return Ok(None);
        }
        self.new_name(&path)?;
        if entry.kind == Kind::File {
            let target = self.file(&path, meta, entry.parts.as_ref().map(|_| entry.size))?;
            self.report.size += entry.size;
            return Ok(Some((path, target)));
        }
        self.node(entry, &path, &meta)?;
        Ok(None)
    }

    /// A name that nothing has, in a folder that is there.
    fn new_name(&mut self, path: &str) -> Result<(), LayerError> {
        self.tree.parent(path, None)?;
        if self.tree.register(path)? {
            return Err(LayerError::path(path, PathProblem::Exists));
        }
        Ok(())
    }

    /// A folder; one that is there stays, and is only described anew.
    fn folder(&mut self, path: &str) -> Result<(), LayerError> {
        let failed = |error| LayerError::io("make the folder", path.as_bytes(), error);
        self.tree.parent(path, None)?;
        if self.tree.has(path) {
            let stat = self.tree.root.stat(path.as_bytes()).map_err(failed)?;
            return match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => Ok(()),
                _ => Err(LayerError::path(path, PathProblem::Exists)),
            };
        }
        self.tree.register(path)?;
        let (place, name) = self.tree.root.parent(path.as_bytes()).map_err(failed)?;
        fs::mkdirat(place, name, Mode::from_raw_mode(0o755)).map_err(failed)
    }

    fn file(&mut self, path: &str, meta: Meta, sparse: Option<u64>) -> Result<Arc<Target>, LayerError> {
        let failed = |error| LayerError::io("make", path.as_bytes(), error);
        let (place, name) = self.tree.root.parent(path.as_bytes()).map_err(failed)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let owner = Some(meta.owner).filter(|owner| Some(*owner) != self.own);
        // Nobody else may open it before it is its owner's, and set-user-id bits come last.
        let plain = owner.is_none() && meta.mode & (self.umask | 0o7000) == 0;
        let mode = if plain { meta.mode } else { 0o600 };
        let file = File::from(fs::openat(place, name, flags, Mode::from_raw_mode(mode)).map_err(failed)?);
        if let Some(size) = sparse {
            file.set_len(size)
                .map_err(|error| LayerError::io("set the length of", path.as_bytes(), error))?;
        }
        let finish = Finish { owner, mode: (!plain).then_some(meta.mode), times: meta.times };
        let (name, sparse, xattrs) = (path.as_bytes().to_vec(), sparse.is_some(), meta.xattrs);
        Ok(Arc::new(Target { file, name, sparse, finish, xattrs }))
    }

    /// A symbolic link, device or pipe.
    fn node(&mut self, entry: &Entry, path: &str, meta: &Meta) -> Result<(), EntryProblem> {
        let failed = |error| LayerError::io("make", path.as_bytes(), error);
        let kind = match entry.kind {
            Kind::CharDevice if (entry.major, entry.minor) == (0, 0) => {
                return Err(EntryProblem::Kind { kind: "device 0:0, by which overlays hide names" });
            }
            Kind::CharDevice => FileType::CharacterDevice,
            Kind::BlockDevice => FileType::BlockDevice,
            Kind::Fifo => FileType::Fifo,
            _ => FileType::Symlink,
        };
        let (place, name) = self.tree.root.parent(path.as_bytes()).map_err(failed)?;
        if kind == FileType::Symlink {
            fs::symlinkat(&entry.link[..], place, name).map_err(failed)?;
        } else {
            let device = fs::makedev(entry.major, entry.minor);
            fs::mknodat(place, name, kind, Mode::from_raw_mode(0o600), device).map_err(failed)?;
        }
        let (uid, gid) = (Uid::from_raw(meta.owner.0), Gid::from_raw(meta.owner.1));
        fs::chownat(place, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        if kind != FileType::Symlink {
            fs::chmodat(place, name, Mode::from_raw_mode(meta.mode), AtFlags::empty()).map_err(failed)?;
        }
        for (key, value) in &meta.xattrs {
            // What must not be opened has its attributes set by its path, below the folder that is open.
            let fd = std::os::fd::AsRawFd::as_raw_fd(&place);
            let path = [format!("/proc/self/fd/{fd}/").as_bytes(), name].concat();
            fs::lsetxattr(&path[..], &key[..], value, XattrFlags::empty()).map_err(failed)?;
        }
        Ok(fs::utimensat(place, name, &meta.times, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?)
    }

    fn hide(&mut self, path: &str, folder: &str, hidden: &str) -> Result<(), EntryProblem> {
        if path.ends_with(OPAQUE) {
            self.folder(folder)?;
            let opened =
                self.tree.root.open_at(folder.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
            let set =
                opened.and_then(|fd| fs::fsetxattr(&fd, "trusted.overlay.opaque", b"y", XattrFlags::empty()));
            return Ok(set.map_err(|error| LayerError::io("mark as opaque", folder.as_bytes(), error))?);
        }
        if matches!(hidden, "" | "." | "..") {
            return Err(LayerError::path(path, PathProblem::Empty).into());
        }
        let hidden = format!("{folder}/{hidden}");
        self.new_name(&hidden)?;
        let made = self.tree.root.whiteout(hidden.as_bytes());
        Ok(made.map_err(|error: Errno| LayerError::io("make the whiteout", hidden.as_bytes(), error))?)
    }

    fn content(
        &mut self,
        entry: &Entry,
        path: &str,
        target: Arc<Target>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), TarLayerError> {
        let whole = [hcs_ext4::Part { offset: 0, length: entry.stored }];
        for part in entry.parts.as_deref().unwrap_or(&whole) {
            self.record.file(path, part.offset, part.length)?;
            let (mut at, end) = (part.offset, part.offset.saturating_add(part.length));
            while at < end {
                let Self { filler, reader, .. } = self;
                let count = filler.fill::<TarLayerError>(&target, at, |room| {
                    let most = room.len().min(crate::bytes::length(end - at));
                    Ok(reader.content_into(&mut room[..most])?)
                })?;
                at += count as u64;
                progress(Progress { bytes: self.reader.offset(), entries: self.report.entries });
            }
        }
        Ok(self.filler.done(target)?)
    }
}

/// A path below the tree's root.
fn inside(name: &[u8]) -> Result<String, LayerError> {
    let refused = |source| LayerError::Path { name: text(name), source };
    let path = path::clean(name).map_err(refused)?;
    let path = String::from_utf8(path).map_err(|_| refused(PathProblem::NotText))?;
    Ok(if path.is_empty() { ROOT.to_owned() } else { format!("{ROOT}/{path}") })
}
