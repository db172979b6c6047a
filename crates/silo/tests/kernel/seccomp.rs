//! Filters in the kernel.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::support::{Helper, ignored, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_linux_filter_answers_as_documented", linux),
        trial("a_windows_filter_answers_as_documented", windows),
        ignored("filter_figures", "prints times; run it with --ignored in a release build", true, figures),
    ]
}

const EPERM: i32 = 1;
const ENOSYS: i32 = 38;
const EAFNOSUPPORT: i32 = 97;

/// Error numbers by call, the status file, and the exit code.
fn run(profile: &str, last: &str) -> (HashMap<String, i32>, String, i32) {
    let (text, code) = Helper::start("filtered", &[profile, last]).finish();
    let words = text.lines().filter_map(|line| line.split_once(' '));
    let calls = words.filter_map(|(name, errno)| Some((name.to_owned(), errno.parse().ok()?))).collect();
    (calls, text, code)
}

fn check_common(calls: &HashMap<String, i32>, status: &str) {
    for (name, errno) in [
        ("getppid", 0),
        ("unshare", EPERM),
        ("mount", EPERM),
        ("keyctl", EPERM),
        ("clone3", ENOSYS),
        ("personality", 0),
        ("no-randomize", EPERM),
        ("unix-socket", 0),
        ("newer", ENOSYS),
    ] {
        assert_eq!(calls.get(name), Some(&errno), "{name} in\n{status}");
    }
    let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
    assert_eq!(field("Seccomp:"), Some("2"), "{status}");
    assert_eq!(field("Seccomp_filters:"), Some("1"), "{status}");
}

fn linux() {
    let (calls, status, code) = run("linux", "x32");
    assert_eq!(code, 0, "{status}");
    check_common(&calls, &status);
    assert_eq!(calls["vsock"], EPERM);
    assert_eq!(calls["vsock-disguised"], EPERM, "the kernel looks at the lower 32 bits only");
    // A kernel without the x32 ABI has no such call, one with it makes the call.
    assert!([0, ENOSYS].contains(&calls["x32"]), "{}", calls["x32"]);
    #[cfg(target_arch = "x86_64")]
    assert_eq!(run("linux", "i386").0.get("i386"), Some(&1), "{status}");
}

fn windows() {
    for last in ["x32", "i386"] {
        let (calls, status, code) = run("windows", last);
        // SIGSYS: calls of another ABI are not for Windows programs. The kernel asks the filter before it looks
        // whether it has that ABI.
        assert_eq!(code, 128 + 31, "{last}\n{status}");
        assert_eq!(calls.get(last), None, "{status}");
        check_common(&calls, &status);
        assert_eq!(calls["vsock"], EAFNOSUPPORT);
        assert_eq!(calls["vsock-disguised"], EAFNOSUPPORT);
    }
}

fn figures() {
    for profile in ["linux", "windows"] {
        let (text, code) = Helper::start("filter-figures", &[profile]).finish();
        assert_eq!(code, 0);
        eprint!("{text}");
    }
}
