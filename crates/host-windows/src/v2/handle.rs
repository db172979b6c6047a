//! A handle of computecore's with its callback. Closed when the last call on it has completed.

use std::ffi::c_void;
use std::fmt;
use std::panic::catch_unwind;
use std::ptr::null;
use std::sync::{Arc, OnceLock};

use hcs_abi::computecore::{Event, event_options};
use hcs_contract::{EventType, Hresult, Notification, ObjectKind, Operation, OperationKind, Result};
use hcs_schema::Document as _;
use hcs_schema::compute::SystemExitStatus;

use super::V2;
use super::operation::{Canceller, Flight};
use crate::exports::success;
use crate::kind::Kind;
use crate::text::units;
use crate::watched::{Context, Native, RECEIVERS, Told, Watched};

/// The handle.
pub(super) struct Handle {
    dll: Arc<V2>,
    raw: *mut c_void,
    kind: Kind,
    /// Leads to nobody only when the handle is closed, after which no callback runs.
    context: OnceLock<Context>,
}

// SAFETY: the service's handles belong to the process: any thread may use them, several at once.
unsafe impl Send for Handle {}
// SAFETY: as above; the pointer itself never changes.
unsafe impl Sync for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} of computecore.dll", self.kind, self.raw)
    }
}

impl Handle {
    /// Takes over what a call gave; `None` when it gave nothing.
    pub(super) fn new(dll: Arc<V2>, raw: *mut c_void, kind: Kind) -> Option<Self> {
        (!raw.is_null()).then(|| Self { dll, raw, kind, context: OnceLock::new() })
    }

    pub(super) fn dll(&self) -> &Arc<V2> {
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
            Kind::System => exports.HcsSetComputeSystemCallback()?,
            Kind::Process => exports.HcsSetProcessCallback()?,
        };
        let context = self.context.get_or_init(|| Context::of(watched));
        // Operations have callbacks of their own, which exclude those by event.
        // SAFETY: the handle is open as long as this is; the callback takes any context, which is a number.
        success(
            unsafe { call(self.raw, event_options::NONE, context.as_ptr(), Some(told)) },
            self.kind.object(),
        )
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let exports = &self.dll.exports;
        let close = match self.kind {
            Kind::System => exports.HcsCloseComputeSystem(),
            Kind::Process => exports.HcsCloseProcess(),
        };
        if let Ok(close) = close {
            // SAFETY: the DLL made the handle for us; nobody uses it any more, and it is closed here, once.
            unsafe { close(self.raw) };
        }
    }
}

/// A call on a handle: `make` makes the request, `finish` reads what came of it. Its failure keeps `document`, unless that
/// is empty.
pub(super) fn operate<R: Send + 'static, T: Clone + Send + 'static>(
    watched: &Watched<Handle>,
    kind: OperationKind,
    document: &str,
    make: impl FnOnce(&Handle, hcs_abi::computecore::OperationHandle) -> Result<(i32, R)>,
    finish: impl FnOnce(R, &Flight) -> Result<T> + Send + 'static,
) -> Operation<T> {
    let object = watched.object().kind;
    watched.call(kind, |handle, call| {
        let call = if document.is_empty() { call } else { call.with_document(document) };
        let canceller = Canceller::of(&call);
        let (dll, kept) = (Arc::clone(&handle.dll), Arc::clone(&handle));
        let make = |operation| make(&handle, operation);
        dll.request(&canceller, object, make, move |outcome| {
            let result = outcome.and_then(|(given, flight)| finish(given, &flight));
            // Closed before its user learns of the result, if that has closed it.
            drop(kept);
            call.complete(result);
        });
    })
}

impl Native for Handle {
    fn process_status(self: Arc<Self>, then: Box<dyn FnOnce(Result<String>) + Send>) {
        let (dll, kept) = (Arc::clone(&self.dll), Arc::clone(&self));
        let make = |operation| {
            let call = self.dll.exports.HcsGetProcessProperties()?;
            // SAFETY: the handle is open as long as this is; the operation is open and tracks nothing else; no query is null.
            Ok((unsafe { call(self.raw, operation, null()) }, ()))
        };
        dll.request(&Canceller::default(), ObjectKind::Process, make, move |outcome| {
            let status = outcome.and_then(|((), flight)| flight.document(ObjectKind::Process));
            drop(kept);
            then(status);
        });
    }
}

/// The callback of all handles: on a thread of the DLL's.
unsafe extern "system" fn told(event: *const Event, context: *mut c_void) {
    let tell = || {
        let Some(receiver) = RECEIVERS.get(context.addr()).and_then(|receiver| receiver.upgrade()) else {
            return;
        };
        // SAFETY: the service gives an event that is valid until this returns.
        let Some(event) = (unsafe { event.as_ref() }) else { return };
        // SAFETY: its data is null or a document that is ended by NUL, unchanged until this returns.
        let data = unsafe { units(event.data) }.map(String::from_utf16_lossy);
        let kind = EventType(event.kind);
        let status = match &data {
            Some(data) if kind == EventType::SYSTEM_EXITED => {
                SystemExitStatus::from_json(data).map_or(Hresult::S_OK, |exit| Hresult::from_i32(exit.status))
            }
            _ => Hresult::S_OK,
        };
        receiver.tell(Told::Event(Notification { kind, status: status.to_v2(), data }));
    };
    // A panic must not reach the DLL; what it was about is lost then, and it has been reported by its hook.
    drop(catch_unwind(tell));
}
