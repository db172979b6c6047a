//! Settings of policies that endpoints and networks both have.

document! {
    /// A proxy for what goes out.
    pub struct L4ProxyPolicySetting {
        /// The proxy's address.
        pub ip: String = "IP" omit,
        /// The proxy's port.
        pub port: String = "Port" omit,
        /// The number of the protocol; 0 means every one.
        pub protocol: u32 = "Protocol" omit,
        /// Addresses that are reached without it.
        pub exceptions: Vec<String> = "Exceptions" omit,
        /// The same, as v0.8.4 calls it.
        pub exception_list: Vec<String> = "ExceptionList" omit,
        /// What is reached through it.
        pub destination: String = "Destination" always,
        /// The proxy sees the host's address as the client's.
        pub outbound_nat: bool = "OutboundNAT" omit,
    }

    /// The host's address in the provider's network.
    pub struct ProviderAddressEndpointPolicySetting {
        /// The address.
        pub provider_address: String = "ProviderAddress" omit,
    }

    /// Which adapter of the host to use: all that is given must be so.
    pub struct InterfaceConstraintPolicySetting {
        /// Its GUID.
        pub interface_guid: String = "InterfaceGuid" omit,
        /// Its LUID.
        pub interface_luid: u64 = "InterfaceLuid" omit,
        /// Its index.
        pub interface_index: u32 = "InterfaceIndex" omit,
        /// Its medium, by the number that Windows has for it.
        pub interface_media_type: u32 = "InterfaceMediaType" omit,
        /// Its name.
        pub interface_alias: String = "InterfaceAlias" omit,
        /// Its description.
        pub interface_description: String = "InterfaceDescription" omit,
    }
}
