//! Which cgroup hierarchies there are, and whether they have the controllers that limits need.

use std::path::PathBuf;

use super::Finding;
use crate::mountinfo::{self, Mount};

/// Limits of processors, memory and processes; `devices` exists on v1 only (v2 filters devices by program).
const NEEDED: [&str; 3] = ["cpu", "memory", "pids"];

/// The hierarchies of a host.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hierarchies {
    /// The v2 mount, if any.
    unified: Option<PathBuf>,
    /// Controllers mounted as v1.
    legacy: Vec<String>,
}

impl Hierarchies {
    fn among(mounts: &[Mount]) -> Self {
        let mut found = Self::default();
        for mount in mounts {
            match &*mount.kind {
                "cgroup2" => found.unified = Some(mount.point.clone()),
                "cgroup" => {
                    let options = mount.options.split(',');
                    found.legacy.extend(options.filter(|o| is_controller(o)).map(str::to_owned));
                }
                _ => {}
            }
        }
        found
    }

    fn mode(&self) -> Option<&'static str> {
        match (&self.unified, self.legacy.is_empty()) {
            (Some(_), true) => Some("v2"),
            (Some(_), false) => Some("hybrid"),
            (None, false) => Some("v1"),
            (None, true) => None,
        }
    }
}

fn is_controller(option: &str) -> bool {
    !matches!(option, "rw" | "ro" | "xattr" | "none" | "") && !option.contains('=')
}

pub(super) fn finding() -> Finding {
    let name = "cgroups";
    let hierarchies = Hierarchies::among(&mountinfo::all().unwrap_or_default());
    let Some(mode) = hierarchies.mode() else {
        return Finding::missing(name, "none mounted", "mount -t cgroup2 none /sys/fs/cgroup");
    };
    let unified = hierarchies.unified.as_ref().map_or(String::new(), |mount| {
        fs_err::read_to_string(mount.join("cgroup.controllers")).unwrap_or_default()
    });
    let has = |wanted: &&str| {
        unified.split_whitespace().any(|c| c == *wanted) || hierarchies.legacy.iter().any(|c| c == *wanted)
    };
    let absent: Vec<_> = NEEDED.into_iter().filter(|controller| !has(controller)).collect();
    if absent.is_empty() {
        Finding::good(name, format!("{mode}, with {}", NEEDED.join(", ")))
    } else {
        let todo = "boot with cgroup_enable=memory, or without cgroup_disable=…";
        Finding::missing(name, format!("{mode}, without {}", absent.join(", ")), todo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1_MEMORY: &str =
        "31 25 0:27 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory\n";
    const V1_NAMED: &str =
        "36 25 0:32 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n";
    const V2: &str = "37 25 0:33 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn modes_are_told_apart() {
        let mode = |text: &str| Hierarchies::among(&mountinfo::parse(text)).mode();
        assert_eq!(mode(""), None);
        assert_eq!(mode(V2), Some("v2"));
        assert_eq!(mode(V1_MEMORY), Some("v1"));
        assert_eq!(mode(&format!("{V1_MEMORY}{V1_NAMED}{V2}")), Some("hybrid"));
        // systemd's own name without a controller limits nothing
        assert_eq!(mode(&format!("{V1_NAMED}{V2}")), Some("v2"));
    }

    #[test]
    fn controllers_of_one_mount_are_all_found() {
        let both = "3 2 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";
        assert_eq!(Hierarchies::among(&mountinfo::parse(both)).legacy, ["cpu", "cpuacct"]);
    }
}
