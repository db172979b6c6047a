//! Endpoints.

use serde_json::Value;

use super::{Namespace, SystemType};

document! {
    /// An endpoint: what it is made from, and what it has.
    #[doc(alias = "HNSEndpoint")]
    pub struct Endpoint {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The name.
        pub name: String = "Name" omit,
        /// The network's id.
        pub virtual_network: String = "VirtualNetwork" omit,
        /// The network's name.
        pub virtual_network_name: String = "VirtualNetworkName" omit,
        /// Policies: see [`super::PolicySetting::read`].
        pub policies: Vec<Value> = "Policies" omit,
        /// Its MAC address.
        pub mac_address: String = "MacAddress" omit,
        /// Its address of IPv4.
        pub ip_address: String = "IPAddress" omit,
        /// Its address of IPv6.
        pub ipv6_address: String = "IPv6Address" omit,
        /// Domains in which names are looked for, with commas; its own is the first.
        pub dns_suffix: String = "DNSSuffix" omit,
        /// Addresses of DNS servers, with commas.
        pub dns_server_list: String = "DNSServerList" omit,
        /// The domain of its name.
        pub dns_domain: String = "DNSDomain" omit,
        /// The gateway of IPv4.
        pub gateway_address: String = "GatewayAddress" omit,
        /// The gateway of IPv6.
        pub gateway_address_v6: String = "GatewayAddressV6" omit,
        /// The host resolves names of containers.
        pub enable_internal_dns: bool = "EnableInternalDNS" omit,
        /// It does not reach other endpoints.
        pub disable_icc: bool = "DisableICC" omit,
        /// The bits that its address of IPv4 shares with its subnet.
        pub prefix_length: u8 = "PrefixLength" omit,
        /// The bits that its address of IPv6 shares with its subnet.
        pub ipv6_prefix_length: u8 = "IPv6PrefixLength" omit,
        /// It is on another host.
        pub is_remote_endpoint: bool = "IsRemoteEndpoint" omit,
        /// Its default route is preferred to others.
        pub enable_low_metric: bool = "EnableLowMetric" omit,
        /// The namespace that it is in.
        pub namespace: Option<Namespace> = "Namespace" omit,
        /// Bytes that encapsulation takes from each packet.
        pub encap_overhead: u16 = "EncapOverhead" omit,
        /// Ids of containers that it is attached to.
        pub shared_containers: Vec<String> = "SharedContainers" omit,
        /// How far it is.
        pub state: EndpointState = "State" omit,
    }

    /// What to attach an endpoint to, or to detach it from.
    pub struct EndpointAttachDetachRequest {
        /// The container.
        pub container_id: String = "ContainerId" omit,
        /// What it is.
        pub system_type: SystemType = "SystemType" always,
        /// The host's compartment.
        pub compartment_id: u16 = "CompartmentId" omit,
        /// The virtual machine's adapter.
        pub virtual_nic_name: String = "VirtualNicName" omit,
    }

    /// The answer to that.
    #[doc(alias = "EndpointResquestResponse")]
    pub struct EndpointRequestResponse {
        /// Whether it was done.
        pub success: bool = "Success" always,
        /// Why not.
        pub error: String = "Error" always,
    }

    /// What went through an endpoint.
    pub struct EndpointStats {
        /// Bytes that it received.
        pub bytes_received: u64 = "BytesReceived" always,
        /// Bytes that it sent.
        pub bytes_sent: u64 = "BytesSent" always,
        /// Packets that did not reach it.
        pub dropped_packets_incoming: u64 = "DroppedPacketsIncoming" always,
        /// Packets that did not leave it.
        pub dropped_packets_outgoing: u64 = "DroppedPacketsOutgoing" always,
        /// The endpoint's id.
        pub endpoint_id: String = "EndpointId" always,
        /// The id of this counting.
        pub instance_id: String = "InstanceId" always,
        /// Packets that it received.
        pub packets_received: u64 = "PacketsReceived" always,
        /// Packets that it sent.
        pub packets_sent: u64 = "PacketsSent" always,
    }
}

open_number! {
    /// How far an endpoint is. Clients fail on numbers above 6.
    pub struct EndpointState(u16) {
        /// Not made yet.
        UNINITIALIZED = 0,
        /// Made.
        CREATED = 1,
        /// Attached to a container.
        ATTACHED = 2,
        /// Attached to several.
        ATTACHED_SHARING = 3,
        /// Detached.
        DETACHED = 4,
        /// It works in part.
        DEGRADED = 5,
        /// Gone.
        DESTROYED = 6,
    }
}
