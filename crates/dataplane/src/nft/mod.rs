//! nftables by netlink: one batch for a whole change, and what is there read back.
//!
//! Source: Linux, include/uapi/linux/netfilter/nf_tables.h. Messages are written here and not with a crate's types:
//! see docs/decisions.md, "nf_tables messages are written by hand".

pub(crate) mod batch;
pub(crate) mod expr;
pub(crate) mod layout;
pub(crate) mod read;
pub(crate) mod set;

use crate::error::Error;
use crate::links::Links;
use crate::netlink::{Channel, NETLINK_NETFILTER, NETLINK_ROUTE};
use crate::netns::Netns;

/// nfnetlink's number of nf_tables, in the high byte of a message's type.
const SUBSYSTEM: u16 = 10 << 8;
/// The family that has both IPv4 and IPv6.
const INET: u8 = 1;

pub(crate) const NEWTABLE: u16 = SUBSYSTEM;
pub(crate) const GETTABLE: u16 = SUBSYSTEM + 1;
pub(crate) const DELTABLE: u16 = SUBSYSTEM + 2;
pub(crate) const NEWCHAIN: u16 = SUBSYSTEM + 3;
pub(crate) const GETCHAIN: u16 = SUBSYSTEM + 4;
pub(crate) const NEWRULE: u16 = SUBSYSTEM + 6;
pub(crate) const GETRULE: u16 = SUBSYSTEM + 7;
pub(crate) const NEWSET: u16 = SUBSYSTEM + 9;
pub(crate) const GETSET: u16 = SUBSYSTEM + 10;
pub(crate) const NEWSETELEM: u16 = SUBSYSTEM + 12;
pub(crate) const GETSETELEM: u16 = SUBSYSTEM + 13;
pub(crate) const DELSETELEM: u16 = SUBSYSTEM + 14;
pub(crate) const NEWGEN: u16 = SUBSYSTEM + 15;
pub(crate) const GETGEN: u16 = SUBSYSTEM + 16;

/// `struct nfgenmsg` for the inet family.
pub(crate) const HEAD: [u8; 4] = [INET, 0, 0, 0];

/// nftables of one network namespace.
#[derive(Debug)]
pub(crate) struct Nft {
    pub(crate) channel: Channel,
}

impl Nft {
    pub(crate) fn open(netns: &Netns) -> Result<Self, Error> {
        Ok(Self { channel: Channel::open(NETLINK_NETFILTER, netns)? })
    }

    /// Of `netns`, and its links: both sockets are made by one visit there.
    pub(crate) fn with_links(netns: &Netns) -> Result<(Self, Links), Error> {
        let both = || Ok((Channel::here(NETLINK_NETFILTER)?, Channel::here(NETLINK_ROUTE)?));
        let (nft, links) = netns.inside(both)??;
        Ok((Self { channel: nft }, Links::of(links, netns)?))
    }
}
