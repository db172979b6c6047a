//! `hcs image mount`: an image's files, for reading.

use super::store;
use crate::args::image::Mount;
use crate::failure::Failure;
use crate::printer::{self, Printer};

pub(super) fn mount(mount: &Mount, printer: Printer) -> Result<(), Failure> {
    let store = store()?;
    let documents = store.documents(&store.find(&mount.image)?.manifest)?;
    store.mount(&documents, &mount.folder)?;
    if printer.is_json() {
        return printer::json(&serde_json::json!({ "Path": mount.folder }));
    }
    printer::line(&mount.folder.display().to_string())
}
