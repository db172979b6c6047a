//! Netlink messages and attributes: written into one buffer, read from a slice.
//!
//! Source: Linux, include/uapi/linux/netlink.h. Lengths are in the machine's byte order, everything is aligned to 4.

const HEADER: usize = 16;
const NESTED: u16 = 1 << 15;
const TYPE_MASK: u16 = 0x3fff;

/// Writes messages one after another. A length that does not fit its 16 bits is remembered, not cut off: see
/// [`Writer::too_long`].
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Writer {
    /// One message with the fixed part `head` behind its header, and what `body` adds.
    pub(crate) fn message(
        &mut self,
        kind: u16,
        flags: u16,
        sequence: u32,
        head: &[u8],
        body: impl FnOnce(&mut Self),
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&flags.to_ne_bytes());
        self.bytes.extend_from_slice(&sequence.to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(head);
        self.pad();
        body(self);
        let Ok(length) = u32::try_from(self.bytes.len() - start) else {
            self.too_long = true;
            return;
        };
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
    }

    pub(crate) fn put(&mut self, kind: u16, value: &[u8]) {
        let Ok(length) = u16::try_from(value.len() + 4) else {
            self.too_long = true;
            return;
        };
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad();
    }

    /// In network order, as nf_tables and conntrack have their numbers.
    pub(crate) fn put_u32(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_be_bytes());
    }

    pub(crate) fn put_str(&mut self, kind: u16, value: &str) {
        let Ok(length) = u16::try_from(value.len() + 5) else {
            self.too_long = true;
            return;
        };
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.pad();
    }

    pub(crate) fn nest(&mut self, kind: u16, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        body(self);
        let Ok(length) = u16::try_from(self.bytes.len() - start) else {
            self.too_long = true;
            return;
        };
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Some attribute's length was over 65,535: these bytes must not be sent.
    pub(crate) fn too_long(&self) -> bool {
        self.too_long
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The attributes in `bytes` as (type without flags, value). Ends where a length points out of the slice.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let [a, b, c, d] = *rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([c, d]) & TYPE_MASK, value))
    })
}

/// The attributes in `bytes`, of messages that we wrote: each with whether it is marked as holding others.
pub(crate) fn nested(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8], bool)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let marked = rest.get(2..4).is_some_and(|kind| u16::from_ne_bytes([kind[0], kind[1]]) & NESTED != 0);
        let (kind, value) = attributes(rest).next()?;
        rest = rest.get((value.len() + 4).next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value, marked))
    })
}

/// The first attribute of type `kind`.
pub(crate) fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find_map(|(found, value)| (found == kind).then_some(value))
}

/// A number in network order.
pub(crate) fn be_u32(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*value.first_chunk()?))
}

/// A text up to its first NUL.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|&b| b == 0).unwrap_or(value.len());
    std::str::from_utf8(&value[..end]).ok()
}

/// One message of a reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
}

/// The messages in what one receive call gave. `None` in place of a message whose length is impossible.
pub(crate) fn messages(bytes: &[u8]) -> impl Iterator<Item = Option<Message<'_>>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let message = head(rest);
        let length = message.map_or(rest.len(), |m| m.payload.len() + HEADER);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

fn head(bytes: &[u8]) -> Option<Message<'_>> {
    let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, ..] = *bytes.first_chunk::<HEADER>()?;
    let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
    Some(Message {
        kind: u16::from_ne_bytes([k0, k1]),
        flags: u16::from_ne_bytes([f0, f1]),
        sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
        payload: bytes.get(HEADER..length)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.message(0x0a00, 5, 7, &[2, 0, 0, 10], |w| {
            w.put_str(1, "abc");
            w.nest(4, |w| w.put_u32(2, 9));
        });
        writer.message(3, 0, 8, &[], |_| ());
        let all: Vec<_> = messages(writer.bytes()).map(Option::unwrap).collect();
        assert_eq!((all[0].kind, all[0].flags, all[0].sequence), (0x0a00, 5, 7));
        assert_eq!((all[1].kind, all[1].sequence, all[1].payload.len()), (3, 8, 0));
        let body = &all[0].payload[4..];
        assert_eq!(text(attribute(body, 1).unwrap()), Some("abc"));
        assert_eq!(be_u32(attribute(attribute(body, 4).unwrap(), 2).unwrap()), Some(9));
        assert!(!writer.too_long());
    }

    #[test]
    fn an_attribute_over_64_kib_is_noticed_and_not_cut_off() {
        for write in [
            (|w: &mut Writer| w.put(1, &vec![0; 65_532])) as fn(&mut Writer),
            |w| w.put_str(1, &"x".repeat(65_531)),
            |w| w.nest(1, |w| (0..3).for_each(|_| w.put(1, &vec![0; 30_000]))),
        ] {
            let mut writer = Writer::default();
            writer.message(1, 0, 1, &[], write);
            assert!(writer.too_long());
        }
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[9, 0, 1, 0, 1, 2, 3, 4]).count(), 0);
        assert_eq!(attributes(&[4, 0, 1, 0, 8]).count(), 1);
        assert!(messages(&[17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).all(|m| m.is_none()));
        assert!(messages(&[1, 2]).all(|m| m.is_none()));
        assert_eq!(messages(&[0; 40]).count(), 1);
    }
}
