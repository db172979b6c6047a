//! Networks: made, changed, removed.

use std::net::IpAddr;

use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_dataplane::Kind;
use hcs_dataplane::ipnet::{IpNet, Ipv4Net};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{
    Dns, HostComputeNetwork, Ipam, MacRange, NetworkFlags, NetworkType, Route, Subnet, SubnetFlags, Version,
};

use super::engine::World;
use super::errors::{self, invalid};
use super::network_plan::{self, NetworkPlan};
use super::pools::{self, Pools};
use super::store::{Phase, Tables};
use super::{ids, policies};

impl World<'_> {
    /// Makes a network of a document; its id.
    pub(super) fn create_network(
        &mut self,
        id: Option<&str>,
        mut document: HostComputeNetwork,
    ) -> Result<String> {
        let id = ids::choose(id, &document.id)?;
        document.id.clone_from(&id);
        if document.network_type.as_str().is_empty() {
            document.network_type = NetworkType::NAT;
        }
        if document.schema_version.major < 2 {
            document.schema_version = Version::v2_0();
        }
        let hosts = self.plane.host_addresses().map_err(errors::of_plane)?;
        let instance = self.plane.instance().clone();
        let (number, plan) = self.intend(|tables| {
            let volatile = document.flags.0 & NetworkFlags::ENABLE_NON_PERSISTENT.0 != 0;
            let taken = || Error::already_exists(Object::new(ObjectKind::Network, id.clone()));
            let number = tables.add_network(&id, &document.name, volatile)?.ok_or_else(taken)?;
            if document.mac_pool.ranges.is_empty() {
                let (first, last) = pools::own_macs(number);
                let range = MacRange {
                    start_mac_address: first.to_string(),
                    end_mac_address: last.to_string(),
                    ..MacRange::default()
                };
                document.mac_pool.ranges.push(range);
            }
            let nat = network_plan::is_nat(&document)?;
            complete_subnets(tables, &mut document, nat, &hosts)?;
            let plan = network_plan::plan(&document, &id, &instance)?;
            if plan.automatic_dns && document.dns == Dns::default() {
                document.dns = host_dns();
            }
            claim(tables, number, &plan, &hosts)?;
            Pools::new(tables, number).keep_back(&plan)?;
            tables.set_network_document(number, &document.to_json())?;
            Ok((number, plan))
        })?;
        self.plane.add_network(&plan.network).map_err(errors::of_plane)?;
        self.keep_fence()?;
        self.settled(|tables| tables.set_network_phase(number, Phase::There))?;
        Ok(id)
    }

    /// Removes a network with its endpoints.
    pub(super) fn delete_network(&mut self, id: &str) -> Result<()> {
        let row = self.store.read(|tables| tables.network(id))?;
        let row = row.ok_or_else(|| NetworkObjectKind::Network.not_found(id))?;
        let plan = network_plan::of_row(&row, self.plane.instance())?;
        let endpoints = self.store.read(|tables| tables.endpoints_of_network(row.number))?;
        let attached: Vec<_> = endpoints.into_iter().filter(|endpoint| endpoint.holder.is_some()).collect();
        self.intend(|tables| tables.set_network_phase(row.number, Phase::Going))?;
        self.take_all_off(&attached)?;
        self.plane.remove_network(&plan.network).map_err(errors::of_plane)?;
        self.settled(|tables| tables.remove_network(row.number))
    }

    /// Changes a network's policies or DNS.
    pub(super) fn modify_network(&mut self, id: &str, settings: &str) -> Result<()> {
        let row = self.store.read(|tables| tables.network(id))?;
        let row = row.ok_or_else(|| NetworkObjectKind::Network.not_found(id))?;
        let mut document = HostComputeNetwork::from_json(&row.document)?;
        policies::modify_network(&mut document, settings)?;
        let before = network_plan::of_row(&row, self.plane.instance())?;
        let after = network_plan::plan(&document, &row.id, self.plane.instance())?;
        if before.network.kind != after.network.kind || before.network.mac != after.network.mac {
            let reason = "what a network's bridge is made of can't change; make another network";
            return Err(Error::not_supported("Settings.Policies", reason));
        }
        self.intend(|tables| tables.set_network_document(row.number, &document.to_json()))?;
        if before.acl != after.acl {
            self.bring_or(|tables| tables.set_network_document(row.number, &row.document))?;
        }
        self.settled(|_| Ok(()))
    }

    /// Makes the kernel have what was just recorded; takes the record back by `undo` where the kernel refuses it.
    pub(super) fn bring_or(&mut self, undo: impl FnOnce(&Tables<'_>) -> Result<()>) -> Result<()> {
        match self.bring() {
            Ok(_) => Ok(()),
            // Another network's, and it was so before.
            Err(error) if self.broken.as_ref().is_some_and(|old| old.to_string() == error.to_string()) => {
                Ok(())
            }
            Err(error) => {
                self.store.transact(|tables| undo(tables))?;
                Err(error)
            }
        }
    }
}

