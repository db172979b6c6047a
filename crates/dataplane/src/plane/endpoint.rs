//! Endpoints: a link from a bridge into a namespace, and what is set at both of its ends.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{Change, Plane};
use crate::acl;
use crate::conntrack::forget_addresses;
use crate::error::Error;
use crate::host::contents::Contents;
use crate::links::{BridgePort, Counters, Link, Links, Veth};
use crate::model::{Endpoint, Kind, Network};
use crate::names::LinkName;
use crate::netns::Netns;
use crate::nft::Nft;
use crate::sysctl::Settings;

/// Work that the kernel does within a millisecond, and much later only on a machine that is out of breath.
const PATIENCE: Duration = Duration::from_secs(10);

impl Plane {
    /// Connects `netns` to `network`, which must be there, or makes what is missing of it. When it returns, packets
    /// pass.
    ///
    /// # Errors
    /// [`Error::NoLink`] without the network's bridge; [`Error::Foreign`] if the link's name is taken at the host;
    /// [`Error::Refused`] with `EEXIST` if it is in the namespace; [`Error::Invalid`].
    pub fn attach(&mut self, network: &Network, endpoint: &Endpoint, netns: &Netns) -> Result<(), Error> {
        self.begin(false);
        let bridge = self.own_link(&network.bridge)?;
        let bridge = bridge.ok_or_else(|| Error::NoLink { name: network.bridge.to_string() })?.index;
        if routed(network) {
            for address in &endpoint.addresses {
                self.links.set_neighbour(bridge, address.addr(), endpoint.mac)?;
            }
        }
        self.connect(network, bridge, endpoint, netns)?;
        let mut contents = Contents::empty();
        contents.add_endpoint(endpoint);
        if contents == Contents::empty() {
            return Ok(());
        }
        self.add(&contents)
    }

    /// What [`Plane::attach`] would have to change of an endpoint's link, at both of its ends. Changes nothing. The host's
    /// table is not looked at: that is [`Plane::drift`]'s.
    ///
    /// # Errors
    /// As [`Plane::attach`].
    pub fn look(
        &mut self,
        network: &Network,
        endpoint: &Endpoint,
        netns: &Netns,
    ) -> Result<Vec<Change>, Error> {
        self.begin(true);
        let looked = match self.own_link(&network.bridge) {
            Ok(Some(bridge)) => self.connect(network, bridge.index, endpoint, netns),
            Ok(None) => {
                self.changes.push(Change::made(format_args!("bridge {}", network.bridge)));
                Ok(())
            }
            Err(error) => Err(error),
        };
        self.look_only = false;
        looked.map(|()| std::mem::take(&mut self.changes))
    }

    /// The link, and what is set at both of its ends. Where nothing is to be changed and the link is missing, there is
    /// nothing more to look at.
    pub(super) fn connect(
        &mut self,
        network: &Network,
        bridge: u32,
        endpoint: &Endpoint,
        netns: &Netns,
    ) -> Result<(), Error> {
        check(endpoint)?;
        let (mut nft, mut inside) = Nft::with_links(netns)?;
        let Some((host, own)) = self.pair(endpoint, netns, &mut inside)? else { return Ok(()) };
        // Rules first: there is no time in which the link is on without them.
        let look_only = self.look_only;
        if acl::enforce(&self.instance, &mut nft, &endpoint.name, &endpoint.acl, look_only)? {
            self.changes.push(Change::changed(format_args!("rules of {} in {netns}", endpoint.name)));
        }
        let mut inside =
            Inside { endpoint, netns, links: &mut inside, own: &own, look_only, changes: Vec::new() };
        inside.configure()?;
        self.changes.append(&mut inside.changes);
        if !look_only {
            inside.links.ready(&endpoint.name, PATIENCE)?;
            self.links.ready(&endpoint.link, PATIENCE)?;
        }
        self.join(network, bridge, endpoint, &host)
    }

    /// The host's end becomes a port of the bridge: last, because what a link says to all when it comes up would go to
    /// each of the bridge's ports.
    fn join(
        &mut self,
        network: &Network,
        bridge: u32,
        endpoint: &Endpoint,
        host: &Link,
    ) -> Result<(), Error> {
        let port = BridgePort { hairpin: routed(network), locked: endpoint.only_its_mac, isolated: false };
        if host.controller == Some(bridge) && host.port == Some(port) {
            return Ok(());
        }
        if !self.change(Change::changed(format_args!("port {} of {}", endpoint.link, network.bridge))) {
            return Ok(());
        }
        if host.controller != Some(bridge) {
            self.links.set_controller(host.index, Some(bridge))?;
        }
        if endpoint.only_its_mac {
            self.links.allow_mac(host.index, endpoint.mac)?;
        }
        self.links.set_port(host.index, port)?;
        // The bridge itself is ready with its first port.
        self.links.ready(&network.bridge, PATIENCE)?;
        Ok(())
    }

