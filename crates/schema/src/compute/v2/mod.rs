//! Schema 2: what creates, starts, queries and changes containers and their processes.
//!
//! Numbers that v0.8.4 has in 32 bits although they overflow (statistics, limits, registry values)
//! have 64. A number of 0, `false` and an empty text are not written: to the service they are the same as absent.
//!
//! # What has no type yet
//! The members below hold any JSON, which is read and written as it is: a host that can't honour it refuses the member
//! by name, and one that can passes it on. The list is closed by a test.
//! - `ComputeSystem.VirtualMachine`: a virtual machine with all its parts (`hcs.md` 6.3).
//! - `ModifySettingRequest.Settings`: for paths below `VirtualMachine/`; for a container's see [`resource_path`].
//! - `ModifySettingRequest.GuestRequest`: a [`GuestModificationRequest`], or what a newer guest takes.
//! - `GuestModificationRequest.Settings`: typed are [`CombinedLayers`], [`LcowMappedVirtualDisk`],
//!   [`WcowMappedVirtualDisk`], [`LcowMappedDirectory`], [`LcowMappedVPMemDevice`], [`LcowNetworkAdapter`] and
//!   [`NetworkModifyRequest`]. Not typed are those of namespaces (`NetworkNamespace`), devices (`SCSIDevice`,
//!   `VPCIDevice`, `HvSocket`), limits within the guest (`ContainerConstraints`, `PodCgroupMemoryLimit`) and
//!   confidential containers (`SecurityPolicy`, `SecurityPolicyFragment`, `MappedVirtualDiskForContainerScratch`,
//!   `WCOWBlockCims`, `CWCOWCombinedLayers`).
//! - `NetworkModifyRequest.Settings`: an endpoint of the network service.
//! - `LcowMappedVirtualDisk.VerityInfo`, `LcowMappedVPMemDevice.VerityInfo`: given up by newer guests.
//! - `ServiceModificationRequest.Settings`: typed is [`HostProcessorModificationRequest`].
//! - `Container.AdditionalDeviceNamespace`: devices of a host process container.
//! - `Properties.Memory`, `Properties.SharedMemoryRegionInfo`, `Properties.LCOWMetrics`: of a virtual machine.
//! - `PropertyQuery.Queries`, `PropertyResponse.Response`, `ServiceProperties.Properties`: as the property has it.
//!
//! The options of pausing and saving a virtual machine are text to the contract (`ComputeSystem::pause`,
//! `ComputeSystem::save`) and have no type either.
//!
//! Source: `hcs.md` 6 (internal/schema2 and its later form).

mod container;
mod guest;
mod hv_socket;
mod modify;
mod process;
mod properties;
mod registry;
pub mod resource_path;
mod statistics;
mod storage;
mod system;

pub use container::{
    Container, ContainerCredentialGuardState, ContainerHvSocket, Device, DeviceType, GuestOs, IsolationType,
    Memory, Networking, Processor,
};
pub use guest::{
    CombinedLayers, GuestModificationRequest, LcowIpConfig, LcowMappedDirectory, LcowMappedVPMemDevice,
    LcowMappedVirtualDisk, LcowNetworkAdapter, LcowRoute, LcowVPMemMappingInfo, NetworkModifyRequest,
    WcowMappedVirtualDisk,
};
pub use hv_socket::{HvSocketServiceConfig, HvSocketSystemConfig};
pub use modify::{
    CpuGroupDetails, CpuGroupOperation, HostProcessorModificationRequest, ModifySettingRequest,
    ServiceModificationRequest,
};
pub use process::ProcessParameters;
pub use properties::{Properties, PropertyQuery, PropertyResponse, ServiceProperties};
pub use registry::{RegistryChanges, RegistryHive, RegistryKey, RegistryValue, RegistryValueType};
pub use statistics::{ProcessDetails, Statistics};
pub use storage::{Layer, MappedDirectory, MappedPipe, PathType, Storage, StorageQoS};
pub use system::{ComputeSystem, HostedSystem};

// Parts that both schemas share, under the names that users of this one look for.
pub use super::{
    CloseHandle, ComputeSystemQuery, ConsoleSize, GuestConnectionInfo, GuestDefinedCapabilities, MemoryStats,
    ProcessModifyRequest, ProcessStatus, ProcessorStats, Signal, SignalProcessOptions, StorageStats,
    SystemExitStatus,
};
