//! The elements of the host's sets, from networks, endpoints and published ports.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::table::HostSet;
use crate::error::Error;
use crate::model::{Endpoint, Kind, Network, PortMap, Transport};
use crate::names::LinkName;
use crate::nft::set::{Concat, Elements, Key, Value};
use crate::ranges::Ranges;

/// Elements of each set, in the order of [`HostSet::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents(Vec<Elements>);

pub(crate) fn bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn first_and_last(net: IpNet) -> (Vec<u8>, Vec<u8>) {
    (bytes(net.network()), bytes(net.broadcast()))
}

/// The number behind `last`; `None` behind the last there is.
pub(crate) fn behind(last: &[u8]) -> Option<Vec<u8>> {
    let mut next = last.to_vec();
    for byte in next.iter_mut().rev() {
        let carry;
        (*byte, carry) = byte.overflowing_add(1);
        if !carry {
            return Some(next);
        }
    }
    None
}

fn by_version(ip: IpAddr, v4: HostSet, v6: HostSet) -> HostSet {
    if ip.is_ipv4() { v4 } else { v6 }
}

impl Contents {
    pub(crate) fn empty() -> Self {
        Self(HostSet::ALL.iter().map(|_| Elements::new()).collect())
    }

    /// As they were read, in the order of [`HostSet::ALL`].
    pub(crate) fn from_read(elements: Vec<Elements>) -> Self {
        Self(elements)
    }

    pub(crate) fn of(&self, set: HostSet) -> &Elements {
        &self.0[set as usize]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (HostSet, &Elements)> {
        HostSet::ALL.into_iter().zip(&self.0)
    }

    pub(crate) fn extend(&mut self, set: HostSet, elements: &Elements) {
        self.0[set as usize].extend(elements.iter().map(|(key, value)| (key.clone(), value.clone())));
    }

    fn insert(&mut self, set: HostSet, key: Key, value: Value) {
        self.0[set as usize].insert(key, value);
    }

    /// Links that the host is not to forward between.
    pub(crate) fn add_fence(&mut self, set: HostSet, links: impl IntoIterator<Item = LinkName>) {
        for link in links {
            self.insert(set, Key::exact(link.key().to_vec()), Value::None);
        }
    }

    pub(crate) fn add_network(&mut self, network: &Network) {
        if !matches!(network.kind, Kind::Nat | Kind::Internal) {
            return;
        }
        let bridge = network.bridge.key();
        let exact =
            |set: HostSet, this: &mut Self| this.insert(set, Key::exact(bridge.to_vec()), Value::None);
        exact(HostSet::Bridges, self);
        let pair = Concat::default().and(&bridge).and(&bridge).done();
        self.insert(HostSet::Same, Key::exact(pair), Value::None);
        if network.kind == Kind::Internal {
            exact(HostSet::Internal, self);
        }
        for gateway in &network.gateways {
            let (first, last) = first_and_last(*gateway);
            let pair = |ip: &[u8]| Concat::default().and(&bridge).and(ip).done();
            let set = by_version(gateway.addr(), HostSet::Hairpin4, HostSet::Hairpin6);
            self.insert(set, Key { from: pair(&first), to: Some(pair(&last)) }, Value::None);
            if network.kind == Kind::Nat {
                let set = by_version(gateway.addr(), HostSet::Nat4, HostSet::Nat6);
                self.insert(set, Key { from: first, to: behind(&last) }, Value::None);
            }
        }
    }

    pub(crate) fn add_endpoint(&mut self, endpoint: &Endpoint) {
        for address in endpoint.addresses.iter().map(IpNet::addr) {
            let own = bytes(address);
            let outbound = &endpoint.outbound;
            let mut direct = Ranges::of(&outbound.exceptions, address.is_ipv4());
            if !outbound.destinations.is_empty() {
                direct.add(&Ranges::of(&outbound.destinations, address.is_ipv4()).others());
            }
            for (first, last) in direct.iter() {
                let pair = |ip: IpAddr| Concat::default().and(&own).and(&bytes(ip)).done();
                let set = by_version(address, HostSet::Direct4, HostSet::Direct6);
                self.insert(set, Key { from: pair(first), to: Some(pair(last)) }, Value::None);
            }
            let leave = outbound.address.iter().find(|leave| leave.is_ipv4() == address.is_ipv4());
            if let Some(leave) = leave {
                let set = by_version(address, HostSet::Leave4, HostSet::Leave6);
                self.insert(set, Key::exact(own), Value::Bytes(bytes(*leave)));
            }
        }
    }

    /// The published ports.
    pub(crate) fn ports(&self) -> Vec<PortMap> {
        let of = |set: HostSet| self.of(set).iter().filter_map(move |(key, value)| port(set, key, value));
        [HostSet::At4, HostSet::At6, HostSet::Any4, HostSet::Any6].into_iter().flat_map(of).collect()
    }

    /// # Errors
    /// [`Error::Invalid`] for a port that another one of these contents is published at, and for one that leads to
    /// another IP version or to port 0.
    pub(crate) fn add_port(&mut self, port: &PortMap) -> Result<(), Error> {
        if port.at.is_some_and(|at| at.is_ipv4() != port.to.is_ipv4()) {
            return Err(Error::invalid(port, "IPv4 and IPv6 are not translated into each other"));
        }
        if port.port == 0 || port.to.port() == 0 {
            return Err(Error::invalid(port, "port 0 is no port"));
        }
        let (number, from) = ([port.transport.number()], port.port.to_be_bytes());
        let (set, key) = match port.at {
            Some(at) => (
                by_version(at, HostSet::At4, HostSet::At6),
                Concat::default().and(&bytes(at)).and(&number).and(&from),
            ),
            None => (
                by_version(port.to.ip(), HostSet::Any4, HostSet::Any6),
                Concat::default().and(&number).and(&from),
            ),
        };
        let to = Concat::default().and(&bytes(port.to.ip())).and(&port.to.port().to_be_bytes());
        let value = Value::Bytes(to.done());
        let key = Key::exact(key.done());
        if self.of(set).get(&key).is_some_and(|there| *there != value) {
            return Err(Error::invalid(port, "the port is published already"));
        }
        self.insert(set, key, value);
        Ok(())
    }
}

/// The reverse of [`Contents::add_port`].
fn port(set: HostSet, key: &Key, value: &Value) -> Option<PortMap> {
    let address = |bytes: &[u8]| match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    };
    let number = |bytes: &[u8]| Some(u16::from_be_bytes(*bytes.first_chunk()?));
    let length = if matches!(set, HostSet::At4 | HostSet::Any4) { 4 } else { 16 };
    let (at, rest) = match set {
        HostSet::At4 | HostSet::At6 => {
            let (at, rest) = key.from.split_at_checked(length)?;
            (Some(address(at)?), rest)
        }
        _ => (None, key.from.as_slice()),
    };
    let transport = match rest.first()? {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        _ => return None,
    };
    let Value::Bytes(to) = value else { return None };
    let (ip, to) = to.split_at_checked(length)?;
    let to = SocketAddr::new(address(ip)?, number(to)?);
    Some(PortMap { transport, at, port: number(rest.get(4..)?)?, to })
}