    /// Takes endpoints away, all of `network`, all together: one is no cheaper than many. What is not there, such as
    /// the link of a namespace that is gone, is no error. Their connections end.
    ///
    /// # Errors
    /// [`Error::Foreign`] if a link of that name is not ours; [`Error::Refused`].
    pub fn detach(&mut self, network: &Network, endpoints: &[Endpoint]) -> Result<(), Error> {
        let mut indices = Vec::new();
        let mut contents = Contents::empty();
        for endpoint in endpoints {
            indices.extend(self.own_link(&endpoint.link)?.map(|link| link.index));
            contents.add_endpoint(endpoint);
        }
        self.delete(&indices)?;
        if let Some(bridge) = self.own_link(&network.bridge)? {
            for address in endpoints.iter().flat_map(|endpoint| &endpoint.addresses) {
                match self.links.remove_neighbour(bridge.index, address.addr()) {
                    Err(error) if !error.is_not_found() => return Err(error),
                    _ => {}
                }
            }
        }
        self.remove(&contents)?;
        // Whoever gets one of the addresses next does not get what was meant for this one.
        let addresses: Vec<IpAddr> =
            endpoints.iter().flat_map(|endpoint| &endpoint.addresses).map(IpNet::addr).collect();
        forget_addresses(&mut self.nft.channel, &addresses)
    }

    /// Takes an endpoint's rules away from a namespace that stays: those of a link that is gone bind no packet, but a later
    /// link may have its name. No error if there are none.
    ///
    /// # Errors
    /// [`Error::Namespace`], [`Error::Socket`], [`Error::Refused`].
    pub fn forget_rules(&self, name: &LinkName, netns: &Netns) -> Result<(), Error> {
        acl::enforce(&self.instance, &mut Nft::open(netns)?, name, &acl::Acl::default(), false).map(drop)
    }

    /// What has passed the link of an attached endpoint, as the endpoint sees it; `None`: it has none here.
    ///
    /// # Errors
    /// As [`Links::counters`].
    pub fn counters(&mut self, link: &LinkName) -> Result<Option<Counters>, Error> {
        let host = self.links.counters(link)?;
        // What leaves the host's end comes to the other.
        Ok(host.map(|host| Counters {
            packets_received: host.packets_sent,
            packets_sent: host.packets_received,
            bytes_received: host.bytes_sent,
            bytes_sent: host.bytes_received,
            dropped_received: host.dropped_sent,
            dropped_sent: host.dropped_received,
        }))
    }

    /// Both ends of the endpoint's link: those that are there, if they belong together, or new ones.
    fn pair(
        &mut self,
        endpoint: &Endpoint,
        netns: &Netns,
        inside: &mut Links,
    ) -> Result<Option<(Link, Link)>, Error> {
        if let Some(host) = self.own_link(&endpoint.link)? {
            let own = inside.find(&endpoint.name)?.filter(|own| {
                own.peer == Some(host.index) && own.mac == Some(endpoint.mac) && host.peer == Some(own.index)
            });
            if let Some(own) = own {
                let mtu = endpoint.mtu.filter(|mtu| [&host, &own].iter().any(|link| link.mtu != *mtu));
                let differs = !host.up || mtu.is_some();
                if differs && self.change(Change::changed(format_args!("link {}", endpoint.link))) {
                    self.links.set_mac_and_mtu(host.index, None, mtu)?;
                    inside.set_mac_and_mtu(own.index, None, mtu)?;
                    self.links.set_up(host.index)?;
                }
                self.name_host_end(endpoint, &host)?;
                return Ok(Some((host, own)));
            }
            // Half of a pair, or one into another namespace.
            if self.change(Change::removed(format_args!("link {}", endpoint.link))) {
                self.delete(&[host.index])?;
            }
        }
        if !self.change(Change::made(format_args!("link {} to {netns}", endpoint.link))) {
            return Ok(None);
        }
        let veth = Veth {
            name: endpoint.link.clone(),
            peer: endpoint.name.clone(),
            peer_mac: endpoint.mac,
            mtu: endpoint.mtu,
            bridge: None,
            group: self.instance.group(),
        };
        self.links.add_veth(&veth, netns)?;
        let host = self.links.need(&endpoint.link)?;
        self.name_host_end(endpoint, &host)?;
        Ok(Some((host, inside.need(&endpoint.name)?)))
    }

