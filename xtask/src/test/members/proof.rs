//! One test, run with and without the switch that drops a member, and what its output proves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cargo_metadata::{Message, TargetKind};

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;

pub(super) use crate::test::DROP_MEMBER as VARIABLE;

/// The crate whose tests the page names, in its library and in this program.
const CRATE: &str = "crates/host-linux";
const PROGRAM: &str = "compute";

/// A test of the host.
#[derive(Debug)]
pub(super) struct Test {
    program: PathBuf,
    /// As the program lists it.
    name: String,
}

impl Test {
    /// Whether the page means this test: by its module and function, wherever the module lies.
    pub(super) fn is(&self, named: &str) -> bool {
        let name = self.name.replace("::tests::", "::");
        name == named || name.strip_prefix("compute::") == Some(named)
    }

    /// Runs it and no other, as cargo would.
    pub(super) fn tool(&self, layout: &Layout) -> Tool {
        Tool::new(&self.program).args(["--exact", &self.name]).dir(&layout.root.join(CRATE))
    }
}

/// Builds the tests as `./x test` does, and lists them.
pub(super) fn tests(layout: &Layout) -> Result<Vec<Test>, Error> {
    let build = Tool::cargo(&layout.root)
        .args(["test", "--locked", "--workspace", "--all-features", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"]);
    let mut tests = Vec::new();
    for message in Message::parse_stream(build.text()?.as_bytes()) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let wanted = artifact.target.name == PROGRAM || artifact.target.kind.contains(&TargetKind::Lib);
        let ours = artifact.manifest_path.as_std_path().parent() == Some(&layout.root.join(CRATE));
        let Some(program) = artifact.executable.filter(|_| wanted && ours) else { continue };
        let listed = Tool::new(&program).args(["--list", "--format", "terse"]).text()?;
        let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        tests.extend(names.map(|name| Test { program: program.clone().into(), name: name.to_owned() }));
    }
    Ok(tests)
}

/// What a run says about a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It failed where it asserts something, and the member was in what the host read.
    Failed { assertion: String },
    /// It passed.
    Passed,
    /// It failed, but no document that the host read had the member.
    Absent,
    /// It had to be ended.
    Slow,
    /// It ended in another way than tests do.
    Odd { last: String },
    /// There is no such test.
    NoTest,
    /// It fails with the member, too.
    Broken { assertion: String },
}

impl Verdict {
    pub(super) fn is_proof(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed { assertion } => f.write_str(assertion),
            Self::Passed => f.write_str("passes"),
            Self::Absent => f.write_str("the host has read no document with this member in it"),
            Self::Slow => f.write_str("ended because it took too long"),
            Self::Odd { last } => write!(f, "ended without a verdict: {last}"),
            Self::NoTest => f.write_str("there is no such test"),
            Self::Broken { assertion } => write!(f, "fails without the switch, too: {assertion}"),
        }
    }
}

/// What of a test program's output matters.
#[derive(Debug, Default)]
struct Transcript {
    passed: bool,
    failed: bool,
    dropped: bool,
    /// The first message of a panic: its own line, and before it the place.
    assertion: String,
    after_place: bool,
    last: String,
}

impl Transcript {
    fn take(&mut self, line: &str) {
        self.dropped |= line.contains(&format!("{VARIABLE}: dropped "));
        self.passed |= line.starts_with("test result: ok. 1 passed");
        self.failed |= line.starts_with("test result: FAILED. 0 passed; 1 failed");
        if std::mem::take(&mut self.after_place) {
            self.assertion.push_str(line.trim());
        }
        if self.assertion.is_empty()
            && let Some((_, place)) = line.split_once(" panicked at ")
        {
            self.assertion = format!("{place} ");
            self.after_place = true;
        }
        if !line.trim().is_empty() {
            line.clone_into(&mut self.last);
        }
    }

