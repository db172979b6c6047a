//! Making the kernel have what is wanted, whatever it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use super::Plane;
use super::endpoint::routed;
use crate::error::Error;
use crate::host::contents::Contents;
use crate::host::table::HostSet;
use crate::links::Link;
use crate::model::{Endpoint, Network, PortMap};
use crate::names::{LinkName, Mac};
use crate::netns::Netns;
use crate::nft::batch::Batch;
use crate::nft::read::Found;

/// All that an instance is to have.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Networks, each with its endpoints and where these are. An endpoint whose namespace is gone is left out.
    pub networks: Vec<(Network, Vec<(Endpoint, &'a Netns)>)>,
    /// Published ports.
    pub ports: Vec<PortMap>,
    /// What [`Plane::fence`] gave earlier. The kernel keeps it as long as the table is there; given here it is put up
    /// again also after somebody deleted the table.
    pub fence: Fence,
}

/// Links between which the host forwarded nothing before we had it forward packets, and does not now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fence {
    /// For IPv4.
    pub v4: BTreeSet<LinkName>,
    /// For IPv6.
    pub v6: BTreeSet<LinkName>,
}

/// Something that was not as wanted, and is now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was not there.
    Made(String),
    /// It was otherwise.
    Changed(String),
    /// It was not wanted.
    Removed(String),
}

impl Change {
    pub(super) fn made(what: impl fmt::Display) -> Self {
        Self::Made(what.to_string())
    }

    pub(super) fn changed(what: impl fmt::Display) -> Self {
        Self::Changed(what.to_string())
    }

    pub(super) fn removed(what: impl fmt::Display) -> Self {
        Self::Removed(what.to_string())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(what) => write!(f, "made {what}"),
            Self::Changed(what) => write!(f, "changed {what}"),
            Self::Removed(what) => write!(f, "removed {what}"),
        }
    }
}

/// How an instance's table is found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableState {
    /// There is none.
    Absent,
    /// Its sets, chains and rules are those that this version makes.
    Present,
    /// They are others: somebody changed them, or another version made them. In words, what the first difference is.
    Other(String),
}

impl Plane {
    /// Makes all that is wanted and missing, mends what is otherwise, and removes what is ours and not wanted. Made
    /// again it changes nothing. Returns what was changed.
    ///
    /// # Errors
    /// As [`Plane::add_network`], [`Plane::attach`] and [`Plane::add_ports`]: the first, after all networks and endpoints
    /// that can be made have been; the next call goes on from there.
    pub fn apply(&mut self, wanted: &Wanted<'_>) -> Result<Vec<Change>, Error> {
        self.begin(false);
        self.bring(wanted)
    }

    /// What [`Plane::apply`] would change. Where a bridge or a link is missing, that stands for all that would be set
    /// on it.
    ///
    /// # Errors
    /// As [`Plane::apply`].
    pub fn drift(&mut self, wanted: &Wanted<'_>) -> Result<Vec<Change>, Error> {
        self.begin(true);
        let result = self.bring(wanted);
        self.look_only = false;
        result
    }

    fn bring(&mut self, wanted: &Wanted<'_>) -> Result<Vec<Change>, Error> {
        let mut contents = Contents::empty();
        for (network, endpoints) in &wanted.networks {
            contents.add_network(network);
            for (endpoint, _) in endpoints {
                contents.add_endpoint(endpoint);
            }
        }
        for port in &wanted.ports {
            contents.add_port(port)?;
        }
        contents.add_fence(HostSet::Fence4, wanted.fence.v4.iter().cloned());
        contents.add_fence(HostSet::Fence6, wanted.fence.v6.iter().cloned());
        self.remove_unwanted_links(wanted)?;
        let mut failed = None;
        for (network, endpoints) in &wanted.networks {
            if let Err(error) = self.bring_network(network, endpoints) {
                failed.get_or_insert(error);
            }
        }
        self.apply_table(contents)?;
        let networks: Vec<&Network> = wanted.networks.iter().map(|(network, _)| network).collect();
        self.forward_for(&networks)?;
        failed.map_or_else(|| Ok(std::mem::take(&mut self.changes)), Err)
    }

    /// One network with its endpoints. One that can't be made keeps no other from being made.
    fn bring_network(&mut self, network: &Network, endpoints: &[(Endpoint, &Netns)]) -> Result<(), Error> {
        let Some(bridge) = self.make_bridge(network)? else { return Ok(()) };
        let mut failed = None;
        for (endpoint, netns) in endpoints {
            if let Err(error) = self.connect(network, bridge, endpoint, netns) {
                failed.get_or_insert(error);
            }
        }
        self.mend_neighbours(network, bridge, endpoints)?;
        self.mend_macs(network, bridge, endpoints)?;
        failed.map_or(Ok(()), Err)
    }

