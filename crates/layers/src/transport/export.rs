//! A layer as a transport folder.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use rustix::fs::{self, AtFlags, Mode, OFlags, Timestamps};

use super::{BUFFER, CARRIER, FIRST_LINE, TOMBSTONES, carrier, is_carried, put_info};
use crate::filetime::{BasicInfo, attributes};
use crate::layer::{Case, Tree, disk_times};
use crate::{Item, LayerError, LayerReader, What};

/// What of the registry a layer changes.
const DELTAS: [&str; 5] =
    ["System_Delta", "Software_Delta", "Sam_Delta", "Security_Delta", "DefaultUser_Delta"];

/// Writes a layer into a folder that is new or empty. What fails leaves nothing.
///
/// A folder whose whole lower content is hidden becomes a tombstone for each name that the layers below have in it: so
/// `layer` has to be opened above them ([`LayerReader::open_above`]) where there is such a one.
///
/// A layer above others that brings no `Hives` gets empty ones: such a layer changes nothing of the registry.
///
/// # Errors
/// [`LayerError::NotEmpty`]; [`LayerError::Place`] for what is hidden in a utility VM, of which a transport folder has no
/// list; what the system says.
#[doc(alias = "ExportLayer")]
pub fn export(layer: &mut LayerReader, folder: &Path) -> Result<(), LayerError> {
    let mut out = Transport { tree: Tree::create(folder, Case::Folded)?, folders: Vec::new() };
    let mut hidden = Vec::new();
    let (mut hives, mut times) = (false, BasicInfo::default());
    while let Some(item) = layer.next()? {
        hives |= item.path == "Hives";
        if item.path == "Files" {
            times = item.object.info;
        }
        match item.what {
            What::Object => out.object(layer, &item)?,
            What::Tombstone => hidden.push(item.path),
            What::Opaque => {
                let Some(below) = layer.below() else {
                    let what = "it hides all that lower layers have in it, and those were not named";
                    return Err(LayerError::file(&item.path, what));
                };
                let names = below.names(&item.path)?;
                for name in names {
                    let path = format!("{}/{name}", item.path);
                    if layer.lookup(&path)?.is_none() {
                        hidden.push(path);
                    }
                }
            }
        }
    }
    if !hives && layer.below().is_some_and(|below| !below.is_empty()) {
        out.no_changes(&times)?;
    }
    out.tombstones(&hidden)?;
    out.finish()
}

struct Transport {
    tree: Tree,
    folders: Vec<(String, Timestamps)>,
}

impl Transport {
    fn object(&mut self, layer: &mut LayerReader, item: &Item) -> Result<(), LayerError> {
        let (path, info) = (item.path.as_str(), &item.object.info);
        self.tree.parent(path, None)?;
        self.tree.register(path)?;
        if path.ends_with(CARRIER) {
            return Err(LayerError::file(
                path,
                "its name ends as those of carriers do, so that nobody could tell it from one",
            ));
        }
        let mut carried = path.to_owned();
        if info.is_directory() {
            self.folder(path, info)?;
            if !is_carried(path) {
                return Ok(());
            }
            carried = carrier(path);
            self.tree.register(&carried)?;
        } else if !is_carried(path)
            && let Some(reparse) = &item.object.reparse
        {
            return Err(LayerError::Place { what: "reparse point", name: describe(path, reparse) });
        }
        let mut out = BufWriter::with_capacity(BUFFER, self.file(&carried)?);
        let failed = |error| LayerError::io("write", carried.as_bytes(), error);
        if is_carried(path) {
            out.write_all(&info.attributes.to_le_bytes()).map_err(failed)?;
            copy(&mut layer.backup(item)?, &mut out).map_err(failed)?;
        } else if let Some(mut content) = layer.content(item)? {
            std::io::copy(&mut content, &mut out).map_err(failed)?;
        }
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        put_info(&file, &carried, info)?;
        fs::futimens(&file, &disk_times(info)).map_err(|error| failed(error.into()))
    }

    fn folder(&mut self, path: &str, info: &BasicInfo) -> Result<(), LayerError> {
        let failed = |error| LayerError::io("make", path.as_bytes(), error);
        let (parent, base) = self.tree.root.parent(path.as_bytes()).map_err(failed)?;
        fs::mkdirat(parent, base, Mode::from_raw_mode(0o755)).map_err(failed)?;
        let fd = self.tree.root.open_at(path.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
        put_info(fd.map_err(failed)?, path, info)?;
        self.folders.push((path.to_owned(), disk_times(info)));
        Ok(())
    }

    fn file(&mut self, path: &str) -> Result<File, LayerError> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
        let file = self.tree.root.open_at(path.as_bytes(), flags, Mode::from_raw_mode(0o644));
        file.map(File::from).map_err(|error| LayerError::io("make", path.as_bytes(), error))
    }

    /// The hives of a layer that changes no registry. Readers of transport folders want them, and take the times of `Files`
    /// from the first.
    fn no_changes(&mut self, times: &BasicInfo) -> Result<(), LayerError> {
        self.tree.register("Hives")?;
        self.folder("Hives", times)?;
        for hive in DELTAS {
            let path = format!("Hives/{hive}");
            self.tree.register(&path)?;
            let mut file = self.file(&path)?;
            let info = BasicInfo { attributes: attributes::ARCHIVE, ..*times };
            let written = file.write_all(&crate::hive::empty());
            written.map_err(|error| LayerError::io("write", path.as_bytes(), error))?;
            put_info(&file, &path, &info)?;
            let set = fs::futimens(&file, &disk_times(&info));
            set.map_err(|error| LayerError::io("set the times of", path.as_bytes(), error))?;
        }
        Ok(())
    }

    fn tombstones(&mut self, hidden: &[String]) -> Result<(), LayerError> {
        let mut out = BufWriter::new(self.file(TOMBSTONES)?);
        let failed = |error| LayerError::io("write", TOMBSTONES.as_bytes(), error);
        writeln!(out, "{FIRST_LINE}").map_err(failed)?;
        for path in hidden {
            let Some(inside) = path.strip_prefix("Files/") else {
                return Err(LayerError::Place {
                    what: "tombstone",
                    name: crate::layer::text(path.as_bytes()),
                });
            };
            writeln!(out, "\\{}", inside.replace('/', "\\")).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }

    fn finish(mut self) -> Result<(), LayerError> {
        for (path, times) in self.folders.iter().rev() {
            let set = self.tree.root.parent(path.as_bytes());
            let set =
                set.and_then(|(folder, base)| fs::utimensat(folder, base, times, AtFlags::SYMLINK_NOFOLLOW));
            set.map_err(|error| LayerError::io("set the times of", path.as_bytes(), error))?;
        }
        self.tree.keep();
        Ok(())
    }
}

fn describe(path: &str, reparse: &[u8]) -> String {
    let tag = crate::bytes::u32(reparse, 0).unwrap_or_default();
    format!("{} (reparse tag {tag:x})", crate::layer::text(path.as_bytes()))
}

/// With a buffer of ours: the stream's own reads are as small as its parts.
fn copy(from: &mut impl std::io::Read, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            count => out.write_all(&buffer[..count])?,
        }
    }
}
