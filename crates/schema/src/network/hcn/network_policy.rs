//! Settings of networks' and subnets' policies.

use super::SetPolicyType;

document! {
    /// The MAC address on the wire.
    pub struct SourceMacAddressNetworkPolicySetting {
        /// The address.
        pub source_mac_address: String = "SourceMacAddress" omit,
    }

    /// The host's adapter.
    pub struct NetAdapterNameNetworkPolicySetting {
        /// Its name.
        pub network_adapter_name: String = "NetworkAdapterName" omit,
    }

    /// An extension of the switch.
    pub struct VSwitchExtensionNetworkPolicySetting {
        /// Its GUID.
        pub extension_id: String = "ExtensionID" omit,
        /// Whether it is on.
        pub enable: bool = "Enable" omit,
    }

    /// The distributed router's MAC address.
    pub struct DrMacAddressNetworkPolicySetting {
        /// The address.
        pub address: String = "Address" omit,
    }

    /// DNS as the host has it.
    pub struct AutomaticDNSNetworkPolicySetting {
        /// Whether it is on.
        pub enable: bool = "Enable" omit,
    }

    /// The layer that the network stands on.
    pub struct LayerConstraintNetworkPolicySetting {
        /// Its id.
        pub layer_id: String = "LayerId" omit,
    }

    /// A subnet of another host.
    pub struct RemoteSubnetRoutePolicySetting {
        /// The subnet.
        pub destination_prefix: String = "DestinationPrefix" always,
        /// The number of the tunnel's network.
        pub isolation_id: u16 = "IsolationId" always,
        /// The other host's address.
        pub provider_address: String = "ProviderAddress" always,
        /// The other host's router.
        pub distributed_router_mac_address: String = "DistributedRouterMacAddress" always,
    }

    /// The port of the tunnels.
    pub struct VxlanPortPolicySetting {
        /// The UDP port.
        pub port: u16 = "Port" always,
    }

    /// A named set of addresses.
    pub struct SetPolicySetting {
        /// What rules of the filter name it by.
        pub id: String = "Id" always,
        /// Its name.
        pub name: String = "Name" always,
        /// What it holds.
        pub policy_type: SetPolicyType = "PolicyType" always,
        /// Addresses or sets, with commas.
        pub values: String = "Values" always,
    }

    /// A subnet's VLAN.
    pub struct VlanPolicySetting {
        /// Its number.
        pub isolation_id: u32 = "IsolationId" always,
    }

    /// A subnet's tunnel.
    pub struct VsidPolicySetting {
        /// The number of the tunnel's network.
        pub isolation_id: u32 = "IsolationId" always,
    }
}
