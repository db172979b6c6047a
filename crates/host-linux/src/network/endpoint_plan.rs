//! An endpoint's document as the data plane takes it: each member is used, recorded, or refused by name.

use std::net::{IpAddr, SocketAddr};

use hcs_contract::{Error, Hresult, Result};
use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{
    Acl, AclRule, Action, EgressLimit, Endpoint, Instance, LinkName, Mac, Outbound, PortMap, Route, Transport,
};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{
    EndpointPolicy, EndpointPolicySetting, HostComputeEndpoint, IpConfig, NatFlags, OutboundNatPolicySetting,
    PortMappingPolicySetting,
};

use super::acl;
use super::errors::{self, invalid};
use super::network_plan::{self, NetworkPlan, mac};
use super::store::EndpointRow;

/// The largest packet of a network's links, as the kernel makes them.
const MTU: u32 = 1500;
/// The kernel's own metric of a route of IPv6.
const METRIC_OF_IPV6: u32 = 1024;
/// Bytes of a link's alias (IFALIASZ, with its NUL).
const MOST_OF_A_NAME: usize = 255;
/// The smallest that IPv6 can be spoken over.
const SMALLEST_MTU: u32 = 1280;

/// What the policies of an endpoint say.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    pub(super) ports: Vec<WantedPort>,
    acl: Vec<AclRule>,
    egress: Option<EgressLimit>,
    outbound: Outbound,
    mtu: Option<u32>,
    /// The name of the switch's port: here of the link's end at the host.
    alias: Option<String>,
}

/// A port to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WantedPort {
    /// The number of its policy.
    pub(super) policy: usize,
    pub(super) transport: Transport,
    pub(super) at: Option<IpAddr>,
    /// 0: the lowest that is free.
    pub(super) external: u16,
    pub(super) internal: u16,
    pub(super) v6: bool,
}

impl WantedPort {
    /// With an endpoint's address of the right IP version; `None`: it has none.
    pub(super) fn map(&self, addresses: &[IpNet]) -> Option<PortMap> {
        let to = addresses.iter().find(|address| address.addr().is_ipv6() == self.v6)?;
        let to = SocketAddr::new(to.addr(), self.internal);
        Some(PortMap { transport: self.transport, at: self.at, port: self.external, to })
    }
}

/// Where an endpoint is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the host's own namespace, whose routes are none of ours.
    Host,
    /// In a namespace of its own, with this place among the endpoints there.
    Own(u32),
    /// In somebody else's namespace, under this name.
    Given(String),
}

/// Of an endpoint that is there. `otherwise`: what becomes of packets that none of its rules fits, if it has rules.
pub(super) fn of_row(
    plan: &NetworkPlan,
    endpoint: &EndpointRow,
    place: Place,
    otherwise: Action,
    instance: &Instance,
) -> Result<Endpoint> {
    let document = HostComputeEndpoint::from_json(&endpoint.document)?;
    let policies = policies(&document.policies, plan)?;
    let mut addresses = addresses(&document.ip_configurations)?;
    let mut routes = routes(&document)?;
    let name = match place {
        Place::Own(slot) => {
            // Two links can't have the same way with the same metric: the first one's is the better one.
            for route in routes.iter_mut().filter(|route| route.metric.is_none() && slot > 0) {
                let first = if route.destination.addr().is_ipv4() { 0 } else { METRIC_OF_IPV6 };
                route.metric = Some(first + slot);
            }
            format!("eth{slot}").parse().map_err(errors::of_plane)?
        }
        Place::Given(name) => name.parse().map_err(errors::of_plane)?,
        Place::Host => {
            // The network is reached by its bridge, and the host's way out is its own.
            routes.clear();
            for address in &mut addresses {
                *address = IpNet::from(address.addr());
            }
            instance.link("hcp", &endpoint.id.to_ascii_lowercase()).map_err(errors::of_plane)?
        }
    };
    let rules: Vec<AclRule> = plan.acl.iter().chain(&policies.acl).cloned().collect();
    let acl = if rules.is_empty() {
        Acl::default()
    } else {
        Acl { rules, otherwise_in: otherwise, otherwise_out: otherwise }
    };
    Ok(Endpoint {
        link: link(&endpoint.id, instance)?,
        name,
        alias: policies.alias,
        mac: mac("MacAddress", &document.mac_address)?,
        addresses,
        routes,
        mtu: Some(policies.mtu.unwrap_or(MTU)),
        only_its_mac: true,
        egress: policies.egress,
        outbound: policies.outbound,
        acl,
    })
}

/// The name of the host's end of an endpoint's link.
pub(super) fn link(id: &str, instance: &Instance) -> Result<LinkName> {
    instance.link("hce", &id.to_ascii_lowercase()).map_err(errors::of_plane)
}