/// Gives the document a prefix where it needs one and has none, and each prefix its gateway.
fn complete_subnets(
    tables: &Tables<'_>,
    document: &mut HostComputeNetwork,
    nat: bool,
    hosts: &[IpNet],
) -> Result<()> {
    let has_prefix = |ipam: &Ipam| ipam.subnets.iter().any(|subnet| !subnet.ip_address_prefix.is_empty());
    let internal = document.network_type == NetworkType::INTERNAL;
    if !document.ipams.iter().any(has_prefix) && (nat || internal) {
        for (at, ipam) in document.ipams.iter().enumerate() {
            for (n, subnet) in ipam.subnets.iter().enumerate() {
                network_plan::without_prefix(&format!("Ipams[{at}].Subnets[{n}]"), subnet)?;
            }
        }
        let net = free_prefix(tables, hosts)?;
        let subnet = Subnet { ip_address_prefix: net.to_string(), ..Subnet::default() };
        document.ipams = vec![Ipam { ipam_type: "Static".into(), subnets: vec![subnet], ..Ipam::default() }];
    }
    for subnet in document.ipams.iter_mut().flat_map(|ipam| &mut ipam.subnets) {
        let routed = nat || internal;
        if subnet.routes.is_empty()
            && routed
            && subnet.flags == SubnetFlags::NONE
            && let Ok(net) = subnet.ip_address_prefix.parse::<IpNet>()
            && let Some(first) = net.trunc().hosts().next()
        {
            // Of IPv6 the hosts begin with the network's own address.
            let gateway = if first == net.network() { next(first) } else { first };
            let everything = if gateway.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            subnet.routes = vec![Route {
                next_hop: gateway.to_string(),
                destination_prefix: everything.into(),
                ..Route::default()
            }];
        }
    }
    Ok(())
}

fn next(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().saturating_add(1).into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().saturating_add(1).into()),
    }
}

/// The first of the private /20s of 172.16.0.0/12 that no network has and no address of the host is in.
fn free_prefix(tables: &Tables<'_>, hosts: &[IpNet]) -> Result<Ipv4Net> {
    let all = Ipv4Net::new([172, 16, 0, 0].into(), 12).expect("12 bits are a prefix's length");
    for net in all.subnets(20).expect("20 is more than 12") {
        let (first, last) = pools::whole(IpNet::V4(net));
        if !overlaps(hosts, IpNet::V4(net)) && tables.network_with(first, last)?.is_none() {
            return Ok(net);
        }
    }
    Err(Error::from_hresult(Hresult::HCN_E_INVALID_PREFIX)
        .with_events([errors::because(format!("no prefix of 20 bits is free in {all}"))])
        .with_hint("give the network one of your own (Ipams[0].Subnets[0].IpAddressPrefix)"))
}

fn overlaps(hosts: &[IpNet], net: IpNet) -> bool {
    hosts.iter().any(|host| net.contains(&host.addr()) || host.contains(&net.network()))
}

/// Notes the prefixes that no other network may have, and refuses those that another or the host itself has.
fn claim(tables: &Tables<'_>, number: i64, plan: &NetworkPlan, hosts: &[IpNet]) -> Result<()> {
    // The host is on both kinds, and could not tell two networks of one prefix apart.
    if !matches!(plan.network.kind, Kind::Nat | Kind::Internal) {
        return Ok(());
    }
    for subnet in &plan.subnets {
        let (first, last) = pools::whole(subnet.net);
        if let Some(other) = tables.network_with(first, last)? {
            let message = format!("{} overlaps a prefix of network {other}", subnet.net);
            return Err(Error::already_exists(Object::new(ObjectKind::Network, other))
                .with_events([errors::because(message)]));
        }
        if let Some(host) = hosts.iter().find(|host| overlaps(std::slice::from_ref(host), subnet.net)) {
            let message = format!("{} overlaps {host}, which is the host's own", subnet.net);
            return Err(invalid(Hresult::HCN_E_INVALID_PREFIX, "Ipams", message));
        }
        tables.add_prefix(number, first, last)?;
    }
    Ok(())
}

/// What the host itself resolves names with; of its servers those that another namespace can reach.
pub(super) fn host_dns() -> Dns {
    let mut dns = Dns::default();
    let Ok(text) = fs_err::read_to_string("/etc/resolv.conf") else { return dns };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => dns.server_list.extend(
                words
                    .next()
                    .filter(|server| server.parse::<IpAddr>().is_ok_and(|ip| !ip.is_loopback()))
                    .map(String::from),
            ),
            Some("search") => dns.search = words.map(String::from).collect(),
            _ => {}
        }
    }
    dns
}

/// The host's own resolv.conf, for what is in the host's namespace.
pub(super) fn host_resolver() -> Result<String> {
    let path = "/etc/resolv.conf";
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::os("read", path, error)),
    }
}
