//! What confines a process: rights, filter, namespaces, mounts, limits. Two engines can be compared only when these
//! are equal; what one of them leaves out would make it faster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rustix::process::{Pid, getpid};

use super::processes::{self, file, namespace};
use crate::error::Error;
use crate::mountinfo::{self, Mount};

/// Lines of `/proc/PID/status`.
const STATUS: [&str; 11] = [
    "Uid",
    "Gid",
    "Groups",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "Seccomp_filters",
];

const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

/// Files with limits; of each controller those that it has in the version that is mounted.
const LIMITS: [&str; 17] = [
    "blkio.weight",
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.max",
    "cpu.shares",
    "cpu.weight",
    "cpuset.cpus",
    "cpuset.mems",
    "devices.list",
    "memory.high",
    "memory.limit_in_bytes",
    "memory.low",
    "memory.max",
    "memory.memsw.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.swap.max",
    "pids.max",
];

/// Facts about a process by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Confinement(BTreeMap<String, String>);

impl Confinement {
    /// `added`: rules in its list of devices that are not looked at.
    pub(super) fn of(pid: Pid, added: &[&str]) -> Result<Self, Error> {
        let mut facts = BTreeMap::new();
        for key in STATUS {
            facts.insert(key.to_owned(), processes::status(pid, key)?);
        }
        let score = file(pid, "oom_score_adj")?.trim().to_owned();
        facts.insert("oom_score_adj".to_owned(), score);
        let own = |kind: &&str| Ok::<_, Error>(namespace(pid, kind)? != namespace(getpid(), kind)?);
        let mut namespaces = Vec::new();
        for kind in NAMESPACES {
            if own(&kind)? {
                namespaces.push(kind);
            }
        }
        facts.insert("own namespaces".to_owned(), namespaces.join(" "));
        for line in file(pid, "mountinfo")?.lines() {
            if let Some((point, what)) = mount(line) {
                facts.insert(format!("mount on {point}"), what.to_owned());
            }
        }
        let mounts = mountinfo::all()?;
        for (controllers, path) in hierarchies(&file(pid, "cgroup")?) {
            let Some(point) = place(&mounts, controllers) else { continue };
            let folder = point.join(path.trim_start_matches('/'));
            for name in LIMITS {
                // Absent: another controller's, or the root's, which has no limits.
                let Ok(text) = fs_err::read_to_string(folder.join(name)) else { continue };
                facts.insert(name.to_owned(), lines(&text, added));
            }
        }
        Ok(Self(facts))
    }

    /// What differs, a line each.
    pub(super) fn differences(&self, ours: &str, other: &Self, theirs: &str) -> Vec<String> {
        let names: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let shown = |facts: &Self, name: &String| facts.0.get(name).cloned().unwrap_or("(none)".to_owned());
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != other.0.get(*name))
            .map(|name| format!("{name}: {ours} {}, {theirs} {}", shown(self, name), shown(other, name)))
            .collect()
    }
}

/// The lines of a file, sorted: rules of devices have no order.
fn lines(text: &str, without: &[&str]) -> String {
    let lines: BTreeSet<_> = text.lines().map(str::trim).filter(|line| !without.contains(line)).collect();
    lines.into_iter().collect::<Vec<_>>().join(", ")
}

/// Controllers and path of each line of `/proc/PID/cgroup`; the unified hierarchy has no controllers there.
fn hierarchies(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once(':')?.1.split_once(':')).collect()
}

/// Where the hierarchy with these controllers is mounted.
fn place<'a>(mounts: &'a [Mount], controllers: &str) -> Option<&'a Path> {
    let fits = |mount: &&Mount| match controllers.split(',').next() {
        None | Some("") => mount.kind == "cgroup2",
        Some(first) => mount.kind == "cgroup" && mount.options.split(',').any(|option| option == first),
    };
    mounts.iter().find(fits).map(|mount| &*mount.point)
}

/// A line of mountinfo: where something is mounted, and what a program can do with it. What is hidden or fixed has a
/// mount of its own; further options on those are each engine's taste. The root is left out: one engine shows the
/// folder itself, the other an overlay of it.
fn mount(line: &str) -> Option<(&str, &'static str)> {
    let words: Vec<_> = line.split(' ').collect();
    let (from, point, options) = (*words.get(3)?, *words.get(4)?, *words.get(5)?);
    let what = if from.ends_with("/null") {
        "hidden"
    } else if options.split(',').any(|option| option == "ro") {
        "read-only"
    } else {
        "writable"
    };
    (point != "/").then_some((point, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_both_sides() {
        let facts = |pairs: &[(&str, &str)]| {
            Confinement(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        let ours = facts(&[("Seccomp", "2"), ("pids.max", "7")]);
        assert!(ours.differences("ours", &ours, "crun").is_empty());
        let theirs = facts(&[("Seccomp", "0"), ("pids.max", "7"), ("mount on /x", "ro")]);
        assert_eq!(
            ours.differences("ours", &theirs, "crun"),
            ["Seccomp: ours 2, crun 0", "mount on /x: ours (none), crun ro"]
        );
    }

    #[test]
    fn a_process_is_confined_as_it_is_itself() {
        let me = Confinement::of(getpid(), &[]).unwrap();
        assert_eq!(me, Confinement::of(getpid(), &[]).unwrap());
        assert_eq!(me.0["own namespaces"], "");
        assert!(me.0.contains_key("mount on /proc"), "{me:?}");
    }

    #[test]
    fn rules_have_no_order_and_some_are_left_out() {
        assert_eq!(lines("c 5:0 rwm\nc *:* m\nc 1:3 rwm\n", &["c *:* m"]), "c 1:3 rwm, c 5:0 rwm");
    }

    #[test]
    fn hierarchies_and_their_places() {
        let text = "2:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/c\n";
        assert_eq!(hierarchies(text), [("cpu,cpuacct", "/a:b"), ("name=systemd", "/"), ("", "/c")]);
        let mounts = mountinfo::parse(
            "1 2 0:1 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n2 2 0:2 / /cg/u rw - cgroup2 cgroup2 rw\n",
        );
        assert_eq!(place(&mounts, "cpu,cpuacct"), Some(Path::new("/cg/cpu")));
        assert_eq!(place(&mounts, ""), Some(Path::new("/cg/u")));
        assert_eq!(place(&mounts, "pids"), None);
    }

    #[test]
    fn a_mount_shows_where_it_is_and_what_can_be_done_with_it() {
        for (line, expected) in [
            ("9 8 0:7 /sys /proc/sys ro,relatime - proc proc rw", Some(("/proc/sys", "read-only"))),
            ("9 8 0:7 /null /proc/keys rw,nosuid - tmpfs tmpfs rw", Some(("/proc/keys", "hidden"))),
            ("9 8 0:7 / /dev rw,nosuid - tmpfs tmpfs rw,errors=ro", Some(("/dev", "writable"))),
            ("9 8 0:7 / / ro - ext4 /dev/x rw", None),
        ] {
            assert_eq!(mount(line), expected, "{line}");
        }
    }
}
