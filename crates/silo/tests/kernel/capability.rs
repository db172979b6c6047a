//! Credentials: what `/proc/self/status` shows before and after an exec.

use libtest_mimic::Trial;

use crate::support::{Helper, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("root_keeps_what_it_is_limited_to_over_exec", root_is_limited),
        trial("another_user_keeps_only_ambient_capabilities", user_keeps_ambient),
        trial("another_user_has_nothing_by_default", user_has_nothing),
        trial("no_capability_at_all", nothing_at_all),
        trial("asking_for_more_than_the_limit_names_the_step", too_much),
    ]
}

/// The field of a status file.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim()
}

/// The status before and after the exec.
fn statuses(uid: &str, capabilities: &str, ambient: &str) -> (String, String) {
    let (text, code) = Helper::start("credentials", &[uid, capabilities, ambient]).finish();
    assert_eq!(code, 0, "{text}");
    let (before, after) = text.split_once("== exec ==\n").unwrap();
    (before.into(), after.into())
}

#[track_caller]
fn check(status: &str, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let seen: Vec<_> = field(status, name).split_whitespace().collect();
        assert_eq!(seen.join(" "), *value, "{name} in\n{status}");
    }
}

const NONE: &str = "0000000000000000";
/// CHOWN, KILL and NET_BIND_SERVICE: bits 0, 5 and 10.
const SOME: &str = "CAP_CHOWN,CAP_KILL,CAP_NET_BIND_SERVICE";
const SOME_BITS: &str = "0000000000000421";

fn root_is_limited() {
    let (before, after) = statuses("0", SOME, "");
    for status in [&before, &after] {
        check(
            status,
            &[
                ("CapBnd", SOME_BITS),
                ("CapPrm", SOME_BITS),
                ("CapEff", SOME_BITS),
                ("CapInh", NONE),
                ("CapAmb", NONE),
                ("NoNewPrivs", "1"),
                ("Uid", "0 0 0 0"),
                ("Gid", "70 70 70 70"),
                ("Groups", "77 78"),
            ],
        );
    }
}

fn user_keeps_ambient() {
    let (before, after) = statuses("1000", SOME, "CAP_KILL");
    for status in [&before, &after] {
        check(
            status,
            &[
                ("CapBnd", SOME_BITS),
                ("CapPrm", "0000000000000020"),
                ("CapEff", "0000000000000020"),
                ("CapInh", "0000000000000020"),
                ("CapAmb", "0000000000000020"),
                ("Uid", "1000 1000 1000 1000"),
            ],
        );
    }
}

fn user_has_nothing() {
    let (before, after) = statuses("1000", SOME, "");
    for status in [&before, &after] {
        check(
            status,
            &[("CapBnd", SOME_BITS), ("CapPrm", NONE), ("CapEff", NONE), ("CapInh", NONE), ("CapAmb", NONE)],
        );
    }
}

fn nothing_at_all() {
    for uid in ["0", "1000"] {
        let (_, after) = statuses(uid, "", "");
        check(&after, &[("CapBnd", NONE), ("CapPrm", NONE), ("CapEff", NONE), ("NoNewPrivs", "1")]);
    }
}

fn too_much() {
    // Ambient, but not in the bounding set: the kernel does not let it into the inheritable set.
    let (text, code) = Helper::start("credentials", &["1000", "CAP_KILL", "CAP_SYS_ADMIN"]).finish();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("cannot set capabilities"), "{text}");
}
