//! `run`: from a fresh clone to a Windows program in a container.

use std::ffi::OsString;

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;
use crate::{build, check};

/// Becomes `hcs run -- PROGRAM ARG…`, so that streams, terminal, signals and exit code are the tool's own.
pub(crate) fn run(layout: &Layout, program: &[OsString]) -> Result<(), Error> {
    check::run(true)?;
    build::all(layout)?;
    let hcs = layout.bin().join("hcs");
    // Does nothing when the base of this Wine version is there.
    Tool::new(&hcs).args(["base", "build"]).output_to_stderr()?.run()?;
    Err(Tool::new(&hcs).args(["run", "--rm", "--"]).args(program).become_it())
}
