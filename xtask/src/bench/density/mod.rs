//! Many containers on one host: what each holds, how fast they come, and what grows with their number.
//!
//! Processor time is that of clients and of all that runs in the engine's cgroup together ([`meter`]). A busy machine
//! moves it less than it moves time on the clock, but does move it.

mod disk;
mod growth;
mod meter;
mod rates;
mod windows;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Bench;
use super::compute::engine::{Engine, root_folder};
use super::row::Row;
use crate::build;
use crate::error::Error;

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    build::all(bench.layout)?;
    // Of its own: other groups of this run have theirs.
    let dir = bench.dir.join("density");
    fs_err::create_dir(&dir)?;
    let _disk = disk::Disk::mount(&dir)?;
    let bench = &Bench { dir: &dir, ..*bench };
    let engine = Engine::new(bench)?;
    let root = root_folder(bench.dir)?;
    let document = document(bench.dir, &root)?;
    let mut rows = rates::rows(bench, &engine, &root, &document)?;
    rows.extend(growth::rows(&engine, &document, bench.scale.linux)?);
    if bench.scale.windows > 0 {
        rows.extend(windows::rows(&engine, bench.scale.windows)?);
    }
    Ok(rows)
}

/// As in the group compute: an overlay that is thrown away, over a small root folder.
fn document(dir: &Path, root: &Path) -> Result<PathBuf, Error> {
    let path = dir.join("document.json");
    let layers = json!([{ "ID": "lower", "Path": root }]);
    let container = json!({ "SystemType": "Container", "ContainerType": "Linux", "Layers": layers });
    fs_err::write(&path, container.to_string())?;
    Ok(path)
}
