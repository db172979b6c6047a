//! Overlay, and id-mapped mounts of the file systems that layers lie on.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, OpenTreeFlags, fsopen, open_tree};

use super::{Finding, sys};
use crate::error::Error;
use crate::process::Tool;

pub(super) fn overlay() -> Finding {
    // Asks the kernel for the type, which also loads its module; makes no mount.
    match fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC) {
        Ok(_) => Finding::good("overlay", "the kernel has it"),
        Err(Errno::PERM) => Finding::missing("overlay", "not allowed to ask", "run the command as root"),
        Err(error) => {
            let todo = "modprobe overlay; or use a kernel with CONFIG_OVERLAY_FS, as Debian's are";
            Finding::missing("overlay", error.to_string(), todo)
        }
    }
}

/// User namespaces by making one, id-mapped mounts by mapping the file system that `root` is on.
pub(super) fn id_mapped(root: &Path) -> [Finding; 2] {
    let (users, maps) = ("user namespaces", "id-mapped mounts");
    let helper = match UserNamespace::new() {
        Ok(helper) => helper,
        Err(error) => {
            let todo = "sysctl user.max_user_namespaces=10000; in a container, allow it user namespaces";
            return [
                Finding::missing(users, error.chain().replace('\n', " "), todo),
                Finding::missing(maps, "not tried", "they need a user namespace first"),
            ];
        }
    };
    let dir = existing(root);
    let mapped = open_tree(CWD, &dir, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .and_then(|tree| sys::set_id_map(tree, &helper.namespace));
    let place = dir.display();
    let finding = match mapped {
        Ok(()) => Finding::good(maps, format!("on the file system of {place}")),
        Err(error) => Finding::missing(
            maps,
            format!("on the file system of {place}: {error}"),
            "set HCS_ROOT to a folder on ext4, xfs or btrfs (tmpfs from Linux 6.3)",
        ),
    };
    [Finding::good(users, "made one"), finding]
}

/// `path` or the nearest folder above it that exists: what is not there yet will lie on the same file system.
pub(super) fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = absolute.ancestors().find(|dir| dir.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}

/// A user namespace with a map, held by a child process that ends with this value.
struct UserNamespace {
    namespace: OwnedFd,
    holder: Child,
}

impl UserNamespace {
    fn new() -> Result<Self, Error> {
        // unshare(1) is in util-linux, which every Debian has. The shell says when the namespace is there, and `read`
        // keeps it until its standard input closes.
        let tool = Tool::new("unshare").args(["--user", "--", "sh", "-c", "echo ready; read -r _"]).streams(
            Stdio::piped(),
            Stdio::piped(),
            Stdio::null(),
        );
        let line = tool.line();
        let mut holder = tool.spawn()?;
        let made = Self::map(&mut holder, &line);
        if made.is_err() {
            drop(holder.stdin.take());
            holder.wait()?;
        }
        Ok(Self { namespace: made?, holder })
    }

    fn map(holder: &mut Child, line: &str) -> Result<OwnedFd, Error> {
        let mut said = String::new();
        if let Some(stdout) = holder.stdout.take() {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        if said.trim() != "ready" {
            return Err(Error::Output { line: line.to_owned(), expected: "\"ready\"" });
        }
        let proc = format!("/proc/{}", holder.id());
        for map in ["uid_map", "gid_map"] {
            fs_err::write(format!("{proc}/{map}"), "0 100000 65536")?;
        }
        rustix::fs::open(format!("{proc}/ns/user"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|source| Error::Kernel { step: "opening the user namespace", source })
    }
}

impl Drop for UserNamespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // Its standard input is closed, so it ends; a failed wait leaves nothing that we could mend.
        let _ = self.holder.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_its_parent() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(existing(&dir.path().join("not/there")), dir.path());
        assert_eq!(existing(Path::new("/no-such-folder-at-all")), Path::new("/"));
    }

    #[test]
    fn a_file_system_without_id_maps_is_named() {
        let [users, maps] = id_mapped(Path::new("/proc"));
        assert!(matches!(users.state, super::super::State::Good(_)), "this test needs root: {users:?}");
        let super::super::State::Missing { seen, todo } = maps.state else { panic!("{maps:?}") };
        assert!(seen.contains("/proc") && todo.contains("HCS_ROOT"), "{seen}: {todo}");
    }
}
