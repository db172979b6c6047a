//! Settings of endpoints' policies.

use super::{ActionType, DirectionType, RuleType};

document! {
    /// A published port.
    pub struct PortMappingPolicySetting {
        /// The number of the protocol: 6 TCP, 17 UDP.
        pub protocol: u32 = "Protocol" omit,
        /// The endpoint's port.
        pub internal_port: u16 = "InternalPort" omit,
        /// The host's port.
        pub external_port: u16 = "ExternalPort" omit,
        /// The host's address; nothing means every one.
        pub vip: String = "VIP" omit,
        /// Bits.
        pub flags: NatFlags = "Flags" omit,
    }

    /// A rule of the filter: of an endpoint (`ACL`) or of a network (`NetworkACL`).
    #[doc(alias = "NetworkACLPolicySetting")]
    pub struct AclPolicySetting {
        /// Numbers of protocols, with commas; nothing means every one.
        pub protocols: String = "Protocols" omit,
        /// What to do.
        pub action: ActionType = "Action" always,
        /// Which way.
        pub direction: DirectionType = "Direction" always,
        /// The endpoint's side: addresses and prefixes, with commas.
        pub local_addresses: String = "LocalAddresses" omit,
        /// The other side: addresses and prefixes, with commas.
        pub remote_addresses: String = "RemoteAddresses" omit,
        /// The endpoint's ports: numbers and ranges (`8000-8080`), with commas.
        pub local_ports: String = "LocalPorts" omit,
        /// The other side's ports.
        pub remote_ports: String = "RemotePorts" omit,
        /// Where it applies.
        pub rule_type: RuleType = "RuleType" omit,
        /// The lowest number is asked first.
        pub priority: u16 = "Priority" omit,
    }

    /// A limit of bandwidth.
    pub struct QosPolicySetting {
        /// Bytes in a second that the endpoint may send; 0 means no limit.
        pub maximum_outgoing_bandwidth_in_bytes: u64 = "MaximumOutgoingBandwidthInBytes" always,
    }

    /// Translation of what goes out.
    pub struct OutboundNatPolicySetting {
        /// The address that it gets; nothing means the host's.
        pub virtual_ip: String = "VirtualIP" omit,
        /// Prefixes to which nothing is translated.
        pub exceptions: Vec<String> = "Exceptions" omit,
        /// Prefixes to which alone it is translated; none means every one.
        pub destinations: Vec<String> = "Destinations" omit,
        /// Bits.
        pub flags: NatFlags = "Flags" omit,
        /// How many ports of the host the endpoint may use.
        pub max_port_pool_usage: u16 = "MaxPortPoolUsage" omit,
    }

    /// A route.
    pub struct SDNRoutePolicySetting {
        /// Where to.
        pub destination_prefix: String = "DestinationPrefix" omit,
        /// The gateway's address.
        pub next_hop: String = "NextHop" omit,
        /// In a tunnel.
        pub need_encap: bool = "NeedEncap" omit,
    }

    /// A proxy in both directions.
    pub struct L4WfpProxyPolicySetting {
        /// The port of the proxy for what comes in.
        pub inbound_proxy_port: String = "InboundProxyPort" omit,
        /// The port of the proxy for what goes out.
        pub outbound_proxy_port: String = "OutboundProxyPort" omit,
        /// What goes through it.
        pub filter_tuple: FiveTuple = "FilterTuple" always,
        /// Whose traffic does not: the user of the proxy itself.
        pub user_sid: String = "UserSID" omit,
        /// What comes in past it.
        pub inbound_exceptions: ProxyExceptions = "InboundExceptions" always,
        /// What goes out past it.
        pub outbound_exceptions: ProxyExceptions = "OutboundExceptions" always,
    }

    /// What a connection must be like. Lists have commas; nothing means every one.
    pub struct FiveTuple {
        /// Numbers of protocols.
        pub protocols: String = "Protocols" omit,
        /// The endpoint's side.
        pub local_addresses: String = "LocalAddresses" omit,
        /// The other side.
        pub remote_addresses: String = "RemoteAddresses" omit,
        /// The endpoint's ports.
        pub local_ports: String = "LocalPorts" omit,
        /// The other side's ports.
        pub remote_ports: String = "RemotePorts" omit,
        /// The lowest number is asked first.
        pub priority: u16 = "Priority" omit,
    }

    /// What goes past a proxy.
    pub struct ProxyExceptions {
        /// Addresses.
        pub ip_address_exceptions: Vec<String> = "IpAddressExceptions" omit,
        /// Ports.
        pub port_exceptions: Vec<String> = "PortExceptions" omit,
    }

    /// The name of the switch's port.
    pub struct PortnameEndpointPolicySetting {
        /// The name.
        pub name: String = "Name" omit,
    }

    /// Bytes that encapsulation takes from each packet.
    pub struct EncapOverheadEndpointPolicySetting {
        /// How many.
        pub overhead: u16 = "Overhead" omit,
    }

    /// Direct access to the adapter's hardware.
    pub struct IovPolicySetting {
        /// 0 means off.
        pub iov_offload_weight: u32 = "IovOffloadWeight" omit,
        /// Pairs of queues.
        pub queue_pairs_requested: u32 = "QueuePairsRequested" omit,
        /// How interrupts are joined.
        pub interrupt_moderation: u32 = "InterruptModeration" omit,
    }

    /// A tier of rules of the filter.
    pub struct TierAclPolicySetting {
        /// Its name.
        pub name: String = "Name" always,
        /// Which way.
        pub direction: DirectionType = "Direction" always,
        /// Of several tiers the one with the lowest number is asked first.
        pub order: u16 = "Order" always,
        /// The rules.
        pub tier_acl_rules: Vec<TierAclRule> = "TierAclRules" omit,
    }

    /// A rule of a tier. Lists have commas; nothing means every one.
    pub struct TierAclRule {
        /// Its name.
        pub id: String = "Id" omit,
        /// Numbers of protocols.
        pub protocols: String = "Protocols" omit,
        /// What to do.
        pub tier_acl_rule_action: ActionType = "TierAclRuleAction" always,
        /// The endpoint's side.
        pub local_addresses: String = "LocalAddresses" omit,
        /// The other side.
        pub remote_addresses: String = "RemoteAddresses" omit,
        /// The endpoint's ports.
        pub local_ports: String = "LocalPorts" omit,
        /// The other side's ports.
        pub remote_ports: String = "RemotePorts" omit,
        /// The lowest number is asked first.
        pub priority: u16 = "Priority" omit,
    }
}

open_number! {
    /// Bits of a translation.
    pub struct NatFlags(u32) {
        /// None.
        NONE = 0,
        /// For the host itself too.
        LOCAL_ROUTED_VIP = 1,
        /// IPv6.
        IPV6 = 2,
    }
}
