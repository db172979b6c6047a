//! Links, addresses, routes and neighbours of one network namespace, by rtnetlink.
//!
//! Requests are written with the types of `netlink-packet-route`. Links are read by the few attributes that matter
//! here, because a listing has every link of the host in it, and one of a kind that the types cannot parse must not
//! make ours unreadable.

mod address;
mod counters;
mod create;
mod delete;
mod qdisc;
mod ready;
mod tables;

use netlink_packet_core::{Emitable, NetlinkSerializable};
use netlink_packet_route::RouteNetlinkMessage;

pub use address::{Address, Route};
pub use counters::Counters;
pub use create::{Bridge, BridgePort, Veth};
pub use qdisc::EgressLimit;

use crate::error::{Error, Label, Refusal};
use crate::names::{LinkName, Mac};
use crate::netlink::attr::{Message, Writer, attribute, attributes, text};
use crate::netlink::{self, ACK, Channel, NETLINK_ROUTE, REQUEST};
use crate::netns::Netns;

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;

/// A link as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number in its namespace.
    pub index: u32,
    /// Its name. One that this crate would not make (see [`LinkName`]) is given as the kernel has it.
    pub name: String,
    /// Its kind (`bridge`, `veth`, …); `None` for hardware and the loopback link.
    pub kind: Option<String>,
    /// Its hardware address, where it has one of Ethernet's length.
    pub mac: Option<Mac>,
    /// The largest packet, in bytes without the Ethernet header.
    pub mtu: u32,
    /// It is switched on.
    pub up: bool,
    /// Packets pass: it is on, so is what it is connected to, and the kernel has drawn its conclusions from both.
    pub ready: bool,
    /// The number of the bridge that it is a port of.
    pub controller: Option<u32>,
    /// Of a veth: the number of its other end, in that one's namespace.
    pub peer: Option<u32>,
    /// What it is called beside its name.
    pub alias: Option<String>,
    /// Its group; [`Instance::group`](crate::Instance::group) for ours.
    pub group: u32,
    /// What is set for it as a bridge's port.
    pub port: Option<BridgePort>,
}

/// One request to the kernel.
pub(crate) struct Request {
    label: Label,
    message: RouteNetlinkMessage,
    flags: u16,
}

impl Request {
    pub(crate) fn new(label: Label, flags: u16, message: RouteNetlinkMessage) -> Self {
        Self { label, message, flags }
    }
}

/// The links of one network namespace: a socket in it.
#[derive(Debug)]
pub struct Links {
    channel: Channel,
    netns: Netns,
}

impl Links {
    /// Of `netns`.
    ///
    /// # Errors
    /// [`Error::Namespace`] if it cannot be entered, [`Error::Socket`].
    pub fn open(netns: &Netns) -> Result<Self, Error> {
        Self::of(Channel::open(NETLINK_ROUTE, netns)?, netns)
    }

    /// By a channel that was made in `netns`.
    pub(crate) fn of(channel: Channel, netns: &Netns) -> Result<Self, Error> {
        Ok(Self { channel, netns: netns.try_clone()? })
    }

