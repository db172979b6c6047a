//! Bridges, veth pairs, and what is set for a bridge's port.

use std::os::fd::{AsFd, AsRawFd};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoBridge, InfoBridgePort, InfoData, InfoKind, InfoPortData,
    InfoPortKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};

use super::{Links, Request};
use crate::error::{Error, Label};
use crate::names::{LinkName, Mac};
use crate::netlink::attr::attribute;
use crate::netlink::{CREATE, EXCL};
use crate::netns::Netns;

/// A bridge as it is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Its name in the namespace where it is made.
    pub name: LinkName,
    /// Its hardware address. Given, and not the lowest of its ports', so that it does not change when ports come.
    pub mac: Mac,
    /// The largest packet in bytes; `None` leaves it to the kernel (1500).
    pub mtu: Option<u32>,
    /// Its group; see [`Link::group`](super::Link::group).
    pub group: u32,
}

/// A pair of links, one end here and one in another namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veth {
    /// The name of the end here.
    pub name: LinkName,
    /// The name of the end there.
    pub peer: LinkName,
    /// The hardware address of the end there.
    pub peer_mac: Mac,
    /// The largest packet in bytes, of both ends; `None` leaves it to the kernel (1500).
    pub mtu: Option<u32>,
    /// The number of the bridge that the end here becomes a port of, if it is to be one at once.
    pub bridge: Option<u32>,
    /// The group of both ends.
    pub group: u32,
}

/// What a bridge does with one of its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BridgePort {
    /// A frame may leave by the port that it came from: a container reaches its own published port.
    pub hairpin: bool,
    /// Frames with a source address that is not registered for this port are dropped, and none is learned.
    /// See [`Links::allow_mac`].
    pub locked: bool,
    /// Frames pass to ports that are not isolated alone.
    pub isolated: bool,
}

impl Links {
    /// Makes a bridge and switches it on.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `EEXIST` where a link of that name is there.
    pub fn add_bridge(&mut self, bridge: &Bridge) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        message.attributes = vec![
            LinkAttribute::IfName(bridge.name.to_string()),
            LinkAttribute::Address(bridge.mac.0.to_vec()),
            LinkAttribute::Group(bridge.group),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Bridge),
                // Without a querier on it, snooping can only lose multicast, neighbour discovery among it.
                LinkInfo::Data(InfoData::Bridge(vec![InfoBridge::MulticastSnooping(false)])),
            ]),
        ];
        message.attributes.extend(bridge.mtu.map(LinkAttribute::Mtu));
        let label =
            Label::new("make", format_args!("bridge {}", bridge.name)).needing("bridge", libc::EOPNOTSUPP);
        self.perform(&[Request::new(label, CREATE | EXCL, RouteNetlinkMessage::NewLink(message))])
    }

    /// Makes a pair of links: the end here on, the end in `inside` off and without addresses.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `EEXIST` where a link of one of the names is there.
    pub fn add_veth(&mut self, veth: &Veth, inside: &Netns) -> Result<(), Error> {
        // The peer's flags stay as they are: a peer that is made switched on is refused with ENOTCONN.
        let mut peer = LinkMessage::default();
        peer.attributes = vec![
            LinkAttribute::IfName(veth.peer.to_string()),
            LinkAttribute::Address(veth.peer_mac.0.to_vec()),
            LinkAttribute::Group(veth.group),
            LinkAttribute::NetNsFd(inside.as_fd().as_raw_fd()),
        ];
        peer.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        let mut message = LinkMessage::default();
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        message.attributes = vec![
            LinkAttribute::IfName(veth.name.to_string()),
            LinkAttribute::Group(veth.group),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
            ]),
        ];
        message.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        message.attributes.extend(veth.bridge.map(LinkAttribute::Controller));
        let label = Label::new("make", format_args!("veth {} with {} in {inside}", veth.name, veth.peer))
            .needing("veth", libc::EOPNOTSUPP);
        self.perform(&[Request::new(label, CREATE | EXCL, RouteNetlinkMessage::NewLink(message))])
    }

    /// Sets what a bridge does with its port, link `index`.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn set_port(&mut self, index: u32, port: BridgePort) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::LinkInfo(vec![
            LinkInfo::PortKind(InfoPortKind::Bridge),
            LinkInfo::PortData(InfoPortData::BridgePort(vec![
                InfoBridgePort::HairpinMode(port.hairpin),
                InfoBridgePort::Learning(!port.locked),
                InfoBridgePort::Locked(port.locked),
                InfoBridgePort::Isolated(port.isolated),
            ])),
        ])];
        // As a new link and not as a change: the latter does not look at what is kind by kind.
        let label = Label::new("set up", format_args!("link number {index} as a bridge's port"));
        self.perform(&[Request::new(label, 0, RouteNetlinkMessage::NewLink(message))])
    }

    /// Makes link `index` a port of link `bridge`, or of none.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn set_controller(&mut self, index: u32, bridge: Option<u32>) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.attributes = vec![LinkAttribute::Controller(bridge.unwrap_or(0))];
        self.set(index, "make a bridge's port of", message)
    }

    /// Switches link `index` on.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn set_up(&mut self, index: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.set(index, "switch on", message)
    }

    /// Sets hardware address and largest packet of link `index`, where given.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn set_mac_and_mtu(&mut self, index: u32, mac: Option<Mac>, mtu: Option<u32>) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.attributes.extend(mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        message.attributes.extend(mtu.map(LinkAttribute::Mtu));
        if message.attributes.is_empty() {
            return Ok(());
        }
        self.set(index, "change", message)
    }

    /// Calls link `index` something beside its name; nothing, if `alias` is empty.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `EINVAL` for more than 255 bytes.
    pub fn set_alias(&mut self, index: u32, alias: &str) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        // With the NUL that the kernel needs to see an empty one.
        message.attributes.push(LinkAttribute::IfAlias(alias.to_owned()));
        self.set(index, "give an alias to", message)
    }

    /// Keeps the kernel from giving link `index` an IPv6 address of its own making. To be called before it is on.
    ///
    /// # Errors
    /// [`Error::Refused`]; with `EAFNOSUPPORT` where the link has no IPv6.
    pub fn no_own_ipv6_address(&mut self, index: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.attributes =
            vec![LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(
                In6AddrGenMode::None,
            )])])];
        self.set(index, "set how IPv6 addresses are made on", message)
    }

    fn set(&mut self, index: u32, action: &'static str, mut message: LinkMessage) -> Result<(), Error> {
        message.header.index = index;
        let label = Label::new(action, format_args!("link number {index}"));
        self.perform(&[Request::new(label, 0, RouteNetlinkMessage::SetLink(message))])
    }
}

/// A port's settings in a link's answer. Source: Linux, include/uapi/linux/if_link.h, `IFLA_BRPORT_…`.
pub(super) fn port(data: &[u8]) -> Option<BridgePort> {
    const HAIRPIN: u16 = 4;
    const ISOLATED: u16 = 33;
    const LOCKED: u16 = 39;
    let flag = |kind| attribute(data, kind).and_then(<[u8]>::first).is_some_and(|&b| b != 0);
    // A kind that is no bridge's (a bond's) has other numbers; the first of a bridge's is its state, a single byte.
    (attribute(data, 1)?.len() == 1).then(|| BridgePort {
        hairpin: flag(HAIRPIN),
        isolated: flag(ISOLATED),
        locked: flag(LOCKED),
    })
}
