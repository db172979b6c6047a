//! Expressions: the steps of which a rule is made, as the kernel takes them.

use crate::netlink::attr::Writer;

/// A register: `R(n)` begins at the n-th of 16 registers of 4 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct R(pub(crate) u32);

impl R {
    /// As the kernel lists it: the four registers of 16 bytes are 1 to 4, the others 8 and up.
    fn number(self) -> u32 {
        if self.0.is_multiple_of(4) { self.0 / 4 + 1 } else { self.0 + 8 }
    }
}

/// What a packet has beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meta {
    InName = 6,
    OutName = 7,
    /// 2 for IPv4, 10 for IPv6; one byte.
    Family = 15,
    /// The protocol above IP; one byte.
    Protocol = 16,
}

/// What connection tracking knows of a packet; 4 bytes in the machine's order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ct {
    State = 0,
    /// One byte: 0 for packets in the direction of the connection's first, 1 for answers.
    Direction = 1,
    Status = 2,
}

/// Bits of `ct state`.
pub(crate) const ESTABLISHED: u32 = 2;
pub(crate) const RELATED: u32 = 4;
/// `ct status` of a connection whose destination was translated.
pub(crate) const DESTINATION_TRANSLATED: u32 = 0x20;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Base {
    Network = 1,
    Transport = 2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4 = 2,
    V6 = 10,
}

impl Family {
    /// Where source and destination address stand in the packet, and their length.
    fn address(self, destination: bool) -> (u32, u32) {
        match (self, destination) {
            (Self::V4, false) => (12, 4),
            (Self::V4, true) => (16, 4),
            (Self::V6, false) => (8, 16),
            (Self::V6, true) => (24, 16),
        }
    }

    /// How many registers an address takes.
    pub(crate) fn registers(self) -> u32 {
        self.address(false).1 / 4
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Drop,
    Accept,
    Jump(String),
}

impl Verdict {
    pub(crate) fn write(&self, w: &mut Writer) {
        const VERDICT: u16 = 2;
        const CODE: u16 = 1;
        const CHAIN: u16 = 2;
        let (code, chain) = match self {
            Self::Drop => (0, None),
            Self::Accept => (1, None),
            Self::Jump(chain) => (-3, Some(chain)),
        };
        w.nest(VERDICT, |w| {
            w.put(CODE, &i32::to_be_bytes(code));
            if let Some(chain) = chain {
                w.put_str(CHAIN, chain);
            }
        });
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Meta(Meta, R),
    Ct(Ct, R),
    Payload(Base, u32, u32, R),
    /// The route type of the destination address, 4 bytes in the machine's order.
    DestinationType(R),
    Equal(R, Vec<u8>),
    AtLeast(R, Vec<u8>),
    AtMost(R, Vec<u8>),
    NotEqual(R, Vec<u8>),
    Mask(R, Vec<u8>),
    /// The rule goes on if the set has the key; the map's value goes into the second register.
    Lookup(String, R, Option<R>),
    Verdict(Verdict),
    /// Translate the destination to address and port in registers.
    DestinationNat(Family, R, R),
    /// Translate the source to the address in a register.
    SourceNat(Family, R),
    Masquerade,
}

/// The kernel's number of the route type "local".
const LOCAL: u32 = 2;

impl Expr {
    /// The packet is of this family.
    pub(crate) fn family(family: Family) -> [Self; 2] {
        [Self::Meta(Meta::Family, R(0)), Self::Equal(R(0), vec![family as u8])]
    }

    pub(crate) fn source(family: Family, to: R) -> Self {
        let (offset, length) = family.address(false);
        Self::Payload(Base::Network, offset, length, to)
    }

    pub(crate) fn destination(family: Family, to: R) -> Self {
        let (offset, length) = family.address(true);
        Self::Payload(Base::Network, offset, length, to)
    }

