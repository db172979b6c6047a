//! Mounts of a running container are made and taken away by a child of the supervisor's, one for each.
//!
//! Process 1 has given up the right to mount, and the supervisor stays out of the container's namespaces, which it could
//! not leave for certain. Nor may it wait: a path of the host can lead to a server that does not answer. So a clone of it
//! makes the mount as the host's root, enters the container's user and mount namespaces, closes whatever it holds of the
//! host, and only then looks at a path inside, which is hostile. It is in nobody's view there: its process id is the
//! host's.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, UnmountFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Pid, Signal};
use rustix::thread::ThreadNameSpaceType;

use super::build::{failure, open_proc};
use super::mounts;
use crate::cgroup::unescape;
use crate::init::boot::{attach, become_root_of_the_namespace, is_folder};
use crate::init::kernel_files::is_proc;
use crate::init::rooted;
use crate::protocol::Failure;
use crate::spec::{Guest, Mount, Spec};
use crate::{sys, wire};

/// What to do in the container.
#[derive(Debug, Clone, Copy)]
pub(super) enum Task<'a> {
    /// Mount this.
    Mount(&'a Mount),
    /// Unmount what has this id, with all that is mounted below it.
    Unmount(u64),
}

/// What came of it: the id of the mount.
pub(super) type Done = Result<u64, Failure>;

/// The child. Killed when it is dropped, if it is still there.
#[derive(Debug)]
pub(super) struct Mounter {
    pid: Pid,
    pidfd: OwnedFd,
    /// One message comes: [`Done`].
    pub(super) socket: OwnedFd,
}

impl Mounter {
    /// Starts one for a container by its process 1.
    pub(super) fn start(spec: &Spec, init: Pid, init_fd: &OwnedFd, task: Task<'_>) -> Result<Self, Failure> {
        let at = |errno| failure("start", "a process that mounts", errno);
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).map_err(at)?;
        let parent = rustix::process::getpid();
        match sys::clone::fork(0, None).map_err(at)? {
            sys::clone::Side::Parent { pid, pidfd } => Ok(Self { pid, pidfd, socket: ours }),
            sys::clone::Side::Child => {
                drop(ours);
                let container = Container { spec, init, init_fd, parent, answer: theirs.as_fd() };
                let done: Done = tie_to(parent).and_then(|()| match task {
                    Task::Mount(mount) => container.mount(mount),
                    Task::Unmount(id) => container.unmount(id).map(|()| id),
                });
                // A supervisor that is gone needs no answer.
                let _ = wire::send(&theirs, &done, &[]);
                std::process::exit(0)
            }
        }
    }
}

impl Drop for Mounter {
    fn drop(&mut self) {
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        // One that hangs in the kernel is not waited for: it is taken off the list when the supervisor ends.
        let _ = rustix::process::waitpid(Some(self.pid), rustix::process::WaitOptions::NOHANG);
    }
}

/// The child ends with the supervisor. A change of rights undoes this, so it is done again behind each.
fn tie_to(parent: Pid) -> Result<(), Failure> {
    let at = |errno| failure("tie to the supervisor", "the process that mounts", errno);
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(at)?;
    if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(at(Errno::SRCH)) }
}

struct Container<'a> {
    spec: &'a Spec,
    init: Pid,
    init_fd: &'a OwnedFd,
    parent: Pid,
    answer: BorrowedFd<'a>,
}

