//! A network's document as the data plane takes it: each member is used, recorded, or refused by name.

use std::net::IpAddr;

use hcs_contract::{Error, Hresult, Result};
use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{AclRule, Instance, Kind, LinkName, Mac, Network};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{
    HostComputeNetwork, InterfaceConstraintPolicySetting, Ipam, NetworkFlags, NetworkPolicy,
    NetworkPolicySetting, NetworkType, Subnet, SubnetFlags,
};

use super::errors::invalid;
use super::store::NetworkRow;
use super::{acl, errors};

/// A network, read.
#[derive(Debug, Clone)]
pub(super) struct NetworkPlan {
    pub(super) network: Network,
    pub(super) subnets: Vec<SubnetPlan>,
    /// Ranges that its endpoints' hardware addresses are of.
    pub(super) macs: Vec<(Mac, Mac)>,
    /// Rules that stand before those of each endpoint.
    pub(super) acl: Vec<AclRule>,
    pub(super) automatic_dns: bool,
}

/// A prefix of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SubnetPlan {
    pub(super) net: IpNet,
    pub(super) gateway: Option<IpAddr>,
    /// The gateway's address is nobody else's.
    pub(super) keeps_gateway: bool,
}

/// The bits that mean something here, or are recorded.
const FLAGS: u32 =
    NetworkFlags::ENABLE_NON_PERSISTENT.0 | NetworkFlags::DISABLE_HOST_PORT.0 | NetworkFlags::ENABLE_IOV.0;

/// Of a network that is there.
pub(super) fn of_row(row: &NetworkRow, instance: &Instance) -> Result<NetworkPlan> {
    let document = HostComputeNetwork::from_json(&row.document)?;
    plan(&document, &row.id, instance)
}

/// The kind that a document names, by the kind of its bridge; the uplink is not known yet.
fn kind(document: &HostComputeNetwork) -> Result<(Kind, bool)> {
    let no_uplink = || "-".parse::<LinkName>().expect("one letter");
    let known = document.network_type.known();
    Ok(match known {
        None if document.network_type.as_str().is_empty() => (Kind::Nat, false),
        Some(kind) if [NetworkType::NAT, NetworkType::ICS].contains(kind) => (Kind::Nat, false),
        Some(kind) if *kind == NetworkType::INTERNAL => (Kind::Internal, false),
        Some(kind) if *kind == NetworkType::PRIVATE => (Kind::Private, false),
        Some(kind)
            if [NetworkType::TRANSPARENT, NetworkType::L2_BRIDGE, NetworkType::L2_TUNNEL].contains(kind) =>
        {
            (Kind::Uplink(no_uplink()), true)
        }
        Some(kind) => {
            let reason = format!("{} networks come with a later version", kind.as_str());
            return Err(Error::not_supported("Type", reason));
        }
        None => {
            let message = format!("{:?} is no kind of network", document.network_type.as_str());
            return Err(invalid(Hresult::HCN_E_INVALID_NETWORK_TYPE, "Type", message));
        }
    })
}

/// The host routes for endpoints of this kind, and translates what leaves.
pub(super) fn is_nat(document: &HostComputeNetwork) -> Result<bool> {
    Ok(matches!(kind(document)?.0, Kind::Nat))
}

