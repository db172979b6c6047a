//! Endpoints: made with what the service fills in, changed, attached and removed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hcs_contract::{
    Error, Hresult, NetworkEventKind, NetworkObjectKind, Object, ObjectKind, Result, check_network_id,
};
use hcs_schema::network::hcn::{
    Dns, EndpointFlags, EndpointPolicy, EndpointPolicySetting, HostComputeEndpoint, HostComputeNetwork,
    IpConfig, Version,
};
use hcs_schema::network::{hns, map};

use super::networks::{Range, default_route, ranges};
use super::pool::{mac, mac_text};
use super::store::{Endpoint, State};
use super::{invalid, policies};

/// A published port: the host's address, the protocol's number, the host's port.
type Published = (String, u32, u16);

/// TCP and UDP, which is what no protocol stands for.
const BOTH: [u32; 2] = [6, 17];

/// A reference to an endpoint that nobody has.
pub(super) fn no_endpoint(id: &str) -> Error {
    Error::not_found(NetworkObjectKind::Endpoint.object(id))
}

/// The ports that policies publish.
fn published(policies: &[EndpointPolicy]) -> Result<Vec<Published>> {
    let mut ports = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let Ok(EndpointPolicySetting::PortMapping(mapping)) = policy.setting() else { continue };
        let path = format!("Policies[{at}].Settings");
        if mapping.internal_port == 0 {
            let path = format!("{path}.InternalPort");
            return Err(invalid(Hresult::HCN_E_INVALID_INTERNAL_PORT, path, "it must name a port"));
        }
        if mapping.external_port == 0 {
            let path = format!("{path}.ExternalPort");
            return Err(invalid(Hresult::HCN_E_INVALID_POLICY, path, "it must name a port"));
        }
        let protocols = match mapping.protocol {
            0 => &BOTH[..],
            6 => &BOTH[..1],
            17 => &BOTH[1..],
            other => {
                let message = format!("{other} is neither TCP (6) nor UDP (17)");
                return Err(invalid(Hresult::HCN_E_INVALID_POLICY, format!("{path}.Protocol"), message));
            }
        };
        ports
            .extend(protocols.iter().map(|protocol| (mapping.vip.clone(), *protocol, mapping.external_port)));
    }
    Ok(ports)
}

/// Whether two published ports are in each other's way: no address stands for every one.
fn collide(one: &Published, other: &Published) -> bool {
    (one.1, one.2) == (other.1, other.2) && (one.0 == other.0 || one.0.is_empty() || other.0.is_empty())
}

impl State {
    /// # Errors
    /// A port of these policies that an endpoint but `own` publishes, or that they publish twice.
    fn check_ports(&self, own: &str, policies: &[EndpointPolicy]) -> Result<()> {
        let mut taken = Vec::new();
        for endpoint in self.endpoints.values().filter(|endpoint| endpoint.document.id != own) {
            taken.extend(published(&endpoint.document.policies)?);
        }
        for port in published(policies)? {
            if taken.iter().any(|taken| collide(taken, &port)) {
                let (vip, protocol, number) = &port;
                let name = if *protocol == 6 { "TCP" } else { "UDP" };
                let at = if vip.is_empty() { String::new() } else { format!(" of {vip}") };
                return Err(Error::already_exists(Object::new(
                    ObjectKind::Port,
                    format!("{name} {number}{at}"),
                )));
            }
            taken.push(port);
        }
        Ok(())
    }

    /// Makes an endpoint; its id.
    pub(super) fn create_endpoint(
        &mut self,
        network: &str,
        id: Option<&str>,
        mut endpoint: HostComputeEndpoint,
    ) -> Result<String> {
        check_network_id("network", network)?;
        let network = self.networks.get(network).cloned();
        let network = network.ok_or_else(|| {
            Error::not_found(NetworkObjectKind::Network.object(&endpoint.host_compute_network))
        })?;
        let id = self.choose_id(NetworkObjectKind::Endpoint, id, &endpoint.id)?;
        endpoint.id.clone_from(&id);
        endpoint.host_compute_network.clone_from(&network.id);
        policies::check("Policies", &endpoint.policies)?;
        self.check_ports(&id, &endpoint.policies)?;
        self.fill_mac(&network, &mut endpoint)?;
        self.fill_addresses(&network, &mut endpoint)?;
        if endpoint.dns == Dns::default() {
            endpoint.dns = network.dns;
        }
        if endpoint.schema_version.major < 2 {
            endpoint.schema_version = Version::v2_0();
        }
        let namespace = std::mem::take(&mut endpoint.host_compute_namespace);
        self.endpoints.insert(&id, Endpoint { document: endpoint, containers: Vec::new(), detached: false });
        if !namespace.is_empty()
            && let Err(error) = self.attach(&id, &namespace)
        {
            // What fails leaves nothing behind.
            self.endpoints.remove(&id);
            return Err(error);
        }
        Ok(id)
    }

