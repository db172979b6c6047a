//! Endpoints: a link from a bridge into a namespace, and what is set at both of its ends.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{Change, Plane};
use crate::acl;
use crate::conntrack::forget_addresses;
use crate::error::Error;
use crate::host::contents::Contents;
use crate::links::{BridgePort, Link, Links, Veth};
use crate::model::{Endpoint, Kind, Network};
use crate::names::LinkName;
use crate::netns::Netns;
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
        self.changes.clear();
        self.connect(network, endpoint, netns)?;
        let mut contents = Contents::empty();
        contents.add_endpoint(endpoint);
        if contents == Contents::empty() {
            return Ok(());
        }
        self.add(&contents)
    }

    /// The link, and what is set at both of its ends.
    pub(super) fn connect(
        &mut self,
        network: &Network,
        endpoint: &Endpoint,
        netns: &Netns,
    ) -> Result<(), Error> {
        check(endpoint)?;
        let bridge = self
            .own_link(&network.bridge)?
            .ok_or_else(|| Error::NoLink { name: network.bridge.to_string() })?
            .index;
        let mut inside = Links::open(netns)?;
        let (host, own) = self.pair(bridge, endpoint, netns, &mut inside)?;

        let routed = matches!(network.kind, Kind::Nat | Kind::Internal);
        let port = BridgePort { hairpin: routed, locked: endpoint.only_its_mac, isolated: false };
        if endpoint.only_its_mac {
            self.links.allow_mac(host.index, endpoint.mac)?;
        }
        if host.port != Some(port) {
            self.links.set_port(host.index, port)?;
            self.changes.push(Change::changed(format_args!("port {}", endpoint.link)));
        }
        if routed {
            for address in &endpoint.addresses {
                self.links.set_neighbour(bridge, address.addr(), endpoint.mac)?;
            }
        }
        // Rules first: there is no time in which the link is on without them.
        if acl::enforce(&self.instance, netns, &endpoint.name, &endpoint.acl)? {
            self.changes.push(Change::changed(format_args!("rules of {} in {netns}", endpoint.name)));
        }
        self.changes.extend(configure(endpoint, netns, &mut inside, &own)?);
        inside.ready(&endpoint.name, PATIENCE)?;
        self.links.ready(&endpoint.link, PATIENCE)?;
        // The bridge itself is ready with its first port.
        self.links.ready(&network.bridge, PATIENCE)?;
        Ok(())
    }

    /// Takes endpoints away, all of `network`, all together: one is no cheaper than many. What is not there, such as
    /// the link of a namespace that is gone, is no error.
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

    /// Both ends of the endpoint's link: those that are there, if they belong together, or new ones.
    fn pair(
        &mut self,
        bridge: u32,
        endpoint: &Endpoint,
        netns: &Netns,
        inside: &mut Links,
    ) -> Result<(Link, Link), Error> {
        if let Some(host) = self.own_link(&endpoint.link)? {
            let own = inside.find(&endpoint.name)?.filter(|own| {
                own.peer == Some(host.index) && own.mac == Some(endpoint.mac) && host.peer == Some(own.index)
            });
            let mtu = |link: &Link| endpoint.mtu.is_none_or(|mtu| mtu == link.mtu);
            if let Some(own) = own
                && host.controller == Some(bridge)
                && mtu(&host)
                && mtu(&own)
            {
                if !host.up {
                    self.links.set_up(host.index)?;
                    self.changes.push(Change::changed(format_args!("link {}", endpoint.link)));
                }
                return Ok((host, own));
            }
            // Half of a pair, or one into another namespace.
            self.delete(&[host.index])?;
            self.changes.push(Change::removed(format_args!("link {}", endpoint.link)));
        }
        let veth = Veth {
            name: endpoint.link.clone(),
            peer: endpoint.name.clone(),
            peer_mac: endpoint.mac,
            mtu: endpoint.mtu,
            bridge,
            group: self.instance.group(),
        };
        self.links.add_veth(&veth, netns)?;
        self.changes.push(Change::made(format_args!("link {} to {netns}", endpoint.link)));
        Ok((self.links.need(&endpoint.link)?, inside.need(&endpoint.name)?))
    }
}

/// The end in the namespace; returns what was changed there.
fn configure(
    endpoint: &Endpoint,
    netns: &Netns,
    inside: &mut Links,
    own: &Link,
) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    let mut changed =
        |what: std::fmt::Arguments<'_>| changes.push(Change::changed(format_args!("{what} in {netns}")));
    let name = &endpoint.name;
    let settings = Settings::of(netns);
    if settings.get(&format!("ipv6/conf/{name}/disable_ipv6"))?.is_some() {
        if !own.up {
            inside.no_own_ipv6_address(own.index)?;
        }
        let with_ipv6 = endpoint.addresses.iter().any(|a| a.addr().is_ipv6());
        if with_ipv6 {
            // Addresses and routes are given; a neighbour that plays router changes nothing.
            let written = settings.set(&[
                (format!("ipv6/conf/{name}/disable_ipv6"), "0"),
                (format!("ipv6/conf/{name}/accept_ra"), "0"),
            ])?;
            for key in written {
                changed(format_args!("{key}"));
            }
        }
    }
    if !own.up {
        inside.set_up(own.index)?;
        changed(format_args!("link {name}"));
    }
    let lo: LinkName = "lo".parse().expect("two letters");
    let lo = inside.need(&lo)?;
    if !lo.up {
        inside.set_up(lo.index)?;
        changed(format_args!("link lo"));
    }
    let present = inside.addresses()?;
    let present: Vec<IpNet> = present.iter().filter(|a| a.link == own.index).map(|a| a.address).collect();
    for address in endpoint.addresses.iter().filter(|a| !present.contains(a)) {
        inside.add_address(own.index, *address)?;
        changed(format_args!("address {address}"));
    }
    for address in present.iter().filter(|a| !endpoint.addresses.contains(a)) {
        inside.remove_address(own.index, *address)?;
        changed(format_args!("address {address}"));
    }
    for route in &endpoint.routes {
        inside.set_route(own.index, route)?;
    }
    if inside.egress_limit(own.index)? != endpoint.egress {
        inside.set_egress_limit(own.index, endpoint.egress)?;
        changed(format_args!("egress limit of {name}"));
    }
    Ok(changes)
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
