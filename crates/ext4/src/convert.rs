//! From a tar to an image.

use crate::storage::Storage;
use crate::tar::{Entry, Kind, Reader, Source, TarError};
use crate::write::{Metadata, Node, Writer, text};
use crate::{Error, Time};

/// Content from this size on is read straight into the image's buffers. Smaller files come many in one read.
const DIRECT: u64 = 64 << 10;
/// Warnings that are kept.
const WARNINGS: usize = 100;

/// What to make of names that begin with `.wh.`, by which a layer of an image hides what lower layers have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whiteouts {
    /// They are files like others.
    #[default]
    Keep,
    /// They become what overlay file systems hide names by: devices 0:0, and marks on folders.
    #[doc(alias = "ConvertWhiteout")]
    Overlay,
    /// They take away what earlier tars of the same image brought.
    Apply,
}

/// How to convert.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Convert {
    whiteouts: Whiteouts,
    backslashes: bool,
    end_is_optional: bool,
}

/// How far a conversion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the tar that have been read.
    pub read: u64,
    /// Entries that have been made.
    pub entries: u64,
}

/// What a conversion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries of the tar.
    pub entries: u64,
    /// Bytes of the tar.
    pub read: u64,
    /// What could not be kept as it was, the first hundred.
    pub warnings: Vec<String>,
    /// How many that were in all.
    pub warning_count: u64,
}

/// Why a tar could not be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ConvertError {
    /// The tar is damaged, or holds what is not known.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// An entry can't be kept.
    #[error("tar entry {entry} at byte {offset}")]
    Entry { entry: String, offset: u64, source: Error },
    /// The image can't be written.
    #[error(transparent)]
    Image(#[from] Error),
}

impl Convert {
    /// As it is: whiteouts are files.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to make of whiteouts.
    pub fn whiteouts(mut self, whiteouts: Whiteouts) -> Self {
        self.whiteouts = whiteouts;
        self
    }

    /// Takes `\` in names and links' targets for `/`.
    pub fn backslashes(mut self, yes: bool) -> Self {
        self.backslashes = yes;
        self
    }

    /// Takes a tar as whole that just ends.
    pub fn end_is_optional(mut self, yes: bool) -> Self {
        self.end_is_optional = yes;
        self
    }

    /// Adds all entries of a tar to an image. `progress` is called for each, and between big pieces.
    ///
    /// # Errors
    /// [`ConvertError`]; the image can't be gone on with then.
    pub fn run<S: Storage + 'static>(
        self,
        source: Source<'_>,
        writer: &mut Writer<S>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Report, ConvertError> {
        let mut reader = Reader::new(source).end_is_optional(self.end_is_optional);
        let (mut entry, mut report) = (Entry::default(), Report::default());
        while reader.next(&mut entry)? {
            progress(Progress { read: reader.offset(), entries: report.entries });
            report.entries += 1;
            self.add(&mut entry, &mut reader, writer, &mut report, &mut progress)?;
        }
        reader.drain()?;
        report.read = reader.offset();
        progress(Progress { read: report.read, entries: report.entries });
        Ok(report)
    }

