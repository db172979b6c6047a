//! Delivery of notifications: in order, one at a time, none lost, and none after the subscription is gone.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use crate::Notification;

/// What is called for each notification, a [`Notification`] unless it says otherwise. It must not block.
pub type Callback<N = Notification> = Arc<dyn Fn(&N) + Send + Sync>;

/// A registration for notifications; dropping it ends it.
///
/// The drop waits until a running callback has returned, unless it happens within that callback. After it, none
/// runs.
#[must_use = "dropping it unsubscribes"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Subscription {
    /// A subscription that ends by this call, which keeps the promise above.
    pub fn new(unsubscribe: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(unsubscribe)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(unsubscribe) = self.0.take() {
            unsubscribe();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

/// The subscribers of one object: what hosts keep to fulfil the promises of this module.
///
/// ```
/// use std::sync::{Arc, mpsc::channel};
///
/// use hcs_contract::{EventType, Hub, Notification};
///
/// let hub = Hub::new();
/// let exit = Notification::new(EventType::SYSTEM_EXITED);
/// hub.notify_latched(&exit);
/// // Who comes late is told as well.
/// let (send, told) = channel();
/// let subscription = hub.subscribe(Arc::new(move |notification| send.send(notification.clone()).unwrap()));
/// assert_eq!(told.recv().unwrap(), exit);
/// drop(subscription);
/// ```
#[derive(Clone)]
pub struct Hub<N = Notification>(Arc<Mutex<Subscribers<N>>>);

struct Subscribers<N> {
    entries: Vec<Arc<Entry<N>>>,
    latched: Vec<N>,
}

struct Entry<N> {
    callback: Callback<N>,
    state: Mutex<EntryState<N>>,
    idle: Condvar,
}

struct EntryState<N> {
    queue: VecDeque<N>,
    running: Option<ThreadId>,
    ended: bool,
}

impl<N> Default for Hub<N> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Subscribers { entries: Vec::new(), latched: Vec::new() })))
    }
}

impl<N: Clone + Send + Sync + 'static> Hub<N> {
    /// A hub without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a subscriber. What was latched before is delivered to it first, on this thread.
    pub fn subscribe(&self, callback: Callback<N>) -> Subscription {
        let mut subscribers = self.lock();
        let queue = subscribers.latched.iter().cloned().collect();
        let state = EntryState { queue, running: None, ended: false };
        let entry = Arc::new(Entry { callback, state: Mutex::new(state), idle: Condvar::new() });
        subscribers.entries.push(Arc::clone(&entry));
        drop(subscribers);
        entry.deliver();
        let hub: Weak<_> = Arc::downgrade(&self.0);
        Subscription::new(move || {
            if let Some(hub) = hub.upgrade() {
                let mut subscribers = hub.lock().unwrap_or_else(PoisonError::into_inner);
                subscribers.entries.retain(|other| !Arc::ptr_eq(other, &entry));
            }
            entry.end();
        })
    }

    /// Delivers to every subscriber, on this thread, or on the one that delivers to it already.
    pub fn notify(&self, notification: &N) {
        self.send(notification, false);
    }

    /// The same, and remembers it for those who subscribe later: for what happens once, such as an exit.
    pub fn notify_latched(&self, notification: &N) {
        self.send(notification, true);
    }

    fn send(&self, notification: &N, latch: bool) {
        let mut subscribers = self.lock();
        if latch {
            subscribers.latched.push(notification.clone());
        }
        let entries = subscribers.entries.clone();
        for entry in &entries {
            // Under the hub's lock, so that two notifications reach all subscribers in one order.
            entry.lock().queue.push_back(notification.clone());
        }
        drop(subscribers);
        for entry in entries {
            entry.deliver();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers<N>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N> fmt::Debug for Hub<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subscribers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Hub of {} subscribers", subscribers.entries.len())
    }
}

impl<N> Entry<N> {
    fn lock(&self) -> MutexGuard<'_, EntryState<N>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties the queue, unless another call of this function (below us or on another thread) is doing so.
    fn deliver(&self) {
        while let Some((notification, _running)) = self.next() {
            (self.callback)(&notification);
        }
    }

