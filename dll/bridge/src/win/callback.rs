//! A client's callback, as vmcompute.dll and computenetwork.dll have it.
#![expect(unsafe_code, reason = "calls a client's function")]

use std::ffi::c_void;
use std::ptr::null;

use hcs_abi::vmcompute::NotificationCallback;
use hcs_contract::Hresult;

use crate::win::wide;

/// A function of the client's and the context that it wants back.
#[derive(Debug)]
pub struct Callback {
    function: NotificationCallback,
    context: *mut c_void,
}

// SAFETY: the context is a number to us, handed back and never followed. That the function may be called on any thread
// is the API's contract.
unsafe impl Send for Callback {}
// SAFETY: as above; nothing changes.
unsafe impl Sync for Callback {}

impl Callback {
    /// The function, with its context.
    ///
    /// # Safety
    /// The function may be called on any thread with that context, until the callback is dropped.
    pub unsafe fn new(function: NotificationCallback, context: *mut c_void) -> Self {
        Self { function, context }
    }

    /// Tells it what happened.
    pub fn call(&self, kind: u32, status: Hresult, data: Option<&str>) {
        let data = data.map(wide);
        let text = data.as_ref().map_or(null(), Vec::as_ptr);
        // SAFETY: by the contract of `new`; the function leaves the text alone when it has returned.
        unsafe { (self.function)(kind, self.context, status.to_i32(), text) };
    }
}