/// Reads a document that has all that a network needs.
pub(super) fn plan(document: &HostComputeNetwork, id: &str, instance: &Instance) -> Result<NetworkPlan> {
    let HostComputeNetwork {
        id: _,
        name: _,
        network_type: _,
        policies,
        mac_pool,
        // What endpoints are told; see `endpoint_plan`.
        dns: _,
        ipams,
        flags,
        // The service's own word, which means nothing in a document that makes a network.
        health: _,
        // Documents of all versions have the same form.
        schema_version: _,
        // Kept and echoed.
        unknown: _,
    } = document;
    let (mut kind, on_the_wire) = kind(document)?;
    if let unknown @ 1.. = flags.0 & !FLAGS {
        let reason = format!("of its bits, {unknown:#x} are not known or come with a later version");
        return Err(Error::not_supported("Flags", reason));
    }
    if flags.0 & NetworkFlags::DISABLE_HOST_PORT.0 != 0 {
        match kind {
            Kind::Internal => kind = Kind::Private,
            Kind::Nat => {
                let reason = "the host is what such a network goes out by; take type Private";
                return Err(Error::not_supported("Flags (DisableHostPort)", reason));
            }
            _ => {}
        }
    }
    let mut macs = Vec::new();
    for (at, range) in mac_pool.ranges.iter().enumerate() {
        let read = |name: &str, text: &str| mac(&format!("MacPool.Ranges[{at}].{name}"), text);
        let range = (
            read("StartMacAddress", &range.start_mac_address)?,
            read("EndMacAddress", &range.end_mac_address)?,
        );
        if range.0 > range.1 {
            let message = "it begins behind its end";
            return Err(invalid(Hresult::HCN_E_INVALID_NETWORK, format!("MacPool.Ranges[{at}]"), message));
        }
        macs.push(range);
    }
    let policies = read_policies(policies, on_the_wire)?;
    if let Some(uplink) = policies.uplink {
        kind = Kind::Uplink(uplink);
    } else if on_the_wire {
        return Err(Error::not_supported("Type", "such a network needs a link of the host's that it is on")
            .with_hint("name one, without addresses, by the policy NetAdapterName"));
    }
    let subnets = subnets(ipams, &kind)?;
    let routed = matches!(kind, Kind::Nat | Kind::Internal);
    let gateways = subnets
        .iter()
        .filter(|_| routed)
        .filter_map(|subnet| IpNet::new(subnet.gateway?, subnet.net.prefix_len()).ok());
    let bridge = instance.link("hcb", &id.to_ascii_lowercase()).map_err(errors::of_plane)?;
    Ok(NetworkPlan {
        network: Network {
            bridge,
            kind,
            mac: policies.source_mac.or(macs.first().map(|range| range.0)).unwrap_or(Mac([0; 6])),
            mtu: None,
            gateways: gateways.collect(),
        },
        subnets,
        macs,
        acl: policies.acl,
        automatic_dns: policies.automatic_dns,
    })
}

#[derive(Default)]
struct Policies {
    source_mac: Option<Mac>,
    uplink: Option<LinkName>,
    acl: Vec<AclRule>,
    automatic_dns: bool,
}

fn read_policies(policies: &[NetworkPolicy], on_the_wire: bool) -> Result<Policies> {
    let mut read = Policies::default();
    for (at, policy) in policies.iter().enumerate() {
        let path = format!("Policies[{at}]");
        let setting = policy.setting().map_err(|error| {
            invalid(Hresult::HCN_E_INVALID_POLICY, format!("{path}.{}", error.path), error.message)
        })?;
        let later = || {
            let kind = policy.policy_type.as_str();
            let reason = "this policy comes with a later version".to_owned();
            Err(Error::not_supported(format!("{path} ({kind})"), reason))
        };
        match setting {
            NetworkPolicySetting::SourceMacAddress(setting) => {
                let path = format!("{path}.Settings.SourceMacAddress");
                read.source_mac = Some(mac(&path, &setting.source_mac_address)?);
            }
            NetworkPolicySetting::NetAdapterName(setting) => {
                must_be_on_the_wire(&path, on_the_wire)?;
                read.uplink = Some(adapter(&setting.network_adapter_name)?);
            }
            NetworkPolicySetting::InterfaceConstraint(setting) => {
                must_be_on_the_wire(&path, on_the_wire)?;
                read.uplink = Some(constrained(&path, &setting)?);
            }
            NetworkPolicySetting::NetworkAcl(setting) => {
                read.acl.push(acl::rule(&format!("{path}.Settings"), &setting)?);
            }
            NetworkPolicySetting::AutomaticDns(setting) => read.automatic_dns = setting.enable,
            // No meaning outside of Windows: its switch's own modules.
            NetworkPolicySetting::VSwitchExtension(_) => {}
            NetworkPolicySetting::DrMacAddress(_)
            | NetworkPolicySetting::ProviderAddress(_)
            | NetworkPolicySetting::RemoteSubnetRoute(_)
            | NetworkPolicySetting::VxlanPort(_)
            | NetworkPolicySetting::HostRoute(_)
            | NetworkPolicySetting::SetPolicy(_)
            | NetworkPolicySetting::L4Proxy(_)
            | NetworkPolicySetting::LayerConstraint(_) => return later(),
            NetworkPolicySetting::Other => {
                let message = format!("{:?} is no policy of a network", policy.policy_type.as_str());
                return Err(invalid(Hresult::HCN_E_INVALID_POLICY_TYPE, format!("{path}.Type"), message));
            }
        }
    }
    Ok(read)
}