    fn add<S: Storage + 'static>(
        self,
        entry: &mut Entry,
        reader: &mut Reader<'_>,
        writer: &mut Writer<S>,
        report: &mut Report,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), ConvertError> {
        if self.backslashes {
            for byte in entry.name.iter_mut().chain(&mut entry.link) {
                if *byte == b'\\' {
                    *byte = b'/';
                }
            }
        }
        let (offset, entries) = (entry.offset, report.entries);
        if self.whiteouts != Whiteouts::Keep
            && let Some((path, hidden)) = whiteout(&entry.name)
        {
            let result = match (hidden, self.whiteouts) {
                (None, Whiteouts::Apply) => writer.hide_content(&path),
                (None, _) => writer.make_opaque(&path),
                (Some(_), Whiteouts::Apply) => writer.hide(&path),
                (Some(_), _) => {
                    writer.create(&path, Node::CharDevice { major: 0, minor: 0 }, &Metadata::default())
                }
            };
            return result.map_err(|error| failed(&entry.name, offset, error));
        }
        if entry.kind == Kind::HardLink {
            return writer.link(&entry.link, &entry.name).map_err(|error| failed(&entry.name, offset, error));
        }
        let metadata = metadata(entry, report);
        let node = match entry.kind {
            Kind::HardLink => return Ok(()),
            Kind::File => {
                let begun = match &entry.parts {
                    Some(parts) => writer.create_sparse_file(&entry.name, &metadata, entry.size, parts),
                    None => writer.create_file(&entry.name, &metadata, entry.size),
                };
                begun.map_err(|error| failed(&entry.name, offset, error))?;
                let mut left = entry.stored;
                while left > 0 {
                    if left >= DIRECT {
                        let read = writer.write_by(|room| reader.content_into(room));
                        let count = read.map_err(|error| failed(&entry.name, offset, error))??;
                        left -= count as u64;
                        if count > 0 {
                            progress(Progress { read: reader.offset(), entries });
                            continue;
                        }
                    }
                    let bytes = reader.content()?;
                    left -= bytes.len() as u64;
                    writer.write(bytes).map_err(|error| failed(&entry.name, offset, error))?;
                    progress(Progress { read: reader.offset(), entries });
                }
                return Ok(());
            }
            Kind::Symlink => Node::Symlink(&entry.link),
            Kind::CharDevice => Node::CharDevice { major: entry.major, minor: entry.minor },
            Kind::BlockDevice => Node::BlockDevice { major: entry.major, minor: entry.minor },
            Kind::Directory => Node::Directory,
            Kind::Fifo => Node::Fifo,
        };
        writer.create(&entry.name, node, &metadata).map_err(|error| failed(&entry.name, offset, error))
    }
}

/// An error of the writer, as one of the entry that asked for it.
fn failed(name: &[u8], offset: u64, source: Error) -> ConvertError {
    match source {
        // These are about the image, not about the entry.
        Error::Write { .. } | Error::Spill { .. } | Error::ReadBack { .. } => ConvertError::Image(source),
        source => ConvertError::Entry { entry: text(name), offset, source },
    }
}

/// The path that a whiteout hides, and its last name; without one, the folder whose content it hides.
fn whiteout(name: &[u8]) -> Option<(Vec<u8>, Option<&[u8]>)> {
    let end = name.iter().rposition(|byte| *byte != b'/')? + 1;
    let cut = name[..end].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let (folder, base) = name[..end].split_at(cut);
    let hidden = base.strip_prefix(b".wh.")?;
    if hidden == b".wh..opq" {
        return Some((folder.to_vec(), None));
    }
    Some(([folder, hidden].concat(), Some(hidden)))
}

fn metadata(entry: &mut Entry, report: &mut Report) -> Metadata {
    let mut warn = |what: &str| {
        report.warning_count += 1;
        if report.warnings.len() < WARNINGS {
            report.warnings.push(format!("{}: {what}", text(&entry.name)));
        }
    };
    let times = [Some(entry.modified), entry.accessed, entry.changed, entry.created];
    if times.into_iter().flatten().any(|time| time.clamped() != time) {
        warn(
            "a time is outside of 1901 to 2310, which is what ext4 holds; it becomes the nearest that can be",
        );
    }
    if entry.has_acl_text {
        warn(
            "its access control list is in a form that is not read; only SCHILY.xattr.system.posix_acl_* is",
        );
    }
    let or_modified = |time: Option<Time>| time.unwrap_or(entry.modified);
    Metadata {
        permissions: crate::format::low16(entry.mode & 0o7777),
        uid: entry.uid,
        gid: entry.gid,
        modified: entry.modified,
        accessed: or_modified(entry.accessed),
        changed: or_modified(entry.changed),
        created: or_modified(entry.created),
        xattrs: std::mem::take(&mut entry.xattrs),
    }
}

#[cfg(test)]
mod tests {
    use super::whiteout;

    #[test]
    fn whiteouts_are_found_in_names() {
        let found = |name: &str| whiteout(name.as_bytes()).map(|(path, hidden)| (path, hidden.is_some()));
        assert_eq!(found("a/.wh.b"), Some((b"a/b".to_vec(), true)));
        assert_eq!(found(".wh.b/"), Some((b"b".to_vec(), true)));
        assert_eq!(found("a/.wh..wh..opq"), Some((b"a/".to_vec(), false)));
        assert_eq!(found("a/b.wh.c"), None);
        assert_eq!(found(""), None);
    }
}
