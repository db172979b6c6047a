//! Handles of the service, and registrations for what happens to its objects.

use std::sync::{Arc, Mutex, PoisonError};

use hcs_abi::computenetwork::{CallbackHandle, ServiceHandle};
use hcs_bridge::{Callback, Delivery, Table, host, invalid_handle};
use hcs_contract::{NetworkEvent, NetworkService as _, Result, Subscription};

static SERVICES: Table<()> = Table::new(0x5356);
static REGISTRATIONS: Table<Registration> = Table::new(0x4342);

/// Opens the service. A handle of it is nothing but a number.
pub(crate) fn open_service() -> Result<ServiceHandle> {
    host()?;
    Ok(SERVICES.insert(Arc::new(())))
}

pub(crate) fn close_service(handle: ServiceHandle) -> Result<()> {
    SERVICES.remove(handle).map(drop).ok_or_else(invalid_handle)
}

/// One registration.
#[derive(Debug)]
struct Registration {
    delivery: Arc<Delivery<NetworkEvent>>,
    /// The host's; dropping it ends it.
    subscription: Mutex<Option<Subscription>>,
}

/// Registers a callback.
pub(crate) fn register(callback: Callback) -> Result<CallbackHandle> {
    let delivery = Arc::new(Delivery::new(move |event: NetworkEvent| {
        callback.call(event.kind.0, event.status, event.data.as_deref());
    }));
    let to = Arc::clone(&delivery);
    let subscription = host()?.subscribe(Arc::new(move |event: &NetworkEvent| to.push(event.clone())))?;
    Ok(REGISTRATIONS
        .insert(Arc::new(Registration { delivery, subscription: Mutex::new(Some(subscription)) })))
}

/// Ends a registration; returns when its callback has returned, except from within that.
pub(crate) fn unregister(handle: CallbackHandle) -> Result<()> {
    let registration = REGISTRATIONS.remove(handle).ok_or_else(invalid_handle)?;
    // Of two threads one has the registration, and this is its one use.
    let subscription = registration.subscription.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(subscription);
    registration.delivery.end();
    Ok(())
}
