//! Addresses, routes, permanent neighbours, and the hardware addresses that a locked port takes.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Links, Request};
use crate::error::{Error, Label};
use crate::names::Mac;
use crate::netlink::attr::{Writer, attribute};
use crate::netlink::{self, CREATE, REPLACE, REQUEST};

const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;

/// An address of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The link's number.
    pub link: u32,
    /// The address, with the length of its network's prefix.
    pub address: IpNet,
}

/// A route in the main table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Where it leads: `0.0.0.0/0` or `::/0` for all that has no other route. Bits behind the prefix are cut off.
    pub destination: IpNet,
    /// The next hop; `None` if the destination is on the link itself.
    pub gateway: Option<IpAddr>,
    /// The lower the better; `None` is the kernel's own (0 for IPv4, 1024 for IPv6).
    pub metric: Option<u32>,
}

impl Route {
    /// As the kernel lists it ([`Links::routes`]).
    #[must_use]
    pub fn as_listed(&self) -> Self {
        let kernel_s = if self.destination.addr().is_ipv6() { 1024 } else { 0 };
        Self {
            destination: self.destination.trunc(),
            gateway: self.gateway,
            // For IPv6, 0 stands for the kernel's own as well.
            metric: Some(self.metric.filter(|metric| *metric > 0).unwrap_or(kernel_s)),
        }
    }
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

impl Links {
    /// Gives link `index` an address, usable at once (IPv6 is not asked whether somebody has it: we hand them out).
    /// One that is there already is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn add_address(&mut self, index: u32, address: IpNet) -> Result<(), Error> {
        let label = Label::new("add", format_args!("address {address} to link number {index}"));
        let mut message = address_message(index, address);
        if let IpNet::V4(v4) = address
            && v4.prefix_len() < 31
        {
            message.attributes.push(AddressAttribute::Broadcast(v4.broadcast()));
        }
        message.header.flags = AddressHeaderFlags::Nodad;
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        self.perform(&[Request::new(label, CREATE | REPLACE, RouteNetlinkMessage::NewAddress(message))])
    }

    /// Takes an address away from link `index`.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `EADDRNOTAVAIL` when it has no such address.
    pub fn remove_address(&mut self, index: u32, address: IpNet) -> Result<(), Error> {
        let label = Label::new("remove", format_args!("address {address} of link number {index}"));
        let message = address_message(index, address);
        self.perform(&[Request::new(label, 0, RouteNetlinkMessage::DelAddress(message))])
    }

    /// The addresses of all links, but for those of the link's own scope that IPv6 makes itself (`fe80::…`).
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn addresses(&mut self) -> Result<Vec<Address>, Error> {
        const ADDRESS: u16 = 1;
        const LOCAL: u16 = 2;
        let request = |writer: &mut Writer, sequence| {
            writer.message(RTM_GETADDR, REQUEST | netlink::DUMP, sequence, &[0; 8], |_| ());
        };
        self.channel.dump("addresses", request, |message| {
            let Some(&[family, prefix, _, scope, a, b, c, d]) = message.payload.first_chunk::<8>() else {
                return Ok(None);
            };
            let link_local = scope == u8::from(AddressScope::Link) && i32::from(family) == libc::AF_INET6;
            if message.kind != RTM_NEWADDR || link_local {
                return Ok(None);
            }
            let body = &message.payload[8..];
            // Of a link to one peer alone, ADDRESS is the peer's; LOCAL is then ours.
            let value = attribute(body, LOCAL).or_else(|| attribute(body, ADDRESS));
            let address = value.and_then(ip).and_then(|ip| IpNet::new(ip, prefix).ok());
            Ok(address.map(|address| Address { link: u32::from_ne_bytes([a, b, c, d]), address }))
        })
    }

    /// Adds a route over link `index`, or puts it in the place of one to the same destination with the same metric.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `ENETUNREACH` when the next hop is not on the link.
    pub fn set_route(&mut self, index: u32, route: &Route) -> Result<(), Error> {
        let to = route.destination.trunc();
        let via = route.gateway.map_or_else(String::new, |gateway| format!(" via {gateway}"));
        let label = Label::new("add", format_args!("route to {to}{via} over link number {index}"));
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: family(to.addr()),
            destination_prefix_length: to.prefix_len(),
            table: RouteHeader::RT_TABLE_MAIN,
            protocol: RouteProtocol::Static,
            scope: if route.gateway.is_some() { RouteScope::Universe } else { RouteScope::Link },
            kind: RouteType::Unicast,
            flags: RouteFlags::empty(),
            ..RouteHeader::default()
        };
        if to.prefix_len() > 0 {
            message.attributes.push(RouteAttribute::Destination(RouteAddress::from(to.addr())));
        }
        message.attributes.push(RouteAttribute::Oif(index));
        message.attributes.extend(route.gateway.map(|gateway| RouteAttribute::Gateway(gateway.into())));
        message.attributes.extend(route.metric.map(RouteAttribute::Priority));
        self.perform(&[Request::new(label, CREATE | REPLACE, RouteNetlinkMessage::NewRoute(message))])
    }

    /// Tells link `index` the hardware address of `ip` for good. Such a neighbour is never asked for, cannot be
    /// overwritten by an answer from the network, and does not count against the kernel's limit of neighbours.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn set_neighbour(&mut self, index: u32, ip: IpAddr, mac: Mac) -> Result<(), Error> {
        let label = Label::new("set", format_args!("neighbour {ip} on link number {index}"));
        let mut message = NeighbourMessage::default();
        message.header.family = family(ip);
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        message.header.kind = RouteType::Unicast;
        let to = match ip {
            IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
            IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
        };
        message.attributes =
            vec![NeighbourAttribute::Destination(to), NeighbourAttribute::LinkLayerAddress(mac.0.to_vec())];
        self.perform(&[Request::new(label, CREATE | REPLACE, RouteNetlinkMessage::NewNeighbour(message))])
    }

    /// Forgets what [`Links::set_neighbour`] told.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `ENOENT` when there is no such neighbour.
    pub fn remove_neighbour(&mut self, index: u32, ip: IpAddr) -> Result<(), Error> {
        let label = Label::new("remove", format_args!("neighbour {ip} on link number {index}"));
        let mut message = NeighbourMessage::default();
        message.header.family = family(ip);
        message.header.ifindex = index;
        let to = match ip {
            IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
            IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
        };
        message.attributes = vec![NeighbourAttribute::Destination(to)];
        self.perform(&[Request::new(label, 0, RouteNetlinkMessage::DelNeighbour(message))])
    }

    /// Registers `mac` for the bridge's port `index`: a locked port takes frames from it.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn allow_mac(&mut self, index: u32, mac: Mac) -> Result<(), Error> {
        let label = Label::new("allow", format_args!("{mac} on port number {index}"));
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Bridge;
        message.header.ifindex = index;
        message.header.state = NeighbourState::Noarp; // a static entry of the bridge
        message.header.flags = NeighbourFlags::Controller;
        message.attributes = vec![NeighbourAttribute::LinkLayerAddress(mac.0.to_vec())];
        self.perform(&[Request::new(label, CREATE | REPLACE, RouteNetlinkMessage::NewNeighbour(message))])
    }
}

fn address_message(index: u32, address: IpNet) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(address.addr());
    message.header.prefix_len = address.prefix_len();
    message.header.index = index;
    message.header.scope = AddressScope::Universe;
    message.attributes =
        vec![AddressAttribute::Local(address.addr()), AddressAttribute::Address(address.addr())];
    message
}

pub(super) fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
        _ => None,
    }
}
