//! Networks: the bridge, its addresses and settings, and its part of the table.

use ipnet::IpNet;

use super::endpoint::routed;
use super::{Change, Plane};
use crate::error::Error;
use crate::host::contents::Contents;
use crate::links::{Bridge, Link};
use crate::model::{Kind, Network};
use crate::names::LinkName;
use crate::sysctl::Settings;

impl Plane {
    /// Makes a network, or what is missing of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a network that contradicts itself; [`Error::Foreign`] if the bridge's name is taken, or
    /// an uplink in use; [`Error::NoLink`] without the uplink; [`Error::Refused`].
    pub fn add_network(&mut self, network: &Network) -> Result<(), Error> {
        self.begin(false);
        self.make_bridge(network)?;
        if routed(network) {
            let mut contents = Contents::empty();
            contents.add_network(network);
            self.add(&contents)?;
        }
        self.forward_for(std::slice::from_ref(&network))
    }

    /// Has the host forward packets for those of the networks that need it.
    pub(super) fn forward_for(&mut self, networks: &[&Network]) -> Result<(), Error> {
        let has = |v4: bool| {
            let nat = networks.iter().filter(|network| network.kind == Kind::Nat);
            nat.flat_map(|network| &network.gateways).any(|gateway| gateway.addr().is_ipv4() == v4)
        };
        self.forward(has(true), has(false))
    }

    /// The bridge with its addresses and settings, or what is missing of it; its number. `None`: nothing is to be
    /// changed, and there is no bridge.
    pub(super) fn make_bridge(&mut self, network: &Network) -> Result<Option<u32>, Error> {
        check(network)?;
        let uplink = match &network.kind {
            Kind::Uplink(name) => Some(self.free_uplink(network, name)?),
            _ => None,
        };
        let Some(bridge) = self.bridge(network)? else { return Ok(None) };
        self.set_bridge(network)?;
        let present = self.links.addresses()?;
        let present: Vec<IpNet> =
            present.iter().filter(|a| a.link == bridge.index).map(|a| a.address).collect();
        for address in network.gateways.iter().filter(|a| !present.contains(a)) {
            if self.change(Change::made(format_args!("address {address} of {}", network.bridge))) {
                self.links.add_address(bridge.index, *address)?;
            }
        }
        for address in present.iter().filter(|a| !network.gateways.contains(a)) {
            if self.change(Change::removed(format_args!("address {address} of {}", network.bridge))) {
                self.links.remove_address(bridge.index, *address)?;
            }
        }
        if let Some(uplink) = uplink
            && (uplink.controller != Some(bridge.index) || !uplink.up)
            && self.change(Change::changed(format_args!("uplink {} of {}", uplink.name, network.bridge)))
        {
            self.links.set_controller(uplink.index, Some(bridge.index))?;
            self.links.set_up(uplink.index)?;
        }
        Ok(Some(bridge.index))
    }

    /// Removes a network: its part of the table, the bridge, and the links that are its ports. No error if there is
    /// nothing of it. An uplink is let go and stays.
    ///
    /// # Errors
    /// [`Error::Foreign`] if the bridge is not ours; [`Error::Refused`].
    pub fn remove_network(&mut self, network: &Network) -> Result<(), Error> {
        if let Some(bridge) = self.own_link(&network.bridge)? {
            let ports = self.links()?.into_iter().filter(|link| link.controller == Some(bridge.index));
            let mut all: Vec<u32> = ports.map(|link| link.index).collect();
            all.push(bridge.index);
            self.delete(&all)?;
        }
        let mut contents = Contents::empty();
        contents.add_network(network);
        self.remove(&contents)
    }

    /// The uplink of `network`, which is a port of its bridge already or may become one.
    fn free_uplink(&mut self, network: &Network, name: &LinkName) -> Result<Link, Error> {
        let uplink = self.links.need(name)?;
        let own = self.own_link(&network.bridge)?.map(|bridge| bridge.index);
        if uplink.controller.is_some() {
            if uplink.controller == own {
                return Ok(uplink);
            }
            return Err(Error::Foreign {
                name: name.to_string(),
                what: "it is a port of another link".to_owned(),
            });
        }
        if let Some(used) = self.links.addresses()?.iter().find(|address| address.link == uplink.index) {
            let what =
                format!("the host has {} on it, and would be cut off; give it a link without", used.address);
            return Err(Error::Foreign { name: name.to_string(), what });
        }
        Ok(uplink)
    }

