//! Endpoints: made, changed, attached, removed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_dataplane::ipnet::IpNet;
use hcs_dataplane::{Counters, Endpoint, Netns, Network, PortMap, Transport};
use hcs_fault::Point;
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{Dns, EndpointFlags, HostComputeEndpoint, IpConfig, Route, Version};

use super::check::EndpointReport;
use super::endpoint_plan::{self, Policies, WantedPort};
use super::engine::World;
use super::errors::{self, invalid};
use super::network_plan::{self, NetworkPlan, SubnetPlan};
use super::pools::Pools;
use super::store::{EndpointRow, Holder, Kind, NetworkRow, Phase, Tables};
use super::{documents, ids, policies};

impl World<'_> {
    /// Makes an endpoint of a document on a network; its id.
    pub(super) fn create_endpoint(
        &mut self,
        network: &str,
        id: Option<&str>,
        document: HostComputeEndpoint,
    ) -> Result<String> {
        let namespace = document.host_compute_namespace.clone();
        let id = self.record_endpoint(network, id, document, None)?;
        if !namespace.is_empty()
            && let Err(error) = self.attach_to_namespace(&namespace, &id)
        {
            // What failed leaves nothing behind. The attachment has been undone by its record already.
            self.store.transact(|tables| match tables.endpoint(&id)? {
                Some(row) => forget(tables, &row),
                None => Ok(()),
            })?;
            return Err(error);
        }
        Ok(id)
    }

    /// Makes an endpoint that is attached to a system from the beginning, and goes with it; its id. There is no moment in
    /// which nobody has it.
    pub(super) fn create_own_endpoint(
        &mut self,
        document: HostComputeEndpoint,
        holder: &Holder,
    ) -> Result<String> {
        let network = document.host_compute_network.clone();
        let id = self.record_endpoint(&network, None, document, Some(holder))?;
        hcs_fault::step(Point::NetworkIntended);
        let row = self.endpoint(&id)?;
        if let Err(error) = self.put_on(&row) {
            // As in `attach`, with what was made for it. What the kernel has of it goes by what is unsettled.
            self.store.transact(|tables| forget(tables, &row))?;
            return Err(error);
        }
        self.settled(|_| Ok(()))?;
        Ok(id)
    }

    /// The record of an endpoint, with its addresses and ports; nothing in the kernel is made for it yet. With an
    /// `owner` it is attached to that, and goes with it.
    fn record_endpoint(
        &mut self,
        network: &str,
        id: Option<&str>,
        mut document: HostComputeEndpoint,
        owner: Option<&Holder>,
    ) -> Result<String> {
        let id = ids::choose(id, &document.id)?;
        document.id.clone_from(&id);
        document.host_compute_namespace.clear();
        if document.schema_version.major < 2 {
            document.schema_version = Version::v2_0();
        }
        check(&document)?;
        documents::check_dns("Dns", &document.dns)?;
        let instance = self.plane.instance().clone();
        let host = self.engine.host_netns()?;
        self.store.transact(|tables| {
            let not_found = || {
                let object = Object::new(ObjectKind::Network, network);
                Error::not_found(object).with_hresult(Hresult::HCN_E_NETWORK_NOT_FOUND)
            };
            let row = tables.network(network)?.ok_or_else(not_found)?;
            let plan = network_plan::of_row(&row, &instance)?;
            let policies = endpoint_plan::policies(&document.policies, &plan)?;
            let taken = || {
                let object = Object::new(ObjectKind::Endpoint, id.clone());
                Error::already_exists(object).with_hresult(Hresult::ERROR_ALREADY_EXISTS)
            };
            let number =
                tables.add_endpoint(&id, &document.name, row.number, owner.is_some())?.ok_or_else(taken)?;
            complete(tables, &mut document, &row, &plan)?;
            take_ports(tables, number, &mut document, &policies, &host)?;
            tables.set_endpoint_document(number, &document.to_json())?;
            if let Some(owner) = owner {
                tables.set_unsettled(true)?;
                tables.hold(number, owner)?;
            }
            Ok(())
        })?;
        Ok(id)
    }

    /// Removes an endpoint, wherever it is attached.
    pub(super) fn delete_endpoint(&mut self, id: &str) -> Result<()> {
        let row = self.endpoint(id)?;
        if row.holder.is_none() {
            return self.store.transact(|tables| forget(tables, &row));
        }
        self.intend(|tables| tables.set_endpoint_phase(row.number, Phase::Going))?;
        self.take_off(&row)?;
        self.settled(|tables| forget(tables, &row))
    }

    /// Changes an endpoint's policies.
    pub(super) fn modify_endpoint(&mut self, id: &str, settings: &str) -> Result<()> {
        let row = self.endpoint(id)?;
        let mut document = HostComputeEndpoint::from_json(&row.document)?;
        policies::modify_endpoint(&mut document, settings)?;
        self.replace_endpoint(&row, document)
    }

    /// Gives an endpoint other policies, which hold at once where it is attached.
    pub(super) fn replace_endpoint(
        &mut self,
        row: &EndpointRow,
        mut document: HostComputeEndpoint,
    ) -> Result<()> {
        let instance = self.plane.instance().clone();
        let host = self.engine.host_netns()?;
        let old_ports = self.store.read(|tables| tables.ports(row.number))?;
        let record = |tables: &Tables<'_>| {
            let network = network_of(tables, row)?;
            let plan = network_plan::of_row(&network, &instance)?;
            let policies = endpoint_plan::policies(&document.policies, &plan)?;
            // Its own ports are free to it.
            tables.release_ports(row.number)?;
            take_ports_but(tables, row.number, &mut document, &policies, &host, &old_ports)?;
            tables.set_endpoint_document(row.number, &document.to_json())
        };
        if row.holder.is_none() {
            return self.store.transact(record);
        }
        self.intend(record)?;
        let new_ports = self.store.read(|tables| tables.ports(row.number))?;
        let gone: Vec<PortMap> = old_ports.iter().filter(|port| !new_ports.contains(port)).copied().collect();
        let changed = self.endpoint(&row.id)?;
        let withdrawn = self.plane.remove_ports(&gone).map_err(errors::of_plane);
        if let Err(error) = withdrawn.and_then(|()| self.change_over(row, &changed)) {
            self.store.transact(|tables| {
                tables.release_ports(row.number)?;
                for port in &old_ports {
                    tables.take_port(row.number, port)?;
                }
                tables.set_endpoint_document(row.number, &row.document)
            })?;
            return Err(error);
        }
        self.settled(|_| Ok(()))
    }

    /// Attaches an endpoint to a namespace.
    pub(super) fn attach_to_namespace(&mut self, namespace: &str, endpoint: &str) -> Result<()> {
        let namespace = self.store.read(|tables| tables.namespace(namespace))?.ok_or_else(|| {
            let object = Object::new(ObjectKind::Namespace, namespace);
            Error::not_found(object).with_hresult(Hresult::ERROR_NOT_FOUND)
        })?;
        if matches!(namespace.kind, Kind::Guest | Kind::GuestDefault) {
            let error = Error::not_supported(
                "Endpoint",
                "there are no virtual machines here whose namespace it could be",
            );
            return Err(error.with_hresult(Hresult::HCN_E_REQUEST_UNSUPPORTED));
        }
        if namespace.kind == Kind::Given {
            self.check_room(&namespace, endpoint)?;
        }
        self.attach(endpoint, &Holder::Namespace(namespace.number))
    }

    /// Attaches an endpoint. To what it is attached to already: success.
    pub(super) fn attach(&mut self, endpoint: &str, holder: &Holder) -> Result<()> {
        let row = self.referred(endpoint)?;
        match &row.holder {
            Some(present) if present == holder => return Ok(()),
            Some(Holder::Namespace(_)) => {
                let error = Error::from_hresult(Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS);
                return Err(error.with_object(Object::new(ObjectKind::Endpoint, row.id)));
            }
            Some(Holder::System(_)) => {
                let error = Error::from_hresult(Hresult::HCN_E_ENDPOINT_ALREADY_ATTACHED);
                return Err(error.with_object(Object::new(ObjectKind::Endpoint, row.id)));
            }
            None => {}
        }
        let slot = self.intend(|tables| tables.hold(row.number, holder))?;
        let row = EndpointRow { holder: Some(holder.clone()), slot, ..row };
        if let Err(error) = self.put_on(&row) {
            self.store.transact(|tables| tables.let_go(row.number))?;
            return Err(error);
        }
        self.settled(|_| Ok(()))
    }

    /// Detaches an endpoint from what it is said to be attached to. One that was made for that is removed.
    pub(super) fn detach(&mut self, row: &EndpointRow, holder: &Holder) -> Result<()> {
        if row.holder.as_ref() != Some(holder) {
            let error = Error::from_hresult(Hresult::HCN_E_ENDPOINT_NOT_ATTACHED);
            return Err(error.with_object(NetworkObjectKind::Endpoint.object(&row.id)));
        }
        if row.owned {
            return self.delete_endpoint(&row.id);
        }
        self.intend(|tables| tables.let_go(row.number))?;
        self.take_off(row)?;
        self.settled(|_| Ok(()))
    }

    /// An endpoint, its network and what it is attached to, as the data plane takes them. `make`: a namespace of ours that
    /// is missing, too.
    fn of_plane(&mut self, row: &EndpointRow, make: bool) -> Result<(Network, Endpoint, Option<Netns>)> {
        let engine = self.engine;
        self.store.read(|tables| {
            let plan = network_plan::of_row(&network_of(tables, row)?, self.plane.instance())?;
            let endpoint = engine.endpoint_of_row(tables, &plan, row, self.plane)?;
            let netns = match &row.holder {
                Some(Holder::Namespace(number)) => match tables.namespace_of_number(*number)? {
                    Some(namespace) => engine.netns_of_namespace(&namespace, make)?,
                    None => None,
                },
                Some(Holder::System(life)) => engine.netns_of_system(life)?,
                None => None,
            };
            Ok((plan.network, endpoint, netns))
        })
    }

    /// What of an endpoint's link differs from the record.
    pub(super) fn look_at_endpoint(&mut self, id: &str) -> Result<EndpointReport> {
        let row = self.endpoint(id)?;
        let (network, endpoint, netns) = self.of_plane(&row, false)?;
        let host_link = endpoint.link.to_string();
        let Some(netns) = netns else { return Ok(EndpointReport { host_link, ..EndpointReport::default() }) };
        let changes = self.plane.look(&network, &endpoint, &netns).map_err(errors::of_plane)?;
        Ok(EndpointReport {
            host_link,
            name: Some(endpoint.name.to_string()),
            mtu: endpoint.mtu,
            differences: changes.iter().map(ToString::to_string).collect(),
        })
    }

    /// The kernel's side of an endpoint that is recorded as attached.
    fn put_on(&mut self, row: &EndpointRow) -> Result<()> {
        let (network, endpoint, netns) = self.of_plane(row, true)?;
        let ports = self.store.read(|tables| tables.ports(row.number))?;
        let netns = netns.ok_or_else(|| {
            Error::from_hresult(Hresult::HCN_E_NAMESPACE_ATTACH_FAILED)
                .with_events([errors::because("what it is to be attached to is gone")])
        })?;
        self.plane.attach(&network, &endpoint, &netns).map_err(errors::of_plane)?;
        self.plane.add_ports(&ports).map_err(errors::of_plane)
    }

    /// The kernel's side of an attached endpoint whose document was another before.
    fn change_over(&mut self, before: &EndpointRow, after: &EndpointRow) -> Result<()> {
        let engine = self.engine;
        let [old, new] = self.store.read(|tables| {
            let plan = network_plan::of_row(&network_of(tables, after)?, self.plane.instance())?;
            let read = |row| engine.endpoint_of_row(tables, &plan, row, self.plane);
            Ok([read(before)?, read(after)?])
        })?;
        if old.outbound == new.outbound {
            return self.put_on(after);
        }
        // What the host's table has of it is to go as well, which only a comparison of the whole finds.
        self.bring().map(drop)
    }

    /// Takes the kernel's side of an attached endpoint away; `row` is how it was attached.
    fn take_off(&mut self, row: &EndpointRow) -> Result<()> {
        self.take_all_off(std::slice::from_ref(row))
    }

    /// The same for several: links are deleted together, which costs no more than one.
    pub(super) fn take_all_off(&mut self, rows: &[EndpointRow]) -> Result<()> {
        let engine = self.engine;
        let mut of_networks: BTreeMap<i64, (NetworkPlan, Vec<Endpoint>)> = BTreeMap::new();
        let (ports, rules) = self.store.read(|tables| {
            let (mut ports, mut rules) = (Vec::new(), Vec::new());
            for row in rows {
                ports.extend(tables.ports(row.number)?);
                let (plan, endpoints) = match of_networks.entry(row.network) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let network = network_of(tables, row)?;
                        new.insert((network_plan::of_row(&network, self.plane.instance())?, Vec::new()))
                    }
                };
                let endpoint = engine.endpoint_of_row(tables, plan, row, self.plane)?;
                // A system's own namespace goes with it, and its rules with that.
                if let Some(Holder::Namespace(number)) = row.holder
                    && let Some(namespace) = tables.namespace_of_number(number)?
                    && let Some(netns) = engine.netns_of_namespace(&namespace, false)?
                {
                    rules.push((endpoint.name.clone(), netns));
                }
                endpoints.push(endpoint);
            }
            Ok((ports, rules))
        })?;
        self.plane.remove_ports(&ports).map_err(errors::of_plane)?;
        for (plan, endpoints) in of_networks.into_values() {
            self.plane.detach(&plan.network, &endpoints).map_err(errors::of_plane)?;
        }
        // After the links: there is no time in which one is on without its rules.
        rules
            .iter()
            .try_for_each(|(name, netns)| self.plane.forget_rules(name, netns))
            .map_err(errors::of_plane)
    }

    /// What has passed an endpoint since it was attached.
    pub(super) fn counters(&mut self, row: &EndpointRow) -> Result<Counters> {
        let link = endpoint_plan::link(&row.id, self.plane.instance())?;
        Ok(self.plane.counters(&link).map_err(errors::of_plane)?.unwrap_or_default())
    }

    pub(super) fn endpoint(&mut self, id: &str) -> Result<EndpointRow> {
        let row = self.store.read(|tables| tables.endpoint(id))?;
        row.ok_or_else(|| NetworkObjectKind::Endpoint.not_found(id))
    }

    /// An endpoint that a document names.
    pub(super) fn referred(&mut self, id: &str) -> Result<EndpointRow> {
        let row = self.store.read(|tables| tables.endpoint(id))?;
        row.ok_or_else(|| {
            let object = Object::new(ObjectKind::Endpoint, id);
            Error::not_found(object).with_hresult(Hresult::HCN_E_ENDPOINT_NOT_FOUND)
        })
    }
}

