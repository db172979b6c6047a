//! How many tests passed, failed and were skipped, read from what `cargo test` prints.

/// Sums over all test programs of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Each skipped test with its reason.
    pub(crate) reasons: Vec<String>,
    /// What failed tests printed, for the end of the run: who reads only that shall find the cause there.
    pub(crate) failures: Vec<String>,
    /// The program whose lines come now.
    program: String,
    /// Within what a program prints of its failed tests.
    in_failures: bool,
}

/// How many lines of failed tests are repeated at the end.
const REPEATED: usize = 120;

impl Counts {
    /// Takes in one line of output, and says whether a reader wants to see it: not those of tests that passed.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        let trimmed = line.trim_start();
        self.repeat_later(line);
        if let Some(rest) = trimmed.strip_prefix("Running ").or_else(|| trimmed.strip_prefix("Doc-tests ")) {
            let name = rest.split(" (").next().unwrap_or(rest);
            name.trim_start_matches("unittests ").clone_into(&mut self.program);
        } else if let Some(sums) = line.strip_prefix("test result: ") {
            self.passed += number_before(sums, " passed");
            self.failed += number_before(sums, " failed");
            self.skipped += number_before(sums, " ignored");
        } else if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|l| l.rsplit_once(" ... "))
        {
            if let Some(reason) = outcome.strip_prefix("ignored") {
                // `#[ignore = "reason"]` stands behind the name, a kind of libtest-mimic's in brackets before it.
                let kind = name.strip_prefix('[').and_then(|name| name.split_once("] "));
                let (reason, name) = match (reason.trim_start_matches([',', ' ']), kind) {
                    ("", Some((kind, name))) => (kind, name),
                    ("", None) => ("no reason given", name),
                    (reason, _) => (reason, name),
                };
                self.reasons.push(format!("{}: {}: {reason}", self.program, name.trim()));
            }
            return outcome != "ok";
        }
        !trimmed.is_empty()
    }

    /// Keeps the lines between "failures:" and the sums.
    fn repeat_later(&mut self, line: &str) {
        if line == "failures:" {
            if !self.in_failures {
                self.failures.push(format!("failed in {}:", self.program));
            }
            self.in_failures = true;
        } else if line.starts_with("test result: ") {
            self.in_failures = false;
        } else if line.ends_with(" ... FAILED") || line.contains(" ... FAILED (no verdict") {
            self.failures.push(format!("{}: {line}", self.program));
        } else if self.in_failures && !line.trim().is_empty() && self.failures.len() < REPEATED {
            self.failures.push(format!("  {line}"));
        }
    }

    /// A part that is left out as a whole. Several boots may leave out the same for the same reason.
    pub(crate) fn skip(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// The last line of a run.
    pub(crate) fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `4` from `ok. 4 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u64 {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Counts;

    const OUTPUT: &str = "\
     Running unittests src/lib.rs (target/debug/deps/hcs_silo-0123)

running 3 tests
test mount::reads ... ok
test mount::writes ... FAILED
test cgroup::v2 ... ignored, this machine has v1 only
test [takes a day] figures ... ignored

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests hcsshim
test crates/hcsshim/src/lib.rs - Host (line 7) ... ignored
test result: ok. 41 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn what_failed_tests_printed_is_kept_for_the_end() {
        let mut counts = Counts::default();
        for line in [
            "     Running tests/compute/main.rs (target/debug/deps/compute-0123)",
            "test start::twice ... ok",
            "test start::once ... FAILED",
            "",
            "failures:",
            "",
            "---- start::once ----",
            "exit code 9 after signal 15",
            "",
            "failures:",
            "    start::once",
            "",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
            "     Running tests/other.rs (target/debug/deps/other-0123)",
        ] {
            counts.take(line);
        }
        assert_eq!(
            counts.failures,
            [
                "tests/compute/main.rs: test start::once ... FAILED",
                "failed in tests/compute/main.rs:",
                "  ---- start::once ----",
                "  exit code 9 after signal 15",
                "      start::once",
            ]
        );
    }

    #[test]
    fn sums_and_reasons_are_read_and_passed_tests_are_not_shown() {
        let mut counts = Counts::default();
        let shown: Vec<_> = OUTPUT.lines().filter(|line| counts.take(line)).collect();
        assert_eq!(counts.line(), "42 passed, 1 failed, 2 skipped");
        assert_eq!(
            counts.reasons,
            [
                "src/lib.rs: cgroup::v2: this machine has v1 only",
                "src/lib.rs: figures: takes a day",
                "hcsshim: crates/hcsshim/src/lib.rs - Host (line 7): no reason given",
            ]
        );
        assert!(shown.contains(&"test mount::writes ... FAILED"), "{shown:?}");
        assert!(!shown.iter().any(|line| line.ends_with("ok")), "{shown:?}");
    }
}
