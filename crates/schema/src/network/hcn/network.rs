//! Networks: their addresses, MAC addresses and DNS.

use serde_json::Value;

use super::{NetworkPolicy, NetworkType, SubnetPolicy, Version};

document! {
    /// A network: what it is made from, and what it has.
    pub struct HostComputeNetwork {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The name; several networks may have one.
        pub name: String = "Name" omit,
        /// The kind.
        #[doc(alias = "Type")]
        pub network_type: NetworkType = "Type" omit,
        /// Policies of the network.
        pub policies: Vec<NetworkPolicy> = "Policies" omit,
        /// Where endpoints' MAC addresses come from.
        pub mac_pool: MacPool = "MacPool" always,
        /// What endpoints resolve names with.
        pub dns: Dns = "Dns" always,
        /// Where endpoints' addresses come from.
        pub ipams: Vec<Ipam> = "Ipams" omit,
        /// Bits.
        pub flags: NetworkFlags = "Flags" omit,
        /// How it does.
        pub health: Health = "Health" always,
        /// The document's version.
        pub schema_version: Version = "SchemaVersion" always,
    }

    /// Ranges of MAC addresses.
    pub struct MacPool {
        /// The ranges.
        pub ranges: Vec<MacRange> = "Ranges" omit,
    }

    /// A range of MAC addresses, such as `00-15-5D-52-C0-00` to `00-15-5D-52-CF-FF`, both included.
    pub struct MacRange {
        /// The first.
        pub start_mac_address: String = "StartMacAddress" omit,
        /// The last.
        pub end_mac_address: String = "EndMacAddress" omit,
    }

    /// What resolves names.
    pub struct Dns {
        /// The domain of the endpoint's own name.
        pub domain: String = "Domain" omit,
        /// Domains in which names without a dot are looked for.
        pub search: Vec<String> = "Search" omit,
        /// Addresses of servers.
        pub server_list: Vec<String> = "ServerList" omit,
        /// Options of the resolver.
        pub options: Vec<String> = "Options" omit,
    }

    /// Subnets of one origin.
    pub struct Ipam {
        /// `Static` or `DHCP`.
        #[doc(alias = "Type")]
        pub ipam_type: String = "Type" omit,
        /// The subnets.
        pub subnets: Vec<Subnet> = "Subnets" omit,
    }

    /// A subnet.
    pub struct Subnet {
        /// Such as `192.168.100.0/24`.
        pub ip_address_prefix: String = "IpAddressPrefix" omit,
        /// Policies of the subnet.
        pub policies: Vec<SubnetPolicy> = "Policies" omit,
        /// Routes of its endpoints; the default one names the gateway.
        pub routes: Vec<Route> = "Routes" omit,
        /// Bits.
        pub flags: SubnetFlags = "Flags" omit,
    }

    /// A route.
    pub struct Route {
        /// The gateway's address.
        pub next_hop: String = "NextHop" omit,
        /// Where to, such as `0.0.0.0/0`.
        pub destination_prefix: String = "DestinationPrefix" omit,
        /// Of two routes to one place the lower wins.
        pub metric: u16 = "Metric" omit,
    }

    /// How an object does.
    pub struct Health {
        /// The last error; its shape is the service's own.
        pub data: Value = "Data" omit,
        /// More of it.
        pub extra: ExtraParams = "Extra" always,
    }

    /// What the service tells about an object beside its settings.
    pub struct ExtraParams {
        /// What it consists of; its shape is the service's own.
        pub resources: Value = "Resources" omit,
        /// Containers that share it; a list of ids.
        pub shared_containers: Value = "SharedContainers" omit,
        /// The layer that it stands on.
        pub layered_on: String = "LayeredOn" omit,
        /// The switch's id.
        pub switch_guid: String = "SwitchGuid" omit,
        /// The utility virtual machine that has it.
        pub utility_vm: String = "UtilityVM" omit,
        /// The virtual machine that has it.
        pub virtual_machine: String = "VirtualMachine" omit,
    }
}

open_number! {
    /// Bits of a network.
    pub struct NetworkFlags(u32) {
        /// None.
        #[doc(alias = "None")]
        NONE = 0,
        /// The host answers DNS at the gateway.
        ENABLE_DNS_PROXY = 1,
        /// The host gives out addresses.
        ENABLE_DHCP_SERVER = 2,
        /// Gone after the host's next start.
        #[doc(alias = "EnableNonPersistent")]
        ENABLE_NON_PERSISTENT = 8,
        /// The host itself is not on the network.
        #[doc(alias = "DisableHostPort")]
        DISABLE_HOST_PORT = 1024,
        /// Direct access to the adapter's hardware.
        #[doc(alias = "EnableIov")]
        ENABLE_IOV = 8192,
    }

    /// Bits of a subnet.
    pub struct SubnetFlags(u32) {
        /// None.
        NONE = 0,
        /// The gateway's address may be an endpoint's.
        DO_NOT_RESERVE_GATEWAY_ADDRESS = 1,
    }
}