fn network_of(tables: &Tables<'_>, row: &EndpointRow) -> Result<NetworkRow> {
    let network = tables.network_of_number(row.network)?;
    network.ok_or_else(|| Error::unexpected_value(format!("endpoint {} has no network", row.id)))
}

/// Removes an endpoint's record, and gives back what it had.
pub(super) fn forget(tables: &Tables<'_>, row: &EndpointRow) -> Result<()> {
    let document = HostComputeEndpoint::from_json(&row.document)?;
    let pools = Pools::new(tables, row.network);
    for address in endpoint_plan::addresses(&document.ip_configurations)? {
        pools.release_address(address.addr())?;
    }
    if let Some(mac) = endpoint_plan::wanted_mac(&document)? {
        pools.release_mac(mac)?;
    }
    tables.remove_endpoint(row.number)
}

/// What can't be honoured whatever the network.
fn check(document: &HostComputeEndpoint) -> Result<()> {
    let HostComputeEndpoint {
        id: _,
        name: _,
        host_compute_network: _,
        host_compute_namespace: _,
        policies: _,
        ip_configurations: _,
        dns: _,
        routes: _,
        mac_address: _,
        flags,
        // The service's own word.
        health: _,
        schema_version: _,
        // Kept and echoed.
        unknown: _,
    } = document;
    if *flags == EndpointFlags::REMOTE_ENDPOINT {
        let reason = "endpoints of other hosts are of Overlay networks, which come with a later version";
        return Err(Error::not_supported("Flags (RemoteEndpoint)", reason));
    }
    if *flags != EndpointFlags::NONE {
        return Err(Error::not_supported("Flags", "none of its bits can be honoured here"));
    }
    Ok(())
}

