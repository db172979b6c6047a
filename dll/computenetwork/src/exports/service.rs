//! Exports that are about the service.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::TextOut;
use hcs_abi::computenetwork::{Answer, CallbackHandle, NotificationCallback, ServiceHandle};
use hcs_bridge::{Callback, Out};
use hcs_contract::{Error, Hresult};

use super::answer;
use crate::events;

/// # Safety
/// By the API's contract places may be written to; each may be null.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnOpenService(
    service: *mut ServiceHandle,
    record: *mut TextOut,
) -> Answer {
    let open = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(service, null_mut())? };
        place.set(events::open_service()?);
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(record, open) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnCloseService(service: ServiceHandle) -> Answer {
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), || events::close_service(service).map(|()| Hresult::S_OK)) }
}

/// # Safety
/// `registration` is null or may be written to; the callback may be called on any thread until it is unregistered.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnRegisterServiceCallback(
    callback: Option<NotificationCallback>,
    context: *mut c_void,
    registration: *mut CallbackHandle,
) -> Answer {
    let register = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(registration, null_mut())? };
        let callback = callback.ok_or_else(|| Error::invalid_argument("callback", "it is null"))?;
        // SAFETY: as above.
        place.set(events::register(unsafe { Callback::new(callback, context) })?);
        Ok(Hresult::S_OK)
    };
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), register) }
}

/// # Safety
/// Any handle may be given.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnUnregisterServiceCallback(registration: CallbackHandle) -> Answer {
    // SAFETY: null may not be written to.
    unsafe { answer(null_mut(), || events::unregister(registration).map(|()| Hresult::S_OK)) }
}