    fn remove_unwanted_links(&mut self, wanted: &Wanted<'_>) -> Result<(), Error> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for (network, endpoints) in &wanted.networks {
            names.insert(network.bridge.as_str());
            for (endpoint, _) in endpoints {
                names.insert(endpoint.link.as_str());
                // The other end is here too where an endpoint is in the host's own namespace.
                names.insert(endpoint.name.as_str());
            }
        }
        let doomed = self.instance.doomed_group();
        let unwanted = |link: &Link| link.group == doomed || !names.contains(link.name.as_str());
        let unwanted: Vec<Link> = self.links()?.into_iter().filter(unwanted).collect();
        self.changes.extend(unwanted.iter().map(|link| Change::removed(format_args!("link {}", link.name))));
        if self.look_only {
            return Ok(());
        }
        self.delete(&unwanted.iter().map(|link| link.index).collect::<Vec<_>>())
    }

    /// The bridge's neighbours: one listing for all endpoints.
    fn mend_neighbours(
        &mut self,
        network: &Network,
        bridge: u32,
        endpoints: &[(Endpoint, &Netns)],
    ) -> Result<(), Error> {
        let mut wanted: BTreeMap<IpAddr, Mac> = BTreeMap::new();
        for (endpoint, _) in endpoints.iter().filter(|_| routed(network)) {
            wanted.extend(endpoint.addresses.iter().map(|address| (address.addr(), endpoint.mac)));
        }
        let present: BTreeMap<IpAddr, Mac> = self.links.neighbours(bridge)?.into_iter().collect();
        for (ip, mac) in wanted.iter().filter(|(ip, mac)| present.get(*ip) != Some(*mac)) {
            if self.change(Change::changed(format_args!("neighbour {ip} of {}", network.bridge))) {
                self.links.set_neighbour(bridge, *ip, *mac)?;
            }
        }
        for ip in present.keys().filter(|ip| !wanted.contains_key(*ip)) {
            if self.change(Change::removed(format_args!("neighbour {ip} of {}", network.bridge))) {
                self.links.remove_neighbour(bridge, *ip)?;
            }
        }
        Ok(())
    }

    /// What locked ports take: one listing for all endpoints.
    fn mend_macs(
        &mut self,
        network: &Network,
        bridge: u32,
        endpoints: &[(Endpoint, &Netns)],
    ) -> Result<(), Error> {
        let present: BTreeSet<(u32, Mac)> = self.links.allowed_macs(bridge)?.into_iter().collect();
        for (endpoint, _) in endpoints.iter().filter(|(endpoint, _)| endpoint.only_its_mac) {
            let Some(host) = self.own_link(&endpoint.link)? else { continue };
            if host.controller != Some(bridge) {
                continue; // the link itself is to be mended, and this with it
            }
            let missing = !present.contains(&(host.index, endpoint.mac));
            let what = format!("{} of {} on {}", endpoint.mac, endpoint.link, network.bridge);
            if missing && self.change(Change::changed(what)) {
                self.links.allow_mac(host.index, endpoint.mac)?;
            }
        }
        Ok(())
    }

    fn apply_table(&mut self, mut wanted: Contents) -> Result<(), Error> {
        let found = self.nft.read(&self.table)?;
        for fence in [HostSet::Fence4, HostSet::Fence6] {
            wanted.extend(fence, &self.fenced(fence)?);
        }
        let mut batch = Batch::new(&self.table.name);
        match found {
            Found::Elements(elements) => {
                let present = Contents::from_read(elements);
                for (set, elements) in wanted.all() {
                    let (spec, present) = (set.spec(), present.of(set));
                    if present != elements {
                        batch.change(&spec, present, elements);
                        self.changes.push(Change::changed(format_args!("set {}", spec.name)));
                    }
                }
            }
            Found::Nothing if wanted == Contents::empty() => {}
            Found::Nothing | Found::Other(_) => {
                let what = format!("nftables table {}", self.table.name);
                self.changes.push(match found {
                    Found::Other(difference) => Change::changed(format_args!("{what}: {difference}")),
                    _ => Change::made(what),
                });
                batch.clear();
                batch.build(&self.table);
                for (set, elements) in wanted.all() {
                    batch.add(&set.spec(), elements);
                }
            }
        }
        if self.look_only {
            return Ok(());
        }
        self.nft.commit(batch)
    }
}
