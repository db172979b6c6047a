//! What a Windows container wrote to its drive, as a layer.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use hcs_layers::filetime::{BasicInfo, FileTime, attributes};
use hcs_layers::{LayerOptions, LayerWriter};

use crate::error::{ImageError, Result, at};
use crate::stack::is_opaque;

/// Wine shows files without any bit to write as such.
const READ_ONLY: u32 = 0x1;
const WRITABLE: u32 = 0o222;

/// Makes a layer of an overlay's upper folder. `parent` is a layer below it. Folders of `without`, which are paths with
/// `/` in lower case, keep what is in them to themselves.
pub(crate) fn layer(upper: &Path, folder: &Path, parent: &Path, without: &[String]) -> Result<()> {
    let writer = LayerWriter::create(folder, LayerOptions { parents: vec![parent.to_owned()] })?;
    let mut diff = Diff { writer, without, links: HashMap::new() };
    diff.add("Files", upper)?;
    diff.folder(upper, "Files")?;
    Ok(diff.writer.finish()?)
}

struct Diff<'a> {
    writer: LayerWriter,
    without: &'a [String],
    /// The first name of each file with several.
    links: HashMap<(u64, u64), String>,
}

impl Diff<'_> {
    fn folder(&mut self, folder: &Path, name: &str) -> Result<()> {
        let mut entries: Vec<PathBuf> = fs_err::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(at("read", folder))?;
        entries.sort();
        for path in entries {
            let base = path.file_name().unwrap_or_default();
            let refused = |what| ImageError::Diff { name: path.display().to_string(), what };
            let base = base.to_str().ok_or_else(|| refused("its name is no text"))?;
            let name = format!("{name}/{base}");
            let found = fs_err::symlink_metadata(&path).map_err(at("look at", &path))?;
            let kind = found.file_type();
            if kind.is_char_device() && found.rdev() == 0 {
                self.writer.remove(&name)?;
            } else if kind.is_dir() {
                self.add(&name, &path)?;
                let inside = name.trim_start_matches("Files/").to_lowercase();
                if !self.without.contains(&inside) {
                    self.folder(&path, &name)?;
                }
            } else if kind.is_file() {
                self.file(&name, &path)?;
            } else {
                return Err(refused("it is a link into Wine or a device, and no file of a program's"));
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        let found = fs_err::symlink_metadata(path).map_err(at("look at", path))?;
        let time = |seconds, nanoseconds: i64| {
            FileTime::from_unix(seconds, u32::try_from(nanoseconds).unwrap_or_default())
        };
        let written = time(found.mtime(), found.mtime_nsec());
        let mut bits = if found.is_dir() { attributes::DIRECTORY } else { attributes::ARCHIVE };
        if found.is_file() && found.mode() & WRITABLE == 0 {
            bits |= READ_ONLY;
        }
        // Only this time is the program's own; the others would change with every copy.
        let info =
            BasicInfo { created: written, accessed: written, written, changed: written, attributes: bits };
        self.writer.add(name, &info)?;
        if found.is_dir() && is_opaque(path) {
            self.writer.hide_content(name)?;
        }
        Ok(())
    }

    fn file(&mut self, name: &str, path: &Path) -> Result<()> {
        let found = fs_err::symlink_metadata(path).map_err(at("look at", path))?;
        if found.nlink() > 1 {
            let id = (found.dev(), found.ino());
            if let Some(first) = self.links.get(&id) {
                return Ok(self.writer.add_link(name, first)?);
            }
            self.links.insert(id, name.to_owned());
        }
        self.add(name, path)?;
        self.writer.data(found.len())?;
        let mut file = fs_err::File::open(path).map_err(at("open", path))?.take(found.len());
        let (mut piece, mut left) = (vec![0; 256 << 10], found.len());
        while left > 0 {
            match file.read(&mut piece) {
                Ok(0) => return Err(at("read", path)(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => {
                    left -= count as u64;
                    self.writer.write(&piece[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(at("read", path)(error)),
            }
        }
        Ok(())
    }
}