    /// All links, ours and others.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn list(&mut self) -> Result<Vec<Link>, Error> {
        let request = |writer: &mut Writer, sequence| {
            writer.message(RTM_GETLINK, REQUEST | netlink::DUMP, sequence, &[0; 16], skip_statistics);
        };
        self.channel.dump("links", request, |message| Ok(link(&message)))
    }

    /// The link of this name.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`].
    pub fn find(&mut self, name: &LinkName) -> Result<Option<Link>, Error> {
        const NAME: u16 = 3;
        let label = Label::new("look up", format_args!("link {name}"));
        let request = |writer: &mut Writer, sequence| {
            writer.message(RTM_GETLINK, REQUEST, sequence, &[0; 16], |w| {
                w.put_str(NAME, name.as_str());
                skip_statistics(w);
            });
        };
        self.channel
            .get(&label, request, |message| link(&message).ok_or_else(|| label.unexpected("not a link")))
    }

    /// The link of this name, which must be there.
    ///
    /// # Errors
    /// [`Error::NoLink`], and as [`Links::find`].
    pub fn need(&mut self, name: &LinkName) -> Result<Link, Error> {
        self.find(name)?.ok_or_else(|| Error::NoLink { name: name.to_string() })
    }

    /// Has the kernel work off `requests`; the first refusal is the error. The kernel does those behind it as well.
    pub(crate) fn perform(&mut self, requests: &[Request]) -> Result<(), Error> {
        match self.perform_each(requests)?.into_iter().next() {
            None => Ok(()),
            Some((index, refusal)) => Err(requests[index].label.refused(refusal)),
        }
    }

    /// Has the kernel work off `requests`, and returns the refusals with the index of their request.
    pub(crate) fn perform_each(&mut self, requests: &[Request]) -> Result<Vec<(usize, Refusal)>, Error> {
        // More answers at once might not fit the socket's receive buffer.
        const AT_ONCE: usize = 64;
        let mut refused = Vec::new();
        for (chunk, requests) in requests.chunks(AT_ONCE).enumerate() {
            let mut writer = Writer::default();
            let mut first = 0;
            for request in requests {
                let sequence = self.channel.next_sequence();
                if writer.len() == 0 {
                    first = sequence;
                }
                let mut payload = vec![0; NetlinkSerializable::buffer_len(&request.message)];
                request.message.emit(&mut payload);
                let kind = NetlinkSerializable::message_type(&request.message);
                writer.message(kind, REQUEST | ACK | request.flags, sequence, &payload, |_| ());
            }
            let count = u32::try_from(requests.len()).expect("at most AT_ONCE");
            let Some(one) = requests.first() else { continue };
            for (sequence, refusal) in self.channel.acknowledged(&writer, &one.label, first, count)? {
                let index = usize::try_from(sequence.wrapping_sub(first)).expect("below AT_ONCE");
                refused.push((chunk * AT_ONCE + index, refusal));
            }
        }
        Ok(refused)
    }
}

/// Counters are most of a link's answer, and nobody here reads them.
fn skip_statistics(writer: &mut Writer) {
    const EXT_MASK: u16 = 29;
    const SKIP_STATS: u32 = 1 << 3;
    writer.put(EXT_MASK, &SKIP_STATS.to_ne_bytes());
}

/// Source: Linux, include/uapi/linux/if_link.h. Numbers are in the machine's byte order.
fn link(message: &Message<'_>) -> Option<Link> {
    const ADDRESS: u16 = 1;
    const NAME: u16 = 3;
    const MTU: u16 = 4;
    const LINK: u16 = 5;
    const MASTER: u16 = 10;
    const STATE: u16 = 16;
    const STATE_UP: u8 = 6;
    const LINK_INFO: u16 = 18;
    const ALIAS: u16 = 20;
    const GROUP: u16 = 27;
    const INFO_KIND: u16 = 1;
    const INFO_PORT_DATA: u16 = 5;
    if message.kind != RTM_NEWLINK {
        return None;
    }
    let head = message.payload.first_chunk::<16>()?;
    let index = u32::from_ne_bytes(*head[4..].first_chunk()?);
    let flags = u32::from_ne_bytes(*head[8..].first_chunk()?);
    let mut link = Link {
        index,
        name: String::new(),
        kind: None,
        mac: None,
        mtu: 0,
        up: flags & (libc::IFF_UP.cast_unsigned()) != 0,
        ready: false,
        controller: None,
        peer: None,
        alias: None,
        group: 0,
        port: None,
    };
    let number = |value: &[u8]| -> Option<u32> { Some(u32::from_ne_bytes(*value.first_chunk()?)) };
    for (kind, value) in attributes(&message.payload[16..]) {
        match kind {
            ADDRESS => link.mac = value.try_into().ok().map(Mac),
            NAME => link.name = text(value).map_or_else(|| format!("{value:?}"), str::to_owned),
            MTU => link.mtu = number(value)?,
            LINK => link.peer = Some(number(value)?),
            MASTER => link.controller = Some(number(value)?),
            STATE => link.ready = value == [STATE_UP],
            ALIAS => link.alias = text(value).filter(|alias| !alias.is_empty()).map(str::to_owned),
            GROUP => link.group = number(value)?,
            LINK_INFO => {
                link.kind = attribute(value, INFO_KIND).and_then(text).map(str::to_owned);
                link.port = attribute(value, INFO_PORT_DATA).and_then(create::port);
            }
            _ => {}
        }
    }
    Some(link)
}
