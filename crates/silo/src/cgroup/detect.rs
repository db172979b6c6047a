//! Where the host keeps its cgroup hierarchies: version 1, version 2, or both (hybrid).
//!
//! Source: proc_pid_mountinfo(5), cgroups(7).

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, openat, statx};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use super::{CgroupError, file};

bitflags::bitflags! {
    /// The controllers that a container needs, by their version 1 names.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Controllers: u16 {
        /// Shares of the CPUs and a ceiling.
        const CPU = 1;
        /// CPU times; part of every version 2 group.
        const CPUACCT = 1 << 1;
        /// Which CPUs and memory nodes.
        const CPUSET = 1 << 2;
        /// Memory and swap.
        const MEMORY = 1 << 3;
        /// Which device nodes may be opened; version 2 has a BPF program instead.
        const DEVICES = 1 << 4;
        /// Block devices; version 2 calls it `io`.
        const BLKIO = 1 << 5;
        /// Number of processes and threads.
        const PIDS = 1 << 6;
    }
}

/// By name in version 1 mount options, and by name in version 2's `cgroup.controllers`.
const NAMES: [(Controllers, &str, Option<&str>); 7] = [
    (Controllers::CPU, "cpu", Some("cpu")),
    (Controllers::CPUACCT, "cpuacct", None),
    (Controllers::CPUSET, "cpuset", Some("cpuset")),
    (Controllers::MEMORY, "memory", Some("memory")),
    (Controllers::DEVICES, "devices", None),
    (Controllers::BLKIO, "blkio", Some("io")),
    (Controllers::PIDS, "pids", Some("pids")),
];

impl Controllers {
    fn from_v1_options(options: &[u8]) -> Self {
        Self::named(options.split(|&b| b == b','), |row| Some(row.1))
    }

    /// From a line of `cgroup.controllers`.
    pub(super) fn from_v2(line: &[u8]) -> Self {
        Self::named(line.split(u8::is_ascii_whitespace), |row| row.2)
    }

    fn named<'a>(
        words: impl Iterator<Item = &'a [u8]>,
        column: impl Fn(&(Self, &'static str, Option<&'static str>)) -> Option<&'static str>,
    ) -> Self {
        words.fold(Self::empty(), |set, word| {
            NAMES
                .iter()
                .filter(|row| column(row).is_some_and(|n| n.as_bytes() == word))
                .fold(set, |s, r| s | r.0)
        })
    }

    /// As version 1 writes them: `cpu,cpuacct`.
    pub(super) fn v1_label(self) -> String {
        let mut label = String::new();
        for (controller, name, _) in NAMES {
            if self.contains(controller) {
                if !label.is_empty() {
                    label.push(',');
                }
                label.push_str(name);
            }
        }
        label
    }

    /// As `cgroup.subtree_control` takes them: `+cpu +memory`.
    pub(super) fn v2_enable(self) -> String {
        let mut text = String::new();
        for (controller, _, name) in NAMES {
            if let Some(name) = name.filter(|_| self.contains(controller)) {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push('+');
                text.push_str(name);
            }
        }
        text
    }
}

/// How the host is set up, for messages and for tests; the code asks for single controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Version 1 only.
    V1,
    /// Version 1 controllers, and a version 2 mount beside them.
    Hybrid,
    /// Version 2 only.
    V2,
}

/// A version 1 hierarchy.
#[derive(Debug)]
pub(super) struct Legacy {
    pub(super) controllers: Controllers,
    pub(super) root: OwnedFd,
}

/// The hierarchies of this host, each open at its root.
#[derive(Debug)]
pub struct Hierarchies {
    pub(super) unified: OwnedFd,
    /// What the unified root offers; most of it has to be handed down to be used.
    pub(super) unified_controllers: Controllers,
    pub(super) legacy: Vec<Legacy>,
    unified_mounted: bool,
}

/// Where systemd and nearly everyone else mounts version 2 when it is alone.
const USUAL: &str = "/sys/fs/cgroup";

