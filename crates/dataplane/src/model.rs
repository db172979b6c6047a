//! What a network is made of, as plain values.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::acl::Acl;
use crate::links::{EgressLimit, Route};
use crate::names::{LinkName, Mac};

/// What a network's bridge is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The host is its gateway. What leaves gets an address of the host's; from outside nothing comes in but what
    /// belongs to a connection or to a published port.
    Nat,
    /// The host is on it, and nothing else: no way out, and none in.
    Internal,
    /// Endpoints alone, without the host.
    Private,
    /// Endpoints are on the wire that the uplink is on. The uplink becomes a port of the bridge, so it must be a link
    /// on which the host has no address.
    Uplink(LinkName),
}

/// A network: a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The bridge's name.
    pub bridge: LinkName,
    /// What it is connected to.
    pub kind: Kind,
    /// The bridge's hardware address, the gateway's for endpoints.
    pub mac: Mac,
    /// The largest packet in bytes; `None` leaves it to the kernel (1500).
    pub mtu: Option<u32>,
    /// The host's own addresses on it, with their prefixes; its endpoints' gateways. None for [`Kind::Private`] and
    /// [`Kind::Uplink`].
    pub gateways: Vec<IpNet>,
}

/// An endpoint: a link in a namespace, connected to a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name of the host's end of the link.
    pub link: LinkName,
    /// The link's name in the namespace.
    pub name: LinkName,
    /// What the host's end is called beside its name, for people: at most 255 bytes.
    pub alias: Option<String>,
    /// Its hardware address there.
    pub mac: Mac,
    /// Its addresses there, with the prefix of their network.
    pub addresses: Vec<IpNet>,
    /// Its routes there.
    pub routes: Vec<Route>,
    /// The largest packet in bytes; `None` leaves it to the kernel (1500).
    pub mtu: Option<u32>,
    /// Frames with another source than [`Endpoint::mac`] are dropped.
    pub only_its_mac: bool,
    /// How much may leave it.
    pub egress: Option<EgressLimit>,
    /// How its packets leave a NAT network.
    pub outbound: Outbound,
    /// What may come to it and leave it.
    pub acl: Acl,
}

/// How an endpoint's packets leave a NAT network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbound {
    /// To these destinations with the endpoint's own address.
    pub exceptions: Vec<IpNet>,
    /// If not empty: to these destinations alone with an address of the host's.
    pub destinations: Vec<IpNet>,
    /// The address to leave with, one for each IP version; otherwise that of the link by which they leave.
    pub address: Vec<IpAddr>,
}

/// A protocol that has ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A published port: what comes to the host for it goes to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortMap {
    /// TCP or UDP; both take two.
    pub transport: Transport,
    /// The address that it is published at; `None` for all addresses of the host of the IP version of
    /// [`PortMap::to`], 127.0.0.1 among them.
    pub at: Option<IpAddr>,
    /// The port at the host.
    pub port: u16,
    /// The endpoint's address and port.
    pub to: SocketAddr,
}

impl fmt::Display for PortMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} {} → {}", self.transport, SocketAddr::new(at, self.port), self.to),
            None => write!(f, "{} {} → {}", self.transport, self.port, self.to),
        }
    }
}