impl Container<'_> {
    fn mount(&self, mount: &Mount) -> Done {
        let ids = match self.spec.ids {
            Some(_) => Some(open_proc(self.init, "ns/user", OFlags::RDONLY)?),
            None => None,
        };
        let source = mounts::make_mapped(self.spec, mount, ids.as_ref().map(AsFd::as_fd))?;
        let target = mount.target.as_str();
        let at = |step| move |errno| failure(step, target, errno);
        let id = mounts::id(&source).map_err(at("look at the mount for"))?;
        let folder = is_folder(&source).map_err(at("look at the mount for"))?;
        if mount.read_only {
            sys::mount::restrict(&source, MountAttrFlags::MOUNT_ATTR_RDONLY)
                .map_err(at("make read-only the mount for"))?;
        }
        let root = self.enter(source.as_fd())?;
        let spelled = match self.spec.guest {
            Guest::Linux => target.to_owned(),
            Guest::Windows { .. } => {
                rooted::respelled(&root, target).map_err(at("look for the mount point"))?
            }
        };
        let place = rooted::make(&root, &spelled, folder).map_err(at("make the mount point"))?;
        if is_proc(&place).map_err(at("look at the mount point"))? {
            return Err(failure("mount over the kernel's files at", target, Errno::PERM));
        }
        attach(&source, &place).map_err(at("mount on"))?;
        Ok(id)
    }

    fn unmount(&self, id: u64) -> Result<(), Failure> {
        let table = open_proc(self.init, "mountinfo", OFlags::RDONLY)?;
        let table = read_all(&table).map_err(|errno| failure("read", "the container's mounts", errno))?;
        // Of a mount whose mount point was removed from outside there is nothing left.
        let Some(tree) = tree(&table, id) else { return Ok(()) };
        let root = self.enter(self.answer)?;
        for (id, path) in tree.iter().rev() {
            unmount(&root, *id, path).map_err(|errno| failure("unmount", path.display(), errno))?;
        }
        Ok(())
    }

    /// From here on this process is the container's root in its mount namespace, and holds of the host's no more than
    /// `kept`. Gives the container's `/`.
    fn enter(&self, kept: BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
        let at = |errno| failure("enter", "the container's namespaces", errno);
        let mut namespaces = ThreadNameSpaceType::MOUNT;
        if self.spec.ids.is_some() {
            namespaces |= ThreadNameSpaceType::USER;
        }
        rustix::thread::move_into_thread_name_spaces(self.init_fd.as_fd(), namespaces).map_err(at)?;
        if self.spec.ids.is_some() {
            become_root_of_the_namespace().map_err(at)?;
        }
        tie_to(self.parent)?;
        sys::close_all_but([kept, self.answer]).map_err(at)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open("/", flags, Mode::empty()).map_err(at)
    }
}

fn read_all(file: &OwnedFd) -> Result<Vec<u8>, Errno> {
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match rustix::io::read(file, &mut part)? {
            0 => return Ok(text),
            count => text.extend_from_slice(&part[..count]),
        }
    }
}

/// A mount and all below it, each behind what it is mounted on, from a `mountinfo` (proc_pid_mountinfo(5)).
fn tree(table: &[u8], top: u64) -> Option<Vec<(u64, PathBuf)>> {
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<u64>().ok();
    let mounts: Vec<(u64, u64, PathBuf)> = table
        .split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b' ');
            let (id, parent) = (number(fields.next()?)?, number(fields.next()?)?);
            let point = unescape(fields.nth(2)?);
            Some((id, parent, Path::new(OsStr::from_bytes(&point)).to_owned()))
        })
        .collect();
    let (_, _, path) = mounts.iter().find(|(id, _, _)| *id == top)?;
    let mut found = vec![(top, path.clone())];
    let mut above = VecDeque::from([top]);
    while let Some(above_it) = above.pop_front() {
        for (id, _, path) in mounts.iter().filter(|(id, parent, _)| *parent == above_it && *id != top) {
            found.push((*id, path.clone()));
            above.push_back(*id);
        }
    }
    Some(found)
}

/// Unmounts what has this id. It is where the table said, or somebody inside has just moved a folder above it: then it is
/// not found, and nothing else is unmounted in its place.
fn unmount(root: &OwnedFd, id: u64, path: &Path) -> Result<(), Errno> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::INVAL) };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    let folder = rustix::fs::openat2(root, folder, flags, Mode::empty(), resolve)?;
    let found = statx(&folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID)?;
    if found.stx_mnt_id != id {
        // Something else is mounted over it, or it has moved.
        return Err(Errno::BUSY);
    }
    // By its name in this folder: who holds the mount itself open keeps it busy.
    rustix::process::fchdir(&folder)?;
    let unmounted = rustix::mount::unmount(name, UnmountFlags::NOFOLLOW);
    rustix::process::fchdir(root)?;
    unmounted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_comes_with_all_that_is_below_it() {
        let table = b"1 1 0:2 / / rw - ext4 a rw\n7 1 0:3 / /mnt/a\\040b rw,nosuid - ext4 b rw\n\
                      9 7 0:4 / /mnt/a\\040b/deep rw - tmpfs c rw\n8 1 0:4 / /mnt/other rw - tmpfs c rw\nnonsense\n";
        let found = tree(table, 7).unwrap();
        assert_eq!(found, [(7, "/mnt/a b".into()), (9, "/mnt/a b/deep".into())]);
        assert_eq!(tree(table, 5), None);
        // The root is its own parent.
        assert_eq!(tree(table, 1).unwrap().len(), 4);
    }
}
