//! Routes, permanent neighbours and a bridge's registered hardware addresses, as the kernel has them.
//!
//! Source: Linux, include/uapi/linux/rtnetlink.h and neighbour.h.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::ip;
use super::{Links, Route};
use crate::error::Error;
use crate::names::Mac;
use crate::netlink::attr::{Writer, attribute};
use crate::netlink::{DUMP, REQUEST};

const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const AF_BRIDGE: u8 = 7;
/// A neighbour that was set by hand.
const PERMANENT: u16 = 0x80;
/// A bridge's entry that was set by hand.
const STATIC: u16 = 0x40;

fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(*value.first_chunk()?))
}

impl Links {
    /// The routes over link `index` in the main table, but for those that IPv6 makes for the link itself. Each has the
    /// kernel's metric, also one that was set without.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn routes(&mut self, index: u32) -> Result<Vec<Route>, Error> {
        const MAIN: u8 = 254;
        const UNICAST: u8 = 1;
        let request = |w: &mut Writer, n| w.message(RTM_GETROUTE, REQUEST | DUMP, n, &[0; 12], |_| ());
        self.channel.dump("routes", request, |message| {
            let Some(&[family, length, _, _, table, _, _, kind, ..]) = message.payload.first_chunk::<12>()
            else {
                return Ok(None);
            };
            let body = &message.payload[12..];
            let over = attribute(body, 4).and_then(number);
            if message.kind != RTM_NEWROUTE || table != MAIN || kind != UNICAST || over != Some(index) {
                return Ok(None);
            }
            let zero: IpAddr = if i32::from(family) == libc::AF_INET6 {
                std::net::Ipv6Addr::UNSPECIFIED.into()
            } else {
                std::net::Ipv4Addr::UNSPECIFIED.into()
            };
            let to = attribute(body, 1).and_then(ip).unwrap_or(zero);
            let Ok(destination) = IpNet::new(to, length) else { return Ok(None) };
            Ok(Some(Route {
                destination,
                gateway: attribute(body, 5).and_then(ip),
                metric: Some(attribute(body, 6).and_then(number).unwrap_or(0)),
            }))
        })
    }

    /// What [`Links::set_neighbour`] told link `index`.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn neighbours(&mut self, index: u32) -> Result<Vec<(IpAddr, Mac)>, Error> {
        let request = |w: &mut Writer, n| {
            w.message(RTM_GETNEIGH, REQUEST | DUMP, n, &[0; 12], |w| w.put(8, &index.to_ne_bytes()));
        };
        self.channel.dump("neighbours", request, |message| {
            let Some((head, body)) = message.payload.split_at_checked(12) else { return Ok(None) };
            let state = u16::from_ne_bytes([head[8], head[9]]);
            if message.kind != RTM_NEWNEIGH || number(&head[4..]) != Some(index) || state & PERMANENT == 0 {
                return Ok(None);
            }
            let mac = attribute(body, 2).and_then(|mac| mac.try_into().ok()).map(Mac);
            Ok(attribute(body, 1).and_then(ip).zip(mac))
        })
    }

    /// Which hardware addresses are registered for which port (link number) of the bridge `index`.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn allowed_macs(&mut self, index: u32) -> Result<Vec<(u32, Mac)>, Error> {
        let mut head = [0; 12];
        head[0] = AF_BRIDGE;
        let request = |w: &mut Writer, n| {
            w.message(RTM_GETNEIGH, REQUEST | DUMP, n, &head, |w| w.put(9, &index.to_ne_bytes()));
        };
        self.channel.dump("a bridge's addresses", request, |message| {
            let Some((head, body)) = message.payload.split_at_checked(12) else { return Ok(None) };
            let state = u16::from_ne_bytes([head[8], head[9]]);
            if message.kind != RTM_NEWNEIGH || head[0] != AF_BRIDGE || state & STATIC == 0 {
                return Ok(None);
            }
            let mac = attribute(body, 2).and_then(|mac| mac.try_into().ok()).map(Mac);
            Ok(number(&head[4..]).zip(mac))
        })
    }
}
