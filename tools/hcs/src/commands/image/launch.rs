//! `hcs run IMAGE`: an image's layers as what a container stands on.

use std::path::PathBuf;

use hcs_images::{Documents, ImageError, Store, runs_here};
use hcsshim::Host;

use super::progress::Bar;
use super::{LABEL, store};
use crate::args::run::Run;
use crate::failure::Failure;
use crate::host;
use crate::printer;
use crate::stand::Stand;

/// What `hcs stop` sends.
const STOP_SIGNALS: [&str; 4] = ["", "SIGTERM", "TERM", "15"];

/// The image of a command line made ready; `None`: it names a program.
pub(crate) fn stand(host: &Host, run: &Run) -> Result<Option<Stand>, Failure> {
    let Some(name) = run.image() else { return Ok(None) };
    let store = store()?;
    let hold = Some(store.adding()?);
    let entry = store.find(name)?;
    let documents = store.documents(&entry.manifest)?;
    let launch = documents.image.launch(&run.program.argv[1..], run.entrypoint.as_deref())?;
    let labels = vec![
        (LABEL.to_owned(), entry.manifest.digest.to_string()),
        (format!("{LABEL}.name"), entry.name.to_string()),
    ];
    let Ground { layers, os_version, .. } = ground(host, &store, &documents, name)?;
    if layers.is_empty() {
        return Err(Failure::Usage {
            problem: format!("the image {name} has no files"),
            hint: "make one that has: `hcs image build`, `hcs commit`".into(),
        });
    }
    let signal = &documents.image.config.stop_signal;
    if !STOP_SIGNALS.contains(&&**signal) {
        printer::note(&format!("hcs: the image wants to be stopped by {signal}; hcs stop sends SIGTERM"));
    }
    Ok(Some(Stand {
        layers,
        is_windows: documents.image.is_windows(),
        os_version,
        labels,
        argv: launch.argv,
        is_line: launch.is_line,
        environment: launch.environment,
        user: launch.user,
        folder: launch.folder,
        hold,
    }))
}

/// What containers of an image stand on.
#[derive(Debug)]
pub(super) struct Ground {
    /// The document's layers, the top-most first; of a Windows image the last one is the Wine base.
    pub(super) layers: Vec<PathBuf>,
    /// The folders of files that they make, in the same order.
    pub(super) files: Vec<PathBuf>,
    /// The version of Windows.
    pub(super) os_version: String,
}

/// Makes an image's layers ready. One without files has none of them.
pub(super) fn ground(
    host: &Host,
    store: &Store,
    documents: &Documents,
    name: &str,
) -> Result<Ground, Failure> {
    let image = &documents.image;
    if !runs_here(&image.platform) {
        return Err(Failure::Image(ImageError::Platform {
            name: name.into(),
            wanted: "this host".into(),
            has: image.platform.to_string(),
        }));
    }
    let engine = host::engine(host, "run IMAGE")?;
    let unpacked = {
        let mut bar = Bar::new(format!("unpacking {name}"));
        store.prepare(documents, |progress| bar.part(progress.layer, progress.layers))?
    };
    let wanted: Vec<&String> = image
        .config
        .volumes
        .iter()
        .flat_map(|volumes| volumes.keys())
        .chain(Some(&image.config.working_dir).filter(|folder| !folder.is_empty()))
        .collect();
    if !image.is_windows() {
        let mut layers: Vec<_> = unpacked.iter().rev().map(|layer| layer.folder.join("Files")).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|path| parts(path)).collect();
        let more = store.wanted_folders(documents, &layers, &wanted, false)?;
        layers.splice(0..0, more.map(|folder| folder.join("Files")));
        return Ok(Ground { files: layers.clone(), layers, os_version: String::new() });
    }
    let base = base(engine)?;
    let mut layers = store.fit(&unpacked, &base.drive_c())?;
    let mut files: Vec<_> = layers.iter().map(|layer| layer.join("Files")).chain([base.drive_c()]).collect();
    let on_drive = |path: &String| {
        let path = path.get(2..).filter(|_| path.get(1..2) == Some(":")).unwrap_or(path);
        parts(&path.replace('\\', "/"))
    };
    let wanted: Vec<_> = wanted.into_iter().map(on_drive).collect();
    if let Some(folder) = store.wanted_folders(documents, &files, &wanted, true)? {
        files.insert(0, folder.join("Files"));
        layers.insert(0, folder);
    }
    layers.push(base.path().to_owned());
    Ok(Ground { layers, files, os_version: image.platform.os_version.clone() })
}

/// The Wine base that Windows images stand on, made when it is not there.
pub(super) fn base(engine: &hcsshim::linux::LinuxHost) -> Result<hcsshim::linux::Base, Failure> {
    let mut display = crate::progress::Display::new();
    Ok(engine.ensure_base(&mut |progress| display.show(progress))?)
}

/// A path's names. One with `..` is left to the program, which is told that it is not there.
fn parts(path: &str) -> Vec<String> {
    let names: Vec<String> =
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
    if names.iter().any(|name| name == "..") { Vec::new() } else { names }
}