/// The addresses of a document that has all that an endpoint needs.
pub(super) fn addresses(configurations: &[IpConfig]) -> Result<Vec<IpNet>> {
    let read = |(at, config): (usize, &IpConfig)| {
        let path = format!("IpConfigurations[{at}]");
        let address: IpAddr = config.ip_address.parse().map_err(|_| {
            let message = format!("{:?} is no address", config.ip_address);
            invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.IpAddress"), message)
        })?;
        IpNet::new(address, config.prefix_length).map_err(|_| {
            let message = format!("{address} has no prefix of {} bits", config.prefix_length);
            invalid(Hresult::HCN_E_INVALID_PREFIX, format!("{path}.PrefixLength"), message)
        })
    };
    configurations.iter().enumerate().map(read).collect()
}

/// The routes of a document.
pub(super) fn routes(document: &HostComputeEndpoint) -> Result<Vec<Route>> {
    let mut found = Vec::new();
    for (at, route) in document.routes.iter().enumerate() {
        let path = format!("Routes[{at}]");
        let hop: Option<IpAddr> = match route.next_hop.as_str() {
            "" => None,
            hop => Some(hop.parse().map_err(|_| {
                let message = format!("{hop:?} is no address");
                invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.NextHop"), message)
            })?),
        };
        let destination = if network_plan::is_default(&route.destination_prefix) {
            let v6 = route.destination_prefix.contains(':') || hop.is_some_and(|hop| hop.is_ipv6());
            if v6 { "::/0" } else { "0.0.0.0/0" }
        } else {
            route.destination_prefix.as_str()
        };
        let destination: IpNet = destination.parse().map_err(|_| {
            let message = format!("{destination:?} is no prefix");
            invalid(Hresult::HCN_E_INVALID_PREFIX, format!("{path}.DestinationPrefix"), message)
        })?;
        if hop.is_some_and(|hop| hop.is_ipv4() != destination.addr().is_ipv4()) {
            let message = "it is of another IP version than the destination";
            return Err(invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.NextHop"), message));
        }
        let metric = (route.metric != 0).then_some(u32::from(route.metric));
        found.push(Route { destination: destination.trunc(), gateway: hop, metric });
    }
    Ok(found)
}

/// Reads an endpoint's policies.
pub(super) fn policies(policies: &[EndpointPolicy], network: &NetworkPlan) -> Result<Policies> {
    use EndpointPolicySetting as Setting;
    let nat = network.network.kind == hcs_dataplane::Kind::Nat;
    let mut read = Policies::default();
    for (at, policy) in policies.iter().enumerate() {
        let path = format!("Policies[{at}]");
        let settings = format!("{path}.Settings");
        let bad = |error: hcs_schema::ParseError| {
            invalid(Hresult::HCN_E_INVALID_POLICY, format!("{path}.{}", error.path), error.message)
        };
        let kind = policy.policy_type.as_str();
        match policy.setting().map_err(bad)? {
            Setting::PortMapping(_) if !nat => {
                let error =
                    Error::not_supported(format!("{path} ({kind})"), "ports are published on NAT networks");
                return Err(error.with_hresult(Hresult::HCN_E_MAPPING_NOT_SUPPORTED));
            }
            Setting::PortMapping(setting) => read.ports.extend(port_mapping(at, &settings, &setting)?),
            Setting::Acl(setting) => read.acl.push(acl::rule(&settings, &setting)?),
            Setting::Qos(setting) => {
                let rate = setting.maximum_outgoing_bandwidth_in_bytes;
                if (1..1_000).contains(&rate) {
                    let path = format!("{settings}.MaximumOutgoingBandwidthInBytes");
                    let message = "less than 1,000 bytes a second stops the link";
                    return Err(invalid(Hresult::HCN_E_INVALID_POLICY, path, message));
                }
                read.egress = (rate > 0).then_some(EgressLimit { rate });
            }
            Setting::OutBoundNat(_) if !nat => {
                let reason = "what leaves a network of this type is translated by nobody here";
                let error = Error::not_supported(format!("{path} ({kind})"), reason);
                return Err(error.with_hresult(Hresult::HCN_E_REQUEST_UNSUPPORTED));
            }
            Setting::OutBoundNat(setting) => outbound(&mut read.outbound, &settings, &setting)?,
            Setting::PortName(setting) => {
                if setting.name.len() > MOST_OF_A_NAME || setting.name.contains('\0') {
                    let path = format!("{settings}.Name");
                    let message = format!("a link's alias has up to {MOST_OF_A_NAME} bytes, and no NUL");
                    return Err(invalid(Hresult::HCN_E_INVALID_POLICY, path, message));
                }
                read.alias = Some(setting.name).filter(|name| !name.is_empty());
            }
            Setting::EncapOverhead(setting) => {
                let mtu = MTU.saturating_sub(setting.overhead.into());
                if mtu < SMALLEST_MTU {
                    let path = format!("{settings}.Overhead");
                    let message = format!("it leaves {mtu} bytes of {MTU}, less than {SMALLEST_MTU}");
                    return Err(invalid(Hresult::HCN_E_INVALID_POLICY, path, message));
                }
                read.mtu = Some(mtu);
            }
            // No meaning outside of Windows: its drivers and their hardware.
            Setting::L2Driver(_) | Setting::Iov(_) => {}
            Setting::SdnRoute(_)
            | Setting::L4Proxy(_)
            | Setting::L4WfpProxy(_)
            | Setting::ProviderAddress(_)
            | Setting::InterfaceConstraint(_)
            | Setting::TierAcl(_) => {
                let reason = "this policy comes with a later version";
                return Err(Error::not_supported(format!("{path} ({kind})"), reason));
            }
            Setting::Other => {
                let message = format!("{kind:?} is no policy of an endpoint");
                return Err(invalid(Hresult::HCN_E_INVALID_POLICY_TYPE, format!("{path}.Type"), message));
            }
        }
    }
    Ok(read)
}

fn port_mapping(policy: usize, path: &str, setting: &PortMappingPolicySetting) -> Result<Vec<WantedPort>> {
    let PortMappingPolicySetting { protocol, internal_port, external_port, vip, flags, unknown } = setting;
    if let Some(name) = unknown.keys().next() {
        return Err(Error::not_supported(format!("{path}.{name}"), "a port mapping has no such member here"));
    }
    let bad = |name: &str, message: String| {
        invalid(Hresult::HCN_E_INVALID_POLICY, format!("{path}.{name}"), message)
    };
    let transports: &[Transport] = match protocol {
        0 => &[Transport::Tcp, Transport::Udp],
        6 => &[Transport::Tcp],
        17 => &[Transport::Udp],
        other => return Err(bad("Protocol", format!("{other} has no ports here; 6 is TCP, 17 UDP"))),
    };
    if *protocol == 0 && *external_port == 0 {
        let reason = "a port that is chosen is one of one protocol: name the port, or the protocol";
        return Err(Error::not_supported(format!("{path}.ExternalPort"), reason));
    }
    if *internal_port == 0 {
        return Err(invalid(
            Hresult::HCN_E_INVALID_INTERNAL_PORT,
            format!("{path}.InternalPort"),
            "it must be the port that the endpoint listens on",
        ));
    }
    if flags.0 & !(NatFlags::LOCAL_ROUTED_VIP.0 | NatFlags::IPV6.0) != 0 {
        let reason = "of its bits LocalRoutedVip (1) and IPv6 (2) are known";
        return Err(Error::not_supported(format!("{path}.Flags"), reason));
    }
    let at: Option<IpAddr> = match vip.as_str() {
        "" => None,
        vip => Some(vip.parse().map_err(|_| {
            invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.VIP"), format!("{vip:?} is no address"))
        })?),
    };
    let at = at.filter(|at| !at.is_unspecified());
    let v6 = flags.0 & NatFlags::IPV6.0 != 0 || at.is_some_and(|at| at.is_ipv6());
    if at.is_some_and(|at| at.is_ipv6() != v6) {
        return Err(bad("VIP", format!("{vip} is no IPv6 address, which Flags asks for")));
    }
    if at.is_some_and(|at| at.is_loopback()) && v6 {
        let reason = "the kernel translates nothing that is sent to ::1";
        return Err(Error::not_supported(format!("{path}.VIP"), reason));
    }
    let wanted = |transport: &Transport| WantedPort {
        policy,
        transport: *transport,
        at,
        external: *external_port,
        internal: *internal_port,
        v6,
    };
    Ok(transports.iter().map(wanted).collect())
}

fn outbound(read: &mut Outbound, path: &str, setting: &OutboundNatPolicySetting) -> Result<()> {
    let OutboundNatPolicySetting {
        virtual_ip,
        exceptions,
        destinations,
        flags,
        max_port_pool_usage,
        unknown,
    } = setting;
    if let Some(name) = unknown.keys().next() {
        return Err(Error::not_supported(format!("{path}.{name}"), "this policy has no such member here"));
    }
    if flags.0 != 0 {
        return Err(Error::not_supported(format!("{path}.Flags"), "they have no meaning for what leaves"));
    }
    if *max_port_pool_usage != 0 {
        let reason = "the kernel counts no ports by endpoint";
        return Err(Error::not_supported(format!("{path}.MaxPortPoolUsage"), reason));
    }
    let nets = |name: &str, texts: &[String]| {
        let read = |(at, text): (usize, &String)| {
            let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| {
                let path = format!("{path}.{name}[{at}]");
                invalid(Hresult::HCN_E_INVALID_POLICY, path, format!("{text:?} is no prefix"))
            })
        };
        texts.iter().enumerate().map(read).collect::<Result<Vec<IpNet>>>()
    };
    read.exceptions.extend(nets("Exceptions", exceptions)?);
    read.destinations.extend(nets("Destinations", destinations)?);
    if !virtual_ip.is_empty() {
        let address: IpAddr = virtual_ip.parse().map_err(|_| {
            let path = format!("{path}.VirtualIP");
            invalid(Hresult::HCN_E_INVALID_IP, path, format!("{virtual_ip:?} is no address"))
        })?;
        read.address.push(address);
    }
    Ok(())
}

/// The text of a hardware address that a document gives, or nothing.
pub(super) fn wanted_mac(document: &HostComputeEndpoint) -> Result<Option<Mac>> {
    match document.mac_address.as_str() {
        "" => Ok(None),
        text => mac("MacAddress", text).map(Some),
    }
}