    fn bridge(&mut self, network: &Network) -> Result<Option<Link>, Error> {
        let what = format!("bridge {}", network.bridge);
        if let Some(link) = self.own_link(&network.bridge)? {
            if link.kind.as_deref() != Some("bridge") {
                let what = format!("it is no bridge but {:?}", link.kind.as_deref().unwrap_or("hardware"));
                return Err(Error::Foreign { name: network.bridge.to_string(), what });
            }
            let mac = (link.mac != Some(network.mac)).then_some(network.mac);
            let mtu = network.mtu.filter(|mtu| *mtu != link.mtu);
            let differs = mac.is_some() || mtu.is_some() || !link.up;
            if differs && self.change(Change::changed(&what)) {
                self.links.set_mac_and_mtu(link.index, mac, mtu)?;
                self.links.set_up(link.index)?;
            }
            return Ok(Some(link));
        }
        if !self.change(Change::made(&what)) {
            return Ok(None);
        }
        let bridge = Bridge {
            name: network.bridge.clone(),
            mac: network.mac,
            mtu: network.mtu,
            group: self.instance.group(),
        };
        match self.links.add_bridge(&bridge) {
            Err(error) if !error.is_already_exists() => return Err(error),
            _ => {} // made, or by somebody else meanwhile: whose it is shows the next line
        }
        let made = self.own_link(&network.bridge)?;
        Ok(Some(made.ok_or_else(|| Error::NoLink { name: network.bridge.to_string() })?))
    }

    fn set_bridge(&mut self, network: &Network) -> Result<(), Error> {
        let name = &network.bridge;
        let has = |v4: bool| network.gateways.iter().any(|gateway| gateway.addr().is_ipv4() == v4);
        let settings = Settings::of(&self.netns);
        let mut wanted = Vec::new();
        if has(true) {
            // What comes from the host's own 127.0.0.1 for a published port is sent on; see the table's "first".
            wanted.push((format!("ipv4/conf/{name}/route_localnet"), "1"));
        }
        if settings.get(&format!("ipv6/conf/{name}/accept_ra"))?.is_some() {
            // The host believes no router among containers.
            wanted.push((format!("ipv6/conf/{name}/accept_ra"), "0"));
            wanted.push((format!("ipv6/conf/{name}/disable_ipv6"), if has(false) { "0" } else { "1" }));
        }
        let written = settings.set(&wanted, self.look_only)?;
        self.changes.extend(written.into_iter().map(Change::changed));
        Ok(())
    }
}

fn check(network: &Network) -> Result<(), Error> {
    let refuse = |what: &str| Err(Error::invalid(format_args!("network {}", network.bridge), what));
    if !network.mac.is_unicast() {
        return refuse("its hardware address is none that a link may have");
    }
    let routed = routed(network);
    if routed && network.gateways.is_empty() {
        return refuse("the host is its gateway and has no address on it");
    }
    if !routed && !network.gateways.is_empty() {
        return refuse("the host is not on it and can have no address on it");
    }
    for gateway in &network.gateways {
        let whole = gateway.max_prefix_len();
        if gateway.prefix_len() + 1 > whole || gateway.prefix_len() == 0 {
            return refuse("a prefix with room for a gateway and an endpoint is needed");
        }
        if gateway.addr() == gateway.network() && gateway.prefix_len() + 1 < whole {
            return refuse("a prefix's first address stands for the network itself");
        }
    }
    for (n, one) in network.gateways.iter().enumerate() {
        if network.gateways[..n].iter().any(|other| other.contains(one) || one.contains(other)) {
            return refuse("its prefixes overlap");
        }
    }
    Ok(())
}
