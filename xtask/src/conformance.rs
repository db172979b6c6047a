//! `conformance`: the contract's suite on every host, as a table by host and one line that counts.

use std::process::ExitCode;
use std::time::Duration;

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;
use crate::{build, check, print};

/// Test programs that run the suite, each by package and name. They print the table when this variable asks them to.
const HOSTS: [(&str, &str); 3] =
    [("hcs-host-linux", "conformance"), ("hcsd", "conformance"), ("hcs-host-windows", "conformance")];

/// Its value is the part that the names of wanted cases contain.
const TABLE: &str = "HCS_CONFORMANCE_TABLE";

/// Longer than the suite takes on every kind of guest of one host, on a slow machine.
const LIMIT: Duration = Duration::from_mins(20);

/// Runs the cases whose names contain `filter`; failed cases are the outcome, not an error of ours.
pub(crate) fn run(layout: &Layout, filter: &str) -> Result<ExitCode, Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot { action: "./x conformance" });
    }
    check::run(true)?;
    build::guests(layout)?;
    build::dlls(layout)?;
    let (mut sums, mut all_ended_well) = ([0; 3], true);
    for (package, test) in HOSTS {
        let cargo = || {
            let tool = Tool::cargo(&layout.root);
            tool.args(["test", "--locked", "--quiet", "--package", package, "--test", test])
        };
        // Apart, so that what does not compile is not taken for a case that failed.
        cargo().arg("--no-run").output_to_stderr()?.run()?;
        let tool = cargo().env("HCS_LIBEXEC", layout.libexec()).env(TABLE, filter);
        let status = tool.watch(LIMIT, |line| {
            if let Some(counts) = counts(line) {
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
            print::line(line);
        })?;
        all_ended_well &= status.success();
    }
    let [passed, failed, refused] = sums;
    print::line(format_args!("{passed} passed, {failed} failed, {refused} refused"));
    Ok(if all_ended_well && failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The numbers of a table's last line.
fn counts(line: &str) -> Option<[u64; 3]> {
    let mut counts = [0; 3];
    let mut parts = line.split(", ");
    for (count, word) in counts.iter_mut().zip([" passed", " failed", " refused"]) {
        *count = parts.next()?.strip_suffix(word)?.parse().ok()?;
    }
    parts.next().is_none().then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn only_the_last_line_of_a_table_counts() {
        assert_eq!(counts("12 passed, 0 failed, 3 refused"), Some([12, 0, 3]));
        for line in [
            "",
            "1 passed",
            "  x  passed  1 ms",
            "1 passed, 2 failed, 3 skipped",
            "1 passed, 2 failed, 3 refused, 4",
        ] {
            assert_eq!(counts(line), None, "{line}");
        }
    }
}
