//! The second generation: computecore.dll, whose calls have operations that call back when they are complete.

#![expect(unsafe_code, reason = "calls into computecore.dll")]

mod exports;
mod handle;
mod operation;
mod process;
mod system;

use std::sync::Arc;

use hcs_contract::{Error, Hresult, ObjectKind, Operation, OperationKind, Result};

use crate::calls::Calls;
use crate::exports::Library;
use crate::failure::failed;
use crate::platform::Platform;
use crate::text::{Given, Wide};

pub(crate) use self::system::{create, open};

use self::exports::ComputeCore;
use self::operation::Canceller;

/// The DLL and what goes with it.
#[derive(Debug)]
pub(crate) struct V2 {
    exports: ComputeCore,
    platform: Platform,
}

impl V2 {
    pub(crate) fn new(library: Library, platform: Platform) -> Arc<Self> {
        Arc::new(Self { exports: ComputeCore::new(library), platform })
    }

    /// Lists systems.
    pub(crate) fn enumerate(self: &Arc<Self>, service: &Arc<Calls>, query: &str) -> Operation {
        let (operation, call) = service.begin(OperationKind::Enumerate);
        if let Some(call) = call {
            let canceller = Canceller::of(&call);
            let request = |operation| {
                let enumerate = self.exports.HcsEnumerateComputeSystems()?;
                let query = Wide::query(query)?;
                // SAFETY: the query is ended by NUL and outlives the call; the operation is open and tracks nothing else.
                Ok((unsafe { enumerate(query.as_ptr(), operation) }, ()))
            };
            self.request(&canceller, ObjectKind::Service, request, |outcome| {
                let list = outcome.and_then(|((), flight)| flight.document(ObjectKind::Service));
                call.complete(list);
            });
        }
        operation
    }

    /// Properties of the service. Blocks.
    pub(crate) fn service_properties(&self, query: &Wide) -> Result<String> {
        let call = self.exports.HcsGetServiceProperties()?;
        let mut result = self.text();
        // SAFETY: the query is ended by NUL and outlives the call; the output may be written to.
        let code = Hresult::from_i32(unsafe { call(query.as_ptr(), result.out()) });
        if code.is_failure() {
            return Err(failed(code, result.lossy().as_deref(), ObjectKind::Service));
        }
        result.document()
    }

    /// Text that the DLL hands out.
    fn text(&self) -> Given {
        Given::none(self.platform.free_local)
    }
}

fn no_handle() -> Error {
    Error::unexpected_value("success without a handle")
}
