//! Sets of addresses as ranges that neither touch nor overlap, as the kernel wants them in its sets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Ranges of addresses of one IP version, in order, apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges {
    v4: bool,
    /// First and last of each.
    all: Vec<(u128, u128)>,
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Ranges {
    /// Those of `nets` that are of this IP version.
    pub(crate) fn of(nets: &[IpNet], v4: bool) -> Self {
        let all = nets.iter().filter(|net| net.addr().is_ipv4() == v4);
        let all = all.map(|net| (number(net.network()), number(net.broadcast())));
        Self::from_pairs(v4, all.collect())
    }

    fn from_pairs(v4: bool, mut all: Vec<(u128, u128)>) -> Self {
        all.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (first, last) in all {
            match merged.last_mut() {
                // Touching ones too: 10.0.0.0-10.0.0.7 and 10.0.0.8-… are one.
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self { v4, all: merged }
    }

    /// Takes in `other` as well.
    pub(crate) fn add(&mut self, other: &Self) {
        let mut all = std::mem::take(&mut self.all);
        all.extend(&other.all);
        *self = Self::from_pairs(self.v4, all);
    }

    /// All addresses that are in none of these ranges.
    pub(crate) fn others(&self) -> Self {
        let end = if self.v4 { u128::from(u32::MAX) } else { u128::MAX };
        let mut all = Vec::new();
        let mut next = Some(0);
        for &(first, last) in &self.all {
            if let Some(next) = next
                && next < first
            {
                all.push((next, first - 1));
            }
            next = last.checked_add(1).filter(|next| *next <= end);
        }
        all.extend(next.map(|next| (next, end)));
        Self { v4: self.v4, all }
    }

    /// First and last address of each range.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        let address = |n: u128| match u32::try_from(n) {
            Ok(n) if self.v4 => IpAddr::V4(Ipv4Addr::from_bits(n)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(n)),
        };
        self.all.iter().map(move |&(first, last)| (address(first), address(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(ranges: &Ranges) -> Vec<String> {
        ranges.iter().map(|(a, b)| format!("{a}-{b}")).collect()
    }

    fn nets(text: &str) -> Vec<IpNet> {
        text.split(' ').filter(|t| !t.is_empty()).map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn overlapping_and_touching_ranges_are_merged_and_the_rest_is_all_else() {
        let check = |text: &str, merged: &[&str], others: &[&str]| {
            let ranges = Ranges::of(&nets(text), !text.contains(':'));
            assert_eq!(show(&ranges), merged, "{text}");
            assert_eq!(show(&ranges.others()), others, "others of {text}");
            assert_eq!(ranges.others().others(), ranges, "{text}");
        };
        check(
            "10.0.0.0/30 10.0.0.4/30 10.0.0.0/31",
            &["10.0.0.0-10.0.0.7"],
            &["0.0.0.0-9.255.255.255", "10.0.0.8-255.255.255.255"],
        );
        check("0.0.0.0/0 10.0.0.0/8", &["0.0.0.0-255.255.255.255"], &[]);
        check("255.255.255.255/32", &["255.255.255.255-255.255.255.255"], &["0.0.0.0-255.255.255.254"]);
        check("::/0", &["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &[]);
        let none = Ranges::of(&nets("fd00::/8"), true);
        assert_eq!(show(&none), [""; 0]);
        assert_eq!(show(&none.others()), ["0.0.0.0-255.255.255.255"]);
    }
}
