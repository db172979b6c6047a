//! Policies: one flat object each, with its type beside its settings.

use serde_json::Value;

use super::{ActionType, DirectionType, RuleType};
use crate::{Document, ParseError};

open_enum! {
    /// What a policy is about.
    pub enum PolicyType {
        /// A published port.
        #[doc(alias = "Nat")]
        NAT = "NAT",
        /// A rule of the filter.
        ACL = "ACL",
        /// The host's address in the provider's network.
        PA = "PA",
        /// The VLAN.
        VLAN = "VLAN",
        /// The virtual subnet.
        VSID = "VSID",
        /// A virtual network.
        VNET = "VNET",
        /// A forwarding extension of Windows.
        L2_DRIVER = "L2Driver",
        /// VLAN and virtual subnet.
        ISOLATION = "Isolation",
        /// A limit of bandwidth.
        QOS = "QOS",
        /// Translation of what goes out.
        OUTBOUND_NAT = "OutBoundNAT",
        /// A load balancer.
        #[doc(alias = "ExternalLoadBalancer")]
        EXTERNAL_LOAD_BALANCER = "ELB",
        /// A route.
        ROUTE = "ROUTE",
        /// A proxy for what goes out.
        PROXY = "PROXY",
    }
}

document! {
    /// A policy of which only the type is known.
    pub struct Policy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
    }

    /// A published port (`NAT`).
    pub struct NatPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// `TCP` or `UDP`.
        pub protocol: String = "Protocol" omit,
        /// The endpoint's port.
        pub internal_port: u16 = "InternalPort" omit,
        /// The host's port.
        pub external_port: u16 = "ExternalPort" omit,
        /// The host's port is reserved already.
        pub external_port_reserved: bool = "ExternalPortReserved" omit,
    }

    /// A rule of the filter (`ACL`).
    pub struct AclPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// Its name.
        pub id: String = "Id" omit,
        /// The number of the protocol; 256 means every one.
        pub protocol: u16 = "Protocol" omit,
        /// Numbers of protocols, with commas.
        pub protocols: String = "Protocols" omit,
        /// The endpoint's port.
        pub internal_port: u16 = "InternalPort" omit,
        /// What to do.
        pub action: ActionType = "Action" always,
        /// Which way.
        pub direction: DirectionType = "Direction" always,
        /// The endpoint's side: addresses and prefixes, with commas.
        pub local_addresses: String = "LocalAddresses" omit,
        /// The other side: addresses and prefixes, with commas.
        pub remote_addresses: String = "RemoteAddresses" omit,
        /// The endpoint's ports: numbers and ranges, with commas.
        pub local_ports: String = "LocalPorts" omit,
        /// The endpoint's port.
        pub local_port: u16 = "LocalPort" omit,
        /// The other side's ports.
        pub remote_ports: String = "RemotePorts" omit,
        /// The other side's port.
        pub remote_port: u16 = "RemotePort" omit,
        /// Where it applies.
        pub rule_type: RuleType = "RuleType" omit,
        /// The lowest number is asked first.
        pub priority: u16 = "Priority" omit,
        /// The service of Windows that it is about.
        pub service_name: String = "ServiceName" omit,
    }

    /// The host's address in the provider's network (`PA`).
    pub struct PaPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The address.
        pub pa: String = "PA" always,
    }

    /// The VLAN.
    pub struct VlanPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// Its number.
        pub vlan: u32 = "VLAN" always,
    }

    /// The virtual subnet.
    pub struct VsidPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The number of the tunnel's network.
        pub vsid: u32 = "VSID" always,
    }

    /// VLAN and virtual subnet.
    pub struct IsolationPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The VLAN's number.
        pub vlan: u32 = "VLAN" always,
        /// The number of the tunnel's network.
        pub vsid: u32 = "VSID" always,
        /// The default one.
        pub in_default_isolation: bool = "InDefaultIsolation" always,
    }

    /// A limit of bandwidth.
    pub struct QosPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// Bytes in a second that the endpoint may send; 0 means no limit.
        pub maximum_outgoing_bandwidth_in_bytes: u64 = "MaximumOutgoingBandwidthInBytes" always,
    }

    /// Translation of what goes out.
    pub struct OutboundNatPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The address that it gets; nothing means the host's.
        pub vip: String = "VIP" omit,
        /// Prefixes to which nothing is translated.
        #[doc(alias = "Exceptions")]
        pub exception_list: Vec<String> = "ExceptionList" omit,
        /// Prefixes to which alone it is translated; none means every one.
        pub destinations: Vec<String> = "Destinations" omit,
        /// How many ports of the host the endpoint may use.
        pub max_port_pool_usage: u16 = "MaxPortPoolUsage" omit,
    }

    /// A proxy for what goes out.
    pub struct ProxyPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The proxy's address.
        pub ip: String = "IP" omit,
        /// The proxy's port.
        pub port: String = "Port" omit,
        /// Addresses that are reached without it.
        pub exception_list: Vec<String> = "ExceptionList" omit,
        /// What is reached through it.
        pub destination: String = "Destination" omit,
        /// The proxy sees the host's address as the client's.
        pub outbound_nat: bool = "OutboundNat" omit,
    }

    /// A load balancer (`ELB`), in a policy list.
    #[doc(alias = "LBPolicy")]
    pub struct ElbPolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// The number of the protocol.
        pub protocol: u16 = "Protocol" omit,
        /// The endpoints' port.
        pub internal_port: u16 = "InternalPort" always,
        /// The clients' port.
        pub external_port: u16 = "ExternalPort" always,
        /// The address that endpoints see as the client's.
        pub source_vip: String = "SourceVIP" omit,
        /// The addresses that clients use.
        pub vips: Vec<String> = "VIPs" omit,
        /// Within the network only.
        pub ilb: bool = "ILB" omit,
        /// Answers go straight to the client.
        #[doc(alias = "DSR")]
        pub is_dsr: bool = "IsDSR" omit,
    }

    /// A route: of an endpoint, or in a policy list.
    pub struct RoutePolicy {
        /// What it is about.
        #[doc(alias = "Type")]
        pub policy_type: PolicyType = "Type" always,
        /// Where to.
        pub destination_prefix: String = "DestinationPrefix" omit,
        /// The gateway's address.
        pub next_hop: String = "NextHop" omit,
        /// In a tunnel.
        #[doc(alias = "EncapEnabled")]
        pub need_encap: bool = "NeedEncap" omit,
    }
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the document that it holds")]
pub enum PolicySetting {
    Nat(NatPolicy),
    Acl(AclPolicy),
    Pa(PaPolicy),
    Vlan(VlanPolicy),
    Vsid(VsidPolicy),
    Isolation(IsolationPolicy),
    Qos(QosPolicy),
    OutboundNat(OutboundNatPolicy),
    Elb(ElbPolicy),
    Route(RoutePolicy),
    Proxy(ProxyPolicy),
    /// `VNET` and `L2Driver`, which say no more, and types that this version does not know.
    Other(Policy),
}

