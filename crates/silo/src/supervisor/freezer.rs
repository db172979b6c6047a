//! Pause and resume: the kernel is asked to freeze or thaw the cgroup, and says when all of it has.

use super::poll::Source;
use super::requests::Now;
use super::serve::Supervisor;
use crate::cgroup::Events;
use crate::protocol::{Failure, Reply, State};

/// A freeze or thaw under way.
#[derive(Debug)]
pub(super) struct Change {
    client: u32,
    id: u32,
    to: State,
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
            return Some(Err(super::build::of_cgroup(&error)));
        }
        self.changing = Some(Change { client, id, to });
        // It may be complete already, and an event that came before we looked is not repeated.
        self.cgroup_changed();
        None
    }

    pub(super) fn cgroup_changed(&mut self) {
        let Some(events) = &self.events else { return };
        let Ok(now) = events.state() else { return };
        let Some(change) = self.changing.take_if(|change| now.frozen == (change.to == State::Paused)) else {
            return;
        };
        self.set_state(change.to);
        self.clients.answer(&self.poll, change.client, change.id, Ok(Reply::Done), Vec::new());
    }
}
