//! What this host can do, and why it can't do the rest.
//!
//! Each answer is looked up where the engine itself would look when it makes a container; none makes anything.

use std::fmt::Display;
use std::path::Path;

use hcs_schema::Version;
use hcs_schema::host::Feature;
use hcs_silo::cgroup::{Controllers, Hierarchies, Layout};

use crate::compute::LinuxHost;
use crate::helpers;
use crate::options::Options;
use crate::wine::WineInstall;

impl LinuxHost {
    /// What this host can do: guests, schemas, isolation, limits. Each with the reason when it can't.
    pub fn features(&self) -> Vec<Feature> {
        let options = self.options();
        let wine = wine();
        let hierarchies = Hierarchies::detect();
        let mut all = vec![
            guest_linux(options),
            guest_windows(options, &wine),
            wine,
            Feature::there("schema-versions", format!("{}, {}", Version::v1_0(), Version::v2_1())),
        ];
        match &hierarchies {
            Ok(hierarchies) => all.extend(cgroups(hierarchies)),
            Err(error) => all.push(
                Feature::not("cgroups", error.to_string())
                    .with_hint("mount cgroup2 on /sys/fs/cgroup; without it no container can be made"),
            ),
        }
        all.push(user_namespaces(Path::new("/proc/sys/user/max_user_namespaces")));
        all.push(id_mapped_mounts(&options.root));
        all.push(seccomp(Path::new("/proc/sys/kernel/seccomp/actions_avail")));
        all.push(events(Path::new("/proc/sys/fs/inotify/max_user_instances")));
        all.push(network(options));
        all.push(Feature::not("save", "the state of a container can't be saved on this host"));
        all
    }
}

fn guest_linux(options: &Options) -> Feature {
    guest("guest-linux", options, &[helpers::INIT])
}

/// Networks are made by netlink; what a kernel lacks for them shows when they are made.
fn network(options: &Options) -> Feature {
    guest("network", options, &[helpers::NETWORK])
}

fn guest_windows(options: &Options, wine: &Feature) -> Feature {
    const NAME: &str = "guest-windows";
    if !wine.available {
        return Feature { name: NAME.into(), ..wine.clone() };
    }
    guest(NAME, options, &[helpers::INIT, helpers::AGENT])
}

/// Containers whose helper programs these are, the last of which is told.
fn guest(name: &'static str, options: &Options, programs: &[&str]) -> Feature {
    let mut found = Vec::new();
    for program in programs {
        match helpers::find(options, program) {
            Ok(path) => found.push(path.display().to_string()),
            Err(error) => {
                let hint = error.hint().unwrap_or_default().to_owned();
                return Feature::not(name, error.kind().to_string()).with_hint(hint);
            }
        }
    }
    if rustix::process::geteuid().is_root() {
        Feature::there(name, found.join(", "))
    } else {
        Feature::not(name, "containers are made with root's rights on this host")
            .with_hint("run the program as root, with sudo")
    }
}

fn wine() -> Feature {
    const NAME: &str = "wine";
    let found = WineInstall::find().and_then(|wine| Ok((wine.version()?, wine.loader)));
    match found {
        Ok((version, loader)) => Feature::there(NAME, format!("{version}, {}", loader.display())),
        Err(error) => Feature::not(NAME, error.to_string()),
    }
}