    fn next(&self) -> Option<(N, Running<'_, N>)> {
        let mut state = self.lock();
        if state.ended || state.running.is_some() {
            return None;
        }
        let notification = state.queue.pop_front()?;
        state.running = Some(thread::current().id());
        Some((notification, Running(self)))
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.queue.clear();
        let me = thread::current().id();
        while state.running.is_some_and(|runner| runner != me) {
            state = self.idle.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// While it lives a callback runs; dropped when that returns or panics.
struct Running<'a, N>(&'a Entry<N>);

impl<N> Drop for Running<'_, N> {
    fn drop(&mut self) {
        self.0.lock().running = None;
        self.0.idle.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::EventType;

    fn event(number: u32) -> Notification {
        Notification::new(EventType(number))
    }

    fn recorder() -> (Callback, Arc<Mutex<Vec<u32>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        (Arc::new(move |n: &Notification| record.lock().unwrap().push(n.kind.0)), seen)
    }

    #[test]
    fn latched_notifications_reach_late_subscribers_and_others_do_not() {
        let hub = Hub::new();
        hub.notify(&event(7));
        hub.notify_latched(&event(1));
        let (callback, seen) = recorder();
        let subscription = hub.subscribe(callback);
        hub.notify(&event(8));
        drop(subscription);
        hub.notify(&event(9));
        assert_eq!(*seen.lock().unwrap(), [1, 8]);
        assert_eq!(format!("{hub:?}"), "Hub of 0 subscribers");
    }

    #[test]
    fn unsubscribing_waits_for_a_running_callback() {
        let hub = Hub::new();
        let (entered_in, entered) = mpsc::channel();
        let (go, may_return) = mpsc::channel::<()>();
        let may_return = Mutex::new(may_return);
        let returned = Arc::new(Mutex::new(false));
        let flag = Arc::clone(&returned);
        let subscription = hub.subscribe(Arc::new(move |_| {
            entered_in.send(()).unwrap();
            may_return.lock().unwrap().recv().unwrap();
            *flag.lock().unwrap() = true;
        }));
        let (ended_in, ended) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| hub.notify(&event(1)));
            entered.recv().unwrap();
            let returned = &returned;
            scope.spawn(move || {
                drop(subscription);
                ended_in.send(*returned.lock().unwrap()).unwrap();
            });
            let early = ended.recv_timeout(Duration::from_millis(50));
            go.send(()).unwrap(); // before the verdict, so that a failure ends too
            assert!(early.is_err(), "unsubscribed while the callback ran");
            assert!(ended.recv().unwrap(), "the callback had returned");
        });
    }

    #[test]
    fn a_callback_may_unsubscribe_itself_and_notify() {
        let hub = Hub::new();
        let slot: Arc<Mutex<Option<Subscription>>> = Arc::default();
        let (inner_slot, inner_hub) = (Arc::clone(&slot), hub.clone());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let subscription = hub.subscribe(Arc::new(move |n: &Notification| {
            record.lock().unwrap().push(n.kind.0);
            if n.kind.0 == 1 {
                inner_hub.notify(&event(2)); // delivered after this one, not within it
                record.lock().unwrap().push(100);
            } else {
                drop(inner_slot.lock().unwrap().take());
            }
        }));
        *slot.lock().unwrap() = Some(subscription);
        hub.notify(&event(1));
        hub.notify(&event(3));
        assert_eq!(*seen.lock().unwrap(), [1, 100, 2]);
    }

    #[test]
    fn many_threads_notify_and_nothing_is_lost_or_overlaps() {
        let hub = Hub::new();
        let inside = Arc::new(Mutex::new(()));
        let (callback, seen) = recorder();
        let _subscription = hub.subscribe(Arc::new(move |n: &Notification| {
            let alone = inside.try_lock();
            assert!(alone.is_ok(), "two callbacks at once");
            callback(n);
        }));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..250).for_each(|n| hub.notify(&event(n))));
            }
        });
        assert_eq!(seen.lock().unwrap().len(), 1000);
    }
}
