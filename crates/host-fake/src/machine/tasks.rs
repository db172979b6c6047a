//! The programs of a system: when they may run, how they stand still, and what their end means for it.

use std::sync::{Arc, PoisonError};

use hcs_contract::Result;

use super::{Exit, Machine, State};
use crate::plan::Guest;
use crate::program::ControlEvent;
use crate::task::{KILLED, Task};
use crate::violation::Violation;

impl Machine {
    /// Waits while the system is paused and `go_on` holds.
    pub(crate) fn while_paused(&self, go_on: impl Fn() -> bool) {
        if self.breaks(Violation::PauseDoesNotFreeze) {
            return;
        }
        let mut inner = self.lock();
        while inner.state == State::Paused && go_on() {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells a process, once it is not frozen.
    pub(crate) fn control(&self, task: &Arc<Task>, event: ControlEvent) {
        {
            let mut inner = self.lock();
            if inner.state == State::Paused {
                inner.deferred.push((Arc::clone(task), event));
                return;
            }
        }
        task.control(event);
    }

    /// Whether programs can be started now.
    pub(crate) fn can_run(&self) -> Result<()> {
        let inner = self.lock();
        let allowed = match inner.state {
            State::Running => !inner.ending,
            State::Created => self.breaks(Violation::ProcessInCreatedRuns),
            State::Paused => self.breaks(Violation::ProcessInPausedRuns),
            State::Stopped => false,
        };
        if allowed { Ok(()) } else { Err(self.refuse(inner.state)) }
    }

    /// The numbers of a process that is to be.
    pub(crate) fn next_process(&self) -> (u32, u32) {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        // As Windows counts them; no two systems look alike either way.
        let pid = if self.breaks(Violation::PidsRepeat) { 4 } else { number * 4 };
        (number, pid)
    }

    pub(crate) fn add(&self, task: &Arc<Task>) {
        let mut inner = self.lock();
        inner.first.get_or_insert(task.number);
        inner.tasks.insert(task.number, Arc::clone(task));
    }

    pub(crate) fn running(&self) -> Vec<Arc<Task>> {
        let tasks: Vec<_> = self.lock().tasks.values().cloned().collect();
        tasks.into_iter().filter(|task| task.exit_code().is_none()).collect()
    }

    pub(crate) fn task_ended(self: &Arc<Self>, task: &Arc<Task>) {
        let first = {
            let inner = self.lock();
            self.changed.notify_all();
            inner.first == Some(task.number)
        };
        self.forget_task(task);
        if first && self.plan.ends_with_first_process {
            self.stop(Exit::Graceful);
        } else {
            self.stop_if_done();
        }
    }

    /// An ended process that nobody has open is forgotten.
    pub(crate) fn forget_task(&self, task: &Arc<Task>) {
        if task.exit_code().is_some() && !task.is_open() && !self.breaks(Violation::ProcessListKeepsExited) {
            self.lock().tasks.remove(&task.number);
        }
    }

    /// Ends all programs, whatever becomes of the system.
    pub(crate) fn end_all(&self) {
        let code = match self.plan.guest {
            Guest::Linux => KILLED,
            Guest::Windows => u32::MAX,
        };
        for task in self.running() {
            task.end(code);
        }
    }
}
