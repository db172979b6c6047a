//! Real Windows programs for the tests: fetched from the package registries by their own clients, checked by digest.
//!
//! `tests/programs/pypi.txt` is a requirements file with hashes. `tests/programs/npm.txt` has a package, a version and
//! npm's integrity value in each line. Both are data: which programs, and what they must do, is the tests' matter.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::layout::Layout;
use crate::process::{Tool, downloader, retried};

/// Written last; says from which lists the folder was filled.
const DONE: &str = "fetched-from";

/// Where the fetched archives (`*.whl`, `*.tgz`) lie.
pub(crate) fn folder(layout: &Layout) -> PathBuf {
    layout.target.join("programs")
}

/// Fills the folder, if it was not filled from the same lists before.
pub(crate) fn fetch(layout: &Layout) -> Result<(), Error> {
    let lists = layout.root.join("tests/programs");
    let (pypi, npm) = (Lists::read(&lists.join("pypi.txt"))?, Lists::read(&lists.join("npm.txt"))?);
    let wanted = format!("{}\n{}", pypi.text, npm.text);
    let folder = folder(layout);
    if fs_err::read_to_string(folder.join(DONE)).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    // Filled beside and renamed: a folder of that name is always whole.
    let half = tempfile::Builder::new().prefix("programs-").tempdir_in(&layout.target)?;
    if !pypi.is_empty() {
        retried(|| pip(&pypi.path, half.path()).output_to_stderr()?.run())?;
    }
    for package in npm.lines().map(Package::parse) {
        package?.fetch(half.path())?;
    }
    fs_err::write(half.path().join(DONE), wanted)?;
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::rename(half.keep(), folder)?;
    Ok(())
}

/// A list of packages; one that is not there has none.
struct Lists {
    path: PathBuf,
    text: String,
}

impl Lists {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = if path.exists() { fs_err::read_to_string(path)? } else { String::new() };
        Ok(Self { path: path.to_owned(), text })
    }

    /// Without comments and empty lines.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    fn is_empty(&self) -> bool {
        self.lines().next().is_none()
    }
}

/// pip compares each file with the hash in the list and refuses one without.
fn pip(list: &Path, folder: &Path) -> Tool {
    downloader("pip3")
        .args(["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--platform", "win_amd64"])
        .args(["--require-hashes", "--disable-pip-version-check", "--requirement"])
        .arg(list)
        .arg("--dest")
        .arg(folder)
}

/// A line of `npm.txt`.
#[derive(Debug, PartialEq, Eq)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    integrity: &'a str,
}

/// What `npm pack --json` says of each archive that it has written.
#[derive(Debug, Deserialize)]
struct Packed {
    filename: String,
    integrity: String,
}

impl<'a> Package<'a> {
    fn parse(line: &'a str) -> Result<Self, Error> {
        let words: Vec<_> = line.split_whitespace().collect();
        match *words {
            [name, version, integrity] if integrity.starts_with("sha512-") => {
                Ok(Self { name, version, integrity })
            }
            _ => {
                let expected = "\"NAME VERSION sha512-…\"";
                Err(Error::Output { line: format!("tests/programs/npm.txt: {line}"), expected })
            }
        }
    }

    /// Leaves nothing in `folder` unless the archive is the expected one.
    fn fetch(&self, folder: &Path) -> Result<(), Error> {
        let half = tempfile::tempdir_in(folder)?;
        let text = retried(|| {
            downloader("npm")
                .args(["pack", "--json", "--ignore-scripts", "--pack-destination"])
                .arg(half.path())
                .arg(format!("{}@{}", self.name, self.version))
                .text()
        })?;
        let packed: Vec<Packed> = serde_json::from_str(&text)
            .map_err(|source| Error::Json { what: format!("npm pack {}", self.name), source })?;
        for archive in packed {
            if archive.integrity != self.integrity {
                let (file, expected) = (self.name.to_owned(), self.integrity.to_owned());
                return Err(Error::Integrity { file, expected, got: archive.integrity });
            }
            // npm's name for a scoped package may hold the scope's slash; its file never does.
            let name = archive.filename.trim_start_matches('@').replace('/', "-");
            fs_err::rename(half.path().join(&name), folder.join(&name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn a_line_without_integrity_is_refused() {
        let package = Package::parse("@esbuild/win32-x64 0.28.2 sha512-abc==").unwrap();
        assert_eq!((package.name, package.version), ("@esbuild/win32-x64", "0.28.2"));
        for line in ["esbuild 1.0", "esbuild 1.0 md5-abc", "a b sha512-c d"] {
            let text = Package::parse(line).unwrap_err().to_string();
            assert!(text.contains(line) && text.contains("sha512"), "{text}");
        }
    }
}
