//! Connections that the kernel keeps track of, and forgetting them.
//!
//! A connection keeps the translation that it began with, also when the port that it came by is withdrawn, and a
//! stream of datagrams never ends by itself as long as it flows. What is withdrawn must therefore be forgotten.
//!
//! Source: Linux, include/uapi/linux/netfilter/nfnetlink_conntrack.h. Numbers are in network order.

use std::net::{IpAddr, SocketAddr};

use crate::error::{Error, Label};
use crate::model::PortMap;
use crate::netlink::attr::{Writer, attribute};
use crate::netlink::{ACK, Channel, DUMP, REQUEST};

const SUBSYSTEM: u16 = 1 << 8;
const NEW: u16 = SUBSYSTEM;
const GET: u16 = SUBSYSTEM + 1;
const DELETE: u16 = SUBSYSTEM + 2;
const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const ID: u16 = 12;
const NESTED: u16 = 1 << 15;

/// From where to where the packets of one direction go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
}

/// A connection. Protocols without ports have port 0.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    family: u8,
    /// The number of the protocol above IP.
    pub(crate) protocol: u8,
    pub(crate) original: Direction,
    pub(crate) reply: Direction,
    /// As the kernel listed them: by both it is told which one to forget.
    tuple: Vec<u8>,
    id: Vec<u8>,
}

impl Connection {
    /// It came by `port`.
    fn came_by(&self, port: &PortMap) -> bool {
        self.protocol == port.transport.number()
            && self.original.to.port() == port.port
            && self.reply.from == port.to
            && port.at.is_none_or(|at| at == self.original.to.ip())
    }

    /// One of its ends is `address`.
    fn touches(&self, address: IpAddr) -> bool {
        self.original.from.ip() == address || self.reply.from.ip() == address
    }
}

/// Forgets the connections that came by `ports`.
pub(crate) fn forget_ports(channel: &mut Channel, ports: &[PortMap]) -> Result<(), Error> {
    if ports.is_empty() {
        return Ok(());
    }
    forget(channel, |connection| ports.iter().any(|port| connection.came_by(port)))
}

/// Forgets the connections from and to `addresses`.
pub(crate) fn forget_addresses(channel: &mut Channel, addresses: &[IpAddr]) -> Result<(), Error> {
    if addresses.is_empty() {
        return Ok(());
    }
    forget(channel, |connection| addresses.iter().any(|address| connection.touches(*address)))
}

fn forget(channel: &mut Channel, which: impl Fn(&Connection) -> bool) -> Result<(), Error> {
    // More answers at once might not fit the socket's receive buffer.
    const AT_ONCE: usize = 64;
    let label = Label::new("forget", "connections");
    let all: Vec<Connection> = list(channel)?.into_iter().filter(which).collect();
    for some in all.chunks(AT_ONCE) {
        let mut writer = Writer::default();
        let mut first = 0;
        for connection in some {
            let sequence = channel.next_sequence();
            if writer.len() == 0 {
                first = sequence;
            }
            writer.message(DELETE, REQUEST | ACK, sequence, &[connection.family, 0, 0, 0], |w| {
                w.put(ORIGINAL | NESTED, &connection.tuple);
                w.put(ID, &connection.id);
            });
        }
        let count = u32::try_from(some.len()).expect("at most AT_ONCE");
        let refusals = channel.acknowledged(&writer, &label, first, count)?;
        // One that ended meanwhile is forgotten.
        if let Some((_, refusal)) = refusals.into_iter().find(|(_, refusal)| refusal.errno != libc::ENOENT) {
            return Err(label.refused(refusal));
        }
    }
    Ok(())
}

fn list(channel: &mut Channel) -> Result<Vec<Connection>, Error> {
    let request = |w: &mut Writer, n| w.message(GET, REQUEST | DUMP, n, &[0; 4], |_| ());
    // A listing that is torn by a change lacks connections that came or went meanwhile, and no others: the kernel does
    // not mark it as torn.
    channel.dump("connections", request, |message| {
        Ok((message.kind == NEW).then(|| connection(message.payload)).flatten())
    })
}

fn connection(payload: &[u8]) -> Option<Connection> {
    let (head, body) = payload.split_at_checked(4)?;
    let tuple = attribute(body, ORIGINAL)?;
    let (protocol, original) = direction(tuple)?;
    let (_, reply) = direction(attribute(body, REPLY)?)?;
    let id = attribute(body, ID)?.to_vec();
    Some(Connection { family: head[0], protocol, original, reply, tuple: tuple.to_vec(), id })
}

fn direction(tuple: &[u8]) -> Option<(u8, Direction)> {
    let ip = attribute(tuple, 1)?;
    let protocol = attribute(tuple, 2)?;
    let address = |v4: u16, v6: u16| -> Option<IpAddr> {
        match attribute(ip, v4) {
            Some(bytes) => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            None => <[u8; 16]>::try_from(attribute(ip, v6)?).ok().map(IpAddr::from),
        }
    };
    let port = |kind: u16| {
        let bytes = attribute(protocol, kind).and_then(|bytes| bytes.first_chunk().copied());
        bytes.map_or(0, u16::from_be_bytes)
    };
    let direction = Direction {
        from: SocketAddr::new(address(1, 3)?, port(2)),
        to: SocketAddr::new(address(2, 4)?, port(3)),
    };
    Some((*attribute(protocol, 1)?.first()?, direction))
}
