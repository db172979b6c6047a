//! Load balancers.

use super::Version;

document! {
    /// A load balancer: addresses that stand for several endpoints.
    pub struct HostComputeLoadBalancer {
        /// A GUID.
        pub id: String = "ID" omit,
        /// Ids of the endpoints behind it.
        pub host_compute_endpoints: Vec<String> = "HostComputeEndpoints" omit,
        /// The address that endpoints see as the client's.
        pub source_vip: String = "SourceVIP" omit,
        /// The addresses that clients use.
        pub frontend_vips: Vec<String> = "FrontendVIPs" omit,
        /// The ports that clients use.
        pub port_mappings: Vec<LoadBalancerPortMapping> = "PortMappings" omit,
        /// The document's version.
        pub schema_version: Version = "SchemaVersion" always,
        /// Bits.
        pub flags: LoadBalancerFlags = "Flags" omit,
    }

    /// A port of a load balancer.
    pub struct LoadBalancerPortMapping {
        /// The number of the protocol: 6 TCP, 17 UDP.
        pub protocol: u32 = "Protocol" omit,
        /// The endpoints' port; 0 is the clients'.
        pub internal_port: u16 = "InternalPort" omit,
        /// The clients' port.
        pub external_port: u16 = "ExternalPort" omit,
        /// How clients are shared out.
        pub distribution_type: LoadBalancerDistribution = "DistributionType" omit,
        /// Bits.
        pub flags: LoadBalancerPortMappingFlags = "Flags" omit,
    }
}

open_number! {
    /// Bits of a load balancer.
    pub struct LoadBalancerFlags(u32) {
        /// None.
        #[doc(alias = "LoadBalancerFlagsNone")]
        NONE = 0,
        /// Answers go straight to the client.
        #[doc(alias = "LoadBalancerFlagsDSR")]
        DSR = 1,
        /// IPv6.
        IPV6 = 2,
    }

    /// Bits of a load balancer's port.
    pub struct LoadBalancerPortMappingFlags(u32) {
        /// None.
        #[doc(alias = "LoadBalancerPortMappingFlagsNone")]
        NONE = 0,
        /// Within the network only.
        #[doc(alias = "LoadBalancerPortMappingFlagsILB")]
        ILB = 1,
        /// From the host itself too.
        #[doc(alias = "LoadBalancerPortMappingFlagsLocalRoutedVIP")]
        LOCAL_ROUTED_VIP = 2,
        /// By the multiplexer.
        #[doc(alias = "LoadBalancerPortMappingFlagsUseMux")]
        USE_MUX = 4,
        /// The endpoint sees the address that the client used.
        #[doc(alias = "LoadBalancerPortMappingFlagsPreserveDIP")]
        PRESERVE_DIP = 8,
    }

    /// By what clients are shared out among the endpoints.
    pub struct LoadBalancerDistribution(u32) {
        /// Each connection by itself.
        NONE = 0,
        /// By the client's address and the protocol.
        SOURCE_IP_PROTOCOL = 1,
        /// By the client's address.
        SOURCE_IP = 2,
    }
}
