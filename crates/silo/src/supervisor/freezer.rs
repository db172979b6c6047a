//! Pause and resume: the kernel is asked to freeze or thaw the cgroup, and says when all of it has.

use super::poll::Source;
use super::requests::Now;
use super::serve::Supervisor;
use crate::cgroup::Events;
use crate::protocol::{Failure, Reply, State};

/// A freeze or thaw under way.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) client: u32,
    pub(super) id: u32,
    to: State,
    /// The kernel has been asked.
    asked: bool,
}

impl Supervisor<'_> {
    pub(super) fn pause(&mut self, client: u32, id: u32) -> Now {
        self.change(client, id, State::Running, State::Paused)
    }

    pub(super) fn resume(&mut self, client: u32, id: u32) -> Now {
        self.change(client, id, State::Paused, State::Running)
    }

    /// A system is Paused once its pause is complete, and only then may it be resumed: until then, which a call in the
    /// kernel that can't be interrupted may take long, it can only be ended.
    fn change(&mut self, client: u32, id: u32, from: State, to: State) -> Now {
        if self.status.state != from || self.changing.is_some() {
            return Some(Err(Failure::InvalidState(self.status.state)));
        }
        self.changing = Some(Change { client, id, to, asked: false });
        self.go_on_changing();
        None
    }

    /// Asks the kernel, once process 1 owes us no answer: frozen it gives none, and whoever has asked for a process would
    /// wait until it is resumed. The agent is not waited for: it is the guest's to answer, and a guest must not keep itself
    /// from being paused.
    pub(super) fn go_on_changing(&mut self) {
        let Some(change) = &mut self.changing else { return };
        if change.asked || (change.to == State::Paused && !self.spawning.is_empty()) {
            return;
        }
        change.asked = true;
        let (client, id, to) = (change.client, change.id, change.to);
        let cgroup = &self.container.cgroup;
        let watched = match &self.events {
            Some(_) => Ok(()),
            None => cgroup.events().map(|events| {
                let _ = self.poll.add(Source::Cgroup, &events, Events::INTEREST);
                self.events = Some(events);
            }),
        };
        let asked = watched.and_then(|()| {
            if to == State::Paused { self.container.cgroup.freeze() } else { self.container.cgroup.thaw() }
        });
        if let Err(error) = asked {
            self.changing = None;
            let failure = super::build::of_cgroup(&error);
            return self.clients.answer(&self.poll, client, id, Err(failure), Vec::new());
        }
        // It may be complete already, and an event that came before we looked is not repeated.
        self.cgroup_changed();
    }

    pub(super) fn cgroup_changed(&mut self) {
        let Some(events) = &self.events else { return };
        let Ok(now) = events.state() else { return };
        let Some(change) =
            self.changing.take_if(|change| change.asked && now.frozen == (change.to == State::Paused))
        else {
            return;
        };
        self.set_state(change.to);
        self.clients.answer(&self.poll, change.client, change.id, Ok(Reply::Done), Vec::new());
    }
}
