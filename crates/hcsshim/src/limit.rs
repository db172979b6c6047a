//! How many containers one process starts at once (`HCSSHIM_MAX_PARALLEL_START`).

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hcs_contract::{Deadline, Error, Result};

/// Lets a limited number of callers in at once; the others sleep until one leaves.
#[derive(Debug, Default)]
pub(crate) struct StartLimit {
    most: Option<NonZeroUsize>,
    inside: Mutex<usize>,
    left: Condvar,
}

/// A caller that was let in; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Permit<'a>(Option<&'a StartLimit>);

impl StartLimit {
    pub(crate) fn new(most: Option<NonZeroUsize>) -> Self {
        Self { most, ..Self::default() }
    }

    #[cfg(feature = "async")]
    pub(crate) fn is_limited(&self) -> bool {
        self.most.is_some()
    }

    /// Waits for a place.
    pub(crate) fn enter(&self, deadline: Deadline) -> Result<Permit<'_>> {
        let Some(most) = self.most else { return Ok(Permit(None)) };
        let began = Instant::now();
        let mut inside = self.lock();
        while *inside >= most.get() {
            inside = match deadline.remaining() {
                None => self.left.wait(inside).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => {
                    let what = format!("one of the {most} places for starting containers to become free");
                    return Err(Error::timeout(what, began.elapsed())
                        .with_hint("raise HCSSHIM_MAX_PARALLEL_START, or the start limit of the options"));
                }
                Some(left) => self.left.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        *inside += 1;
        Ok(Permit(Some(self)))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner) // a number is never half changed
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(limit) = self.0 {
            *limit.lock() -= 1;
            limit.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_third_of_two_waits_for_the_first_to_leave() {
        let limit = StartLimit::new(NonZeroUsize::new(2));
        let first = limit.enter(Deadline::now()).unwrap();
        let _second = limit.enter(Deadline::now()).unwrap();
        let error = limit.enter(Deadline::now()).unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("2 places"), "{error}");
        thread::scope(|scope| {
            let (entered_in, entered) = mpsc::channel();
            let limit = &limit;
            scope.spawn(move || {
                let permit = limit.enter(Deadline::Never);
                entered_in.send(permit.is_ok()).unwrap();
            });
            assert!(entered.recv_timeout(Duration::from_millis(20)).is_err(), "let in too early");
            drop(first);
            assert!(entered.recv().unwrap());
        });
    }

    #[test]
    fn no_limit_lets_everyone_in() {
        let limit = StartLimit::new(None);
        let _many: Vec<_> = (0..100).map(|_| limit.enter(Deadline::now()).unwrap()).collect();
    }
}
