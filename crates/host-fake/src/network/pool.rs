//! Prefixes and MAC addresses: what is free, and what is not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    first: u128,
    length: u8,
    v6: bool,
}

/// An address as a number.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

impl Prefix {
    /// Reads `192.168.100.0/24`; bits behind the prefix count as 0. None for what is no prefix, or has no room for a
    /// gateway and an endpoint.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
        let this = Self { first: number(address), length, v6: address.is_ipv6() };
        let room = (1..=this.bits() - 2).contains(&length);
        room.then(|| Self { first: this.first & !this.mask(), ..this })
    }

    fn bits(self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    /// The bits of an address within it.
    fn mask(self) -> u128 {
        (1_u128 << (self.bits() - self.length)) - 1
    }

    pub(super) fn length(self) -> u8 {
        self.length
    }

    pub(super) fn is_v6(self) -> bool {
        self.v6
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv6() == self.v6 && number(address) & !self.mask() == self.first
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        let wider = self.mask() | other.mask();
        self.v6 == other.v6 && self.first & !wider == other.first & !wider
    }

    /// The address of this number, counted from the network's own.
    fn at(self, offset: u128) -> IpAddr {
        let number = self.first + offset;
        if self.v6 {
            Ipv6Addr::from(number).into()
        } else {
            Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into()
        }
    }

    /// The first that a gateway can have.
    pub(super) fn first_host(self) -> IpAddr {
        self.at(1)
    }

    /// Whether nobody can have it: the network's own address, and the last of IPv4.
    pub(super) fn is_reserved(self, address: IpAddr) -> bool {
        address == self.at(0) || (!self.v6 && address == self.at(self.mask()))
    }

    /// The lowest that is neither reserved nor taken.
    pub(super) fn lowest_free(self, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        let last = self.mask() - u128::from(!self.v6);
        (1..=last).map(|offset| self.at(offset)).find(|address| !taken.contains(address))
    }
}

/// A MAC address as a number: six bytes in hexadecimal, with dashes or colons.
pub(super) fn mac(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split(['-', ':']).collect();
    let good = parts.len() == 6 && parts.iter().all(|part| part.len() == 2);
    good.then(|| parts.iter().try_fold(0, |all, part| Some(all << 8 | u64::from_str_radix(part, 16).ok()?)))?
}

/// `00-15-5D-52-C0-01`.
pub(super) fn mac_text(mac: u64) -> String {
    let parts: Vec<String> = (0..6).rev().map(|byte| format!("{:02X}", mac >> (8 * byte) & 0xFF)).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_gives_its_addresses_from_the_lowest() {
        let prefix = Prefix::parse("192.168.100.77/29").unwrap();
        let ip = |last: u8| IpAddr::from([192, 168, 100, last]);
        let mut taken = BTreeSet::from([ip(73)]);
        for expected in 74..=78 {
            let free = prefix.lowest_free(&taken).unwrap();
            assert_eq!(free, ip(expected));
            taken.insert(free);
        }
        assert_eq!(prefix.lowest_free(&taken), None);
        assert!(prefix.is_reserved(ip(72)) && prefix.is_reserved(ip(79)) && !prefix.is_reserved(ip(78)));
        assert!(
            prefix.contains(ip(79)) && !prefix.contains(ip(80)) && !prefix.contains("::1".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_prefix_and_what_overlaps() {
        for bad in
            ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/31", "10.0.0.0/0", "x/24", "fd00::/127", "10.0.0/24"]
        {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
        let overlap = |a, b| Prefix::parse(a).unwrap().overlaps(Prefix::parse(b).unwrap());
        assert!(overlap("10.0.0.0/8", "10.9.0.0/16") && overlap("10.9.0.0/16", "10.0.0.0/8"));
        assert!(!overlap("10.8.0.0/16", "10.9.0.0/16") && !overlap("10.0.0.0/8", "fd00::/8"));
    }

    #[test]
    fn mac_addresses_are_read_in_either_spelling() {
        assert_eq!(mac("00-15-5d-52-C0-01"), Some(0x0015_5D52_C001));
        assert_eq!(mac("00:15:5D:52:C0:01").map(mac_text).as_deref(), Some("00-15-5D-52-C0-01"));
        for bad in ["", "00-15-5D-52-C0", "00-15-5D-52-C0-001", "0-15-5D-52-C0-01", "gg-15-5D-52-C0-01"] {
            assert_eq!(mac(bad), None, "{bad}");
        }
    }
}
