//! `hcs image load|save|export`: images from and to files.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use fs_err::File;
use hcs_images::ImageError;
use serde_json::json;

use super::{came, reference, store, unpack, wanted};
use crate::args::image::{Export, Load, Save};
use crate::failure::Failure;
use crate::printer::{self, Printer};

pub(super) fn load(load: &Load, printer: Printer) -> Result<(), Failure> {
    let store = store()?;
    let input = load.input.as_deref().unwrap_or(Path::new("-"));
    let name = load.name.as_deref().map(reference).transpose()?;
    let entries = store.load(input, name.as_ref(), wanted(load.platform.as_deref())?.as_ref())?;
    if !load.no_unpack {
        entries.iter().try_for_each(|entry| unpack(&store, entry))?;
    }
    came(&entries, printer)
}

pub(super) fn save(save: &Save) -> Result<(), Failure> {
    let store = store()?;
    let entries = save.images.iter().map(|name| store.find(name)).collect::<Result<Vec<_>, _>>()?;
    if save.layout {
        return Ok(store.save_layout(&entries, &save.output)?);
    }
    if save.output.as_os_str() == "-" {
        return Ok(store.save(&entries, &mut BufWriter::new(io::stdout().lock()))?);
    }
    let unfinished = Unfinished::create(&save.output)?;
    let mut out = BufWriter::with_capacity(256 << 10, &unfinished.file);
    store.save(&entries, &mut out)?;
    out.flush().map_err(|source| written(&save.output, source))?;
    drop(out);
    unfinished.keep();
    Ok(())
}

pub(super) fn export(export: &Export, printer: Printer) -> Result<(), Failure> {
    let store = store()?;
    let documents = store.documents(&store.find(&export.image)?.manifest)?;
    let unfinished = Unfinished::create(&export.output)?;
    let file = unfinished.file.try_clone().map_err(|source| written(&export.output, source))?;
    let (summary, warnings) =
        store.export_ext4(&documents, export.layer, file.into_parts().0, export.verity)?;
    unfinished.keep();
    for warning in &warnings {
        printer::note(&format!("hcs: warning: {warning}"));
    }
    let root = summary.verity.as_ref().map(hcs_images::Verity::root_hash_hex);
    if printer.is_json() {
        return printer::json(&json!({ "Size": summary.size, "Inodes": summary.inodes, "RootHash": root }));
    }
    root.map_or(Ok(()), |root| printer::line(&format!("root hash: {root}")))
}

fn written(path: &Path, source: io::Error) -> Failure {
    Failure::Image(ImageError::Io { step: "write", path: path.into(), source })
}

/// A file of ours, which goes unless it is finished.
struct Unfinished {
    file: File,
    path: Option<PathBuf>,
}

impl Unfinished {
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = fs_err::OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(true).open(path);
        let file = opened.map_err(|source| written(path, source))?;
        let regular = file.metadata().is_ok_and(|found| found.is_file());
        Ok(Self { file, path: regular.then(|| path.to_owned()) })
    }

    fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Should that fail, it is a file that nobody can read.
            let _ = fs_err::remove_file(path);
        }
    }
}
