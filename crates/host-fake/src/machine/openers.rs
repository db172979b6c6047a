//! Who has a system open: its last handle may end it, frees its id, and the service can go away under all of them.

use std::sync::{Arc, Weak};

use hcs_contract::Hub;

use super::{Exit, Machine, State};
use crate::handle::Handle;
use crate::violation::Violation;

impl Machine {
    /// A stopped system that nobody has open, and whose record is not to be kept, is forgotten.
    pub(super) fn forget(&self) {
        let gone = {
            let inner = self.lock();
            let unused = inner.connections == 0 && !self.plan.keep;
            let unused = unused && !self.breaks(Violation::IdIsNeverFreed);
            inner.state == State::Stopped && (unused || self.breaks(Violation::IdIsFreedAtExit))
        };
        if let (true, Some(world)) = (gone, self.world.upgrade()) {
            world.remove(self);
        }
    }

    /// A handle was made: of the system, or of a process of it.
    pub(crate) fn register(&self, handle: &Arc<Handle>) {
        let mut inner = self.lock();
        inner.handles.retain(|known| known.strong_count() > 0);
        inner.handles.push(Arc::downgrade(handle));
    }

    pub(crate) fn connected(&self) {
        self.lock().connections += 1;
    }

    /// A connection was closed; the last one may end the system.
    pub(crate) fn disconnected(self: &Arc<Self>) {
        let last = {
            let mut inner = self.lock();
            inner.connections = inner.connections.saturating_sub(1);
            inner.connections == 0
        };
        if last && self.plan.ends_with_last_handle && !self.breaks(Violation::LastHandleDoesNotTerminate) {
            self.stop(Exit::Forced);
        }
        self.forget();
    }

    /// Every handle that is alive.
    pub(crate) fn handles(&self) -> Vec<Arc<Handle>> {
        self.lock().handles.iter().filter_map(Weak::upgrade).collect()
    }

    /// The service is gone under all handles. The hubs whose subscribers must be told.
    pub(crate) fn lose_handles(&self) -> Vec<Hub> {
        let tasks: Vec<_> = {
            let mut inner = self.lock();
            inner.connections = 0;
            inner.tasks.values().cloned().collect()
        };
        for handle in self.handles() {
            handle.lose();
        }
        let mut hubs = vec![self.replace_hub()];
        for task in tasks {
            task.lose_handles();
            hubs.push(task.replace_hub());
            self.forget_task(&task);
        }
        self.forget();
        hubs
    }

    /// The number of a new subscriber, and how to ask whether it is the latest.
    pub(crate) fn subscribed(&self) -> u64 {
        let mut inner = self.lock();
        inner.subscribers += 1;
        inner.subscribers
    }

    pub(crate) fn latest_subscriber(&self) -> u64 {
        self.lock().subscribers
    }
}
