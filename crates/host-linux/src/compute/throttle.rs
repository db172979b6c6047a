//! The speed of storage: a document's limits of a whole container, on the disks that its folders are on.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};
use hcs_silo::cgroup::{BlockDevice, IoLimit, Maximum};
use hcs_silo::spec::{Mount, Root, Source};

use super::refuse;

/// Most operations and bytes per second with the names of their members; 0: no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Throttle {
    pub(super) operations: (String, u64),
    pub(super) bytes: (String, u64),
}

impl Throttle {
    /// Limits of every disk that something of the container is on, read and written each: the kernel has no limit for
    /// both together.
    ///
    /// # Errors
    /// Not supported, by the member's name, when nothing of it is on a disk that the kernel limits.
    pub(super) fn limits<'a>(
        &self,
        root: &'a Root,
        mounts: impl Iterator<Item = &'a Mount>,
    ) -> Result<Vec<IoLimit>> {
        let Self { operations: (operations_field, operations), bytes: (bytes_field, bytes) } = self;
        let field = match (operations, bytes) {
            (0, 0) => return Ok(Vec::new()),
            (0, _) => bytes_field,
            _ => operations_field,
        };
        let mut disks = BTreeSet::new();
        for source in std::iter::once(&root.source).chain(mounts.map(|mount| &mount.source)) {
            for folder in folders(source) {
                disks.extend(disk_of(folder)?);
            }
        }
        if disks.is_empty() {
            return Err(refuse::no(field, "no folder of this container is on a disk that the kernel limits"));
        }
        Ok(disks.into_iter().map(|disk| self.limit(disk)).collect())
    }

    /// The limit of the disk that one more folder is on, if it is on one.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn of(&self, folder: &Path) -> Result<Vec<IoLimit>> {
        if self.operations.1 == 0 && self.bytes.1 == 0 {
            return Ok(Vec::new());
        }
        Ok(disk_of(folder)?.map(|disk| self.limit(disk)).into_iter().collect())
    }

    fn limit(&self, (major, minor): (u32, u32)) -> IoLimit {
        let maximum = |value: u64| (value != 0).then_some(Maximum::At(value));
        IoLimit {
            device: BlockDevice { major, minor },
            read_bytes: maximum(self.bytes.1),
            write_bytes: maximum(self.bytes.1),
            read_operations: maximum(self.operations.1),
            write_operations: maximum(self.operations.1),
        }
    }
}

fn folders(source: &Source) -> Vec<&PathBuf> {
    match source {
        Source::Bind { path, .. } | Source::Disk { path, .. } => vec![path],
        Source::Overlay { lowers, upper, .. } => lowers.iter().chain([upper]).collect(),
        Source::Tmpfs { .. } => Vec::new(),
    }
}

/// The whole disk that a folder is on; `None` when its file system is on no disk, or says of none.
fn disk_of(path: &Path) -> Result<Option<(u32, u32)>> {
    let at = |error| Error::os("look at", path.display().to_string(), error);
    let device = fs_err::metadata(path).map_err(at)?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    if major == 0 {
        return Ok(None);
    }
    let entry = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    // The kernel limits whole disks; a partition's folder is below that of its disk.
    if !entry.join("partition").exists() {
        return Ok(Some((major, minor)));
    }
    let number = entry.join("../dev");
    let text = fs_err::read_to_string(&number)
        .map_err(|error| Error::os("read", number.display().to_string(), error))?;
    let pair = text.trim().split_once(':');
    let parsed = pair.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.map(Some).ok_or_else(|| Error::unexpected_value(format!("{}: {text:?}", number.display())))
}