/// All that a version 2 host offers us. One that lacks some of it may have it in a version 1 mount.
const ALL_V2: Controllers = Controllers::CPU
    .union(Controllers::CPUSET)
    .union(Controllers::MEMORY)
    .union(Controllers::BLKIO)
    .union(Controllers::PIDS);

impl Hierarchies {
    /// Looks at the mounts of the calling process.
    ///
    /// # Errors
    /// [`CgroupError::Mounts`] without `/proc`; [`CgroupError::NoUnified`] when no version 2 mount is there and none
    /// can be made.
    pub fn detect() -> Result<Self, CgroupError> {
        if let Some(quick) = Self::plain_v2() {
            return Ok(quick);
        }
        let text = file::read(CWD, "/proc/self/mountinfo").map_err(CgroupError::Mounts)?;
        let mut unified = None;
        let mut legacy: Vec<Legacy> = Vec::new();
        let mut mounts: Vec<Mount> = text.split(|&b| b == b'\n').filter_map(Mount::parse).collect();
        // A whole hierarchy before a part of one, which is what an engine inside a container sees.
        mounts.sort_by_key(|mount| mount.part);
        for mount in mounts {
            match mount.kind {
                Kind::V2 if unified.is_none() => unified = mount.open(),
                Kind::V1(controllers) => {
                    let known = legacy.iter().any(|l| l.controllers.intersects(controllers));
                    if !controllers.is_empty() && !known {
                        legacy.extend(mount.open().map(|root| Legacy { controllers, root }));
                    }
                }
                Kind::V2 => {}
            }
        }
        let unified_mounted = unified.is_some();
        let unified = match unified {
            Some(root) => root,
            None => mount_unified()?,
        };
        let unified_controllers = offered(unified.as_fd());
        Ok(Self { unified, unified_controllers, legacy, unified_mounted })
    }

    /// The common case without reading all mounts of the host: version 2 alone, with all controllers.
    fn plain_v2() -> Option<Self> {
        let unified = open_dir(OsStr::new(USUAL)).ok()?;
        if rustix::fs::fstatfs(&unified).ok()?.f_type != CGROUP2_SUPER_MAGIC {
            return None;
        }
        let unified_controllers = offered(unified.as_fd());
        unified_controllers.contains(ALL_V2).then_some(Self {
            unified,
            unified_controllers,
            legacy: Vec::new(),
            unified_mounted: true,
        })
    }

    /// As if version 1 were not there, so that what version 2 does alone can be tried on a hybrid host.
    #[doc(hidden)]
    #[must_use]
    pub fn unified_only(mut self) -> Self {
        self.legacy.clear();
        self
    }

    /// Which of the three kinds of host this is.
    pub fn layout(&self) -> Layout {
        match (self.legacy.is_empty(), self.unified_mounted) {
            (true, _) => Layout::V2,
            (false, true) => Layout::Hybrid,
            (false, false) => Layout::V1,
        }
    }

    /// The controllers bound to version 1 hierarchies.
    pub fn legacy_controllers(&self) -> Controllers {
        self.legacy.iter().fold(Controllers::empty(), |all, l| all | l.controllers)
    }

    /// The controllers that the unified hierarchy can hand down.
    pub fn unified_controllers(&self) -> Controllers {
        self.unified_controllers
    }
}

/// <https://man7.org/linux/man-pages/man2/statfs.2.html>
const CGROUP2_SUPER_MAGIC: rustix::fs::FsWord = 0x6367_7270;

/// Nothing when the file can't be read: limits that need a controller then say so by name.
fn offered(root: BorrowedFd<'_>) -> Controllers {
    file::read(root, "cgroup.controllers").map_or(Controllers::empty(), |line| Controllers::from_v2(&line))
}

fn open_dir(path: &OsStr) -> rustix::io::Result<OwnedFd> {
    openat(CWD, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// A version 2 mount that is in nobody's name space: it lives as long as the descriptor.
fn mount_unified() -> Result<OwnedFd, CgroupError> {
    let failed = |action| move |source| CgroupError::NoUnified { action, source };
    let context = fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC).map_err(failed("fsopen"))?;
    fsconfig_create(&context).map_err(failed("fsconfig"))?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(failed("fsmount"))
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    V1(Controllers),
    V2,
}

/// A line of mountinfo about a cgroup hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    id: u64,
    /// Shows only a folder of the hierarchy.
    part: bool,
    point: Vec<u8>,
    kind: Kind,
}

