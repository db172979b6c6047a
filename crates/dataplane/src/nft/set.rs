//! Sets and maps: their types, and their elements as bytes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::names::LinkName;
use crate::netlink::attr::Writer;

/// A part of a key or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Ipv4,
    Ipv6,
    Protocol,
    Port,
    LinkName,
}

impl Field {
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 | Self::LinkName => 16,
            Self::Protocol => 1,
            Self::Port => 2,
        }
    }

    /// Within a key of several fields each begins at a register, that is at a multiple of 4.
    fn padded(self) -> usize {
        self.length().next_multiple_of(4)
    }

    /// nft's number of the type. The kernel does not look at it; `nft list` shows elements by it.
    fn kind(self) -> u32 {
        match self {
            Self::Ipv4 => 7,
            Self::Ipv6 => 8,
            Self::Protocol => 12,
            Self::Port => 13,
            Self::LinkName => 41,
        }
    }

    fn show(self, bytes: &[u8]) -> String {
        match (self, bytes) {
            (Self::Ipv4, &[a, b, c, d, ..]) => Ipv4Addr::new(a, b, c, d).to_string(),
            (Self::Ipv6, _) if bytes.len() >= 16 => {
                bytes.first_chunk::<16>().map_or_else(String::new, |b| Ipv6Addr::from(*b).to_string())
            }
            (Self::Protocol, &[6, ..]) => "tcp".to_owned(),
            (Self::Protocol, &[17, ..]) => "udp".to_owned(),
            (Self::Protocol, &[n, ..]) => n.to_string(),
            (Self::Port, &[a, b, ..]) => u16::from_be_bytes([a, b]).to_string(),
            (Self::LinkName, _) => {
                LinkName::from_key(bytes).map_or_else(|| format!("{bytes:?}"), |name| name.to_string())
            }
            _ => format!("{bytes:?}"),
        }
    }
}

/// What a map's elements lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    None,
    Fields(&'static [Field]),
}

/// A set or map to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetSpec {
    pub(crate) name: String,
    pub(crate) key: &'static [Field],
    pub(crate) data: Data,
    /// Elements are ranges of keys.
    pub(crate) ranges: bool,
}

/// The length of fields one after another; of a single one without padding.
fn length(fields: &[Field]) -> usize {
    match fields {
        [one] => one.length(),
        many => many.iter().map(|f| f.padded()).sum(),
    }
}

fn kind(fields: &[Field]) -> u32 {
    fields.iter().fold(0, |kind, field| kind << 6 | field.kind())
}

impl SetSpec {
    const INTERVAL: u32 = 4;
    const MAP: u32 = 8;
    const CONCAT: u32 = 0x80;

    pub(crate) fn flags(&self) -> u32 {
        let map = if self.data == Data::None { 0 } else { Self::MAP };
        let ranges = match (self.ranges, self.key.len()) {
            (false, _) => 0,
            (true, 1) => Self::INTERVAL,
            (true, _) => Self::INTERVAL | Self::CONCAT,
        };
        map | ranges
    }

    pub(crate) fn key_length(&self) -> usize {
        length(self.key)
    }

    /// What `NEWSET` says beside table and id; also what a listing is compared with.
    pub(crate) fn write(&self, w: &mut Writer) {
        let number = |n: usize| u32::try_from(n).expect("at most 64 bytes");
        w.put_str(2, &self.name);
        if self.flags() != 0 {
            w.put_u32(3, self.flags());
        }
        w.put_u32(4, kind(self.key));
        w.put_u32(5, number(length(self.key)));
        match self.data {
            Data::None => {}
            Data::Fields(fields) => {
                w.put_u32(6, kind(fields));
                w.put_u32(7, number(length(fields)));
            }
        }
        if self.ranges && self.key.len() > 1 {
            // The length of each field, of which the kernel must compare ranges one by one.
            w.nest(9, |w| {
                w.nest(2, |w| {
                    for field in self.key {
                        w.nest(1, |w| w.put_u32(1, number(field.length())));
                    }
                });
            });
        }
        if self.key == [Field::LinkName] {
            // For nft's eyes only: the key's bytes are in the machine's order.
            w.put(13, &[0, 4, 1, 0, 0, 0]);
        }
    }

    /// A key in words, such as `192.0.2.1 . tcp . 8080`.
    pub(crate) fn show(&self, key: &[u8]) -> String {
        let mut rest = key;
        let mut parts = Vec::new();
        for field in self.key {
            parts.push(field.show(rest));
            rest = rest.get(field.padded()..).unwrap_or_default();
        }
        parts.join(" . ")
    }
}

/// The key of one element; of a set of ranges with its end: the last of the range for several fields, the first
/// behind it for a single one (`None`: there is none, the range goes to the last address).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Option<Vec<u8>>,
}

impl Key {
    pub(crate) fn exact(from: Vec<u8>) -> Self {
        Self { from, to: None }
    }
}

/// The value of an element: empty in a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    None,
    Bytes(Vec<u8>),
}

/// All elements of a set.
pub(crate) type Elements = BTreeMap<Key, Value>;

/// Fields one after another, each padded to a register.
#[derive(Debug, Default)]
pub(crate) struct Concat(Vec<u8>);

impl Concat {
    pub(crate) fn and(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// One element, as an entry of the kernel's list; of a set with ranges of a single field, two of them.
pub(crate) fn write_element(w: &mut Writer, spec: &SetSpec, key: &Key, value: &Value) {
    const ELEMENT: u16 = 1;
    const KEY: u16 = 1;
    const DATA: u16 = 2;
    const FLAGS: u16 = 3;
    const KEY_END: u16 = 10;
    const INTERVAL_END: u32 = 1;
    const VALUE: u16 = 1;
    let single = spec.ranges && spec.key.len() == 1;
    w.nest(ELEMENT, |w| {
        w.nest(KEY, |w| w.put(VALUE, &key.from));
        if let Some(to) = key.to.as_ref().filter(|_| !single) {
            w.nest(KEY_END, |w| w.put(VALUE, to));
        }
        match value {
            Value::None => {}
            Value::Bytes(bytes) => w.nest(DATA, |w| w.put(VALUE, bytes)),
        }
    });
    if let Some(to) = key.to.as_ref().filter(|_| single) {
        w.nest(ELEMENT, |w| {
            w.nest(KEY, |w| w.put(VALUE, to));
            w.put_u32(FLAGS, INTERVAL_END);
        });
    }
}
