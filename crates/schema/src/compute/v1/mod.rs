//! Schema 1: the documents of containers as the service knows them since Windows Server 2016, and as the Go
//! library's root package has them.
//!
//! Source: `hcs.md` 2 (internal/schema1).

mod container;
mod modify;
mod process;
mod properties;
mod statistics;

pub use container::{
    AssignedDevice, BootSource, ContainerConfig, HvRuntime, Layer, MappedDir, MappedPipe, MappedVirtualDisk,
};
pub use modify::ResourceModificationRequestResponse;
pub use process::ProcessConfig;
pub use properties::{ContainerProperties, MappedVirtualDiskController, PropertyQuery};
pub use statistics::{NetworkStats, ProcessListItem, Statistics};

// Parts that both schemas share, under the names that users of this one look for.
pub use super::{
    ComputeSystemQuery, GuestConnectionInfo, GuestDefinedCapabilities, MemoryStats, ProcessModifyRequest,
    ProcessStatus, ProcessorStats, SignalProcessOptions, StorageStats,
};
