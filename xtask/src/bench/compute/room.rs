//! A mount namespace of the measurement's own, for peers that must not see what the host has mounted, or that need
//! mounts which the host must not see.
//!
//! Nothing keeps it but a descriptor of this process: whatever ends the measurement, its mounts are gone too. Peers are
//! started by a thread that has moved into it. A program such as nsenter in front of them would be timed with them.

#![expect(unsafe_code, reason = "rustix marks unshare unsafe for the sake of CLONE_FILES")]

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use super::processes;
use crate::error::Error;

/// See the module.
#[derive(Debug)]
pub(in crate::bench) struct Room {
    namespace: File,
}

impl Room {
    /// A copy of the host's mounts, which nothing connects with the host's any more.
    pub(in crate::bench) fn new() -> Result<Self, Error> {
        on_thread(|| {
            unshare(UnshareFlags::NEWNS, "a mount namespace")?;
            mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
                .map_err(|source| Error::Kernel { step: "making mounts private", source })?;
            let thread = rustix::thread::gettid().as_raw_nonzero();
            let namespace = fs_err::File::open(format!("/proc/self/task/{thread}/ns/mnt"))?;
            Ok(Self { namespace: namespace.into_parts().0 })
        })
    }

    /// Does something in it; programs that are started there are in it.
    pub(in crate::bench) fn act<T: Send>(
        &self,
        act: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        on_thread(|| {
            // A thread moves alone once its working folder is its own.
            unshare(UnshareFlags::FS, "a working folder")?;
            let kind = Some(LinkNameSpaceType::Mount);
            move_into_link_name_space(self.namespace.as_fd(), kind).map_err(failed("a mount namespace"))?;
            act()
        })
    }

    /// The kernel's number of it.
    pub(in crate::bench) fn number(&self) -> Result<u64, Error> {
        Ok(self.namespace.metadata()?.ino())
    }

    /// Ends every process in it.
    pub(in crate::bench) fn clear(&self) -> Result<(), Error> {
        processes::end_all("mnt", self.number()?)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Whoever needs to know has cleared it before.
        let _ = self.clear();
    }
}

fn on_thread<T: Send>(act: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    std::thread::scope(|scope| match scope.spawn(act).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn unshare(flags: UnshareFlags, what: &'static str) -> Result<(), Error> {
    // SAFETY: only CLONE_FILES, which no caller asks for, can pull descriptors from under their owners.
    unsafe { unshare_unsafe(flags) }.map_err(failed(what))
}

fn failed(step: &'static str) -> impl FnOnce(Errno) -> Error {
    move |source| Error::Kernel { step, source }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use rustix::mount::{MountFlags, mount};

    use super::*;
    use crate::process::Tool;

    #[test]
    fn mounts_stay_inside_and_processes_are_found_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::new().expect("this test needs root");
        let inside = dir.path().join("inside");
        room.act(|| {
            mount("tmpfs", dir.path(), "tmpfs", MountFlags::empty(), None).map_err(failed("mounting"))?;
            Ok(fs_err::write(&inside, "")?)
        })
        .unwrap();
        assert!(!inside.exists(), "the host sees the mount");
        assert!(room.act(|| Ok(inside.exists())).unwrap());

        let sleeper = || Tool::new("sleep").arg("600").streams(Stdio::null(), Stdio::null(), Stdio::null());
        let mut child = room.act(|| sleeper().spawn()).unwrap();
        room.clear().unwrap();
        assert!(!child.wait().unwrap().success());
        assert_eq!(processes::within("mnt", room.number().unwrap()).unwrap(), []);
    }
}
