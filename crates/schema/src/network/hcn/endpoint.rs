//! Endpoints: what connects a container to a network.

use super::{Dns, EndpointPolicy, Health, Route, Version};

document! {
    /// An endpoint: what it is made from, and what it has.
    pub struct HostComputeEndpoint {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The name; several endpoints may have one.
        pub name: String = "Name" omit,
        /// The network's id.
        pub host_compute_network: String = "HostComputeNetwork" omit,
        /// The id of the namespace that it is in; set by attaching.
        pub host_compute_namespace: String = "HostComputeNamespace" omit,
        /// Policies of the endpoint.
        pub policies: Vec<EndpointPolicy> = "Policies" omit,
        /// Its addresses: one for each family.
        pub ip_configurations: Vec<IpConfig> = "IpConfigurations" omit,
        /// What it resolves names with.
        pub dns: Dns = "Dns" always,
        /// Its routes.
        pub routes: Vec<Route> = "Routes" omit,
        /// Its MAC address, such as `00-15-5D-52-C0-01`.
        pub mac_address: String = "MacAddress" omit,
        /// Bits.
        pub flags: EndpointFlags = "Flags" omit,
        /// How it does.
        pub health: Health = "Health" always,
        /// The document's version.
        pub schema_version: Version = "SchemaVersion" always,
    }

    /// An address with the length of its prefix.
    pub struct IpConfig {
        /// The address.
        pub ip_address: String = "IpAddress" omit,
        /// The bits that it shares with its subnet.
        pub prefix_length: u8 = "PrefixLength" omit,
    }
}

open_number! {
    /// Bits of an endpoint.
    pub struct EndpointFlags(u32) {
        /// None.
        #[doc(alias = "EndpointFlagsNone")]
        NONE = 0,
        /// It is on another host: here stands only how to reach it.
        #[doc(alias = "EndpointFlagsRemoteEndpoint")]
        REMOTE_ENDPOINT = 1,
        /// It does not reach other endpoints.
        DISABLE_INTER_COMPUTE_COMMUNICATION = 2,
    }
}
