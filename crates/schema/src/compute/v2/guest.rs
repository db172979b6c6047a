//! Changes within a guest: what the service passes on to the agent of a virtual machine that hosts containers, so
//! that a container there gets its layers, disks, folders and network adapters.
//!
//! Source: `hcs.md` 6.5 (internal/guestrequest, later internal/protocol/guestresource).

use serde_json::Value;

use super::super::{RequestType, ResourceType};
use super::Layer;

document! {
    /// A change within a guest.
    #[doc(alias = "GuestRequest")]
    pub struct GuestModificationRequest {
        /// What to do with the resource.
        pub request_type: RequestType = "RequestType" omit,
        /// What kind of resource.
        pub resource_type: ResourceType = "ResourceType" omit,
        /// The resource, in the form that its type asks for.
        pub settings: Value = "Settings" omit,
    }

    /// Layers put together to a root (`CombinedLayers`).
    #[doc(alias = "LCOWCombinedLayers")]
    #[doc(alias = "WCOWCombinedLayers")]
    pub struct CombinedLayers {
        /// The container's id; Linux guests only.
        pub container_id: String = "ContainerID" omit,
        /// Where the root appears.
        pub container_root_path: String = "ContainerRootPath" omit,
        /// The read-only layers, top-most first.
        pub layers: Vec<Layer> = "Layers" omit,
        /// The scratch space; Windows guests ignore it.
        pub scratch_path: String = "ScratchPath" omit,
        /// `UnionFS` or `WCIFS`; Windows guests only.
        pub filter_type: String = "FilterType" omit,
    }

    /// A disk within a Linux guest (`MappedVirtualDisk`).
    #[doc(alias = "LCOWMappedVirtualDisk")]
    pub struct LcowMappedVirtualDisk {
        /// Where it is mounted.
        pub mount_path: String = "MountPath" omit,
        /// Its place on the controller.
        pub lun: u8 = "Lun" omit,
        /// The number of the SCSI controller.
        pub controller: u8 = "Controller" omit,
        /// The partition to mount, from 1. 0: the disk as a whole.
        pub partition: u64 = "Partition" omit,
        /// Nothing can be written.
        pub read_only: bool = "ReadOnly" omit,
        /// Encrypt what is written, with a key that is gone with the mount.
        pub encrypted: bool = "Encrypted" omit,
        /// Options of the mount.
        pub options: Vec<String> = "Options" omit,
        /// Show it as a block device at `MountPath`, not mounted.
        pub block_dev: bool = "BlockDev" omit,
        /// Its hash tree, as it is. Newer guests read it from the disk.
        pub verity_info: Value = "VerityInfo" omit,
        /// Make a file system on it when it has none.
        pub ensure_filesystem: bool = "EnsureFilesystem" omit,
        /// The kind of file system.
        pub filesystem: String = "Filesystem" omit,
    }

    /// A disk within a Windows guest (`MappedVirtualDisk`).
    #[doc(alias = "WCOWMappedVirtualDisk")]
    pub struct WcowMappedVirtualDisk {
        /// Where it is mounted.
        pub container_path: String = "ContainerPath" omit,
        /// Its place on the controller.
        pub lun: i32 = "Lun" omit,
    }

    /// A folder of the host within a Linux guest (`MappedDirectory`).
    #[doc(alias = "LCOWMappedDirectory")]
    pub struct LcowMappedDirectory {
        /// Where it is mounted.
        pub mount_path: String = "MountPath" omit,
        /// The port at which the host serves it (Plan 9).
        pub port: i32 = "Port" omit,
        /// The share's name.
        pub share_name: String = "ShareName" omit,
        /// Nothing can be written.
        pub read_only: bool = "ReadOnly" omit,
    }

    /// A device of persistent memory within a Linux guest (`VPMemDevice`): read-only layers.
    #[doc(alias = "LCOWMappedVPMemDevice")]
    pub struct LcowMappedVPMemDevice {
        /// The device's number.
        pub device_number: u32 = "DeviceNumber" omit,
        /// Where it is mounted.
        pub mount_path: String = "MountPath" omit,
        /// The part of the device to mount, when it holds several layers.
        pub mapping_info: Option<LcowVPMemMappingInfo> = "MappingInfo" omit,
        /// Its hash tree, as it is. Newer guests read it from the device.
        pub verity_info: Value = "VerityInfo" omit,
    }

    /// A part of a device of persistent memory.
    #[doc(alias = "LCOWVPMemMappingInfo")]
    pub struct LcowVPMemMappingInfo {
        /// Where it begins, in bytes.
        pub device_offset_in_bytes: u64 = "DeviceOffsetInBytes" omit,
        /// How long it is, in bytes.
        pub device_size_in_bytes: u64 = "DeviceSizeInBytes" omit,
    }

    /// A network adapter within a Linux guest (`Network`). v0.8.4 gives one address by the members from `IPAddress`
    /// to `GatewayAddress`, later versions any number of them by `IPConfigs` and `Routes`.
    #[doc(alias = "LCOWNetworkAdapter")]
    pub struct LcowNetworkAdapter {
        /// The id of its network namespace.
        pub namespace_id: String = "NamespaceID" omit,
        /// Its own id.
        pub id: String = "ID" omit,
        /// Its hardware address, with dashes between.
        pub mac_address: String = "MacAddress" omit,
        /// Its address.
        pub ip_address: String = "IPAddress" omit,
        /// Bits of the address that name its network.
        pub prefix_length: u8 = "PrefixLength" omit,
        /// The gateway's address.
        pub gateway_address: String = "GatewayAddress" omit,
        /// Suffix for names without a dot.
        pub dns_suffix: String = "DNSSuffix" omit,
        /// Name servers, with commas between.
        pub dns_server_list: String = "DNSServerList" omit,
        /// Prefer other adapters' routes.
        pub enable_low_metric: bool = "EnableLowMetric" omit,
        /// Bytes that the network's own headers take from each packet.
        pub encap_overhead: u16 = "EncapOverhead" omit,
        /// It is a device of the host, given to the guest.
        pub vpci_assigned: bool = "VPCIAssigned" omit,
        /// Its addresses.
        pub ip_configs: Vec<LcowIpConfig> = "IPConfigs" omit,
        /// Its routes.
        pub routes: Vec<LcowRoute> = "Routes" omit,
        /// Choose routes by the sender's address too.
        pub policy_based_routing: bool = "PolicyBasedRouting" omit,
    }

    /// One address of a network adapter.
    #[doc(alias = "LCOWIPConfig")]
    pub struct LcowIpConfig {
        /// The address.
        pub ip_address: String = "IPAddress" omit,
        /// Bits of the address that name its network.
        pub prefix_length: u8 = "PrefixLength" omit,
    }

    /// One route of a network adapter.
    #[doc(alias = "LCOWRoute")]
    pub struct LcowRoute {
        /// The address of the next hop.
        pub next_hop: String = "NextHop" omit,
        /// Where the route leads, such as `0.0.0.0/0`.
        pub destination_prefix: String = "DestinationPrefix" omit,
        /// Of several routes the lowest is taken.
        pub metric: u16 = "Metric" omit,
    }

    /// A network adapter within a Windows guest (`Network`).
    #[doc(alias = "RS4NetworkModifyRequest")]
    pub struct NetworkModifyRequest {
        /// The adapter's id; from Windows build 17763.
        pub adapter_id: String = "AdapterId" omit,
        /// The same in older builds.
        pub adapter_instance_id: String = "AdapterInstanceId" omit,
        /// What to do with it.
        pub request_type: RequestType = "RequestType" omit,
        /// The adapter's endpoint, as the network service describes it.
        pub settings: Value = "Settings" omit,
    }
}
