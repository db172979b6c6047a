//! A process as a client holds it.

use std::sync::Arc;

use hcs_abi::ProcessHandle;
use hcs_bridge::{Table, invalid_handle};
use hcs_contract::Result;

use crate::watchers::Watchers;

static PROCESSES: Table<Process> = Table::new(0x5052);

/// A handle of a process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) process: hcs_bridge::Process,
    pub(crate) watchers: Arc<Watchers>,
}

impl Process {
    pub(crate) fn insert(process: hcs_bridge::Process) -> ProcessHandle {
        PROCESSES.insert(Arc::new(Self { process, watchers: Arc::default() }))
    }

    pub(crate) fn get(handle: ProcessHandle) -> Result<Arc<Self>> {
        PROCESSES.get(handle).ok_or_else(invalid_handle)
    }

    pub(crate) fn close(handle: ProcessHandle) -> Result<()> {
        let this = PROCESSES.remove(handle).ok_or_else(invalid_handle)?;
        this.watchers.close();
        this.process.process().close();
        Ok(())
    }
}
