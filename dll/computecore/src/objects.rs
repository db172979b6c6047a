//! Systems and processes as a client holds them.

use std::sync::Arc;

use hcs_abi::{ProcessHandle, SystemHandle};
use hcs_bridge::{Table, invalid_handle};
use hcs_contract::{ComputeSystem, Result};

use crate::events::Events;

static SYSTEMS: Table<System> = Table::new(0x5359);
static PROCESSES: Table<Process> = Table::new(0x5052);

/// A handle of a system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) system: Arc<dyn ComputeSystem>,
    pub(crate) events: Events,
}

impl System {
    pub(crate) fn insert(system: Arc<dyn ComputeSystem>) -> SystemHandle {
        SYSTEMS.insert(Arc::new(Self { system, events: Events::default() }))
    }

    pub(crate) fn get(handle: SystemHandle) -> Result<Arc<Self>> {
        SYSTEMS.get(handle).ok_or_else(invalid_handle)
    }

    pub(crate) fn close(handle: SystemHandle) -> Result<()> {
        let this = SYSTEMS.remove(handle).ok_or_else(invalid_handle)?;
        this.events.close();
        this.system.close();
        Ok(())
    }
}

/// A handle of a process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) process: hcs_bridge::Process,
    pub(crate) events: Events,
}

impl Process {
    pub(crate) fn insert(process: hcs_bridge::Process) -> (Arc<Self>, ProcessHandle) {
        let this = Arc::new(Self { process, events: Events::default() });
        let handle = PROCESSES.insert(Arc::clone(&this));
        (this, handle)
    }

    pub(crate) fn get(handle: ProcessHandle) -> Result<Arc<Self>> {
        PROCESSES.get(handle).ok_or_else(invalid_handle)
    }

    pub(crate) fn close(handle: ProcessHandle) -> Result<()> {
        let this = PROCESSES.remove(handle).ok_or_else(invalid_handle)?;
        this.events.close();
        this.process.process().close();
        Ok(())
    }
}
