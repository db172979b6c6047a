//! What has passed a link.
//!
//! Source: Linux, include/uapi/linux/if_link.h (`struct rtnl_link_stats64`). Numbers are in the machine's byte order.

use super::{Links, RTM_GETLINK, RTM_NEWLINK};
use crate::error::{Error, Label};
use crate::names::LinkName;
use crate::netlink::REQUEST;
use crate::netlink::attr::{Writer, attribute};

/// What has passed a link since it was made, as the link's own side sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that came.
    pub packets_received: u64,
    /// Packets that left.
    pub packets_sent: u64,
    /// Bytes that came.
    pub bytes_received: u64,
    /// Bytes that left.
    pub bytes_sent: u64,
    /// Packets that came and were dropped.
    pub dropped_received: u64,
    /// Packets that were to leave and were dropped.
    pub dropped_sent: u64,
}

impl Links {
    /// The counters of the link of this name; `None`: there is no such link.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`].
    pub fn counters(&mut self, name: &LinkName) -> Result<Option<Counters>, Error> {
        const NAME: u16 = 3;
        const STATS64: u16 = 23;
        let label = Label::new("read the counters of", format_args!("link {name}"));
        let request = |writer: &mut Writer, sequence| {
            writer.message(RTM_GETLINK, REQUEST, sequence, &[0; 16], |w| w.put_str(NAME, name.as_str()));
        };
        self.channel.get(&label, request, |message| {
            let body = message.payload.get(16..).filter(|_| message.kind == RTM_NEWLINK);
            let stats = body.and_then(|body| attribute(body, STATS64));
            stats.and_then(counters).ok_or_else(|| label.unexpected("no counters of 64 bits"))
        })
    }
}

fn counters(stats: &[u8]) -> Option<Counters> {
    let number = |at: usize| Some(u64::from_ne_bytes(*stats.get(at * 8..)?.first_chunk()?));
    Some(Counters {
        packets_received: number(0)?,
        packets_sent: number(1)?,
        bytes_received: number(2)?,
        bytes_sent: number(3)?,
        dropped_received: number(6)?,
        dropped_sent: number(7)?,
    })
}