/// Fills in what a document leaves open: addresses, hardware address, routes, DNS. What it names is taken.
fn complete(
    tables: &Tables<'_>,
    document: &mut HostComputeEndpoint,
    network: &NetworkRow,
    plan: &NetworkPlan,
) -> Result<()> {
    let pools = Pools::new(tables, network.number);
    complete_addresses(&pools, document, plan)?;
    let mac = match endpoint_plan::wanted_mac(document)? {
        Some(mac) if pools.take_mac(mac)? => mac,
        Some(mac) => {
            let error = Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED);
            return Err(error.with_events([errors::because(format!("MacAddress: {mac} is taken"))]));
        }
        None => pools.take_lowest_mac(&plan.macs)?,
    };
    document.mac_address = mac.to_string();
    let of_network = hcs_schema::network::hcn::HostComputeNetwork::from_json(&network.document)?;
    let named = &document.host_compute_network;
    if !named.is_empty() && !named.eq_ignore_ascii_case(&network.id) {
        let message = format!("it names {named}, and the endpoint is made on network {}", network.id);
        return Err(invalid(Hresult::E_INVALIDARG, "HostComputeNetwork", message));
    }
    document.host_compute_network.clone_from(&network.id);
    if document.dns == Dns::default() {
        document.dns = of_network.dns;
    }
    endpoint_plan::routes(document).map(drop)
}

