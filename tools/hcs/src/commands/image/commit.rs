//! `hcs commit`: an image of what a stopped container wrote.

use hcs_images::{Change, Platform};

use super::{Came, LABEL, reference, store};
use crate::args::image::Commit;
use crate::failure::Failure;
use crate::host;
use crate::printer::{self, Printer};

pub(crate) fn commit(commit: &Commit, printer: Printer) -> Result<(), Failure> {
    let (store, name) = (store()?, reference(&commit.image)?);
    let host = host::open()?;
    let engine = host::engine(&host, "commit")?;
    let info = engine.inspect(&commit.id)?;
    let written = engine.written(&commit.id)?;
    let base = match info.labels.get(LABEL) {
        Some(digest) => Some(store.find(digest)?.manifest),
        None if info.guest == "Windows" => None,
        None => {
            return Err(Failure::Usage {
                problem: format!("container {} is not of an image", commit.id),
                hint: "an image of a whole root folder is made by `hcs image build` with COPY".into(),
            });
        }
    };
    let platform = match base {
        Some(_) => Platform::default(), // the base's
        None => Platform {
            os: "windows".into(),
            architecture: "amd64".into(),
            os_version: host_version(engine)?,
            ..Platform::default()
        },
    };
    let mut config = match &base {
        Some(base) => store.documents(base)?.image.config,
        None => hcs_images::Config::default(),
    };
    for instruction in &commit.change {
        hcs_images::build::change(&mut config, instruction, info.guest == "Windows")?;
    }
    let change = Change {
        base,
        platform,
        written: Some((written.folder, written.first_id)),
        config: Some(config),
        created_by: format!("hcs commit {}", commit.id),
        comment: commit.message.clone(),
        ..Change::default()
    };
    let (entry, warnings) = store.commit(&change, &name)?;
    for warning in &warnings {
        printer::note(&format!("hcs: warning: {warning}"));
    }
    if info.guest == "Windows" {
        printer::note("hcs: changes of the registry are not part of the image");
    }
    printer.result(&Came::new(&entry))
}

/// The version of Windows that a container without an image sees.
pub(super) fn host_version(engine: &hcsshim::linux::LinuxHost) -> Result<String, Failure> {
    Ok(super::launch::base(engine)?.info().os_version.clone())
}
