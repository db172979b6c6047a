//! The fake's time: it stands still until a test moves it, so that no test waits and none depends on the machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

type Timer = Box<dyn FnOnce() + Send>;

/// A clock that a test moves. Clones are the same clock; several hosts may share one.
///
/// ```
/// use std::time::Duration;
/// let clock = hcs_host_fake::Clock::new();
/// clock.advance(Duration::from_secs(240));
/// assert_eq!(clock.now(), Duration::from_secs(240));
/// ```
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    /// Timers by their moment, and in the order in which they were set.
    timers: BTreeMap<(Duration, u64), Timer>,
    set: u64,
}

/// Where the clock begins, in 100 ns since 1601: 2020-01-01.
const BEGINNING: u64 = 132_223_104_000_000_000;

impl Clock {
    /// A clock at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it has been moved.
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// Moves it on. Whatever was to happen by then happens on this thread, in order, before this returns.
    pub fn advance(&self, by: Duration) {
        let until = {
            let state = self.lock();
            state.now.saturating_add(by)
        };
        loop {
            let mut state = self.lock();
            match state.timers.first_key_value() {
                Some((&(moment, _), _)) if moment <= until => {
                    state.now = state.now.max(moment);
                    let due = state.timers.pop_first();
                    drop(state);
                    if let Some((_, timer)) = due {
                        timer();
                    }
                }
                _ => {
                    state.now = state.now.max(until);
                    return;
                }
            }
        }
    }

    /// Runs `timer` when the clock has been moved by `after`; at once for zero.
    pub(crate) fn after(&self, after: Duration, timer: Timer) {
        if after.is_zero() {
            return timer();
        }
        let mut state = self.lock();
        let moment = state.now.saturating_add(after);
        state.set += 1;
        let number = state.set;
        state.timers.insert((moment, number), timer);
    }

    /// The moment for documents, in 100 ns since 1601.
    pub(crate) fn file_time(&self) -> u64 {
        let steps = u64::try_from(self.now().as_nanos() / 100).unwrap_or(u64::MAX);
        BEGINNING.saturating_add(steps)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        write!(f, "Clock at {:?} with {} timers", state.now, state.timers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_run_in_order_and_see_their_own_moment() {
        let clock = Clock::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for seconds in [3, 1, 2, 9] {
            let (seen, inner) = (Arc::clone(&seen), clock.clone());
            let note = move || seen.lock().unwrap().push((seconds, inner.now().as_secs()));
            clock.after(Duration::from_secs(seconds), Box::new(note));
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(*seen.lock().unwrap(), [(1, 1)]);
        clock.advance(Duration::from_secs(4));
        assert_eq!(*seen.lock().unwrap(), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(clock.now(), Duration::from_secs(5));
    }
}