impl Mount {
    /// `None` for every other file system, and for a line in another form.
    fn parse(line: &[u8]) -> Option<Self> {
        // 36 35 98:0 /root /point rw,noatime master:1 - type source super-options; the number of optional fields
        // before the dash varies.
        let mut fields = line.split(|&b| b == b' ');
        let id = file::number(fields.next()?)?;
        let (_parent, _device) = (fields.next()?, fields.next()?);
        let root = fields.next()?;
        let point = fields.next()?;
        fields.find(|&field| field == b"-")?;
        let kind = match fields.next()? {
            b"cgroup" => Kind::V1(Controllers::from_v1_options(fields.nth(1)?)),
            b"cgroup2" => Kind::V2,
            _ => return None,
        };
        Some(Self { id, part: root != b"/", point: unescape(point), kind })
    }

    /// The root folder; `None` when it can't be reached because something is mounted over it.
    fn open(&self) -> Option<OwnedFd> {
        let root = open_dir(OsStr::from_bytes(&self.point)).ok()?;
        let seen = statx(&root, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
        (seen.stx_mnt_id == self.id).then_some(root)
    }
}

/// mountinfo writes space, tab, newline, backslash (and `#`) as `\ooo`.
pub(crate) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) = (first, tail) {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = tail;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_known_hosts() {
        let v1 = |id, point: &str, controllers| {
            Some(Mount { id, part: false, point: point.into(), kind: Kind::V1(controllers) })
        };
        let check = |line: &str, expected: Option<Mount>| {
            assert_eq!(Mount::parse(line.as_bytes()), expected, "{line}");
        };
        check(
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct",
            v1(32, "/sys/fs/cgroup/cpu,cpuacct", Controllers::CPU | Controllers::CPUACCT),
        );
        check(
            "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
            v1(40, "/sys/fs/cgroup/systemd", Controllers::empty()),
        );
        check(
            r"41 31 0:38 / /odd\040place\134x rw - cgroup none rw,blkio",
            v1(41, r"/odd place\x", Controllers::BLKIO),
        );
        check(
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate",
            Some(Mount { id: 41, part: false, point: b"/sys/fs/cgroup/unified".into(), kind: Kind::V2 }),
        );
        check(
            "41 31 0:38 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            Some(Mount {
                id: 41,
                part: true,
                point: b"/sys/fs/cgroup/memory".into(),
                kind: Kind::V1(Controllers::MEMORY),
            }),
        );
        check("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard", None);
        // A mount point that looks like the separator and a type.
        check("27 1 254:0 / /-\\040cgroup rw - ext4 cgroup rw,memory", None);
        check("41 31 0:38 / /x rw - cgroup cgroup", None);
        check("", None);
    }

    #[test]
    fn controllers_are_written_as_the_kernel_reads_them() {
        let all = Controllers::from_v2(b"cpuset cpu io memory hugetlb pids rdma\n");
        assert_eq!(all, ALL_V2);
        assert_eq!(all.v2_enable(), "+cpu +cpuset +memory +io +pids");
        assert_eq!((Controllers::CPU | Controllers::CPUACCT).v1_label(), "cpu,cpuacct");
        assert_eq!(Controllers::from_v1_options(b"rw,memoryx,cpu"), Controllers::CPU);
    }

    proptest! {
        #[test]
        fn any_line_is_survived(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Mount::parse(&line);
        }

        #[test]
        fn escapes_go_back(text in proptest::collection::vec(any::<u8>(), 0..50)) {
            let escaped: Vec<u8> = text.iter().flat_map(|b| match b {
                b' ' | b'\t' | b'\n' | b'\\' => format!("\\{b:03o}").into_bytes(),
                _ => vec![*b],
            }).collect();
            prop_assert_eq!(unescape(&escaped), text);
        }
    }
}
