//! Programs in C that measurements compare with; their sources lie in `benches/`.

use std::path::{Path, PathBuf};

use super::Bench;
use crate::error::Error;
use crate::process::Tool;

/// Compiles `benches/NAME.c`, static, into the measurement's folder.
pub(super) fn compile(bench: &Bench<'_>, name: &str) -> Result<PathBuf, Error> {
    let program = bench.dir.join(name);
    build(bench, name, Tool::new("gcc").arg("-static"), &program)?;
    Ok(program)
}

/// Compiles `benches/NAME.c` to NAME.exe in `dir`.
pub(super) fn compile_windows(bench: &Bench<'_>, name: &str, dir: &Path) -> Result<(), Error> {
    build(bench, name, Tool::new("x86_64-w64-mingw32-gcc").arg("-s"), &dir.join(name).with_extension("exe"))
}

fn build(bench: &Bench<'_>, name: &str, compiler: Tool, program: &Path) -> Result<(), Error> {
    let source = bench.layout.root.join("benches").join(name).with_extension("c");
    let compiler = compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]);
    compiler.arg(program).arg(source).output_to_stderr()?.run()
}
