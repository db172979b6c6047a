//! Networks: made with what the service fills in, and removed with their endpoints.

use std::net::IpAddr;

use hcs_contract::{Error, Hresult, NetworkEventKind, NetworkObjectKind, Result};
use hcs_schema::network::hcn::{HostComputeNetwork, Ipam, MacRange, NetworkType, Route, Subnet, Version};

use super::pool::{Prefix, mac, mac_text};
use super::store::State;
use super::{invalid, policies};

/// A subnet, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) prefix: Prefix,
    pub(super) gateway: Option<IpAddr>,
    pub(super) reserves_gateway: bool,
}

/// Whether networks of this type share the host's own routing, so that no two may have one range.
fn is_routed(network: &HostComputeNetwork) -> bool {
    [Some(&NetworkType::NAT), Some(&NetworkType::ICS)].contains(&network.network_type.known())
}

/// The subnets of a network.
///
/// # Errors
/// The first that can't be.
pub(super) fn ranges(network: &HostComputeNetwork) -> Result<Vec<Range>> {
    let mut ranges: Vec<Range> = Vec::new();
    for (at, ipam) in network.ipams.iter().enumerate() {
        for (index, subnet) in ipam.subnets.iter().enumerate() {
            let path = format!("Ipams[{at}].Subnets[{index}]");
            policies::check(&format!("{path}.Policies"), &subnet.policies)?;
            if subnet.ip_address_prefix.is_empty() {
                continue;
            }
            let range = range(&path, subnet)?;
            if ranges.iter().any(|other| other.prefix.overlaps(range.prefix)) {
                let message = format!("{} overlaps another of the network", subnet.ip_address_prefix);
                return Err(invalid(
                    Hresult::HCN_E_INVALID_PREFIX,
                    format!("{path}.IpAddressPrefix"),
                    message,
                ));
            }
            ranges.push(range);
        }
    }
    Ok(ranges)
}

fn range(path: &str, subnet: &Subnet) -> Result<Range> {
    let text = &subnet.ip_address_prefix;
    let prefix = Prefix::parse(text).ok_or_else(|| {
        let message = format!("{text:?} is no prefix with room for a gateway and an endpoint");
        invalid(Hresult::HCN_E_INVALID_PREFIX, format!("{path}.IpAddressPrefix"), message)
    })?;
    let mut gateway = None;
    for (at, route) in subnet.routes.iter().enumerate().filter(|(_, route)| is_default(route)) {
        let path = format!("{path}.Routes[{at}].NextHop");
        let hop: IpAddr = route.next_hop.parse().map_err(|_| {
            invalid(Hresult::HCN_E_INVALID_IP, &path, format!("{:?} is no address", route.next_hop))
        })?;
        if !prefix.contains(hop) || prefix.is_reserved(hop) {
            return Err(invalid(
                Hresult::HCN_E_INVALID_SUBNET,
                &path,
                format!("{hop} is no gateway of {text}"),
            ));
        }
        gateway = gateway.or(Some(hop));
    }
    Ok(Range { prefix, gateway, reserves_gateway: subnet.flags.0 & 1 == 0 })
}

/// v0.8.4's own clients leave the length out.
fn is_default(route: &Route) -> bool {
    matches!(route.destination_prefix.as_str(), "0.0.0.0/0" | "::/0" | "0.0.0.0" | "::")
}

/// A default route of its family.
pub(super) fn default_route(gateway: IpAddr) -> Route {
    Route {
        next_hop: gateway.to_string(),
        destination_prefix: if gateway.is_ipv6() { "::/0" } else { "0.0.0.0/0" }.to_owned(),
        ..Route::default()
    }
}

