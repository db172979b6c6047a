//! The network of the engine's that a configuration is about: the one of its name, or a new one.

use std::net::IpAddr;

use hcsshim::hcn::Hcn;
use hcsshim::schema::network::hcn::{
    AutomaticDNSNetworkPolicySetting, HostComputeNetwork, HostComputeQuery, Ipam, NetworkPolicySetting,
    NetworkType, Route, Subnet,
};

use crate::attachment::id_of;
use crate::config::{self, Config};
use crate::failure::Failure;

/// Finds the network of this configuration's name. `None`: there is none yet.
pub(crate) fn find(hcn: &Hcn, config: &Config) -> Result<Option<HostComputeNetwork>, Failure> {
    let mut found = hcn.networks(&HostComputeQuery::filtered("Name", &config.name))?;
    match found.len() {
        0 | 1 => Ok(found.pop()),
        several => {
            let reason = format!("there are {several} networks of the name {:?}", config.name);
            Err(Failure::configuration("name", &reason))
        }
    }
}

/// Finds the network or makes it. One that is there must be what the configuration says.
pub(crate) fn find_or_make(hcn: &Hcn, config: &Config) -> Result<HostComputeNetwork, Failure> {
    let wanted = document(config)?;
    let network = match find(hcn, config)? {
        Some(network) => network,
        None => match hcn.create_network(&wanted) {
            Ok(made) => return Ok(made),
            // Another call has made it meanwhile; an overlap of addresses has another network's object.
            Err(error) if error.is_already_exists() => match find(hcn, config)? {
                Some(network) => network,
                None => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        },
    };
    if config.network_type.is_some() && network.network_type != wanted.network_type {
        let reason = format!("the network {} is there and is of another type", network.name);
        return Err(Failure::configuration("networkType", &reason));
    }
    for (at, (subnet, given)) in subnets(&wanted).zip(&config.subnets).enumerate() {
        let present = subnets(&network).find(|present| prefix(present) == prefix(subnet));
        let reason = match present {
            None => format!("the network {} is there without the subnet {}", network.name, given.subnet),
            Some(present) if given.gateway.is_some() && gateway(present) != given.gateway => {
                format!("the network {} is there with another gateway", network.name)
            }
            Some(_) => continue,
        };
        return Err(Failure::configuration(&format!("subnets[{at}]"), &reason));
    }
    Ok(network)
}

fn document(config: &Config) -> Result<HostComputeNetwork, Failure> {
    let network_type = match config.network_type.as_deref() {
        None | Some("NAT") => NetworkType::NAT,
        Some("Internal") => NetworkType::INTERNAL,
        Some("Private") => NetworkType::PRIVATE,
        Some(other) => return Err(Failure::unsupported("networkType", &other.into())),
    };
    let subnet = |(at, subnet): (usize, &config::Subnet)| {
        let bad = || {
            let path = format!("subnets[{at}].subnet");
            Failure::configuration(&path, &format!("{:?} is no prefix", subnet.subnet))
        };
        let (address, _) = split(&subnet.subnet).ok_or_else(bad)?;
        let all = if address.is_ipv6() { "::/0" } else { "0.0.0.0/0" };
        let route = |gateway: IpAddr| Route {
            next_hop: gateway.to_string(),
            destination_prefix: all.into(),
            ..Route::default()
        };
        Ok(Subnet {
            ip_address_prefix: subnet.subnet.clone(),
            routes: subnet.gateway.map(route).into_iter().collect(),
            ..Subnet::default()
        })
    };
    let subnets = config.subnets.iter().enumerate().map(subnet).collect::<Result<Vec<_>, Failure>>()?;
    let ipams = if subnets.is_empty() {
        Vec::new()
    } else {
        vec![Ipam { ipam_type: "Static".into(), subnets, ..Ipam::default() }]
    };
    let automatic = AutomaticDNSNetworkPolicySetting { enable: true, ..Default::default() };
    Ok(HostComputeNetwork {
        id: id_of(&["network", &config.name]),
        name: config.name.clone(),
        network_type,
        policies: Option::from(NetworkPolicySetting::AutomaticDns(automatic)).into_iter().collect(),
        ipams,
        ..HostComputeNetwork::default()
    })
}

/// The subnets of a network.
pub(crate) fn subnets(network: &HostComputeNetwork) -> impl Iterator<Item = &Subnet> {
    network.ipams.iter().flat_map(|ipam| &ipam.subnets)
}

/// A subnet's gateway.
pub(crate) fn gateway(subnet: &Subnet) -> Option<IpAddr> {
    subnet.routes.iter().find_map(|route| route.next_hop.parse().ok())
}

fn prefix(subnet: &Subnet) -> Option<(u128, bool, u8)> {
    let (address, length) = split(&subnet.ip_address_prefix)?;
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let host = u32::from(width - length);
    Some((bits.checked_shr(host).unwrap_or_default(), address.is_ipv6(), length))
}

/// A prefix's address and length.
pub(crate) fn split(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv6() { 128 } else { 32 };
    let length: u8 = length.parse().ok()?;
    (length <= most).then_some((address, length))
}
