//! How fast packets may leave by a link: a token bucket at its root.
//!
//! Source: Linux, include/uapi/linux/pkt_sched.h and net/sched/sch_tbf.c. Numbers are in the machine's byte order.

use super::Links;
use crate::error::{Error, Label};
use crate::netlink::attr::{Writer, attribute, text};
use crate::netlink::{self, ACK, CREATE, REPLACE, REQUEST};

const RTM_NEWQDISC: u16 = 36;
const RTM_DELQDISC: u16 = 37;
const RTM_GETQDISC: u16 = 38;
const ROOT: u32 = 0xffff_ffff;
/// Handle 1:0, given so that a listing can tell our bucket from others.
const HANDLE: u32 = 1 << 16;
const KIND: u16 = 1;
const OPTIONS: u16 = 2;
const TBF_PARMS: u16 = 1;
const TBF_RATE64: u16 = 4;
const TBF_BURST: u16 = 6;

/// How much may leave by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressLimit {
    /// Bytes each second, at least 1,000.
    pub rate: u64,
}

impl EgressLimit {
    /// Bytes that may leave at once: 10 ms' worth, and at least one large packet (64 KiB, what TCP hands down whole).
    fn burst(self) -> u32 {
        u32::try_from((self.rate / 100).max(64 << 10)).unwrap_or(u32::MAX)
    }

    /// Bytes that wait before packets are dropped: 100 ms' worth beyond the burst.
    fn queue(self) -> u32 {
        u32::try_from((self.rate / 10).saturating_add(u64::from(self.burst()))).unwrap_or(u32::MAX)
    }

    /// `struct tc_tbf_qopt`: rate, peak rate (12 bytes each: cell_log, linklayer, overhead, cell_align, mpu, rate),
    /// limit, buffer, mtu. The buffer is given in bytes by another attribute.
    fn parameters(self) -> [u8; 36] {
        const ETHERNET: u8 = 1; // TC_LINKLAYER_ETHERNET: the kernel computes times itself, no table is asked for
        let mut bytes = [0; 36];
        bytes[1] = ETHERNET;
        let rate = u32::try_from(self.rate).unwrap_or(u32::MAX);
        bytes[8..12].copy_from_slice(&rate.to_ne_bytes());
        bytes[24..28].copy_from_slice(&self.queue().to_ne_bytes());
        bytes
    }
}

/// `struct tcmsg`: family, padding, ifindex, handle, parent, info.
fn head(index: u32, handle: u32) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[4..8].copy_from_slice(&index.to_ne_bytes());
    bytes[8..12].copy_from_slice(&handle.to_ne_bytes());
    bytes[12..16].copy_from_slice(&ROOT.to_ne_bytes());
    bytes
}

impl Links {
    /// Limits what leaves by link `index`, or lifts the limit (`None`; no error where there was none).
    ///
    /// # Errors
    /// [`Error::Invalid`] below 1,000 bytes a second; [`Error::Refused`] with `ENOENT` when the kernel lacks `sch_tbf`.
    pub fn set_egress_limit(&mut self, index: u32, limit: Option<EgressLimit>) -> Result<(), Error> {
        let object = format!("egress limit of link number {index}");
        let sequence = self.channel.next_sequence();
        let mut writer = Writer::default();
        let label;
        if let Some(limit) = limit {
            if limit.rate < 1_000 {
                return Err(Error::invalid(object, "less than 1,000 bytes a second stops the link"));
            }
            label = Label::new("set", object);
            let flags = REQUEST | ACK | CREATE | REPLACE;
            writer.message(RTM_NEWQDISC, flags, sequence, &head(index, HANDLE), |w| {
                w.put_str(KIND, "tbf");
                w.nest(OPTIONS, |w| {
                    w.put(TBF_PARMS, &limit.parameters());
                    w.put(TBF_BURST, &limit.burst().to_ne_bytes());
                    if limit.rate > u64::from(u32::MAX) {
                        w.put(TBF_RATE64, &limit.rate.to_ne_bytes());
                    }
                });
            });
        } else {
            label = Label::new("lift", object);
            writer.message(RTM_DELQDISC, REQUEST | ACK, sequence, &head(index, HANDLE), |_| ());
        }
        let refusals = self.channel.acknowledged(&writer, &label, sequence, 1)?;
        match refusals.into_iter().next() {
            None => Ok(()),
            Some((_, refusal)) if limit.is_none() && matches!(refusal.errno, libc::ENOENT | libc::EINVAL) => {
                Ok(())
            }
            Some((_, refusal)) => Err(label.refused(refusal)),
        }
    }

    /// The limit that [`Links::set_egress_limit`] set on link `index`.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`].
    pub fn egress_limit(&mut self, index: u32) -> Result<Option<EgressLimit>, Error> {
        let request = |writer: &mut Writer, sequence| {
            // Strict checking: a dump names a link and nothing else.
            let mut head = [0; 20];
            head[4..8].copy_from_slice(&index.to_ne_bytes());
            writer.message(RTM_GETQDISC, REQUEST | netlink::DUMP, sequence, &head, |_| ());
        };
        let found = self.channel.dump("queueing disciplines", request, |message| {
            let Some(head) = message.payload.first_chunk::<20>() else { return Ok(None) };
            let field = |at: usize| head[at..].first_chunk().map(|b| u32::from_ne_bytes(*b));
            if message.kind != RTM_NEWQDISC || field(4) != Some(index) || field(8) != Some(HANDLE) {
                return Ok(None);
            }
            let body = &message.payload[20..];
            if attribute(body, KIND).and_then(text) != Some("tbf") {
                return Ok(None);
            }
            let options = attribute(body, OPTIONS).unwrap_or_default();
            let wide =
                attribute(options, TBF_RATE64).and_then(|v| Some(u64::from_ne_bytes(*v.first_chunk()?)));
            let narrow = attribute(options, TBF_PARMS)
                .and_then(|v| v.get(8..12)?.first_chunk().copied())
                .map(|bytes| u64::from(u32::from_ne_bytes(bytes)));
            Ok(wide.or(narrow).map(|rate| EgressLimit { rate }))
        })?;
        Ok(found.into_iter().next())
    }
}
