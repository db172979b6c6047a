//! `fuzz`: looks for inputs that break a parser, with libFuzzer, one target after the other.
//!
//! What is found on the way stays in the target folder; only what breaks something, once it is cured, belongs in
//! `fuzz/corpus`, where the normal tests replay it.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::layout::Layout;
use crate::print;
use crate::process::Tool;

/// An input takes microseconds; one that takes this long hangs.
const SLOWEST: Duration = Duration::from_secs(10);
/// Longer inputs find nothing that shorter ones do not, and take longer to try.
const LONGEST: usize = 16 << 10;
/// Over this in one input, a length has been believed.
const MEMORY_MB: usize = 1024;

/// Runs one target, or all, for so many seconds each.
pub(crate) fn run(layout: &Layout, only: Option<&str>, seconds: u64) -> Result<(), Error> {
    let known = targets(&layout.root)?;
    let chosen: Vec<&String> = known.iter().filter(|name| only.is_none_or(|only| *name == only)).collect();
    if chosen.is_empty() {
        return Err(Error::NoTarget { name: only.unwrap_or_default().to_owned(), known: known.join(", ") });
    }
    for name in chosen {
        print::note(format_args!("{name}, {seconds} s"));
        fuzz(layout, name, seconds)?;
    }
    Ok(())
}

/// The names of all targets.
fn targets(root: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir(root.join("fuzz/corpus"))? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn fuzz(layout: &Layout, name: &str, seconds: u64) -> Result<(), Error> {
    let work = layout.target.join("fuzz");
    let found = work.join("corpus").join(name);
    let broken = work.join("artifacts").join(name);
    fs_err::create_dir_all(&found)?;
    fs_err::create_dir_all(&broken)?;
    // libFuzzer takes the text as the beginning of a file's name, so the folder needs its slash.
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(&broken);
    prefix.push("/");
    // An environment of cargo's own toolchain would beat `+nightly`, which is rustup's: hence neither $CARGO nor
    // $RUSTUP_TOOLCHAIN.
    let mut tool = Tool::new("cargo")
        .dir(&layout.root)
        .without_env("RUSTUP_TOOLCHAIN")
        .args(["+nightly", "fuzz", "run", "--target-dir"])
        .arg(&work)
        .arg(name)
        // New inputs go into the first folder; the second is only read.
        .arg(&found)
        .arg(layout.root.join("fuzz/corpus").join(name))
        .arg("--")
        .arg(prefix)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={}", SLOWEST.as_secs()))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB}"));
    if name.ends_with("_document") {
        let mut dictionary = OsString::from("-dict=");
        dictionary.push(layout.root.join("fuzz/documents.dict"));
        tool = tool.arg(dictionary);
    }
    tool.run()
}
