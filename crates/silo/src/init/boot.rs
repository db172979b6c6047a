//! The container's inside, made once by process 1 before anything else may run there.
//!
//! Order matters: cgroups while the host's descriptors are at hand, mounts while we have the rights, the pivot, and
//! last of all the giving up of rights.

use std::os::fd::{AsFd, OwnedFd};

use hcs_fault::Point;
use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, UnmountFlags,
};
use rustix::process::Rlimit;
use rustix::thread::UnshareFlags;

use super::kernel_files::{KernelFiles, is_proc};
use super::{devices, rooted};
use crate::capability::{CapabilitySet, Credentials};
use crate::protocol::Failure;
use crate::seccomp::Filter;
use crate::spec::{Guest, Source, Spec};
use crate::{cgroup, sys};

/// What init has from the supervisor by being its clone.
pub(crate) struct Inherited<'a> {
    pub(crate) spec: &'a Spec,
    /// The container's cgroups, for init to enter.
    pub(crate) cgroup: &'a cgroup::Cgroup,
    /// The compiled system call filter.
    pub(crate) filter: Option<&'a Filter>,
    /// How many files the client's programs may have open, which the supervisor has raised for itself.
    pub(crate) open_files: Rlimit,
    /// `/sys`, not mounted anywhere, where init could not make it by itself.
    pub(crate) sys: Option<&'a OwnedFd>,
}

/// A step of the boot that failed.
#[derive(Debug)]
pub(crate) struct BootError {
    step: &'static str,
    object: String,
    errno: Errno,
}

impl BootError {
    pub(crate) fn new(step: &'static str, object: impl Into<String>, errno: Errno) -> Self {
        Self { step, object: object.into(), errno }
    }
}

impl From<BootError> for Failure {
    fn from(error: BootError) -> Self {
        Self::Os { step: error.step.into(), object: error.object, errno: error.errno.raw_os_error() }
    }
}

/// For `map_err`: the step and its object.
pub(crate) fn at(step: &'static str, object: impl Into<String>) -> impl FnOnce(Errno) -> BootError {
    move |errno| BootError::new(step, object, errno)
}

