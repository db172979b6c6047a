//! Every compute document and its members: what the support tables and the tests go through.

use super::{
    CloseHandle, ComputeSystemQuery, ConsoleSize, GuestConnectionInfo, GuestDefinedCapabilities, MemoryStats,
    ProcessModifyRequest, ProcessStatus, ProcessorStats, SignalProcessOptions, StorageStats,
    SystemExitStatus, v1, v2,
};
use crate::{Document, LinuxHost, Member, ParseError, Version};

/// One type of document, or of a part of one.
#[derive(Clone, Copy, Debug)]
pub struct DocumentType {
    /// The Rust path, such as `v1::ContainerConfig`; without a module before it when both schemas have it.
    pub name: &'static str,
    /// Its members, in the order in which they are written.
    pub members: &'static [Member],
    /// Reads a text as this type and writes it again.
    pub rewrite: fn(&str) -> Result<String, ParseError>,
}

const fn of<T: Document>(name: &'static str) -> DocumentType {
    DocumentType {
        name,
        members: T::MEMBERS,
        rewrite: |text| T::from_json(text).map(|document| document.to_json()),
    }
}

macro_rules! catalogue {
    ($($type:path,)*) => {
        &[$(of::<$type>(stringify!($type)),)*]
    };
}

/// Every type, those that both schemas have first.
pub const DOCUMENTS: &[DocumentType] = catalogue![
    Version,
    LinuxHost,
    ComputeSystemQuery,
    SystemExitStatus,
    ProcessStatus,
    ProcessModifyRequest,
    ConsoleSize,
    CloseHandle,
    SignalProcessOptions,
    GuestConnectionInfo,
    GuestDefinedCapabilities,
    MemoryStats,
    ProcessorStats,
    StorageStats,
    v1::ContainerConfig,
    v1::Layer,
    v1::MappedDir,
    v1::MappedPipe,
    v1::HvRuntime,
    v1::MappedVirtualDisk,
    v1::AssignedDevice,
    v1::ProcessConfig,
    v1::PropertyQuery,
    v1::ContainerProperties,
    v1::MappedVirtualDiskController,
    v1::Statistics,
    v1::NetworkStats,
    v1::ProcessListItem,
    v1::ResourceModificationRequestResponse,
    v2::ComputeSystem,
    v2::HostedSystem,
    v2::Container,
    v2::GuestOs,
    v2::Memory,
    v2::Processor,
    v2::Networking,
    v2::ContainerHvSocket,
    v2::HvSocketSystemConfig,
    v2::HvSocketServiceConfig,
    v2::ContainerCredentialGuardState,
    v2::Device,
    v2::Storage,
    v2::Layer,
    v2::StorageQoS,
    v2::MappedDirectory,
    v2::MappedPipe,
    v2::RegistryChanges,
    v2::RegistryKey,
    v2::RegistryValue,
    v2::ProcessParameters,
    v2::PropertyQuery,
    v2::Properties,
    v2::PropertyResponse,
    v2::ServiceProperties,
    v2::Statistics,
    v2::ProcessDetails,
    v2::ModifySettingRequest,
    v2::GuestModificationRequest,
    v2::CombinedLayers,
    v2::LcowMappedVirtualDisk,
    v2::WcowMappedVirtualDisk,
    v2::LcowMappedDirectory,
    v2::LcowMappedVPMemDevice,
    v2::LcowVPMemMappingInfo,
    v2::LcowNetworkAdapter,
    v2::LcowIpConfig,
    v2::LcowRoute,
    v2::NetworkModifyRequest,
    v2::ServiceModificationRequest,
    v2::HostProcessorModificationRequest,
    v2::CpuGroupDetails,
];