    fn on_network<'a>(&'a self, network: &'a str) -> impl Iterator<Item = &'a HostComputeEndpoint> {
        let all = self.endpoints.values().map(|endpoint| &endpoint.document);
        all.filter(move |endpoint| endpoint.host_compute_network == network)
    }

    fn fill_mac(&self, network: &HostComputeNetwork, endpoint: &mut HostComputeEndpoint) -> Result<()> {
        let taken: BTreeSet<u64> =
            self.on_network(&network.id).filter_map(|other| mac(&other.mac_address)).collect();
        let chosen = if endpoint.mac_address.is_empty() {
            let ranges = network.mac_pool.ranges.iter();
            let all = ranges
                .filter_map(|range| Some(mac(&range.start_mac_address)?..=mac(&range.end_mac_address)?))
                .flatten();
            all.into_iter().find(|mac| !taken.contains(mac)).ok_or_else(|| {
                Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED)
                    .with_message("the network has no MAC address left")
            })?
        } else {
            let text = &endpoint.mac_address;
            let given = mac(text).ok_or_else(|| {
                invalid(Hresult::E_INVALIDARG, "MacAddress", format!("{text:?} is no MAC address"))
            })?;
            if taken.contains(&given) {
                let message = format!("{text} is another endpoint's");
                return Err(invalid(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, "MacAddress", message));
            }
            given
        };
        endpoint.mac_address = mac_text(chosen);
        Ok(())
    }

    fn fill_addresses(&self, network: &HostComputeNetwork, endpoint: &mut HostComputeEndpoint) -> Result<()> {
        let ranges = ranges(network)?;
        let mut taken: BTreeSet<IpAddr> = self
            .on_network(&network.id)
            .flat_map(|other| &other.ip_configurations)
            .filter_map(|config| config.ip_address.parse().ok())
            .collect();
        taken.extend(ranges.iter().filter(|range| range.reserves_gateway).filter_map(|range| range.gateway));
        let mut gateways = Vec::new();
        for v6 in [false, true] {
            let mut given =
                endpoint.ip_configurations.iter_mut().enumerate().filter(|(_, config)| {
                    config.ip_address.contains(':') == v6 && !config.ip_address.is_empty()
                });
            if let Some((at, config)) = given.next() {
                if let Some((again, _)) = given.next() {
                    let path = format!("IpConfigurations[{again}]");
                    return Err(invalid(
                        Hresult::HCN_E_INVALID_ENDPOINT,
                        path,
                        "there is one of its family already",
                    ));
                }
                gateways.extend(wanted(&ranges, &taken, at, config)?);
                continue;
            }
            let mut of_family = ranges.iter().filter(|range| range.prefix.is_v6() == v6).peekable();
            if of_family.peek().is_none() {
                continue;
            }
            let found = of_family.find_map(|range| Some((range, range.prefix.lowest_free(&taken)?)));
            let Some((range, address)) = found else {
                return Err(Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED)
                    .with_message("the network has no address left"));
            };
            gateways.extend(range.gateway);
            endpoint.ip_configurations.push(IpConfig {
                ip_address: address.to_string(),
                prefix_length: range.prefix.length(),
                ..IpConfig::default()
            });
        }
        endpoint.ip_configurations.retain(|config| !config.ip_address.is_empty());
        if endpoint.routes.is_empty() {
            endpoint.routes = gateways.into_iter().map(default_route).collect();
        }
        Ok(())
    }

    /// Changes an endpoint's document.
    pub(super) fn modify_endpoint(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut HostComputeEndpoint) -> Result<()>,
    ) -> Result<()> {
        let endpoint = self.endpoints.get(id).ok_or_else(|| NetworkObjectKind::Endpoint.not_found(id))?;
        let mut document = endpoint.document.clone();
        change(&mut document)?;
        policies::check("Policies", &document.policies)?;
        self.check_ports(&document.id, &document.policies)?;
        if let Some(endpoint) = self.endpoints.get_mut(id) {
            endpoint.document = document;
        }
        Ok(())
    }

    /// Puts an endpoint into a namespace.
    pub(super) fn attach(&mut self, id: &str, namespace: &str) -> Result<()> {
        let found = self.namespaces.get(namespace).map(|namespace| namespace.document.id.clone());
        let namespace = found.ok_or_else(|| NetworkObjectKind::Namespace.not_found(namespace))?;
        let endpoint = self.endpoints.get_mut(id).ok_or_else(|| no_endpoint(id))?;
        if endpoint.document.flags.contains(EndpointFlags::REMOTE_ENDPOINT) {
            return Err(Error::from_hresult(Hresult::HCN_E_INVALID_REMOTE_ENDPOINT_OPERATION));
        }
        if endpoint.document.host_compute_namespace == namespace {
            return Ok(());
        }
        if !endpoint.document.host_compute_namespace.is_empty() {
            return Err(Error::from_hresult(Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS));
        }
        endpoint.document.host_compute_namespace = namespace;
        let id = endpoint.document.id.clone();
        self.tell(NetworkEventKind::NETWORK_ENDPOINT_ATTACHED, &id);
        Ok(())
    }

    /// Takes an endpoint out of a namespace.
    pub(super) fn detach(&mut self, id: &str, namespace: &str) -> Result<()> {
        let endpoint = self.endpoints.get_mut(id).ok_or_else(|| no_endpoint(id))?;
        if !endpoint.document.host_compute_namespace.eq_ignore_ascii_case(namespace) {
            return Err(Error::from_hresult(Hresult::HCN_E_ENDPOINT_NOT_ATTACHED));
        }
        endpoint.document.host_compute_namespace.clear();
        endpoint.detached = true;
        let id = endpoint.document.id.clone();
        self.tell(NetworkEventKind::NETWORK_ENDPOINT_DETACHED, &id);
        Ok(())
    }

    /// Removes an endpoint, from wherever it is.
    pub(super) fn delete_endpoint(&mut self, id: &str) -> Result<()> {
        let endpoint = self.endpoints.remove(id).ok_or_else(|| NetworkObjectKind::Endpoint.not_found(id))?;
        let id = &endpoint.document.id;
        if !endpoint.document.host_compute_namespace.is_empty() {
            self.tell(NetworkEventKind::NETWORK_ENDPOINT_DETACHED, id);
        }
        for balancer in self.load_balancers.values_mut() {
            balancer.host_compute_endpoints.retain(|other| other != id);
        }
        for route in self.routes.values_mut() {
            route.host_compute_endpoints.retain(|other| other != id);
        }
        Ok(())
    }

    /// The endpoint as v1 tells of it.
    pub(super) fn endpoint_v1(&self, endpoint: &Endpoint) -> hns::Endpoint {
        let network = self.networks.get(&endpoint.document.host_compute_network);
        let attached = !endpoint.document.host_compute_namespace.is_empty();
        hns::Endpoint {
            virtual_network_name: network.map(|network| network.name.clone()).unwrap_or_default(),
            shared_containers: endpoint.containers.clone(),
            state: match endpoint.containers.len() {
                0 if attached => hns::EndpointState::ATTACHED,
                0 if endpoint.detached => hns::EndpointState::DETACHED,
                0 => hns::EndpointState::CREATED,
                1 => hns::EndpointState::ATTACHED,
                _ => hns::EndpointState::ATTACHED_SHARING,
            },
            ..map::endpoint_to_v1(&endpoint.document)
        }
    }
}

/// Checks an address that was asked for, and completes it; the gateway of its subnet.
fn wanted(
    ranges: &[Range],
    taken: &BTreeSet<IpAddr>,
    at: usize,
    config: &mut IpConfig,
) -> Result<Option<IpAddr>> {
    let path = format!("IpConfigurations[{at}].IpAddress");
    let text = &config.ip_address;
    let address: IpAddr = text
        .parse()
        .map_err(|_| invalid(Hresult::HCN_E_INVALID_IP, &path, format!("{text:?} is no address")))?;
    let Some(range) = ranges.iter().find(|range| range.prefix.contains(address)) else {
        // A network without subnets has its addresses from elsewhere.
        return if ranges.is_empty() {
            Ok(None)
        } else {
            Err(invalid(
                Hresult::HCN_E_SUBNET_NOT_FOUND,
                &path,
                format!("no subnet of the network has {address}"),
            ))
        };
    };
    if range.prefix.is_reserved(address) || taken.contains(&address) {
        let message = format!("{address} is taken or reserved");
        return Err(invalid(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED, &path, message));
    }
    if config.prefix_length == 0 {
        config.prefix_length = range.prefix.length();
    }
    Ok(range.gateway)
}
