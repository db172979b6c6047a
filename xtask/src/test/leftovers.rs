//! What a test run left behind on the host: mounts, cgroups, network links, processes.
//!
//! Other programs of the machine go on while tests run. What is new and belongs to this run (by its environment, its
//! folder, its cgroup) fails it; what is new and can't be told is only shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::instance::MARK;
use crate::error::Error;
use crate::process::ended;
use crate::{mountinfo, print};

/// Processes of ours outlive a test by the time their tear-down takes; longer is left over.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Programs that only we start, or that a container of ours holds.
const NAMES: [&str; 5] = ["hcs-init", "wineserver", "agent.exe", "services.exe", "winedevice.exe"];

/// The host's objects at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    mounts: BTreeSet<mountinfo::Mount>,
    cgroups: BTreeSet<PathBuf>,
    links: BTreeSet<String>,
    processes: BTreeSet<i32>,
}

impl Snapshot {
    pub(super) fn take() -> Result<Self, Error> {
        let mounts: BTreeSet<_> = mountinfo::all()?.into_iter().collect();
        let mut cgroups = BTreeSet::new();
        for mount in mounts.iter().filter(|mount| mount.kind.starts_with("cgroup")) {
            folders(&mount.point, &mut cgroups);
        }
        let links = names(Path::new("/sys/class/net")).collect();
        let processes = names(Path::new("/proc")).filter_map(|name| name.parse().ok()).collect();
        Ok(Self { mounts, cgroups, links, processes })
    }
}

/// All folders below `dir`. One that goes away meanwhile is as good as not there.
fn folders(dir: &Path, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs_err::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        folders(&entry.path(), found);
        found.insert(entry.path());
    }
}

fn names(dir: &Path) -> impl Iterator<Item = String> {
    let entries = fs_err::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// Compares the host now with `before`; what the run in the folder `instance` left is named, ended and an error.
/// Its processes get `grace` to end by themselves.
pub(super) fn compare(before: &Snapshot, instance: &Path, grace: Duration) -> Result<(), Error> {
    let processes = left_processes(before, instance, grace)?;
    let after = Snapshot::take()?;
    let mut left: Vec<String> = processes.iter().map(Process::to_string).collect();
    for mount in after.mounts.difference(&before.mounts) {
        let text = format!("mount {} ({} {})", mount.point.display(), mount.kind, mount.source);
        if mount.concerns(instance) { left.push(text) } else { other(&text) }
    }
    for cgroup in after.cgroups.difference(&before.cgroups) {
        let text = format!("cgroup {}", cgroup.display());
        // Ours carry our name; somebody else's engine, if a process that is not ours lives in it.
        let named = cgroup.iter().any(|part| part.to_string_lossy().starts_with("hcs-"));
        if named && !populated(cgroup) && !of_an_instance(cgroup) { left.push(text) } else { other(&text) }
    }
    left.extend(after.links.difference(&before.links).map(|link| format!("network link {link}")));
    for process in &processes {
        process.kill();
    }
    if left.is_empty() { Ok(()) } else { Err(Error::Leftovers { left }) }
}

fn other(text: &str) {
    print::note(format_args!("new since the tests began, but not theirs: {text}"));
}

/// Whether it is the folder of an engine's instance or the leaf for its supervisors. Like a slice of systemd's they stay
/// for the next system; what a system leaves has a name of its own below.
fn of_an_instance(cgroup: &Path) -> bool {
    let name = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("hcs-"));
    name(cgroup) || cgroup.ends_with("engine") && cgroup.parent().is_some_and(name)
}

/// Whether a cgroup or one below it has processes.
fn populated(cgroup: &Path) -> bool {
    let mut all = BTreeSet::from([cgroup.to_owned()]);
    folders(cgroup, &mut all);
    all.iter().any(|dir| fs_err::read_to_string(dir.join("cgroup.procs")).is_ok_and(|text| !text.is_empty()))
}

/// A process that was not there before.
#[derive(Debug)]
struct Process {
    pid: Pid,
    name: String,
    command: String,
    fd: std::os::fd::OwnedFd,
}

impl Process {
    /// `None` when it has ended, or is neither this run's nor one of [`NAMES`].
    fn look(pid: i32, instance: &Path) -> Option<Self> {
        let pid = Pid::from_raw(pid)?;
        let fd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let file = |name: &str| {
            let bytes = fs_err::read(format!("/proc/{}/{name}", pid.as_raw_nonzero())).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned()
        };
        let (name, command, folder) = (file("comm"), file("cmdline"), instance.to_string_lossy());
        let mark = format!("{MARK}={folder}");
        // A kernel thread has no command line; a zombie neither, and it is its parent's matter.
        if command.is_empty() {
            return None;
        }
        let ours = file("environ").contains(&mark)
            || command.contains(&*folder)
            || (elsewhere(pid) && file("mountinfo").contains(&*folder));
        if !ours {
            if NAMES.iter().any(|known| name.starts_with(known)) {
                other(&format!("process {} ({name})", pid.as_raw_nonzero()));
            }
            return None;
        }
        Some(Self { pid, name, command, fd })
    }

    /// By its descriptor, so that never another process gets it that took over the number.
    fn kill(&self) {
        // It may have ended by itself, which is as good.
        let _ = pidfd_send_signal(&self.fd, Signal::KILL);
    }
}

/// Whether a process has a mount namespace of its own: what is mounted in ours says nothing about who it belongs to.
fn elsewhere(pid: Pid) -> bool {
    let namespace = |process: &str| fs_err::read_link(format!("/proc/{process}/ns/mnt")).ok();
    namespace(&pid.as_raw_nonzero().to_string()) != namespace("self")
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} ({}): {}", self.pid.as_raw_nonzero(), self.name, self.command)
    }
}

/// New processes of this run that are still there after `grace`.
fn left_processes(before: &Snapshot, instance: &Path, grace: Duration) -> Result<Vec<Process>, Error> {
    let deadline = Instant::now() + grace;
    let now = Snapshot::take()?;
    let new = now.processes.difference(&before.processes);
    let mut left = Vec::new();
    for process in new.filter_map(|&pid| Process::look(pid, instance)) {
        if !ended(&process.fd, deadline.saturating_duration_since(Instant::now()))? {
            left.push(process);
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::Stdio;

    use rustix::mount::{UnmountFlags, mount_bind, unmount};

    use super::*;
    use crate::process::Tool;

    #[test]
    fn a_mount_and_a_process_of_the_run_are_named_and_the_process_is_ended() {
        let before = Snapshot::take().unwrap();
        let dir = tempfile::tempdir().unwrap();
        compare(&before, dir.path(), Duration::ZERO).unwrap();

        mount_bind(dir.path(), dir.path()).expect("this test needs root");
        let cat = Tool::new("cat").env(MARK, dir.path());
        let mut child = cat.streams(Stdio::piped(), Stdio::piped(), Stdio::null()).spawn().unwrap();
        // An answer shows that it runs: right after the spawn its environment may not be in place.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let error = compare(&before, dir.path(), Duration::ZERO).unwrap_err();
        unmount(dir.path(), UnmountFlags::DETACH).unwrap();
        assert!(!child.wait().unwrap().success(), "it was killed");
        let text = error.to_string();
        assert!(text.contains("(cat): cat") && text.contains("mount"), "{text}");
    }
}