    fn failure(self) -> Verdict {
        if !self.failed || self.assertion.is_empty() {
            Verdict::Odd { last: self.last }
        } else if self.dropped {
            Verdict::Failed { assertion: self.assertion }
        } else {
            Verdict::Absent
        }
    }
}

fn run(tool: Tool, limit: Duration) -> Result<(Option<Transcript>, Duration), Error> {
    let mut transcript = Transcript::default();
    let begun = Instant::now();
    match tool.watch(limit, |line| transcript.take(line)) {
        Ok(_) => Ok((Some(transcript), begun.elapsed())),
        Err(Error::TooSlow { .. }) => Ok((None, begun.elapsed())),
        Err(error) => Err(error),
    }
}

/// Runs a test as it is.
pub(super) fn passes(tool: Tool, limit: Duration) -> Result<(Verdict, Duration), Error> {
    let (transcript, took) = run(tool, limit)?;
    let verdict = match transcript {
        None => Verdict::Slow,
        Some(transcript) if transcript.passed => Verdict::Passed,
        Some(Transcript { failed: true, assertion, .. }) => Verdict::Broken { assertion },
        Some(transcript) => Verdict::Odd { last: transcript.last },
    };
    Ok((verdict, took))
}

/// Runs a test while the host reads nothing of `member`.
pub(super) fn fails(tool: Tool, member: &str, limit: Duration) -> Result<(Verdict, Duration), Error> {
    let (transcript, took) = run(tool.env(VARIABLE, member), limit)?;
    let verdict = match transcript {
        None => Verdict::Slow,
        Some(transcript) if transcript.passed => Verdict::Passed,
        Some(transcript) => transcript.failure(),
    };
    Ok((verdict, took))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "\
thread 'a::b' (12) panicked at crates/x/tests/a.rs:3:5:
assertion `left == right` failed
  left: 1
test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s";

    fn said(text: &str, status: u8) -> Verdict {
        let text = text.replace('\'', "");
        fails(
            Tool::new("sh").args(["-c", &format!("echo '{text}'; exit {status}")]),
            "v1::A.B",
            Duration::from_mins(1),
        )
        .unwrap()
        .0
    }

    #[test]
    fn only_an_assertion_about_a_member_that_was_there_is_a_proof() {
        let dropped = format!("{VARIABLE}: dropped v1::A.B\n");
        let verdict = said(&format!("{dropped}{FAILED}"), 101);
        let assertion = "crates/x/tests/a.rs:3:5: assertion `left == right` failed".to_owned();
        assert_eq!(verdict, Verdict::Failed { assertion });
        assert!(verdict.is_proof());
        assert_eq!(said(FAILED, 101), Verdict::Absent);
        assert_eq!(said(&format!("{dropped}test result: ok. 1 passed; 0 failed"), 0), Verdict::Passed);
        assert!(matches!(said(&dropped, 139), Verdict::Odd { .. }));
        assert!(matches!(said("test result: ok. 0 passed; 0 failed", 0), Verdict::Odd { .. }));
    }

    #[test]
    fn a_test_that_hangs_or_is_broken_in_any_case_proves_nothing() {
        let limit = Duration::from_millis(200);
        let hangs = fails(Tool::new("sleep").arg("600"), "v1::A.B", limit).unwrap();
        assert_eq!(hangs.0, Verdict::Slow);
        let broken = Tool::new("sh").args(["-c", &format!("echo '{}'", FAILED.replace('\'', ""))]);
        let (verdict, _) = passes(broken, Duration::from_mins(1)).unwrap();
        assert!(matches!(verdict, Verdict::Broken { .. }), "{verdict}");
    }

    #[test]
    fn the_page_names_tests_by_module_and_function() {
        let test = |name: &str| Test { program: PathBuf::new(), name: name.into() };
        assert!(test("documents::limits").is("documents::limits"));
        assert!(test("compute::members::of_processes").is("members::of_processes"));
        assert!(test("compute::registry::tests::values").is("registry::values"));
        assert!(!test("other::documents::limits").is("documents::limits"));
    }
}
