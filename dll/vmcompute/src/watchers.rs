//! The registrations of one handle, and the completions that wait for the first of them.
//!
//! A client registers when it has the handle, and a create may be complete before that: what completes while nobody is
//! registered is kept, the last of each kind, and told to who registers first. Exits the host keeps by itself.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hcs_abi::vmcompute::CallbackHandle;
use hcs_bridge::{Callback, Delivery, Table, invalid_handle};
use hcs_contract::{self as contract, Error, NotificationType, Result, Subscription};

use crate::callback::Note;

static REGISTRATIONS: Table<Registration> = Table::new(0x4342);

/// One registration.
#[derive(Debug)]
struct Registration {
    delivery: Arc<Delivery<Note>>,
    /// The host's; dropping it ends it.
    subscription: Mutex<Option<Subscription>>,
    watchers: Weak<Watchers>,
}

/// The registrations of one handle.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By the address of the registration's handle.
    deliveries: BTreeMap<usize, Arc<Delivery<Note>>>,
    kept: BTreeMap<NotificationType, Note>,
    closed: bool,
}

impl Watchers {
    /// Tells every registration, or keeps it for the first. Returns at once.
    pub(crate) fn tell(&self, note: Note) {
        let mut state = self.lock();
        if state.deliveries.is_empty() {
            state.kept.insert(note.kind, note);
        } else {
            for delivery in state.deliveries.values() {
                delivery.push(note.clone());
            }
        }
    }

    /// Registers a callback. `subscribe` is the host's way to do so.
    pub(crate) fn register(
        self: &Arc<Self>,
        callback: Callback,
        subscribe: impl FnOnce(contract::Callback) -> Result<Subscription>,
    ) -> Result<CallbackHandle> {
        let delivery = Arc::new(Delivery::new(move |note: Note| note.tell(&callback)));
        let entry = Arc::new(Registration {
            delivery: Arc::clone(&delivery),
            subscription: Mutex::default(),
            watchers: Arc::downgrade(self),
        });
        let handle = REGISTRATIONS.insert(Arc::clone(&entry));
        {
            let mut state = self.lock();
            if state.closed {
                drop(state);
                REGISTRATIONS.remove(handle);
                return Err(invalid_handle());
            }
            for note in std::mem::take(&mut state.kept).into_values() {
                delivery.push(note);
            }
            state.deliveries.insert(handle.addr(), Arc::clone(&delivery));
        }
        let subscribed = subscribe(Arc::new(move |notification| {
            if let Some(note) = Note::from_host(notification) {
                delivery.push(note);
            }
        }));
        match subscribed {
            Ok(subscription) => {
                *lock(&entry.subscription) = Some(subscription);
                Ok(handle)
            }
            Err(error) => {
                // A close in between may have done so already.
                let _: Result<(), Error> = unregister(handle);
                Err(error)
            }
        }
    }

    /// Ends all registrations: the handle is closed.
    pub(crate) fn close(&self) {
        let deliveries = {
            let mut state = self.lock();
            state.closed = true;
            state.kept.clear();
            std::mem::take(&mut state.deliveries)
        };
        for address in deliveries.into_keys() {
            // One that is being unregistered is so already.
            let _: Result<(), Error> = unregister(std::ptr::without_provenance_mut::<c_void>(address));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// Ends a registration; returns when its callback has returned, except from within that.
pub(crate) fn unregister(handle: CallbackHandle) -> Result<()> {
    let registration = REGISTRATIONS.remove(handle).ok_or_else(invalid_handle)?;
    if let Some(watchers) = registration.watchers.upgrade() {
        watchers.lock().deliveries.remove(&handle.addr());
    }
    let subscription = lock(&registration.subscription).take();
    drop(subscription);
    registration.delivery.end();
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
