//! Running e2fsck and its like, and writing images for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use hcs_ext4::{Memory, Options, Result, Storage as _, Summary, Writer};

/// A folder that is removed afterwards.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a program of the system's.
#[expect(clippy::disallowed_methods, reason = "the one place of these tests where programs are started")]
pub(crate) fn run(program: &str, args: &[&str]) -> std::io::Result<Output> {
    Command::new(program).args(args).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C").output()
}

/// Whether a program is there. A machine without it skips what needs it, and says so once.
pub(crate) fn has(program: &'static str) -> bool {
    static MISSING: OnceLock<()> = OnceLock::new();
    let there =
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].iter().any(|dir| Path::new(dir).join(program).exists());
    if !there {
        MISSING.get_or_init(|| eprintln!("skipped in part: {program} is not installed"));
    }
    there
}

/// Fails unless e2fsck finds nothing at all.
#[track_caller]
pub(crate) fn assert_clean(image: &Path) {
    if !has("e2fsck") {
        return;
    }
    let output = run("e2fsck", &["-fn", &image.to_string_lossy()]).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(0), "e2fsck: {}\n{text}\n{also}", output.status);
}

/// Writes an image to a file and has e2fsck look at it.
#[track_caller]
pub(crate) fn image(
    dir: &Path,
    options: Options,
    fill: impl FnOnce(&mut Writer<std::fs::File>) -> Result<()>,
) -> (PathBuf, Summary) {
    let path = dir.join("image");
    let file =
        fs_err::File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    let mut writer = Writer::new(file.into_parts().0, options).unwrap();
    fill(&mut writer).unwrap();
    let summary = writer.finish().unwrap();
    assert_clean(&path);
    (path, summary)
}

/// Writes an image to memory.
pub(crate) fn in_memory(
    options: Options,
    fill: impl FnOnce(&mut Writer<Shared>) -> Result<()>,
) -> Result<Vec<u8>> {
    let memory = Shared::default();
    let mut writer = Writer::new(memory.clone(), options)?;
    fill(&mut writer)?;
    writer.finish()?;
    let mut bytes = vec![0; usize::try_from(memory.length().unwrap()).unwrap()];
    memory.read_exact_at(&mut bytes, 0).unwrap();
    Ok(bytes)
}

/// Memory that outlives the writer.
pub(crate) type Shared = std::sync::Arc<Memory>;
