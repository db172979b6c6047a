//! A client's callback, and what it is told.
#![expect(unsafe_code, reason = "calls a client's function")]

use std::ffi::c_void;
use std::ptr::null;

use hcs_abi::vmcompute::NotificationCallback;
use hcs_contract::{Hresult, Notification, NotificationType};

/// A notification in this API's numbers.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) kind: NotificationType,
    pub(crate) status: Hresult,
    pub(crate) data: Option<String>,
}

impl Note {
    /// A host's, as this API says it; `None` for what it never reports.
    pub(crate) fn from_host(notification: &Notification) -> Option<Self> {
        let Notification { kind, status, data } = notification;
        Some(Self { kind: kind.to_v1()?, status: status.to_v1(), data: data.clone() })
    }
}

/// A function of the client's and the context that it wants back.
#[derive(Debug)]
pub(crate) struct Callback {
    function: NotificationCallback,
    context: *mut c_void,
}

// SAFETY: the context is a number to us, handed back and never followed. That the function may be called on any thread
// is the API's contract.
unsafe impl Send for Callback {}
// SAFETY: as above; nothing changes.
unsafe impl Sync for Callback {}

impl Callback {
    pub(crate) fn new(function: NotificationCallback, context: *mut c_void) -> Self {
        Self { function, context }
    }

    pub(crate) fn call(&self, note: &Note) {
        let data: Option<Vec<u16>> = note.data.as_ref().map(|text| text.encode_utf16().chain([0]).collect());
        let text = data.as_ref().map_or(null(), Vec::as_ptr);
        // SAFETY: by the API's contract the function lives until it is unregistered, which waits for this call, and it
        // leaves the text alone when it has returned.
        unsafe { (self.function)(note.kind.0, self.context, note.status.to_i32(), text) };
    }
}
