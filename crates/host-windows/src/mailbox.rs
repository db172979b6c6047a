//! What a callback leaves behind, done in order on another thread: a callback must not block.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::workers;

/// Items that are acted upon one at a time, in the order in which they came.
pub(crate) struct Mailbox<T>(Mutex<Items<T>>);

struct Items<T> {
    waiting: VecDeque<T>,
    /// Whether a thread is at it.
    served: bool,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Mutex::new(Items { waiting: VecDeque::new(), served: false }))
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox of {}", self.lock().waiting.len())
    }
}

impl<T> Mailbox<T> {
    fn lock(&self) -> MutexGuard<'_, Items<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<T> {
        let mut items = self.lock();
        let next = items.waiting.pop_front();
        items.served = next.is_some();
        next
    }
}

/// Puts an item into the mailbox that `of` finds in its owner; `act` is called with it on another thread.
pub(crate) fn push<O, T>(owner: &Arc<O>, of: fn(&O) -> &Mailbox<T>, item: T, act: fn(&Arc<O>, T))
where
    O: Send + Sync + 'static,
    T: Send + 'static,
{
    let mut items = of(owner).lock();
    items.waiting.push_back(item);
    if std::mem::replace(&mut items.served, true) {
        return;
    }
    drop(items);
    let owner = Arc::clone(owner);
    workers::submit_or_run(move || {
        while let Some(item) = of(&owner).next() {
            act(&owner, item);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    struct Owner {
        mailbox: Mailbox<u32>,
        out: Mutex<Sender<u32>>,
    }

    #[test]
    fn items_keep_their_order_whoever_brings_them() {
        let (send, received) = channel();
        let owner = Arc::new(Owner { mailbox: Mailbox::default(), out: Mutex::new(send) });
        for item in 0..1000 {
            push(
                &owner,
                |owner| &owner.mailbox,
                item,
                |owner, item| owner.out.lock().unwrap().send(item).unwrap(),
            );
        }
        for expected in 0..1000 {
            assert_eq!(received.recv_timeout(Duration::from_mins(1)).unwrap(), expected);
        }
    }
}