impl State {
    /// Makes a network; its id.
    pub(super) fn create_network(
        &mut self,
        id: Option<&str>,
        mut network: HostComputeNetwork,
    ) -> Result<String> {
        let id = self.choose_id(NetworkObjectKind::Network, id, &network.id)?;
        network.id.clone_from(&id);
        if network.network_type.as_str().is_empty() {
            network.network_type = NetworkType::NAT;
        }
        if network.network_type.known().is_none() {
            let message = format!("{:?} is no type of network", network.network_type.as_str());
            return Err(invalid(Hresult::HCN_E_INVALID_NETWORK_TYPE, "Type", message));
        }
        policies::check("Policies", &network.policies)?;
        if network.schema_version.major < 2 {
            network.schema_version = Version::v2_0();
        }
        if is_routed(&network) && network.ipams.iter().all(|ipam| ipam.subnets.is_empty()) {
            network.ipams = vec![self.free_range()?];
        }
        for subnet in network.ipams.iter_mut().flat_map(|ipam| &mut ipam.subnets) {
            let prefix = Prefix::parse(&subnet.ip_address_prefix);
            if let (Some(prefix), true) = (prefix, subnet.routes.is_empty()) {
                subnet.routes.push(default_route(prefix.first_host()));
            }
        }
        let own = ranges(&network)?;
        if is_routed(&network) {
            for other in self.networks.values().filter(|other| is_routed(other)) {
                let taken = ranges(other)?;
                if own.iter().any(|range| taken.iter().any(|taken| taken.prefix.overlaps(range.prefix))) {
                    let error = Error::already_exists(NetworkObjectKind::Network.object(&other.id));
                    return Err(error.with_hint("choose a range that no other NAT network has"));
                }
            }
        }
        self.fill_mac_pool(&mut network)?;
        self.tell(NetworkEventKind::NETWORK_PRE_CREATE, &id);
        self.tell(NetworkEventKind::NETWORK_CREATE, &id);
        self.networks.insert(&id, network);
        Ok(id)
    }

    /// The first private range of 4096 addresses that no NAT network has.
    fn free_range(&self) -> Result<Ipam> {
        let mut taken = Vec::new();
        for network in self.networks.values().filter(|network| is_routed(network)) {
            taken.extend(ranges(network)?.into_iter().map(|range| range.prefix));
        }
        let all =
            (16..32).flat_map(|second| (0..16).map(move |third| format!("172.{second}.{}.0/20", third * 16)));
        let is_free = |text: &String| {
            Prefix::parse(text).is_some_and(|prefix| !taken.iter().any(|taken| taken.overlaps(prefix)))
        };
        let Some(free) = all.into_iter().find(is_free) else {
            return Err(Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED)
                .with_message("no private range is free; name one"));
        };
        let subnet = Subnet { ip_address_prefix: free, ..Subnet::default() };
        Ok(Ipam { ipam_type: "Static".to_owned(), subnets: vec![subnet], ..Ipam::default() })
    }

    /// Every network has MAC addresses: 4096 of its own when none are given.
    fn fill_mac_pool(&self, network: &mut HostComputeNetwork) -> Result<()> {
        for (at, range) in network.mac_pool.ranges.iter().enumerate() {
            let ends = (mac(&range.start_mac_address), mac(&range.end_mac_address));
            if !matches!(ends, (Some(start), Some(end)) if start <= end) {
                let message = "it is no range of MAC addresses";
                return Err(invalid(
                    Hresult::HCN_E_INVALID_NETWORK,
                    format!("MacPool.Ranges[{at}]"),
                    message,
                ));
            }
        }
        if network.mac_pool.ranges.is_empty() {
            let used: Vec<u64> = self
                .networks
                .values()
                .flat_map(|other| &other.mac_pool.ranges)
                .filter_map(|range| mac(&range.start_mac_address))
                .collect();
            let starts = (0..0x1000).map(|block| 0x0015_5D00_0000 | block << 12);
            let start = starts.into_iter().find(|start| !used.contains(start)).unwrap_or(0x0015_5D00_0000);
            network.mac_pool.ranges.push(MacRange {
                start_mac_address: mac_text(start),
                end_mac_address: mac_text(start | 0xFFF),
                ..MacRange::default()
            });
        }
        Ok(())
    }

    /// Removes a network and its endpoints.
    pub(super) fn delete_network(&mut self, id: &str) -> Result<()> {
        let Some(network) = self.networks.get(id).map(|network| network.id.clone()) else {
            return Err(NetworkObjectKind::Network.not_found(id));
        };
        let on_it = |endpoint: &&super::store::Endpoint| endpoint.document.host_compute_network == network;
        let endpoints: Vec<String> =
            self.endpoints.values().filter(on_it).map(|endpoint| endpoint.document.id.clone()).collect();
        self.tell(NetworkEventKind::NETWORK_PRE_DELETE, &network);
        for endpoint in endpoints {
            self.delete_endpoint(&endpoint)?;
        }
        self.networks.remove(&network);
        self.tell(NetworkEventKind::NETWORK_DELETE, &network);
        Ok(())
    }
}
