//! The document that a container is created from.

use super::super::{CacheMode, OsType, SystemType};
use crate::LinuxHost;

document! {
    /// A container, schema 1.
    pub struct ContainerConfig {
        /// Must be `Container`.
        pub system_type: SystemType = "SystemType" always,
        /// The container's id again.
        pub name: String = "Name" always,
        /// The platform that manages it; lists can be filtered by it.
        pub owner: String = "Owner" omit,
        /// The scratch volume, `\\?\Volume{GUID}`. On a Linux host with Linux programs: the root folder.
        pub volume_path: String = "VolumePath" omit,
        /// Start faster by ignoring flushes until it runs.
        pub ignore_flushes_during_boot: bool = "IgnoreFlushesDuringBoot" omit,
        /// The scratch layer's folder.
        pub layer_folder_path: String = "LayerFolderPath" omit,
        /// The read-only layers, top-most first. None is written as `null`.
        pub layers: Vec<Layer> = "Layers" always,
        /// A credential specification, itself JSON text, for a group managed service account.
        pub credentials: String = "Credentials" omit,
        /// Processors. 0: all.
        pub processor_count: u32 = "ProcessorCount" omit,
        /// Share of the processors relative to others, 1 to 10000. 0: the default.
        pub processor_weight: u64 = "ProcessorWeight" omit,
        /// Limit of the processors in 1/100 of a percent, 1 to 10000. 0: no limit.
        pub processor_maximum: i64 = "ProcessorMaximum" omit,
        /// Limit of the system drive in operations per second. 0: no limit.
        pub storage_iops_maximum: u64 = "StorageIOPSMaximum" omit,
        /// Limit of the system drive in bytes per second. 0: no limit.
        pub storage_bandwidth_maximum: u64 = "StorageBandwidthMaximum" omit,
        /// Bytes that the system drive has at least. 0: the default.
        pub storage_sandbox_size: u64 = "StorageSandboxSize" omit,
        /// Limit of the memory in MiB. 0: no limit.
        pub memory_maximum_in_mb: i64 = "MemoryMaximumInMB" omit,
        /// The host name within.
        pub host_name: String = "HostName" omit,
        /// Folders of the host to show within.
        pub mapped_directories: Vec<MappedDir> = "MappedDirectories" omit,
        /// Named pipes of the host to show within.
        pub mapped_pipes: Vec<MappedPipe> = "MappedPipes" omit,
        /// Isolate by a virtual machine.
        pub hv_partition: bool = "HvPartition" always,
        /// The id of the container whose network this one shares.
        pub network_shared_container_name: String = "NetworkSharedContainerName" omit,
        /// Ids of the network endpoints to attach.
        pub endpoint_list: Vec<String> = "EndpointList" omit,
        /// The virtual machine; with `HvPartition` only.
        pub hv_runtime: Option<HvRuntime> = "HvRuntime" omit,
        /// The container is there to install updates.
        pub servicing: bool = "Servicing" omit,
        /// Look names without a dot up in the DNS too.
        pub allow_unqualified_dns_query: bool = "AllowUnqualifiedDNSQuery" omit,
        /// Suffixes for names without a dot, with commas between.
        pub dns_search_list: String = "DNSSearchList" omit,
        /// `Linux` for Linux programs; otherwise absent.
        pub container_type: OsType = "ContainerType" omit,
        /// End when the last handle closes.
        pub terminate_on_last_handle_closed: bool = "TerminateOnLastHandleClosed" omit,
        /// Virtual disks to show within.
        pub mapped_virtual_disks: Vec<MappedVirtualDisk> = "MappedVirtualDisks" omit,
        /// Devices of the host to give to it; from Windows build 17763.
        pub assigned_devices: Vec<AssignedDevice> = "AssignedDevices" omit,
        /// What only a Linux host knows.
        pub linux_host: Option<LinuxHost> = "LinuxHost" omit,
    }

    /// A read-only layer.
    pub struct Layer {
        /// GUID text, made from the folder's name.
        pub id: String = "ID" always,
        /// The layer's folder.
        pub path: String = "Path" always,
    }

    /// A folder of the host within the container.
    pub struct MappedDir {
        /// The folder on the host.
        pub host_path: String = "HostPath" always,
        /// Where it is seen within.
        pub container_path: String = "ContainerPath" always,
        /// Nothing can be written from within.
        pub read_only: bool = "ReadOnly" always,
        /// Limit in bytes per second. 0: no limit.
        pub bandwidth_maximum: u64 = "BandwidthMaximum" always,
        /// Limit in operations per second. 0: no limit.
        pub iops_maximum: u64 = "IOPSMaximum" always,
        /// Map it into the virtual machine instead of the container.
        pub create_in_utility_vm: bool = "CreateInUtilityVM" always,
        /// Keep Linux metadata; from Windows build 17134.
        pub linux_metadata: bool = "LinuxMetadata" omit,
    }

    /// A named pipe of the host within the container.
    pub struct MappedPipe {
        /// The whole path of the host's pipe.
        pub host_path: String = "HostPath" always,
        /// The name within, behind `\\.\pipe\`.
        pub container_pipe_name: String = "ContainerPipeName" always,
    }

    /// The virtual machine of a container that is isolated by one.
    pub struct HvRuntime {
        /// The folder with its image.
        pub image_path: String = "ImagePath" omit,
        /// Boot it, instead of cloning it from a template.
        pub skip_template: bool = "SkipTemplate" omit,
        /// Its initial RAM disk, a name below `ImagePath`.
        pub linux_initrd_file: String = "LinuxInitrdFile" omit,
        /// Its kernel, a name below `ImagePath`.
        pub linux_kernel_file: String = "LinuxKernelFile" omit,
        /// More arguments for the kernel.
        pub linux_boot_parameters: String = "LinuxBootParameters" omit,
        /// What to boot.
        pub boot_source: BootSource = "BootSource" omit,
        /// What it boots from can be written to.
        pub writable_boot_source: bool = "WritableBootSource" omit,
    }

    /// A virtual disk within the container.
    pub struct MappedVirtualDisk {
        /// The VHD or VHDX file on the host.
        pub host_path: String = "HostPath" omit,
        /// Where it is mounted within.
        pub container_path: String = "ContainerPath" always,
        /// Map it into the virtual machine instead of the container.
        pub create_in_utility_vm: bool = "CreateInUtilityVM" omit,
        /// Nothing can be written from within.
        pub read_only: bool = "ReadOnly" omit,
        /// How the host caches it.
        pub cache: CacheMode = "Cache" omit,
        /// Attach it and don't mount it. Always written, because v0.8.4's tag for it is malformed.
        pub attach_only: bool = "AttachOnly" always,
    }

    /// A device of the host for the container.
    pub struct AssignedDevice {
        /// The GUID of the device's class.
        pub interface_class_guid: String = "InterfaceClassGuid" omit,
    }
}

open_enum! {
    /// What a virtual machine boots.
    pub enum BootSource {
        /// A virtual disk.
        VHD = "Vhd",
    }
}