fn complete_addresses(
    pools: &Pools<'_>,
    document: &mut HostComputeEndpoint,
    plan: &NetworkPlan,
) -> Result<()> {
    let mut subnets_used: Vec<SubnetPlan> = Vec::new();
    let mut has = [false; 2];
    for (at, config) in document.ip_configurations.iter_mut().enumerate() {
        let path = format!("IpConfigurations[{at}]");
        let address: IpAddr = config.ip_address.parse().map_err(|_| {
            let message = format!("{:?} is no address", config.ip_address);
            invalid(Hresult::HCN_E_INVALID_IP, format!("{path}.IpAddress"), message)
        })?;
        if std::mem::replace(&mut has[usize::from(address.is_ipv6())], true) {
            return Err(Error::not_supported(path, "an endpoint has one address of each IP version"));
        }
        let Some(subnet) = plan.subnets.iter().find(|subnet| subnet.net.contains(&address)) else {
            let error = Error::from_hresult(Hresult::HCN_E_SUBNET_NOT_FOUND);
            return Err(error.with_events([errors::because(format!(
                "{path}: {address} is in no subnet of the network"
            ))]));
        };
        if !pools.take_address(subnet, address)? {
            let error = Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED);
            return Err(error.with_events([errors::because(format!(
                "{path}: {address} is taken, or stands for something else"
            ))]));
        }
        if config.prefix_length == 0 {
            config.prefix_length = subnet.net.prefix_len();
        }
        subnets_used.push(*subnet);
    }
    for v6 in [false, true] {
        let mut subnets = plan.subnets.iter().filter(|subnet| subnet.net.addr().is_ipv6() == v6).peekable();
        if has[usize::from(v6)] || subnets.peek().is_none() {
            continue;
        }
        let mut found = None;
        for subnet in subnets {
            if let Some(address) = pools.take_lowest_address(subnet)? {
                found = Some((*subnet, address));
                break;
            }
        }
        let Some((subnet, address)) = found else {
            return Err(Error::from_hresult(Hresult::HCN_E_ADDR_INVALID_OR_RESERVED)
                .with_events([errors::because("all addresses of the network are taken")])
                .with_hint("delete endpoints, or make a network with a larger prefix"));
        };
        document.ip_configurations.push(IpConfig {
            ip_address: address.to_string(),
            prefix_length: subnet.net.prefix_len(),
            ..IpConfig::default()
        });
        subnets_used.push(subnet);
    }
    endpoint_plan::addresses(&document.ip_configurations)?;
    if document.routes.is_empty() {
        document.routes = subnets_used.iter().filter_map(default_route).collect();
    }
    Ok(())
}

