//! A transport folder as a layer.

use std::ffi::CStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

use super::{BUFFER, CARRIER, FIRST_LINE, LINE, TOMBSTONES, carrier, get_info, is_carried};
use crate::layer::{from_stat, text};
use crate::layer_stream::BackupWrite;
use crate::path::PathProblem;
use crate::root::Root;
use crate::{LayerError, LayerOptions, LayerWriter};

/// Folders in each other.
const DEPTH: usize = 2048;

/// Makes a layer, in a folder that is new or empty, of a transport folder. What fails leaves nothing.
///
/// # Errors
/// [`LayerError`], with the file that is not what it can be.
#[doc(alias = "ImportLayer")]
pub fn import(folder: &Path, layer: &Path, parents: Vec<PathBuf>) -> Result<(), LayerError> {
    let name = folder.as_os_str().as_encoded_bytes();
    let root =
        Root::open(folder).map_err(|error| LayerError::io("open the transport folder", name, error))?;
    let mut source = Source { root };
    let hidden = source.tombstones()?;
    let mut layer = LayerWriter::create(layer, LayerOptions { parents })?;
    for top in ["Files", "Hives", "UtilityVM"] {
        if source.root.stat(top.as_bytes()).is_ok() {
            source.entry(&mut layer, top, 0)?;
        }
    }
    for path in hidden {
        layer.remove(&path)?;
    }
    layer.finish()
}

struct Source {
    root: Root,
}

impl Source {
    /// An object, and all that is in it.
    fn entry(&mut self, layer: &mut LayerWriter, path: &str, depth: usize) -> Result<(), LayerError> {
        let failed = |step| move |error| LayerError::io(step, path.as_bytes(), error);
        if depth > DEPTH {
            return Err(LayerError::file(path, "it lies in more folders than can be"));
        }
        let stat = self.root.stat(path.as_bytes()).map_err(failed("look at"))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let folder = match kind {
            FileType::Directory => true,
            FileType::RegularFile => false,
            _ => return Err(LayerError::file(path, "a transport folder has files and folders only")),
        };
        let reparse = if is_carried(path) {
            self.carried(layer, path, folder)?
        } else {
            let mut file = self.open(path, folder)?;
            let info = get_info(&file, path)?.unwrap_or_else(|| from_stat(&stat, kind));
            if info.is_directory() != folder {
                return Err(LayerError::file(
                    path,
                    "its description says folder and the disk file, or the reverse",
                ));
            }
            layer.add(path, &info)?;
            if !folder {
                let size = u64::try_from(stat.st_size).unwrap_or_default();
                layer.data(size)?;
                while layer.write_by::<LayerError>(|room| {
                    file.read(room).map_err(|error| LayerError::io("read", path.as_bytes(), error))
                })? > 0
                {}
            }
            false
        };
        if !folder || reparse {
            return Ok(());
        }
        for name in self.root.names(path.as_bytes()).map_err(failed("read the folder"))? {
            let name = to_text(&name)?;
            if path == "UtilityVM" && name != "Files" {
                continue; // disks that were made from the layer
            }
            let inside = is_carried(path) || path == "Files";
            if inside && name.ends_with(CARRIER)
                || path == "Files" && name.eq_ignore_ascii_case("$Recycle.Bin")
            {
                continue;
            }
            self.entry(layer, &format!("{path}/{name}"), depth + 1)?;
        }
        Ok(())
    }

    /// An object that comes as its backup stream. Whether it is a reparse point.
    fn carried(&mut self, layer: &mut LayerWriter, path: &str, folder: bool) -> Result<bool, LayerError> {
        let name = if folder { carrier(path) } else { path.to_owned() };
        let mut file = self.open(&name, false)?;
        let failed = |error| LayerError::io("read", name.as_bytes(), error);
        let mut attributes = [0; 4];
        file.read_exact(&mut attributes).map_err(failed)?;
        let stat = self.root.stat(name.as_bytes()).map_err(|error| failed(error.into()))?;
        let mut info = get_info(&file, &name)?.unwrap_or_else(|| from_stat(&stat, FileType::RegularFile));
        info.attributes = u32::from_le_bytes(attributes);
        if info.is_directory() != folder {
            return Err(LayerError::file(
                &name,
                "its attributes say folder and the disk file, or the reverse",
            ));
        }
        layer.add(path, &info)?;
        let mut out = BackupWrite::new(layer, path);
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => out.take(&buffer[..count])?,
            }
        }
        out.finish()?;
        layer.make()?;
        Ok(info.is_reparse_point())
    }

    fn open(&mut self, path: &str, folder: bool) -> Result<File, LayerError> {
        let kind = if folder { OFlags::DIRECTORY } else { OFlags::empty() };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | kind;
        let file = self.root.open_at(path.as_bytes(), flags, Mode::empty());
        file.map(File::from).map_err(|error| LayerError::io("open", path.as_bytes(), error))
    }

    /// The paths that the list hides.
    fn tombstones(&mut self) -> Result<Vec<String>, LayerError> {
        let invalid = |what| LayerError::file(TOMBSTONES, what);
        let mut input = BufReader::new(self.open(TOMBSTONES, false)?);
        let mut paths = Vec::new();
        let mut line = Vec::new();
        for number in 0.. {
            line.clear();
            let read = input.by_ref().take(LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|error| LayerError::io("read", TOMBSTONES.as_bytes(), error))?;
            if read as u64 == LINE {
                return Err(invalid("a line of it has 64 KiB or more"));
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = std::str::from_utf8(text.strip_suffix(b"\r").unwrap_or(text));
            let text = text.map_err(|_| invalid("it is no text"))?;
            match (number, text.strip_prefix('\\')) {
                (0, _) if text == FIRST_LINE => {}
                (0, _) => return Err(invalid("invalid tombstones file: it does not begin with Version 1.0")),
                _ if read == 0 => break,
                (_, Some(path)) if !path.is_empty() => {
                    paths.push(format!("Files/{}", path.replace('\\', "/")));
                }
                _ => return Err(invalid("a line of it is no path from \\ on")),
            }
        }
        Ok(paths)
    }
}

fn to_text(name: &CStr) -> Result<String, LayerError> {
    let not_text = |_| LayerError::Path { name: text(name.to_bytes()), source: PathProblem::NotText };
    name.to_str().map(str::to_owned).map_err(not_text)
}
