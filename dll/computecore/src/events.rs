//! The one callback that a handle may have, and the events that it is told.
#![expect(unsafe_code, reason = "calls a client's function")]

use std::ffi::c_void;
use std::ptr::{null, with_exposed_provenance_mut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_abi::computecore::{Event, EventCallback, event_options};
use hcs_bridge::{Delivery, invalid_handle};
use hcs_contract::{Callback, Error, EventType, Hresult, Result, Subscription};

/// An event that waits for its delivery.
#[derive(Debug)]
struct Item {
    kind: EventType,
    data: Option<String>,
    /// The address of the operation's handle; 0 for none.
    operation: usize,
}

/// What tells a handle's events.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    registered: Option<Registered>,
    /// The host's registration; dropping it ends it.
    subscription: Option<Subscription>,
    closed: bool,
}

#[derive(Debug)]
struct Registered {
    delivery: Arc<Delivery<Item>>,
    options: u32,
}

impl Events {
    /// Sets the callback, once. `subscribe` is the host's way to be told.
    pub(crate) fn set(
        &self,
        options: u32,
        context: *mut c_void,
        callback: EventCallback,
        subscribe: impl FnOnce(Callback) -> Result<Subscription>,
    ) -> Result<()> {
        let known =
            event_options::OPERATION_CALLBACKS | event_options::VM_LIFECYCLE | event_options::LIVE_MIGRATION;
        if options & !known != 0 {
            return Err(Error::invalid_argument(
                "callbackOptions",
                format!("{options:#x} has unknown flags"),
            ));
        }
        let context = context.expose_provenance();
        let delivery = Arc::new(Delivery::new(move |item: Item| call(callback, context, &item)));
        {
            let mut state = self.lock();
            if state.closed {
                return Err(invalid_handle());
            }
            if state.registered.is_some() {
                let code = Hresult::HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET;
                return Err(Error::from_hresult(code));
            }
            state.registered = Some(Registered { delivery: Arc::clone(&delivery), options });
        }
        let subscribed = subscribe(Arc::new(move |notification| {
            let (kind, data) = (notification.kind, notification.data.clone());
            delivery.push(Item { kind, data, operation: 0 });
        }));
        let mut state = self.lock();
        match subscribed {
            Ok(subscription) if state.closed => {
                drop(state);
                drop(subscription);
                Err(invalid_handle())
            }
            Ok(subscription) => {
                state.subscription = Some(subscription);
                Ok(())
            }
            Err(error) => {
                state.registered = None;
                Err(error)
            }
        }
    }

    /// Tells that an operation is complete, if the callback was set with that option.
    pub(crate) fn operation_done(&self, operation: usize) {
        if let Some(Registered { delivery, options }) = &self.lock().registered
            && options & event_options::OPERATION_CALLBACKS != 0
        {
            delivery.push(Item { kind: EventType::OPERATION_CALLBACK, data: None, operation });
        }
    }

    /// Ends it: the handle is closed. Returns when a running callback has returned, except from within that.
    pub(crate) fn close(&self) {
        let (registered, subscription) = {
            let mut state = self.lock();
            state.closed = true;
            (state.registered.take(), state.subscription.take())
        };
        drop(subscription);
        if let Some(Registered { delivery, .. }) = registered {
            delivery.end();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call(callback: EventCallback, context: usize, item: &Item) {
    let data: Option<Vec<u16>> = item.data.as_ref().map(|text| text.encode_utf16().chain([0]).collect());
    let event = Event {
        kind: item.kind.0,
        data: data.as_ref().map_or(null(), Vec::as_ptr),
        operation: with_exposed_provenance_mut(item.operation),
    };
    // SAFETY: by the API's contract the function lives until the handle is closed, which waits for this call; it leaves
    // the event alone when it has returned. The context is the client's own pointer.
    unsafe { callback(&raw const event, with_exposed_provenance_mut(context)) };
}
