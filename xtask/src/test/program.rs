//! One test program, run for cargo within a limit. One that hangs is ended and its unfinished tests are named, where
//! it would otherwise use up the whole run's time and take the tests behind it along.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitStatus;
use std::time::Duration;

use crate::error::Error;
use crate::print;
use crate::process::Tool;

/// What libtest ends with when a test failed.
const FAILED: u8 = 101;

/// What a program has said so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Progress {
    /// Every test that has a verdict.
    finished: BTreeSet<String>,
    passed: usize,
    /// The sums at the end.
    summed: bool,
    /// Tests that libtest called slow.
    slow: BTreeSet<String>,
}

impl Progress {
    fn take(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test ") else { return };
        if rest.starts_with("result: ") {
            self.summed = true;
        } else if let Some((name, verdict)) = rest.rsplit_once(" ... ") {
            self.passed += usize::from(verdict == "ok");
            self.finished.insert(plain(name).to_owned());
        } else if let Some((name, _)) = rest.split_once(" has been running for over ") {
            self.slow.insert(plain(name).to_owned());
        }
    }
}

/// The name without libtest-mimic's kind before it and libtest's mark behind it.
fn plain(name: &str) -> &str {
    let name = name.strip_prefix('[').and_then(|name| name.split_once("] ")).map_or(name, |(_, name)| name);
    name.split(" - ").next().unwrap_or(name).trim()
}

/// Runs `program`, a test program with its arguments; the exit code is its own.
pub(crate) fn run(limit: Duration, program: &[OsString]) -> Result<u8, Error> {
    let (file, arguments) = program.split_first().expect("the parser wants a program");
    let mut progress = Progress::default();
    let ended = Tool::new(file).args(arguments).watch(limit, |line| {
        progress.take(line);
        print::line(line);
    });
    let why = match &ended {
        Ok(status) if progress.summed || status.success() => return Ok(code(*status)),
        Ok(status) => format!("it ended with {status} in the middle"),
        Err(Error::TooSlow { limit, .. }) => format!("it was ended after {} s", limit.as_secs()),
        Err(_) => return ended.map(code),
    };
    let listed = Tool::new(file).args(["--list", "--format", "terse"]).text()?;
    let left = unfinished(&listed, &progress.finished);
    for name in &left {
        let slow = if progress.slow.contains(name) { ", had run for over a minute" } else { "" };
        print::line(format_args!("test {name} ... FAILED (no verdict: {why}{slow})"));
    }
    print::line(format_args!(
        "test result: FAILED. {} passed; {} failed; 0 ignored; 0 measured; 0 filtered out",
        progress.passed,
        left.len().max(1)
    ));
    Ok(FAILED)
}

/// The tests of a list (`name: test`) that have no verdict.
fn unfinished(listed: &str, finished: &BTreeSet<String>) -> Vec<String> {
    let names = listed.lines().filter_map(|line| line.strip_suffix(": test")).map(plain);
    names.filter(|name| !finished.contains(*name)).map(str::to_owned).collect()
}

/// A program that a signal ended has none; it did not pass.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(script: &str) -> (tempfile::TempDir, Vec<OsString>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tests");
        fs_err::write(&file, format!("#!/bin/sh\n{script}")).unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        (dir, vec![file.into()])
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_one_that_ends_keeps_its_code() {
        let list = "[ \"$1\" = --list ] && { echo 'a: test'; exit; }\n";
        let (_dir, hangs) = program(&format!("{list}sleep 600"));
        assert_eq!(run(Duration::from_millis(300), &hangs).unwrap(), FAILED);
        let (_dir, crashes) = program(&format!("{list}kill -SEGV $$"));
        assert_eq!(run(Duration::from_mins(1), &crashes).unwrap(), FAILED);
        let (_dir, ends) = program("echo 'test result: ok. 0 passed'; exit 7");
        assert_eq!(run(Duration::from_mins(1), &ends).unwrap(), 7);
    }

    #[test]
    fn who_has_no_verdict_is_told_from_the_list() {
        let mut progress = Progress::default();
        for line in [
            "running 5 tests",
            "test a::passes ... ok",
            "test a::panics - should panic ... ok",
            "test b::fails ... FAILED",
            "test [takes a day] c::figures ... ignored",
            "test d::hangs has been running for over 60 seconds",
        ] {
            progress.take(line);
        }
        let list =
            "a::passes: test\na::panics: test\nb::fails: test\nc::figures: test\nd::hangs: test\ne: test\n";
        assert_eq!(unfinished(list, &progress.finished), ["d::hangs", "e"]);
        assert!(!progress.summed && progress.slow.contains("d::hangs"));
        assert_eq!(progress.passed, 2);
        progress.take("test result: ok. 1 passed");
        assert!(progress.summed);
    }
}