fn default_route(subnet: &SubnetPlan) -> Option<Route> {
    let gateway = subnet.gateway?;
    let everything = if gateway.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
    Some(Route { next_hop: gateway.to_string(), destination_prefix: everything.into(), ..Route::default() })
}

fn take_ports(
    tables: &Tables<'_>,
    endpoint: i64,
    document: &mut HostComputeEndpoint,
    policies: &Policies,
    host: &Netns,
) -> Result<()> {
    take_ports_but(tables, endpoint, document, policies, host, &[])
}

/// Takes the ports that an endpoint's policies publish, and writes those that were chosen into its document. `own`: what
/// it has already, so that no other program can have it.
fn take_ports_but(
    tables: &Tables<'_>,
    endpoint: i64,
    document: &mut HostComputeEndpoint,
    policies: &Policies,
    host: &Netns,
    own: &[PortMap],
) -> Result<()> {
    if policies.ports.is_empty() {
        return Ok(());
    }
    let addresses = endpoint_plan::addresses(&document.ip_configurations)?;
    for wanted in &policies.ports {
        let map = map_of(wanted, &addresses)?;
        let free = |map: &PortMap| is_free(host, map);
        if map.port == 0 {
            let Some(found) = tables.take_lowest_port(endpoint, &map, free)? else {
                return Err(Error::from_hresult(Hresult::HCN_E_PORT_ALREADY_EXISTS)
                    .with_events([errors::because("all ports that are handed out are taken")]));
            };
            set_external_port(&mut document.policies[wanted.policy].settings, found.port);
            continue;
        }
        let is_own =
            own.iter().any(|own| (own.port, own.transport, own.at) == (map.port, map.transport, map.at));
        let taken = if !tables.take_port(endpoint, &map)? {
            Some("another endpoint")
        } else if !is_own && !free(&map)? {
            Some("another program on this host")
        } else {
            None
        };
        if let Some(whose) = taken {
            let path = format!("Policies[{}]", wanted.policy);
            let object = Object::new(ObjectKind::Port, format!("{} {}", map.transport, map.port));
            return Err(Error::already_exists(object)
                .with_hresult(Hresult::HCN_E_PORT_ALREADY_EXISTS)
                .with_events([errors::because(format!("{path}: {whose} has it"))]));
        }
    }
    Ok(())
}