fn must_be_on_the_wire(path: &str, on_the_wire: bool) -> Result<()> {
    if on_the_wire {
        return Ok(());
    }
    let reason = "a network of this type is on no link of the host's: what leaves goes by the host's routes";
    Err(Error::not_supported(path.to_owned(), reason))
}

fn adapter(name: &str) -> Result<LinkName> {
    name.parse().map_err(|_| {
        Error::from_hresult(Hresult::HCN_E_ADAPTER_NOT_FOUND)
            .with_events([errors::because(format!("there is no link {name:?} on this host"))])
    })
}

/// A link by its name; Windows' other marks of an adapter mean nothing here.
fn constrained(path: &str, setting: &InterfaceConstraintPolicySetting) -> Result<LinkName> {
    let InterfaceConstraintPolicySetting {
        interface_guid,
        interface_luid,
        interface_index,
        interface_media_type,
        interface_alias,
        interface_description,
        unknown: _,
    } = setting;
    let reason = "a link of this host is found by its name, InterfaceAlias";
    for (name, given) in [
        ("InterfaceGuid", !interface_guid.is_empty()),
        ("InterfaceLuid", *interface_luid != 0),
        ("InterfaceIndex", *interface_index != 0),
        ("InterfaceMediaType", *interface_media_type != 0),
        ("InterfaceDescription", !interface_description.is_empty()),
    ] {
        if given {
            return Err(Error::not_supported(format!("{path}.Settings.{name}"), reason));
        }
    }
    adapter(interface_alias)
}

fn subnets(ipams: &[Ipam], kind: &Kind) -> Result<Vec<SubnetPlan>> {
    let mut found: Vec<SubnetPlan> = Vec::new();
    for (at, ipam) in ipams.iter().enumerate() {
        let path = format!("Ipams[{at}]");
        let dynamic = ipam.ipam_type.eq_ignore_ascii_case("DHCP");
        if dynamic && !matches!(kind, Kind::Uplink(_)) {
            let reason = "addresses are handed out by this host's record, not by DHCP; take type Static";
            return Err(Error::not_supported(format!("{path}.Type"), reason));
        }
        if !dynamic && !["", "Static"].iter().any(|known| ipam.ipam_type.eq_ignore_ascii_case(known)) {
            let message = format!("{:?} is neither Static nor DHCP", ipam.ipam_type);
            return Err(invalid(Hresult::HCN_E_INVALID_NETWORK, format!("{path}.Type"), message));
        }
        for (at, subnet) in ipam.subnets.iter().enumerate() {
            let path = format!("{path}.Subnets[{at}]");
            if dynamic && !subnet.ip_address_prefix.is_empty() {
                let reason = "endpoints get addresses by DHCP, of whatever prefix the wire has";
                return Err(Error::not_supported(format!("{path}.IpAddressPrefix"), reason));
            }
            let Some(plan) = subnet_plan(&path, subnet, kind)? else { continue };
            let overlaps =
                |other: &SubnetPlan| other.net.contains(&plan.net) || plan.net.contains(&other.net);
            if found.iter().any(overlaps) {
                let message = format!("{} overlaps another prefix of the network", plan.net);
                return Err(invalid(
                    Hresult::HCN_E_INVALID_PREFIX,
                    format!("{path}.IpAddressPrefix"),
                    message,
                ));
            }
            found.push(plan);
        }
    }
    Ok(found)
}

