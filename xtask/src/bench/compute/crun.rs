//! The peer of Linux containers: crun, with a bundle that says what ours does by itself.
//!
//! Source: OCI runtime specification 1.0.2, config.md and config-linux.md.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::Pid;
use serde_json::{Value, json};

use super::engine::{CAT, TRUE};
use super::held::Held;
use super::processes;
use super::profile::Oci;
use super::room::Room;
use crate::bench::timer::Timed;
use crate::error::Error;
use crate::mountinfo;
use crate::process::Tool;

const CRUN: &str = "/usr/bin/crun";

/// As [`crate::bench::compute::same`] finds them in ours; a difference voids the run.
const PIDS: u64 = 16_384;
const OOM_SCORE: i32 = 100;
const HIDDEN: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const DEVICES: [(u32, Option<u32>); 8] = [
    (1, Some(3)),
    (1, Some(5)),
    (1, Some(7)),
    (1, Some(8)),
    (1, Some(9)),
    (5, Some(0)),
    (5, Some(2)),
    (136, None),
];

/// Rules that crun adds by itself to every container, and that no configuration turns off.
pub(in crate::bench) const ADDED_DEVICES: [&str; 4] = ["b *:* m", "c *:* m", "c 5:1 rwm", "c 10:200 rwm"];

/// Two bundles of crun's, and a mount namespace to run it in.
#[derive(Debug)]
pub(in crate::bench) struct Crun {
    room: Room,
    /// Where crun keeps its state.
    state: PathBuf,
    /// A folder for each of [`IDS`], named like the container.
    bundles: PathBuf,
}

/// Names of the two containers, and their programs.
const IDS: [(&str, &str); 2] = [("true", TRUE), ("cat", CAT)];

impl Crun {
    /// `root`: the containers' root folder.
    pub(in crate::bench) fn new(dir: &Path, root: &Path, oci: &Oci) -> Result<Self, Error> {
        let room = Room::new()?;
        room.act(hide_unified)?;
        let this = Self { room, state: dir.join("crun"), bundles: dir.join("bundles") };
        for (name, program) in IDS {
            this.bundle(name, program, root, oci)?;
        }
        Ok(this)
    }

    /// Makes a further container's bundle.
    pub(in crate::bench) fn bundle(
        &self,
        name: &str,
        program: &str,
        root: &Path,
        oci: &Oci,
    ) -> Result<(), Error> {
        let bundle = self.bundles.join(id(name));
        fs_err::create_dir_all(&bundle)?;
        let config = config(&id(name), program, root, oci);
        Ok(fs_err::write(bundle.join("config.json"), config.to_string())?)
    }

    /// A whole run of `true`.
    pub(in crate::bench) fn run_true(&self) -> impl FnMut() -> Result<Duration, Error> {
        self.run_bundle("true")
    }

    /// A whole run of a bundle's container. Each name runs once at a time.
    pub(in crate::bench) fn run_bundle<'a>(
        &'a self,
        name: &str,
    ) -> impl FnMut() -> Result<Duration, Error> + Send + use<'a> {
        let timed = Timed::new(CRUN, self.run(name));
        move || self.room.act(|| timed.once())
    }

    /// `true` in the running container that [`Crun::held`] started.
    pub(in crate::bench) fn exec_true(&self) -> impl FnMut() -> Result<Duration, Error> {
        let timed = Timed::new(CRUN, self.args([OsStr::new("exec"), id("cat").as_ref(), TRUE.as_ref()]));
        move || self.room.act(|| timed.once())
    }

    /// A container that runs until it is let go.
    pub(in crate::bench) fn held(&self) -> Result<Held, Error> {
        self.room.act(|| Held::start(Tool::new(CRUN).args(self.run("cat"))))
    }

    /// The process of the held container.
    pub(in crate::bench) fn held_process(&self) -> Result<Pid, Error> {
        let args = self.args([OsStr::new("state"), id("cat").as_ref()]);
        let text = self.room.act(|| Tool::new(CRUN).args(args).text())?;
        let json = |source| Error::Json { what: "the output of `crun state`".to_owned(), source };
        let state: Value = serde_json::from_str(&text).map_err(json)?;
        processes::pid_of(&state["pid"].to_string(), "crun state")
    }

    fn run(&self, name: &str) -> Vec<OsString> {
        let bundle = self.bundles.join(id(name));
        self.args([OsStr::new("run"), "--bundle".as_ref(), bundle.as_ref(), id(name).as_ref()])
    }

    fn args<const COUNT: usize>(&self, args: [&OsStr; COUNT]) -> Vec<OsString> {
        let global = [OsStr::new("--root"), self.state.as_os_str()];
        global.into_iter().chain(args).map(OsStr::to_owned).collect()
    }
}