    /// Any of `bits` is set.
    pub(crate) fn any_of(what: Ct, bits: u32) -> [Self; 3] {
        let bits = bits.to_ne_bytes().to_vec();
        [Self::Ct(what, R(0)), Self::Mask(R(0), bits), Self::NotEqual(R(0), vec![0; 4])]
    }

    /// The packet belongs to what an earlier packet began, in the other direction.
    pub(crate) fn answers() -> [Self; 2] {
        [Self::Ct(Ct::Direction, R(0)), Self::Equal(R(0), vec![1])]
    }

    /// The destination is an address of this machine.
    pub(crate) fn to_this_machine() -> [Self; 2] {
        [Self::DestinationType(R(0)), Self::Equal(R(0), LOCAL.to_ne_bytes().to_vec())]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Meta(..) => "meta",
            Self::Ct(..) => "ct",
            Self::Payload(..) => "payload",
            Self::DestinationType(_) => "fib",
            Self::Equal(..) | Self::NotEqual(..) | Self::AtLeast(..) | Self::AtMost(..) => "cmp",
            Self::Mask(..) => "bitwise",
            Self::Lookup(..) => "lookup",
            Self::Verdict(_) => "immediate",
            Self::DestinationNat(..) | Self::SourceNat(..) => "nat",
            Self::Masquerade => "masq",
        }
    }

    /// As an element of a list of expressions.
    pub(crate) fn write(&self, w: &mut Writer) {
        const ELEMENT: u16 = 1;
        const NAME: u16 = 1;
        const DATA: u16 = 2;
        w.nest(ELEMENT, |w| {
            w.put_str(NAME, self.name());
            w.nest(DATA, |w| self.write_data(w));
        });
    }

    /// Attribute numbers: `NFTA_META_…`, `NFTA_CT_…` and so on.
    fn write_data(&self, w: &mut Writer) {
        match self {
            Self::Meta(key, to) => numbers(w, &[(1, to.number()), (2, *key as u32)]),
            Self::Ct(key, to) => numbers(w, &[(1, to.number()), (2, *key as u32)]),
            Self::Payload(base, offset, length, to) => {
                numbers(w, &[(1, to.number()), (2, *base as u32), (3, *offset), (4, *length)]);
            }
            Self::DestinationType(to) => numbers(w, &[(1, to.number()), (2, 3), (3, 2)]),
            Self::Equal(from, data) => compare(w, *from, 0, data),
            Self::NotEqual(from, data) => compare(w, *from, 1, data),
            Self::AtMost(from, data) => compare(w, *from, 3, data),
            Self::AtLeast(from, data) => compare(w, *from, 5, data),
            Self::Mask(register, mask) => {
                let length = u32::try_from(mask.len()).expect("a register's length");
                numbers(w, &[(1, register.number()), (2, register.number()), (3, length)]);
                w.nest(4, |w| w.put(1, mask));
                w.nest(5, |w| w.put(1, &vec![0; mask.len()]));
            }
            Self::Lookup(set, key, to) => {
                w.put_str(1, set);
                w.put_u32(2, key.number());
                if let Some(to) = to {
                    w.put_u32(3, to.number());
                }
            }
            Self::Verdict(verdict) => {
                w.put_u32(1, 0);
                w.nest(2, |w| verdict.write(w));
            }
            Self::DestinationNat(family, address, port) => {
                numbers(w, &[(1, 1), (2, *family as u32), (3, address.number()), (5, port.number())]);
            }
            Self::SourceNat(family, address) => {
                numbers(w, &[(1, 0), (2, *family as u32), (3, address.number())]);
            }
            Self::Masquerade => {}
        }
    }
}

fn numbers(w: &mut Writer, all: &[(u16, u32)]) {
    for (kind, value) in all {
        w.put_u32(*kind, *value);
    }
}

fn compare(w: &mut Writer, from: R, operation: u32, data: &[u8]) {
    numbers(w, &[(1, from.number()), (2, operation)]);
    w.nest(3, |w| w.put(1, data));
}