    fn name_host_end(&mut self, endpoint: &Endpoint, host: &Link) -> Result<(), Error> {
        let differs = host.alias != endpoint.alias;
        if differs && self.change(Change::changed(format_args!("alias of {}", endpoint.link))) {
            self.links.set_alias(host.index, endpoint.alias.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }
}

pub(super) fn routed(network: &Network) -> bool {
    matches!(network.kind, Kind::Nat | Kind::Internal)
}

/// The end in the namespace.
struct Inside<'a> {
    endpoint: &'a Endpoint,
    netns: &'a Netns,
    links: &'a mut Links,
    own: &'a Link,
    look_only: bool,
    changes: Vec<Change>,
}

impl Inside<'_> {
    /// Notes a change; whether it is to be made.
    fn change(&mut self, what: impl fmt::Display) -> bool {
        self.changes.push(Change::changed(format_args!("{what} in {}", self.netns)));
        !self.look_only
    }

    fn configure(&mut self) -> Result<(), Error> {
        let (name, index) = (&self.endpoint.name, self.own.index);
        self.settings()?;
        if !self.own.up && self.change(format_args!("link {name}")) {
            self.links.set_up(index)?;
        }
        let lo: LinkName = "lo".parse().expect("two letters");
        let lo = self.links.need(&lo)?;
        if !lo.up && self.change("link lo") {
            self.links.set_up(lo.index)?;
        }
        self.addresses()?;
        if !self.endpoint.routes.is_empty() {
            let present = self.links.routes(index)?;
            for route in self.endpoint.routes.iter().filter(|route| !present.contains(&route.as_listed())) {
                if self.change(format_args!("route to {}", route.destination)) {
                    self.links.set_route(index, route)?;
                }
            }
        }
        let egress = self.endpoint.egress;
        if self.links.egress_limit(index)? != egress && self.change(format_args!("egress limit of {name}")) {
            self.links.set_egress_limit(index, egress)?;
        }
        Ok(())
    }

    fn settings(&mut self) -> Result<(), Error> {
        let name = &self.endpoint.name;
        let has_ipv6 = self.endpoint.addresses.iter().any(|a| a.addr().is_ipv6());
        if !self.own.up && !self.look_only {
            match self.links.no_own_ipv6_address(self.own.index) {
                // A kernel without IPv6 makes no such address.
                Err(error) if error.errno() == Some(libc::EAFNOSUPPORT) && !has_ipv6 => {}
                other => other?,
            }
        }
        if has_ipv6 {
            let settings = Settings::of(self.netns);
            // Addresses and routes are given; a neighbour that plays router changes nothing.
            let wanted = [
                (format!("ipv6/conf/{name}/disable_ipv6"), "0"),
                (format!("ipv6/conf/{name}/accept_ra"), "0"),
            ];
            for key in settings.set(&wanted, self.look_only)? {
                self.change(key);
            }
        }
        Ok(())
    }

    /// An endpoint without addresses gets its own, by DHCP for one, and those stay.
    fn addresses(&mut self) -> Result<(), Error> {
        if self.endpoint.addresses.is_empty() {
            return Ok(());
        }
        let index = self.own.index;
        let present = self.links.addresses()?;
        let present: Vec<IpNet> = present.iter().filter(|a| a.link == index).map(|a| a.address).collect();
        for address in self.endpoint.addresses.iter().filter(|a| !present.contains(a)) {
            if self.change(format_args!("address {address}")) {
                self.links.add_address(index, *address)?;
            }
        }
        for address in present.iter().filter(|a| !self.endpoint.addresses.contains(a)) {
            if self.change(format_args!("address {address}")) {
                self.links.remove_address(index, *address)?;
            }
        }
        Ok(())
    }
}

fn check(endpoint: &Endpoint) -> Result<(), Error> {
    endpoint.acl.check(&endpoint.link)?;
    let refuse = |what: &str| Err(Error::invalid(format_args!("endpoint {}", endpoint.link), what));
    if !endpoint.mac.is_unicast() {
        return refuse("its hardware address is none that a link may have");
    }
    let usable = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback();
    if !endpoint.addresses.iter().all(|a| usable(a.addr())) {
        return refuse("an address that no link may have");
    }
    Ok(())
}
