//! What of the host the container sees, and the changes of that while it runs.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::build::{failure, of_cgroup};
use super::mounter::{Done, Mounter, Task};
use super::poll::Source;
use super::requests::Now;
use super::serve::Supervisor;
use crate::cgroup::{IoLimit, Limits};
use crate::protocol::{Failure, Happening, Mapped, Reply, State};
use crate::spec::{Guest, Mount};
use crate::wire::Receiver;

/// A folder or file of the host, mounted.
#[derive(Debug, Clone)]
pub(super) struct MappedFolder {
    pub(super) mount: Mount,
    /// The kernel's number for it; 0 while it is being mounted.
    pub(super) id: u64,
}

/// A mount or unmount under way.
#[derive(Debug)]
pub(super) struct Change {
    mounter: Mounter,
    client: u32,
    id: u32,
    target: String,
    added: bool,
}

impl Supervisor<'_> {
    pub(super) fn mapped(&self) -> Mapped {
        Mapped {
            folders: self
                .mapped
                .iter()
                .filter(|folder| folder.id != 0)
                .map(|folder| folder.mount.clone())
                .collect(),
            pipes: self.pipes.values().map(|pipe| pipe.host.clone()).collect(),
        }
    }

    /// Whether two places are the same: names of a Windows container have no case.
    fn same_place(&self, one: &str, other: &str) -> bool {
        match self.spec.guest {
            Guest::Linux => one == other,
            Guest::Windows { .. } => one.to_lowercase() == other.to_lowercase(),
        }
    }

    pub(super) fn map(&mut self, client: u32, id: u32, mount: Mount, io: Vec<IoLimit>) -> Now {
        if self.status.state == State::Stopped {
            return Some(Err(Failure::InvalidState(State::Stopped)));
        }
        if self.mapped.iter().any(|folder| self.same_place(&folder.mount.target, &mount.target)) {
            return Some(Err(failure("map another folder to", &mount.target, Errno::EXIST)));
        }
        // Before anything can be read from there.
        let limited = self.container.cgroup.apply(&Limits { io, ..Limits::default() });
        if let Err(error) = limited {
            return Some(Err(of_cgroup(&error)));
        }
        let target = mount.target.clone();
        match self.begin_change(client, id, &target, Task::Mount(&mount), true) {
            Ok(()) => {
                self.mapped.push(MappedFolder { mount, id: 0 });
                None
            }
            Err(failure) => Some(Err(failure)),
        }
    }

    pub(super) fn unmap(&mut self, client: u32, id: u32, target: &str, source: Option<&Path>) -> Now {
        if self.status.state == State::Stopped {
            return Some(Err(Failure::InvalidState(State::Stopped)));
        }
        let fits = |folder: &&MappedFolder| {
            let from_there = source.is_none_or(|path| folder.mount.source.path() == Some(path));
            let is_folder = matches!(folder.mount.source, crate::spec::Source::Bind { .. });
            folder.id != 0 && is_folder && from_there && self.same_place(&folder.mount.target, target)
        };
        let Some(found) = self.mapped.iter().rev().find(fits) else {
            return Some(Err(Failure::NotMapped(target.into())));
        };
        let (target, mount) = (found.mount.target.clone(), found.id);
        if self.mapping.values().any(|change| change.target == target) {
            return Some(Err(failure("unmount", target, Errno::BUSY)));
        }
        self.begin_change(client, id, &target, Task::Unmount(mount), false).err().map(Err)
    }

    fn begin_change(
        &mut self,
        client: u32,
        id: u32,
        target: &str,
        task: Task<'_>,
        added: bool,
    ) -> Result<(), Failure> {
        let mounter = Mounter::start(self.spec, self.container.init, &self.container.pidfd, task)?;
        let number = self.next_mapping;
        self.next_mapping = self.next_mapping.wrapping_add(1);
        self.poll
            .add(Source::Mounter(number), &mounter.socket, EventFlags::IN)
            .map_err(|errno| failure("watch", "the process that mounts", errno))?;
        let change = Change { mounter, client, id, target: target.into(), added };
        self.mapping.insert(number, change);
        Ok(())
    }

    /// A process that mounts has answered, or ended without a word.
    pub(super) fn mounted(&mut self, number: u32) {
        let Some(change) = self.mapping.remove(&number) else { return };
        let socket: &OwnedFd = &change.mounter.socket;
        self.poll.remove(socket);
        let done = match Receiver::new(false).receive::<Done>(socket, RecvFlags::DONTWAIT) {
            Ok(Some((done, _))) => done,
            _ => Err(Failure::Lost("the process that mounts".into())),
        };
        let result = self.settle(&change, done);
        self.clients.answer(&self.poll, change.client, change.id, result, Vec::new());
    }

    fn settle(&mut self, change: &Change, done: Done) -> Result<Reply, Failure> {
        let at = self.mapped.iter().rposition(|folder| folder.mount.target == change.target);
        match (done, at) {
            (Ok(id), Some(at)) if change.added => self.mapped[at].id = id,
            (Ok(_), Some(at)) => drop(self.mapped.remove(at)),
            (Ok(_), None) => {}
            (Err(failure), at) => {
                if let Some(at) = at.filter(|_| change.added) {
                    self.mapped.remove(at);
                }
                return Err(failure);
            }
        }
        self.clients.show(&self.poll, super::now_100ns(), Happening::Modified);
        Ok(Reply::Done)
    }

    /// The container has ended, and with it whatever was being mounted.
    pub(super) fn abandon_mounts(&mut self, why: &Failure) {
        for change in std::mem::take(&mut self.mapping).into_values() {
            self.poll.remove(&change.mounter.socket);
            self.clients.answer(&self.poll, change.client, change.id, Err(why.clone()), Vec::new());
        }
    }
}