fn subnet_plan(path: &str, subnet: &Subnet, kind: &Kind) -> Result<Option<SubnetPlan>> {
    let Subnet { ip_address_prefix, policies, routes, flags, unknown: _ } = subnet;
    if let Some(policy) = policies.first() {
        let field = format!("{path}.Policies[0] ({})", policy.policy_type.as_str());
        return Err(Error::not_supported(field, "VLAN and VSID come with a later version"));
    }
    if ip_address_prefix.is_empty() {
        without_prefix(path, subnet)?;
        return Ok(None);
    }
    let prefix_path = format!("{path}.IpAddressPrefix");
    let bad = |message: String| invalid(Hresult::HCN_E_INVALID_PREFIX, &prefix_path, message);
    let net: IpNet = ip_address_prefix
        .parse()
        .map_err(|_| bad(format!("{ip_address_prefix:?} is no prefix, such as 192.168.100.0/24")))?;
    let net = net.trunc();
    let widest = if net.addr().is_ipv4() { 30 } else { 126 };
    if net.prefix_len() > widest || net.prefix_len() == 0 {
        return Err(bad(format!("{net} has no room for a gateway and an endpoint, or is everything")));
    }
    let address = net.addr();
    if address.is_loopback() || address.is_multicast() || address.is_unspecified() {
        return Err(bad(format!("{net} is of addresses that no link may have")));
    }
    let keeps = match flags.0 {
        0 => true,
        bits if bits == SubnetFlags::DO_NOT_RESERVE_GATEWAY_ADDRESS.0 => false,
        _ => {
            let reason = "of its bits only DoNotReserveGatewayAddress (1) is known";
            return Err(Error::not_supported(format!("{path}.Flags"), reason));
        }
    };
    let routed = matches!(kind, Kind::Nat | Kind::Internal);
    if !keeps && routed {
        let reason = "the gateway of such a network is the host itself, whose address nobody else can have";
        return Err(Error::not_supported(format!("{path}.Flags (DoNotReserveGatewayAddress)"), reason));
    }
    let mut gateway = None;
    for (at, route) in routes.iter().enumerate() {
        let path = format!("{path}.Routes[{at}]");
        if !is_default(&route.destination_prefix) {
            let reason = "of a subnet's routes the default one is taken, which names the gateway";
            return Err(Error::not_supported(format!("{path}.DestinationPrefix"), reason));
        }
        if route.metric != 0 {
            let reason = "there is one default route, so it needs no metric";
            return Err(Error::not_supported(format!("{path}.Metric"), reason));
        }
        let hop: IpAddr = route.next_hop.parse().map_err(|_| {
            let message = format!("{:?} is no address", route.next_hop);
            invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.NextHop"), message)
        })?;
        let unusable = hop == net.network() || (hop.is_ipv4() && hop == net.broadcast());
        if !net.contains(&hop) || unusable {
            let message = format!("{hop} is no gateway of {net}");
            return Err(invalid(Hresult::HCN_E_INVALID_SUBNET, format!("{path}.NextHop"), message));
        }
        if gateway.replace(hop).is_some() {
            return Err(Error::not_supported(path, "a subnet has one gateway"));
        }
    }
    Ok(Some(SubnetPlan { net, gateway, keeps_gateway: keeps }))
}

/// A subnet without a prefix says nothing.
pub(super) fn without_prefix(path: &str, subnet: &Subnet) -> Result<()> {
    let reason = "without IpAddressPrefix there is no subnet that it could be of";
    if !subnet.routes.is_empty() {
        return Err(Error::not_supported(format!("{path}.Routes"), reason));
    }
    if !subnet.policies.is_empty() {
        return Err(Error::not_supported(format!("{path}.Policies"), reason));
    }
    if subnet.flags != SubnetFlags::NONE {
        return Err(Error::not_supported(format!("{path}.Flags"), reason));
    }
    Ok(())
}

/// `0.0.0.0/0`, `::/0`, and as older clients write it `0.0.0.0`.
pub(super) fn is_default(destination: &str) -> bool {
    match destination.parse::<IpNet>() {
        Ok(net) => net.prefix_len() == 0 && net.addr().is_unspecified(),
        Err(_) => destination.parse::<IpAddr>().map_or(destination.is_empty(), |ip| ip.is_unspecified()),
    }
}

/// A hardware address of a document.
pub(super) fn mac(path: &str, text: &str) -> Result<Mac> {
    let read = text.parse::<Mac>().ok().filter(|mac| mac.is_unicast());
    read.ok_or_else(|| {
        let message =
            format!("{text:?} is no hardware address that a link may have, such as 00-15-5D-52-C0-01");
        invalid(Hresult::E_INVALIDARG, path, message)
    })
}
