//! A container and what is not its storage.

use serde_json::Value;

use super::{HvSocketSystemConfig, MappedDirectory, MappedPipe, RegistryChanges, Storage};

document! {
    /// A container, schema 2.
    pub struct Container {
        /// The operating system within.
        pub guest_os: Option<GuestOs> = "GuestOs" omit,
        /// Its layers and its scratch space.
        pub storage: Option<Storage> = "Storage" omit,
        /// Folders of the host to show within.
        pub mapped_directories: Vec<MappedDirectory> = "MappedDirectories" omit,
        /// Named pipes of the host to show within.
        pub mapped_pipes: Vec<MappedPipe> = "MappedPipes" omit,
        /// Its memory.
        pub memory: Option<Memory> = "Memory" omit,
        /// Its processors.
        pub processor: Option<Processor> = "Processor" omit,
        /// Its network.
        pub networking: Option<Networking> = "Networking" omit,
        /// Its sockets to the host.
        pub hv_socket: Option<ContainerHvSocket> = "HvSocket" omit,
        /// Its group managed service account.
        pub container_credential_guard: Option<ContainerCredentialGuardState> = "ContainerCredentialGuard" omit,
        /// Changes of its registry, made before its first process.
        pub registry_changes: Option<RegistryChanges> = "RegistryChanges" omit,
        /// Devices of the host to give to it.
        pub assigned_devices: Vec<Device> = "AssignedDevices" omit,
        /// More names of devices, as they are.
        pub additional_device_namespace: Value = "AdditionalDeviceNamespace" omit,
        /// How it is isolated; empty: fully.
        pub isolation_type: IsolationType = "IsolationType" omit,
    }

    /// The operating system within a container.
    pub struct GuestOs {
        /// Its host name.
        pub host_name: String = "HostName" omit,
    }

    /// A container's memory.
    pub struct Memory {
        /// Its limit in MiB.
        pub size_in_mb: u64 = "SizeInMB" omit,
    }

    /// A container's processors. The service takes one of the three at most.
    pub struct Processor {
        /// Processors.
        pub count: u32 = "Count" omit,
        /// Limit in 1/100 of a percent, 1 to 10000.
        pub maximum: u32 = "Maximum" omit,
        /// Share relative to others, 1 to 10000.
        pub weight: u32 = "Weight" omit,
    }

    /// A container's network.
    pub struct Networking {
        /// Look names without a dot up in the DNS too.
        pub allow_unqualified_dns_query: bool = "AllowUnqualifiedDnsQuery" omit,
        /// Suffixes for names without a dot, with commas between.
        pub dns_search_list: String = "DnsSearchList" omit,
        /// The id of the container whose network this one shares.
        pub network_shared_container_name: String = "NetworkSharedContainerName" omit,
        /// The network namespace: a GUID.
        pub namespace: String = "Namespace" omit,
        /// Ids of the endpoints to attach.
        pub network_adapters: Vec<String> = "NetworkAdapters" omit,
    }

    /// A container's sockets to the host.
    pub struct ContainerHvSocket {
        /// Who may bind and connect.
        pub config: Option<HvSocketSystemConfig> = "Config" omit,
        /// Allow PowerShell sessions over them.
        pub enable_power_shell_direct: bool = "EnablePowerShellDirect" omit,
    }

    /// The service that answers for a container's group managed service account.
    pub struct ContainerCredentialGuardState {
        /// What the container proves itself with. Secret.
        pub cookie: String = "Cookie" omit,
        /// Where the service listens.
        pub rpc_endpoint: String = "RpcEndpoint" omit,
        /// How it is reached: `LRPC` or `HvSocket`.
        pub transport: String = "Transport" omit,
        /// The credential specification, itself JSON text. Secret.
        pub credential_spec: String = "CredentialSpec" omit,
    }

    /// A device of the host for the container.
    pub struct Device {
        /// By what it is named; empty: by class.
        pub device_type: DeviceType = "Type" omit,
        /// The GUID of its class.
        pub interface_class_guid: String = "InterfaceClassGuid" omit,
        /// Its place.
        pub location_path: String = "LocationPath" omit,
    }
}

open_enum! {
    /// By what a device is named.
    pub enum DeviceType {
        /// All devices of a class.
        CLASS_GUID = "ClassGuid",
        /// One device.
        DEVICE_INSTANCE = "DeviceInstance",
        /// The host's graphics processor.
        GPU_MIRROR = "GpuMirror",
    }

    /// How a container is isolated.
    pub enum IsolationType {
        /// A job on the host, without a silo of its own.
        HOST_PROCESS = "HostProcess",
    }
}
