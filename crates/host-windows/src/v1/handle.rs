//! A handle of vmcompute's with its registration for notifications. Closed when the last call on it has returned.

use std::ffi::c_void;
use std::fmt;
use std::panic::catch_unwind;
use std::ptr::null_mut;
use std::sync::{Arc, OnceLock};

use hcs_contract::{Hresult, Notification, NotificationType, Result};

use super::V1;
use crate::exports::success;
use crate::kind::Kind;
use crate::text::units;
use crate::watched::{Context, Native, RECEIVERS, Told, Watched};

/// The handle.
pub(super) struct Handle {
    dll: Arc<V1>,
    raw: *mut c_void,
    kind: Kind,
    registration: OnceLock<Registration>,
}

struct Registration {
    callback: hcs_abi::vmcompute::CallbackHandle,
    _context: Context,
}

// SAFETY: the service's handles belong to the process: any thread may use them, several at once.
unsafe impl Send for Handle {}
// SAFETY: as above; the pointer itself never changes.
unsafe impl Sync for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} of vmcompute.dll", self.kind, self.raw)
    }
}

impl Handle {
    /// Takes over what a call gave; `None` when it gave nothing.
    pub(super) fn new(dll: Arc<V1>, raw: *mut c_void, kind: Kind) -> Option<Self> {
        (!raw.is_null()).then(|| Self { dll, raw, kind, registration: OnceLock::new() })
    }

    pub(super) fn dll(&self) -> &Arc<V1> {
        &self.dll
    }

    /// For a call that ends before this is dropped.
    pub(super) fn raw(&self) -> *mut c_void {
        self.raw
    }

    /// Has the service tell `watched` what happens; once.
    pub(super) fn register(&self, watched: &Arc<Watched<Self>>) -> Result<()> {
        let exports = &self.dll.exports;
        let call = match self.kind {
            Kind::System => exports.HcsRegisterComputeSystemCallback()?,
            Kind::Process => exports.HcsRegisterProcessCallback()?,
        };
        let context = Context::of(watched);
        let mut callback = null_mut();
        // SAFETY: the handle is open as long as this is; the callback takes any context, which is a number; the output may
        // be written to.
        let code = unsafe { call(self.raw, Some(told), context.as_ptr(), &raw mut callback) };
        success(code, self.kind.object())?;
        let registration = Registration { callback, _context: context };
        if self.registration.set(registration).is_err() {
            unreachable!("a handle is registered where it is made");
        }
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let exports = &self.dll.exports;
        let (unregister, close) = match self.kind {
            Kind::System => (exports.HcsUnregisterComputeSystemCallback(), exports.HcsCloseComputeSystem()),
            Kind::Process => (exports.HcsUnregisterProcessCallback(), exports.HcsCloseProcess()),
        };
        // A failure leaves nothing to do: the handle is not used again, and its context leads to nobody.
        if let (Some(registration), Ok(unregister)) = (self.registration.get(), unregister) {
            // SAFETY: the registration was made by the DLL, and is ended here, once. Its callbacks never wait for us.
            unsafe { unregister(registration.callback) };
        }
        if let Ok(close) = close {
            // SAFETY: the DLL made the handle for us; nobody uses it any more, and it is closed here, once.
            unsafe { close(self.raw) };
        }
    }
}

impl Native for Handle {
    fn process_status(self: Arc<Self>, then: Box<dyn FnOnce(Result<String>) + Send>) {
        let status = self.dll.process_properties(&self);
        // Closed before anybody learns of the exit, if its user has closed it.
        drop(self);
        then(status);
    }
}

/// The callback of all registrations: on a thread of the DLL's.
unsafe extern "system" fn told(number: u32, context: *mut c_void, status: i32, data: *const u16) {
    let tell = || {
        let Some(receiver) = RECEIVERS.get(context.addr()).and_then(|receiver| receiver.upgrade()) else {
            return;
        };
        // SAFETY: the service gives null or a document that is ended by NUL, unchanged until this returns.
        let data = unsafe { units(data) }.map(String::from_utf16_lossy);
        let mut status = Hresult::from_i32(status).to_v2();
        if number & NotificationType::FAILURE != 0 && status.is_success() {
            status = Hresult::E_FAIL;
        }
        let kind = NotificationType(number & !NotificationType::RESERVED);
        receiver.tell(match kind.to_v2() {
            Some(kind) => Told::Event(Notification { kind, status, data }),
            None => Told::Completed { kind, status, data },
        });
    };
    // A panic must not reach the DLL; what it was about is lost then, and it has been reported by its hook.
    drop(catch_unwind(tell));
}
