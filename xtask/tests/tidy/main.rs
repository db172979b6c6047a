//! Rules of the sources that no compiler and no lint keeps. Each names the file and line that breaks it.

mod docs;
mod entry;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the repository.
struct File {
    /// Below the workspace's root.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// What git tracks or would add, of these endings. Files that are not UTF-8 (pictures, captures) have no rules here.
fn files(endings: &[&str]) -> Vec<File> {
    #[expect(clippy::disallowed_methods, reason = "git alone knows which files belong to the repository")]
    let output = Command::new("git")
        // Root tests the clone of an ordinary user, which git would not read without being told.
        .args(["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: Vec<_> = list
        .split('\0')
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
        // The list has files that are deleted and not yet committed so.
        .filter_map(|path| Some((path, fs_err::read_to_string(root().join(path)).ok()?)))
        .map(|(path, text)| File { path: path.to_owned(), text })
        .collect();
    assert!(!files.is_empty(), "no file ends with one of {endings:?}");
    files
}

/// Fails with all problems at once.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