impl PolicySetting {
    /// Reads a policy by its type, in any letter case.
    ///
    /// # Errors
    /// What is no object, has no text as its type, or is not what its type asks for.
    pub fn read(policy: &Value) -> Result<Self, ParseError> {
        fn of<T: Document>(policy: &Value) -> Result<T, ParseError> {
            serde_path_to_error::deserialize(policy).map_err(|error| {
                let path = error.path().to_string();
                ParseError::at(if path == "." { String::new() } else { path }, error.into_inner().to_string())
            })
        }
        let plain: Policy = of(policy)?;
        match plain.policy_type.known().map(PolicyType::as_str) {
            Some("NAT") => of(policy).map(Self::Nat),
            Some("ACL") => of(policy).map(Self::Acl),
            Some("PA") => of(policy).map(Self::Pa),
            Some("VLAN") => of(policy).map(Self::Vlan),
            Some("VSID") => of(policy).map(Self::Vsid),
            Some("Isolation") => of(policy).map(Self::Isolation),
            Some("QOS") => of(policy).map(Self::Qos),
            Some("OutBoundNAT") => of(policy).map(Self::OutboundNat),
            Some("ELB") => of(policy).map(Self::Elb),
            Some("ROUTE") => of(policy).map(Self::Route),
            Some("PROXY") => of(policy).map(Self::Proxy),
            _ => Ok(Self::Other(plain)),
        }
    }
}
