//! The deadlines of futures: one thread for all of a process, asleep until the next of them.
//!
//! A future has nobody who waits with a limit, and the standard library has no timers. So that a call that is awaited
//! gives up in time on every runtime, and on none, this keeps the moments in order and wakes whoever set them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

/// A moment at which a task is woken; dropping it calls that off.
#[derive(Debug)]
pub(crate) struct Alarm(Key);

/// Two alarms may be set for the same moment.
type Key = (Instant, u64);

#[derive(Debug)]
struct Clock {
    state: Mutex<State>,
    /// There is an earlier moment than the thread sleeps to.
    earlier: Condvar,
}

#[derive(Debug)]
struct State {
    alarms: BTreeMap<Key, Waker>,
    last: u64,
    running: bool,
}

static CLOCK: Clock = Clock {
    state: Mutex::new(State { alarms: BTreeMap::new(), last: 0, running: false }),
    earlier: Condvar::new(),
};

impl Alarm {
    /// Wakes the task at this moment.
    ///
    /// # Errors
    /// The operating system's, when it has no thread for the first alarm.
    pub(crate) fn set(at: Instant, waker: Waker) -> io::Result<Self> {
        let mut state = CLOCK.lock();
        if !state.running {
            std::thread::Builder::new()
                .name("hcs-deadlines".into())
                .stack_size(64 << 10)
                .spawn(|| CLOCK.run())?;
            state.running = true;
        }
        state.last += 1;
        let key = (at, state.last);
        let first = state.alarms.first_key_value().is_none_or(|(first, _)| key < *first);
        state.alarms.insert(key, waker);
        drop(state);
        if first {
            CLOCK.earlier.notify_one();
        }
        Ok(Self(key))
    }

    /// Another task is the one to wake.
    pub(crate) fn wakes(&self, waker: &Waker) {
        if let Some(kept) = CLOCK.lock().alarms.get_mut(&self.0) {
            kept.clone_from(waker);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = CLOCK.lock().alarms.remove(&self.0);
        // Outside the lock: a runtime's waker may do anything when it goes.
        drop(waker);
    }
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            let Some(((at, _), _)) = state.alarms.first_key_value() else {
                state = self.earlier.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = at.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                state = self.earlier.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let due = state.alarms.pop_first();
            drop(state);
            // Nothing of ours is locked here; a waker that panics must not take the other alarms with it.
            if let Some((_, waker)) = due {
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
            }
            state = self.lock();
        }
    }
}
