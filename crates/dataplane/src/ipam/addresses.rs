//! The addresses of a prefix.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Pool, PoolError};

/// The addresses of one prefix that endpoints may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPool {
    net: IpNet,
    pool: Pool,
    kept: BTreeSet<u128>,
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl AddressPool {
    /// All of `net` but what stands for the network itself (IPv4: its first and last address, in prefixes of up to 30
    /// bits; IPv6: its first, of up to 126 bits), and but those `kept` back, such as the gateway's.
    ///
    /// # Errors
    /// [`PoolError::Outside`] if one that is to be kept is none of the prefix.
    pub fn new(net: IpNet, kept: &[IpAddr]) -> Result<Self, PoolError> {
        let net = net.trunc();
        let (mut first, mut last) = (number(net.network()), number(net.broadcast()));
        match net {
            IpNet::V4(v4) if v4.prefix_len() < 31 => (first, last) = (first + 1, last - 1),
            IpNet::V6(v6) if v6.prefix_len() < 127 => first += 1,
            _ => {}
        }
        let mut this = Self { net, pool: Pool::new(first, last)?, kept: BTreeSet::new() };
        for address in kept {
            match this.take(*address) {
                Ok(()) | Err(PoolError::Taken) => _ = this.kept.insert(number(*address)),
                Err(other) => return Err(other),
            }
        }
        Ok(this)
    }

    /// The prefix.
    pub fn net(&self) -> IpNet {
        self.net
    }

    /// Takes the lowest address that is free.
    ///
    /// # Errors
    /// [`PoolError::Empty`].
    pub fn take_lowest(&mut self) -> Result<IpAddr, PoolError> {
        let number = self.pool.take_lowest()?;
        Ok(match u32::try_from(number) {
            Ok(v4) if self.net.addr().is_ipv4() => IpAddr::V4(Ipv4Addr::from_bits(v4)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(number)),
        })
    }

    /// Takes this address.
    ///
    /// # Errors
    /// [`PoolError::Outside`], [`PoolError::Taken`].
    pub fn take(&mut self, address: IpAddr) -> Result<(), PoolError> {
        if address.is_ipv4() != self.net.addr().is_ipv4() {
            return Err(PoolError::Outside);
        }
        self.pool.take(number(address))
    }

    /// Gives this address back; `false` if nobody had it, or it is kept back.
    pub fn release(&mut self, address: IpAddr) -> bool {
        let same = address.is_ipv4() == self.net.addr().is_ipv4();
        same && !self.kept.contains(&number(address)) && self.pool.release(number(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn all(net: &str, kept: &[&str]) -> Vec<String> {
        let kept: Vec<IpAddr> = kept.iter().map(|k| ip(k)).collect();
        let mut pool = AddressPool::new(net.parse().unwrap(), &kept).unwrap();
        std::iter::from_fn(|| pool.take_lowest().ok()).map(|a| a.to_string()).collect()
    }

    #[test]
    fn network_broadcast_and_gateway_are_not_handed_out() {
        assert_eq!(
            all("10.0.0.0/29", &["10.0.0.1"]),
            ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
        );
        assert_eq!(all("10.0.0.7/29", &["10.0.0.3", "10.0.0.3"]).len(), 5);
        assert_eq!(all("10.0.0.4/31", &[]), ["10.0.0.4", "10.0.0.5"]);
        assert_eq!(all("10.0.0.4/32", &[]), ["10.0.0.4"]);
        assert_eq!(all("255.255.255.252/30", &[]), ["255.255.255.253", "255.255.255.254"]);
        assert_eq!(all("fd00::/126", &["fd00::1"]), ["fd00::2", "fd00::3"]);
        assert_eq!(all("fd00::/127", &[]), ["fd00::", "fd00::1"]);
        assert_eq!(all("fd00::7/128", &[]), ["fd00::7"]);
        assert_eq!(
            AddressPool::new("10.0.0.0/29".parse().unwrap(), &[ip("10.0.1.1")]),
            Err(PoolError::Outside)
        );
    }

    #[test]
    fn an_address_is_taken_once_and_the_lowest_that_is_given_back_is_next() {
        let mut pool = AddressPool::new("10.0.0.0/8".parse().unwrap(), &[ip("10.0.0.1")]).unwrap();
        assert_eq!(pool.take_lowest(), Ok(ip("10.0.0.2")));
        assert_eq!(pool.take(ip("10.0.0.2")), Err(PoolError::Taken));
        assert_eq!(pool.take(ip("10.0.0.1")), Err(PoolError::Taken));
        assert_eq!(pool.take(ip("11.0.0.1")), Err(PoolError::Outside));
        assert_eq!(pool.take(ip("10.255.255.255")), Err(PoolError::Outside));
        assert_eq!(pool.take(ip("fd00::1")), Err(PoolError::Outside));
        pool.take(ip("10.0.0.3")).unwrap();
        assert!(pool.release(ip("10.0.0.2")) && !pool.release(ip("10.0.0.2")));
        assert!(!pool.release(ip("10.0.0.1")) && !pool.release(ip("::a00:3")));
        assert_eq!(pool.take_lowest(), Ok(ip("10.0.0.2")));
        assert_eq!(pool.take_lowest(), Ok(ip("10.0.0.4")));
        // A prefix of 2^64 addresses costs no more.
        let mut wide = AddressPool::new("fd00:1::/64".parse().unwrap(), &[]).unwrap();
        assert_eq!(wide.take_lowest(), Ok(ip("fd00:1::1")));
        wide.take(ip("fd00:1::ffff:ffff:ffff:ffff")).unwrap();
    }
}
