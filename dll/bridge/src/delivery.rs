//! Calls a client's callback: in order, one at a time, on a thread of ours, and never after the end.
//!
//! The thread lives while there is something to deliver. So an idle registration has none, and a callback that blocks
//! holds up its own registration, and nothing else.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// A queue of what a callback is to be told.
pub struct Delivery<T>(Arc<Shared<T>>);

struct Shared<T> {
    deliver: Box<dyn Fn(T) + Send + Sync>,
    state: Mutex<State<T>>,
    idle: Condvar,
}

struct State<T> {
    queue: VecDeque<T>,
    /// A thread empties the queue, or is about to.
    served: bool,
    /// The thread on which the callback runs just now.
    running: Option<ThreadId>,
    ended: bool,
}

impl<T: Send + 'static> Delivery<T> {
    /// Delivers by this call. It may block, and it may end its own delivery.
    pub fn new(deliver: impl Fn(T) + Send + Sync + 'static) -> Self {
        let state = State { queue: VecDeque::new(), served: false, running: None, ended: false };
        Self(Arc::new(Shared { deliver: Box::new(deliver), state: Mutex::new(state), idle: Condvar::new() }))
    }

    /// Has this delivered behind what waits. Returns at once.
    pub fn push(&self, item: T) {
        let mut state = self.0.lock();
        if state.ended {
            return;
        }
        state.queue.push_back(item);
        if !state.served {
            let shared = Arc::clone(&self.0);
            let thread = thread::Builder::new().name("hcs-callback".into()).spawn(move || shared.serve());
            // Without a thread it waits for the next one.
            state.served = thread.is_ok();
        }
    }

    /// Ends it: what waits is dropped. Returns when a running callback has returned, except from within that callback.
    pub fn end(&self) {
        let mut state = self.0.lock();
        state.ended = true;
        let dropped = std::mem::take(&mut state.queue);
        let me = thread::current().id();
        while state.running.is_some_and(|runner| runner != me) {
            state = self.0.idle.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        drop(dropped);
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Callbacks run outside it, and each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut state = self.lock();
        while !state.ended
            && let Some(item) = state.queue.pop_front()
        {
            state.running = Some(thread::current().id());
            drop(state);
            (self.deliver)(item);
            state = self.lock();
            state.running = None;
            self.idle.notify_all();
        }
        state.served = false;
    }
}

impl<T> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery of {} items", self.0.lock().queue.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn items_come_in_order_on_another_thread() {
        let (sender, told) = mpsc::channel();
        let delivery = Delivery::new(move |item| sender.send((item, thread::current().id())).unwrap());
        (0..100).for_each(|n| delivery.push(n));
        for n in 0..100 {
            let (item, on) = told.recv().unwrap();
            assert_eq!(item, n);
            assert_ne!(on, thread::current().id());
        }
    }

    #[test]
    fn the_end_waits_for_a_running_callback_and_nothing_comes_after_it() {
        let (entered, has_entered) = mpsc::channel();
        let (go, may_return) = mpsc::channel::<()>();
        let may_return = Mutex::new(may_return);
        let delivery = Arc::new(Delivery::new(move |n: u32| {
            entered.send(n).unwrap();
            let _ = may_return.lock().unwrap().recv();
        }));
        delivery.push(1);
        delivery.push(2);
        assert_eq!(has_entered.recv().unwrap(), 1);
        let (ended, has_ended) = mpsc::channel();
        let ending = Arc::clone(&delivery);
        let thread = thread::spawn(move || {
            ending.end();
            ended.send(()).unwrap();
        });
        let early = has_ended.recv_timeout(Duration::from_millis(50));
        go.send(()).unwrap(); // before the verdict, so that a failure ends too
        assert!(early.is_err(), "it ended while the callback ran");
        has_ended.recv().unwrap();
        thread.join().unwrap();
        delivery.push(3);
        drop(go);
        drop(delivery);
        assert!(has_entered.recv().is_err(), "2 and 3 are not delivered");
    }

    #[test]
    fn a_callback_may_end_its_own_delivery() {
        let slot: Arc<Mutex<Option<Arc<Delivery<u32>>>>> = Arc::default();
        let (sender, told) = mpsc::channel();
        let inner = Arc::clone(&slot);
        let delivery = Arc::new(Delivery::new(move |n| {
            inner.lock().unwrap().take().unwrap().end();
            sender.send(n).unwrap();
        }));
        *slot.lock().unwrap() = Some(Arc::clone(&delivery));
        delivery.push(1);
        delivery.push(2);
        assert_eq!(told.recv().unwrap(), 1);
        drop(delivery);
        assert!(told.recv().is_err());
    }
}