/// Names are spelled in any case.
fn set_external_port(settings: &mut serde_json::Value, port: u16) {
    let Some(members) = settings.as_object_mut() else { return };
    members.retain(|name, _| !name.eq_ignore_ascii_case("ExternalPort"));
    members.insert("ExternalPort".into(), port.into());
}

fn map_of(wanted: &WantedPort, addresses: &[IpNet]) -> Result<PortMap> {
    wanted.map(addresses).ok_or_else(|| {
        let version = if wanted.v6 { "IPv6" } else { "IPv4" };
        let path = format!("Policies[{}].Settings.Flags", wanted.policy);
        Error::not_supported(path, format!("the endpoint has no {version} address to lead to"))
    })
}

/// Whether no program of the host has the port.
fn is_free(host: &Netns, map: &PortMap) -> Result<bool> {
    let at = map.at.unwrap_or(match map.to {
        SocketAddr::V4(_) => IpAddr::from([0; 4]),
        SocketAddr::V6(_) => IpAddr::from([0; 16]),
    });
    let at = SocketAddr::new(at, map.port);
    let tried = host.inside(|| match map.transport {
        Transport::Tcp => TcpListener::bind(at).map(drop),
        Transport::Udp => UdpSocket::bind(at).map(drop),
    });
    match tried.map_err(errors::of_plane)? {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(false),
        // No address of the host's as it is now: nobody listens there.
        Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => Ok(true),
        Err(error) => Err(Error::os("try", format!("{} {at}", map.transport), error)),
    }
}