impl Drop for Crun {
    fn drop(&mut self) {
        // Only what a failure has left: the state of a container that has ended is gone already.
        for left in fs_err::read_dir(&self.state).into_iter().flatten().flatten() {
            let args = self.args([OsStr::new("delete"), "--force".as_ref(), &left.file_name()]);
            let _ = self.room.act(|| Tool::new(CRUN).args(args).output_to_stderr()?.run());
        }
    }
}

/// The container's name. It is its cgroup's too, at the root of the hierarchies, where others' are.
fn id(name: &str) -> String {
    format!("hcs-bench-{}-{name}", std::process::id())
}

/// crun 1.8 takes a host with both kinds of hierarchy for one with the unified alone, and fails.
fn hide_unified() -> Result<(), Error> {
    let mounts = mountinfo::all()?;
    if !mounts.iter().any(|mount| mount.kind == "cgroup") {
        return Ok(());
    }
    for mount in mounts.iter().rev().filter(|mount| mount.kind == "cgroup2") {
        unmount(&mount.point, UnmountFlags::DETACH)
            .map_err(|source| Error::Kernel { step: "unmounting the unified hierarchy", source })?;
    }
    Ok(())
}

fn config(id: &str, program: &str, root: &Path, oci: &Oci) -> Value {
    let device = |(major, minor): (u32, Option<u32>)| {
        let mut rule = json!({ "allow": true, "type": "c", "major": major, "access": "rwm" });
        if let Some(minor) = minor {
            rule["minor"] = minor.into();
        }
        rule
    };
    let nothing = json!({ "allow": false, "access": "rwm" });
    let devices: Vec<_> = std::iter::once(nothing).chain(DEVICES.map(device)).collect();
    let namespaces = ["cgroup", "ipc", "mount", "network", "pid", "uts"].map(|kind| json!({ "type": kind }));
    let mount = |kind: &str, target: &str, options: &[&str]| -> Value {
        json!({ "destination": target, "type": kind, "source": kind, "options": options })
    };
    let all = ["nosuid", "noexec", "nodev"];
    json!({
        "ociVersion": "1.0.2",
        "hostname": "bench",
        "process": {
            "args": [program],
            "cwd": "/",
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "user": { "uid": 0, "gid": 0 },
            "capabilities": {
                "bounding": oci.capabilities, "effective": oci.capabilities, "permitted": oci.capabilities,
            },
            "noNewPrivileges": true,
            "oomScoreAdj": OOM_SCORE,
        },
        "root": { "path": root },
        "mounts": [
            mount("proc", "/proc", &all),
            mount("sysfs", "/sys", &[&all[..], &["ro"]].concat()),
            mount("tmpfs", "/dev", &["nosuid", "mode=755", "size=65536"]),
            mount("devpts", "/dev/pts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("tmpfs", "/dev/shm", &[&all[..], &["mode=1777", "size=67108864"]].concat()),
            mount("mqueue", "/dev/mqueue", &all),
        ],
        "linux": {
            "cgroupsPath": format!("/{id}"),
            "namespaces": namespaces,
            "resources": { "devices": devices, "pids": { "limit": PIDS } },
            "seccomp": oci.seccomp,
            "maskedPaths": HIDDEN,
            "readonlyPaths": READ_ONLY,
        },
    })
}
