//! A compute system as a client holds it, and the requests on it that complete by a notification.

use std::sync::Arc;

use hcs_abi::SystemHandle;
use hcs_bridge::{Generation, Table, invalid_handle};
use hcs_contract::{ComputeSystem, Deadline, Error, ErrorKind, Hresult, NotificationType, Operation, Result};

use crate::callback::Note;
use crate::watchers::Watchers;

static SYSTEMS: Table<System> = Table::new(0x5359);

/// A handle of a system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) system: Arc<dyn ComputeSystem>,
    pub(crate) watchers: Arc<Watchers>,
}

impl System {
    pub(crate) fn new(system: Arc<dyn ComputeSystem>) -> Arc<Self> {
        Arc::new(Self { system, watchers: Arc::default() })
    }

    pub(crate) fn insert(self: &Arc<Self>) -> SystemHandle {
        SYSTEMS.insert(Arc::clone(self))
    }

    pub(crate) fn get(handle: SystemHandle) -> Result<Arc<Self>> {
        SYSTEMS.get(handle).ok_or_else(invalid_handle)
    }

    pub(crate) fn close(handle: SystemHandle) -> Result<()> {
        let this = SYSTEMS.remove(handle).ok_or_else(invalid_handle)?;
        this.watchers.close();
        this.system.close();
        Ok(())
    }

    /// Has the request complete by this notification. What fails at once fails at once.
    pub(crate) fn pending(&self, operation: &Operation, notification: NotificationType) -> Result<Hresult> {
        if let Some(Err(error)) = operation.try_result() {
            return Err(error);
        }
        let watchers = Arc::clone(&self.watchers);
        operation.on_complete(move |result| {
            if let Some(note) = completion(notification, result) {
                watchers.tell(note);
            }
        });
        Ok(Hresult::ERROR_VMCOMPUTE_OPERATION_PENDING)
    }
}

/// A request that completes by the system's exit: it is waited for until it is accepted.
pub(crate) fn accepted(operation: &Operation) -> Result<Hresult> {
    operation.wait(Deadline::Never)?;
    Ok(Hresult::ERROR_VMCOMPUTE_OPERATION_PENDING)
}

fn completion(kind: NotificationType, result: Result<String>) -> Option<Note> {
    match result {
        Ok(text) => {
            let data = Some(text).filter(|text| !text.is_empty());
            Some(Note { kind, status: Hresult::S_OK, data })
        }
        // Told by a notification of its own.
        Err(error) if matches!(error.kind(), ErrorKind::Disconnected) => None,
        Err(error) => Some(failure(kind, &error)),
    }
}

fn failure(kind: NotificationType, error: &Error) -> Note {
    let status = Hresult::from_i32(Generation::First.hresult(error));
    Note { kind, status, data: Some(Generation::First.document(error)) }
}
