//! A layer as a whole: what is in it, and away with it.

use std::path::Path;

use crate::layer::text;
use crate::metadata;
use crate::tar::{RECORD, TarLayerError, has_record};
use crate::{LayerError, LayerReader, What};

/// The mark of a folder that is being removed, which goes last.
const GOING: &str = "layer.going";

/// What is in a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Files; each of a file's names counts.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Names of files that have several, without the first.
    pub hard_links: u64,
    /// Symbolic links, mount points and others.
    pub reparse_points: u64,
    /// Names that are hidden, and folders whose whole content is.
    pub tombstones: u64,
    /// Alternate streams.
    pub streams: u64,
    /// Bytes of files and streams; those of a file with several names count once.
    pub size: u64,
    /// There is a record of another form of its tar.
    pub recorded: bool,
}

/// Counts what is in a layer, and checks its metadata and the record of its tar. `whole` also reads every stream.
///
/// # Errors
/// [`TarLayerError`] with what is damaged or missing.
pub fn inspect(folder: &Path, whole: bool) -> Result<Summary, TarLayerError> {
    let mut layer = LayerReader::open(folder)?;
    let mut summary = Summary { recorded: has_record(&mut layer)?, ..Summary::default() };
    let mut seen = std::collections::HashSet::new();
    while let Some(item) = layer.next()? {
        if item.what != What::Object {
            summary.tombstones += 1;
            continue;
        }
        let first = item.links < 2 || seen.insert(item.id);
        let kind = match (&item.object.reparse, item.object.info.is_directory()) {
            (Some(_), _) => &mut summary.reparse_points,
            (None, true) => &mut summary.folders,
            (None, false) => &mut summary.files,
        };
        *kind += 1;
        if !first {
            summary.hard_links += 1;
            continue;
        }
        summary.size += item.size;
        for mut stream in layer.streams_of(&item.path)? {
            summary.streams += 1;
            summary.size += stream.size;
            while whole && !layer.bytes_of(&mut stream).map_err(LayerError::from)?.is_empty() {}
        }
    }
    Ok(summary)
}

/// Removes a layer's folder with all that is in it. Killed meanwhile, it leaves a folder that the next call removes.
///
/// # Errors
/// [`LayerError::NoLayer`] for a folder that is none; [`LayerError::Mounted`] when something is mounted in it; what the
/// system says.
#[doc(alias = "DestroyLayer")]
pub fn destroy(folder: &Path) -> Result<(), LayerError> {
    let name = || text(folder.as_os_str().as_encoded_bytes());
    let failed = |error| LayerError::io("remove", folder.as_os_str().as_encoded_bytes(), error);
    let full = fs_err::canonicalize(folder).map_err(failed)?;
    // A slip of the pen shall not cost a home folder.
    let parts = ["Files", "UtilityVM", metadata::FILE, RECORD, "sandbox.vhdx", GOING];
    let empty = fs_err::read_dir(&full).map_err(failed)?.next().is_none();
    if !empty && !parts.iter().any(|part| full.join(part).symlink_metadata().is_ok()) {
        return Err(LayerError::NoLayer { folder: name() });
    }
    let mounts = fs_err::read("/proc/self/mountinfo").map_err(failed)?;
    let inside = mounts.split(|byte| *byte == b'\n').filter_map(mount_point).find(|point| {
        let rest = point.strip_prefix(full.as_os_str().as_encoded_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    });
    if let Some(place) = inside {
        return Err(LayerError::Mounted { folder: name(), place: text(&place) });
    }
    let remove = || {
        let mark = full.join(GOING);
        fs_err::write(&mark, "")?;
        for entry in fs_err::read_dir(&full)? {
            let entry = entry?;
            if entry.file_name() == GOING {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs_err::remove_dir_all(entry.path())?;
            } else {
                fs_err::remove_file(entry.path())?;
            }
        }
        fs_err::remove_file(mark)?;
        fs_err::remove_dir(&full)
    };
    remove().map_err(failed)
}

/// The fifth field of a line of mountinfo, with its octal escapes undone.
fn mount_point(line: &[u8]) -> Option<Vec<u8>> {
    let mut rest = line.split(|byte| *byte == b' ').nth(4)?;
    let mut point = Vec::with_capacity(rest.len());
    while let Some((byte, after)) = rest.split_first() {
        let octal =
            after.get(..3).filter(|_| *byte == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        rest = if escaped.is_some() { &after[3..] } else { after };
        point.push(escaped.unwrap_or(*byte));
    }
    Some(point)
}

#[cfg(test)]
mod tests {
    #[test]
    fn mount_points_are_read_with_their_escapes() {
        let line = br"36 35 98:0 / /mnt/a\040b\134c rw,noatime - ext3 /dev/root rw";
        assert_eq!(super::mount_point(line).as_deref(), Some(&br"/mnt/a b\c"[..]));
    }
}