fn cgroups(hierarchies: &Hierarchies) -> Vec<Feature> {
    let layout = match hierarchies.layout() {
        Layout::V1 => "version 1; version 2 is not mounted and used all the same",
        Layout::Hybrid => "version 1 and version 2 together (hybrid)",
        Layout::V2 => "version 2",
    };
    let has = hierarchies.legacy_controllers() | hierarchies.unified_controllers();
    let limit = |name, controller, detail: &str| {
        if has.contains(controller) {
            Feature::there(name, detail)
        } else {
            let controller = format!("{controller:?}").to_lowercase();
            Feature::not(name, "the kernel offers no such cgroup controller")
                .with_hint(format!("boot a kernel that has it, without cgroup_disable={controller}"))
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![
        Feature::there("cgroups", layout),
        limit("limit-memory", Controllers::MEMORY, "in MiB"),
        limit("limit-cpu-count", Controllers::CPU, &format!("up to {processors}")),
        limit("limit-cpu-maximum", Controllers::CPU, "1 to 10000, in 1/100 percent of the host"),
        limit("limit-cpu-weight", Controllers::CPU, "1 to 10000"),
        limit("limit-storage", Controllers::BLKIO, "bytes and operations per second, of whole disks"),
        // Done by version 2 alone, which is there or there would be no hierarchies.
        Feature::there("pause", "by the cgroup's freezer, version 2"),
    ]
}

fn user_namespaces(limit: &Path) -> Feature {
    const NAME: &str = "user-namespaces";
    match number(limit) {
        Ok(0) => Feature::not(NAME, format!("{} is 0", limit.display()))
            .with_hint("raise sysctl user.max_user_namespaces"),
        Ok(limit) => Feature::there(NAME, format!("up to {limit}")),
        Err(reason) => Feature::not(NAME, reason).with_hint("boot a kernel with CONFIG_USER_NS"),
    }
}

/// File systems with id-mapped mounts: what statfs(2) calls them, their names, and the first kernel where they have them.
/// Source: mount_setattr(2), "ID-mapped mounts".
const ID_MAPPED: [(u32, &str, (u32, u32)); 5] = [
    (0xEF53, "ext4", (5, 12)),
    (0x5846_5342, "xfs", (5, 12)),
    (0x9123_683E, "btrfs", (5, 15)),
    (0xF2F5_2010, "f2fs", (5, 18)),
    (0x0102_1994, "tmpfs", (6, 3)),
];

/// By kind of file system: to try it would take a process in a user namespace.
fn id_mapped_mounts(root: &Path) -> Feature {
    const NAME: &str = "id-mapped-mounts";
    let kind = match rustix::fs::statfs(root) {
        // The kernel's numbers have 32 bits, on every architecture.
        Ok(found) => (found.f_type & 0xFFFF_FFFF).cast_unsigned(),
        Err(errno) => return Feature::not(NAME, format!("cannot look at {}: {errno}", root.display())),
    };
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    id_mapped(NAME, root, kind, &release)
}

fn id_mapped(name: &'static str, root: &Path, kind: u64, release: &str) -> Feature {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return Feature::not(name, format!("the kernel's release {release:?} begins with no version"));
    };
    let feature = match ID_MAPPED.iter().find(|(number, ..)| u64::from(*number) == kind) {
        Some((_, file_system, since)) if (major, minor) >= *since => {
            Feature::there(name, format!("{}: {file_system}", root.display()))
        }
        Some((_, file_system, (major, minor))) => Feature::not(
            name,
            format!("{}: {file_system} has them since Linux {major}.{minor}", root.display()),
        ),
        None => Feature::not(name, format!("{}: a file system of kind {kind:#x}", root.display())),
    };
    if feature.available {
        return feature;
    }
    feature.with_hint("put HCS_ROOT on ext4, xfs or btrfs, or run without a user namespace")
}

fn seccomp(actions: &Path) -> Feature {
    const NAME: &str = "seccomp";
    match text(actions) {
        Ok(actions) if actions.split_whitespace().any(|action| action == "errno") => {
            Feature::there(NAME, format!("actions: {}", actions.trim()))
        }
        Ok(actions) => Feature::not(NAME, format!("the kernel knows only the actions {:?}", actions.trim())),
        Err(reason) => Feature::not(NAME, reason).with_hint("boot a kernel with CONFIG_SECCOMP_FILTER"),
    }
}

fn events(limit: &Path) -> Feature {
    const NAME: &str = "events";
    match number(limit) {
        Ok(0) => Feature::not(NAME, format!("{} is 0", limit.display()))
            .with_hint("raise sysctl fs.inotify.max_user_instances"),
        Ok(limit) => Feature::there(NAME, format!("up to {limit} readers of a user")),
        Err(reason) => Feature::not(NAME, reason).with_hint("boot a kernel with CONFIG_INOTIFY_USER"),
    }
}

fn number(path: &Path) -> Result<u64, String> {
    text(path)?.trim().parse().map_err(|error: std::num::ParseIntError| said(path, &error))
}

fn text(path: &Path) -> Result<String, String> {
    fs_err::read_to_string(path).map_err(|error| error.to_string())
}

fn said(path: &Path, error: &dyn Display) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_its_detail_and_every_missing_one_its_reason() {
        let temp = tempfile::tempdir().unwrap();
        let options =
            Options { root: temp.path().join("root"), run: temp.path().join("run"), ..Options::default() };
        let features = LinuxHost::open(options).unwrap().features();
        assert!(features.iter().all(|feature| !feature.detail.is_empty()), "{features:?}");
        let names: Vec<_> = features.iter().map(|feature| feature.name.as_str()).collect();
        for name in ["guest-linux", "guest-windows", "wine", "cgroups", "limit-memory", "id-mapped-mounts"] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        let network = features.iter().find(|feature| feature.name == "network").unwrap();
        assert!(network.detail.contains("hcs-network"), "{network:?}");
    }

    #[test]
    fn what_is_missing_says_why_and_what_to_do() {
        let temp = tempfile::tempdir().unwrap();
        let zero = temp.path().join("zero");
        fs_err::write(&zero, "0\n").unwrap();
        let nothing = temp.path().join("nothing");
        for missing in [
            user_namespaces(&zero),
            user_namespaces(&nothing),
            events(&zero),
            events(&nothing),
            seccomp(&nothing),
        ] {
            assert!(!missing.available && missing.hint.is_some(), "{missing:?}");
            let named = ["zero", "nothing"].iter().any(|name| missing.detail.contains(name));
            assert!(named, "{missing:?}");
        }
        assert!(!seccomp(&zero).available);
        let program = guest("guest-linux", &Options::default(), &["no-such-program"]);
        assert!(!program.available && program.detail.contains("no-such-program"), "{program:?}");
        assert!(program.hint.unwrap().contains("./x install"));
    }

    #[test]
    fn id_mapped_mounts_depend_on_the_file_system_and_the_kernel() {
        let check = |kind, release| {
            let feature = id_mapped("x", Path::new("/srv"), kind, release);
            (feature.available, feature.detail, feature.hint.is_some())
        };
        assert_eq!(check(0xEF53, "6.1.0-37-amd64"), (true, "/srv: ext4".into(), false));
        assert_eq!(check(0x9123_683E, "5.15.0"), (true, "/srv: btrfs".into(), false));
        let old = (false, "/srv: tmpfs has them since Linux 6.3".into(), true);
        assert_eq!(check(0x0102_1994, "6.1.0"), old);
        assert_eq!(check(0x6969, "6.1.0"), (false, "/srv: a file system of kind 0x6969".into(), true));
        assert!(!check(0xEF53, "six").0);
    }
}
