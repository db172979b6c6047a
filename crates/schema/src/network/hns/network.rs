//! Networks.

use serde_json::Value;

use super::super::hcn::NetworkType;

document! {
    /// A network: what it is made from, and what it has.
    #[doc(alias = "HNSNetwork")]
    pub struct Network {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The name.
        pub name: String = "Name" omit,
        /// The kind, in any letter case.
        #[doc(alias = "Type")]
        pub network_type: NetworkType = "Type" omit,
        /// The host's adapter.
        pub network_adapter_name: String = "NetworkAdapterName" omit,
        /// The MAC address on the wire.
        pub source_mac: String = "SourceMac" omit,
        /// Policies: see [`super::PolicySetting::read`].
        pub policies: Vec<Value> = "Policies" omit,
        /// Where endpoints' MAC addresses come from.
        pub mac_pools: Vec<MacPool> = "MacPools" omit,
        /// Where endpoints' addresses come from.
        pub subnets: Vec<Subnet> = "Subnets" omit,
        /// The domain of endpoints' names.
        pub dns_suffix: String = "DNSSuffix" omit,
        /// Addresses of DNS servers, with commas.
        pub dns_server_list: String = "DNSServerList" omit,
        /// The compartment in which they are reached.
        pub dns_server_compartment: u32 = "DNSServerCompartment" omit,
        /// The host's address on the network.
        pub management_ip: String = "ManagementIP" omit,
        /// DNS as the host has it.
        pub automatic_dns: bool = "AutomaticDNS" omit,
    }

    /// A range of MAC addresses, both ends included.
    pub struct MacPool {
        /// The first.
        pub start_mac_address: String = "StartMacAddress" omit,
        /// The last.
        pub end_mac_address: String = "EndMacAddress" omit,
    }

    /// A subnet.
    pub struct Subnet {
        /// Such as `192.168.100.0/24`.
        pub address_prefix: String = "AddressPrefix" omit,
        /// The gateway's address.
        pub gateway_address: String = "GatewayAddress" omit,
        /// Policies of the subnet: `VLAN`, `VSID`.
        pub policies: Vec<Value> = "Policies" omit,
    }

    /// MAC addresses that the host's accelerated networking uses itself.
    #[doc(alias = "HNSNnvManagementMacList")]
    pub struct MacList {
        /// The addresses.
        pub mac_address_list: Vec<MacAddress> = "MacAddressList" omit,
    }

    /// One of them.
    #[doc(alias = "HNSNnvManagementMacAddress")]
    pub struct MacAddress {
        /// The address.
        pub mac_address: String = "MacAddress" omit,
    }
}