/// Makes the container's inside. `mounts`: the root and then one detached mount for each of the spec's mounts that the
/// supervisor had to make.
pub(crate) fn make_inside(inherited: &Inherited<'_>, mounts: Vec<OwnedFd>) -> Result<(), BootError> {
    let spec = inherited.spec;
    inherited
        .cgroup
        .enter_self()
        .map_err(|error| BootError::new("enter the cgroup of", spec.cgroup.as_str(), error.errno))?;
    // Only now, so that the cgroup we have entered is what /proc/self/cgroup shows as its root.
    unshare_cgroup().map_err(at("make", "the cgroup namespace"))?;
    rustix::mount::mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .map_err(at("make private", "/"))?;

    let mut mounts = mounts.into_iter();
    let mut next = || mounts.next().ok_or(Errno::BADF);
    let root = next().map_err(at("receive", "the root mount"))?;
    let place = spec.directory.display().to_string();
    rustix::mount::move_mount(&root, "", CWD, &spec.directory, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(at("attach the root to", place))?;
    // Not before: the engine's folders are closed to everybody but the host's root, who we are until here. Not
    // later: what is made from here on is the container's.
    if spec.ids.is_some() {
        become_root_of_the_namespace().map_err(at("become root of", "the user namespace"))?;
    }

    let kernel_files = KernelFiles::mount(&root, inherited.sys)?;
    let null = devices::populate(&root, spec.ids.is_some())?;
    if matches!(spec.guest, Guest::Windows { .. }) && spec.network.is_none() {
        // Windows knows no privileged ports.
        kernel_files.set("net/ipv4/ip_unprivileged_port_start", b"0");
    }
    // Before anything of the host's is mounted, which may be in the hands of another container.
    kernel_files.mask(&null)?;
    for mount in &spec.all_mounts() {
        let (source, folder) = match &mount.source {
            Source::Tmpfs { size, mode } => (tmpfs(*size, *mode), true),
            Source::Bind { .. } | Source::Disk { .. } | Source::Overlay { .. } => {
                let source = next().map_err(at("receive the mount for", &mount.target))?;
                let folder = is_folder(&source).map_err(at("look at the mount for", &mount.target))?;
                (Ok(source), folder)
            }
        };
        let source = source.map_err(at("make a tmpfs for", &mount.target))?;
        if mount.read_only {
            sys::mount::restrict(&source, MountAttrFlags::MOUNT_ATTR_RDONLY)
                .map_err(at("make read-only the mount for", &mount.target))?;
        }
        let target =
            rooted::make(&root, &mount.target, folder).map_err(at("make the mount point", &mount.target))?;
        if is_proc(&target).map_err(at("look at the mount point", &mount.target))? {
            return Err(BootError::new("mount over the kernel's files at", &mount.target, Errno::PERM));
        }
        attach(&source, &target).map_err(at("mount on", &mount.target))?;
    }
    if spec.root.read_only {
        // Alone: `/dev`, `/tmp` and the like are below it by now.
        sys::mount::set_read_only_alone(&root, true).map_err(at("make read-only", "/"))?;
    }
    hcs_fault::step(Point::EnterRoot);
    enter(&root).map_err(at("enter", "the container's root"))?;

    rustix::system::sethostname(spec.hostname.as_bytes()).map_err(at("set the host name", &spec.hostname))?;
    match spec.network {
        None => sys::loopback_up().map_err(at("bring up", "lo")),
        // Whose it is, it is that one's to set up.
        Some(_) => Ok(()),
    }
}

pub(crate) fn become_root_of_the_namespace() -> Result<(), Errno> {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (uid, gid) = (rustix::process::Uid::ROOT, rustix::process::Gid::ROOT);
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

#[expect(unsafe_code, reason = "rustix marks unshare unsafe for the sake of CLONE_FILES")]
fn unshare_cgroup() -> Result<(), Errno> {
    // SAFETY: only CLONE_FILES, which is not asked for, can pull descriptors from under their owners.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWCGROUP) }
}

fn tmpfs(size: u64, mode: u32) -> Result<OwnedFd, Errno> {
    let mode = format!("{mode:o}");
    let size = size.to_string();
    file_system(
        "tmpfs",
        &[("mode", &mode), ("size", &size)],
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV,
    )
}

/// A new mount of a kernel file system, not attached anywhere.
pub(super) fn file_system(
    kind: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd, Errno> {
    let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (name, value) in options {
        rustix::mount::fsconfig_set_string(context.as_fd(), *name, *value)?;
    }
    rustix::mount::fsconfig_create(context.as_fd())?;
    rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Attaches a detached mount on what `target` refers to.
pub(crate) fn attach(source: impl AsFd, target: impl AsFd) -> Result<(), Errno> {
    hcs_fault::call(Point::AttachMount)?;
    rustix::mount::move_mount(
        source,
        "",
        target,
        "",
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
    )
}

pub(crate) fn is_folder(mount: impl AsFd) -> Result<bool, Errno> {
    let stat = rustix::fs::statat(mount, "", AtFlags::EMPTY_PATH)?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}

/// The mount becomes `/`, and nothing of the host's tree stays reachable.
fn enter(root: &OwnedFd) -> Result<(), Errno> {
    rustix::process::fchdir(root)?;
    // Old and new root on one spot: no folder inside is needed for the old one (pivot_root(2), NOTES).
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")
}

/// The last act of the boot: from here on init has only what the container has.
pub(crate) fn give_up_rights(inherited: &Inherited<'_>) -> Result<(), BootError> {
    let spec = inherited.spec;
    sys::restore_open_files(inherited.open_files);
    // Nobody inside may look into init: its memory holds the supervisor's pages.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(at("hide", "process 1"))?;
    let capabilities = CapabilitySet::from_bits(spec.capabilities);
    let (uid, gid) = (rustix::process::Uid::ROOT, rustix::process::Gid::ROOT);
    Credentials::limited_to(capabilities, uid, gid, &[])
        .apply()
        .map_err(|error| BootError::new("give up rights:", error.step, error.errno))?;
    // After the last change of rights, which resets it: the container never outlives its supervisor.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(at("tie to", "the supervisor"))?;
    if let Some(filter) = inherited.filter {
        filter.load().map_err(|error| BootError::new("load", "the system call filter", error.errno))?;
    }
    Ok(())
}

/// A copy of the mount at a path of the current namespace, as a detached mount.
pub(super) fn clone_of(path: &str) -> Result<OwnedFd, Errno> {
    use rustix::mount::OpenTreeFlags;
    rustix::mount::open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)
}

/// The same for what a descriptor refers to.
pub(super) fn clone_of_open(fd: impl AsFd) -> Result<OwnedFd, Errno> {
    use rustix::mount::OpenTreeFlags;
    rustix::mount::open_tree(
        fd,
        "",
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH,
    )
}
