//! Ports of the host: who has published which, and the lowest that nobody has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::{Pool, PoolError};
use crate::model::{PortMap, Transport};

/// Of one protocol and IP version.
type Space = (Transport, bool);

/// The ports of a host. A port at all addresses excludes the same port at one of them, and the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortPool {
    /// Ports that are handed out by [`PortPool::take_lowest`]; of each space those that somebody has are taken.
    free: BTreeMap<Space, Pool>,
    claims: BTreeMap<(Space, u16), BTreeSet<Option<IpAddr>>>,
}

impl PortPool {
    /// All are free; those of `range` are handed out.
    ///
    /// # Errors
    /// [`PoolError::NoRange`] for an empty range, or one with port 0.
    pub fn new(range: RangeInclusive<u16>) -> Result<Self, PoolError> {
        if *range.start() == 0 {
            return Err(PoolError::NoRange);
        }
        let pool = Pool::new(u128::from(*range.start()), u128::from(*range.end()))?;
        let spaces = [Transport::Tcp, Transport::Udp].into_iter().flat_map(|t| [(t, true), (t, false)]);
        Ok(Self { free: spaces.map(|space| (space, pool.clone())).collect(), claims: BTreeMap::new() })
    }

    fn space(port: &PortMap) -> Space {
        (port.transport, port.to.is_ipv4())
    }

    /// Takes the port that `wanted` names.
    ///
    /// # Errors
    /// [`PoolError::Taken`] if it is published, at the same address or where one of the two is at all addresses;
    /// [`PoolError::Outside`] for port 0.
    pub fn take(&mut self, wanted: &PortMap) -> Result<(), PoolError> {
        if wanted.port == 0 {
            return Err(PoolError::Outside);
        }
        let space = Self::space(wanted);
        let claims = self.claims.entry((space, wanted.port)).or_default();
        let taken = claims.contains(&None)
            || claims.contains(&wanted.at)
            || (wanted.at.is_none() && !claims.is_empty());
        if taken {
            return Err(PoolError::Taken);
        }
        claims.insert(wanted.at);
        if claims.len() == 1
            && let Some(pool) = self.free.get_mut(&space)
        {
            match pool.take(u128::from(wanted.port)) {
                // One that is not handed out by itself may be asked for all the same.
                Ok(()) | Err(PoolError::Outside) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Takes the lowest port that nobody has at any address, in place of the one that `wanted` names.
    ///
    /// # Errors
    /// [`PoolError::Empty`].
    pub fn take_lowest(&mut self, wanted: &PortMap) -> Result<u16, PoolError> {
        let lowest = self.free.get(&Self::space(wanted)).and_then(Pool::lowest);
        let port = lowest.and_then(|port| u16::try_from(port).ok()).ok_or(PoolError::Empty)?;
        self.take(&PortMap { port, ..*wanted })?;
        Ok(port)
    }

    /// Gives a port back; `false` if it was not taken so.
    pub fn release(&mut self, port: &PortMap) -> bool {
        let key = (Self::space(port), port.port);
        let Some(claims) = self.claims.get_mut(&key) else { return false };
        let had = claims.remove(&port.at);
        if claims.is_empty() {
            self.claims.remove(&key);
            if let Some(pool) = self.free.get_mut(&key.0) {
                pool.release(u128::from(port.port));
            }
        }
        had
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn port(transport: Transport, at: Option<&str>, port: u16, to: &str) -> PortMap {
        PortMap { transport, at: at.map(|at| at.parse().unwrap()), port, to: to.parse().unwrap() }
    }

    #[test]
    fn a_port_at_all_addresses_excludes_it_at_each() {
        let mut pool = PortPool::new(40_000..=40_002).unwrap();
        let any = port(Transport::Tcp, None, 80, "10.0.0.2:80");
        let one = port(Transport::Tcp, Some("192.0.2.1"), 80, "10.0.0.2:80");
        let two = port(Transport::Tcp, Some("192.0.2.2"), 80, "10.0.0.2:80");
        pool.take(&one).unwrap();
        pool.take(&two).unwrap();
        assert_eq!(pool.take(&any), Err(PoolError::Taken));
        assert_eq!(pool.take(&one), Err(PoolError::Taken));
        assert!(pool.release(&one) && !pool.release(&one) && pool.release(&two));
        pool.take(&any).unwrap();
        assert_eq!(pool.take(&one), Err(PoolError::Taken));
        // Other protocols and versions are other ports.
        pool.take(&PortMap { transport: Transport::Udp, ..any }).unwrap();
        pool.take(&port(Transport::Tcp, None, 80, "[fd00::2]:80")).unwrap();
        assert_eq!(pool.take(&PortMap { port: 0, ..any }), Err(PoolError::Outside));

        pool.take(&PortMap { port: 40_001, ..one }).unwrap();
        assert_eq!(pool.take_lowest(&any), Ok(40_000));
        assert_eq!(pool.take_lowest(&any), Ok(40_002));
        assert_eq!(pool.take_lowest(&any), Err(PoolError::Empty));
        assert!(pool.release(&PortMap { port: 40_001, ..one }));
        assert_eq!(pool.take_lowest(&any), Ok(40_001));
        assert!(PortPool::new(0..=1).is_err());
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_of_claims(steps in proptest::collection::vec((0..3_u8, 0..4_u8, 1..6_u16), 0..120)) {
            let mut pool = PortPool::new(1..=5).unwrap();
            let mut model: BTreeSet<(Option<IpAddr>, u16)> = BTreeSet::new();
            for (what, at, number) in steps {
                let at = (at > 0).then(|| IpAddr::from([192, 0, 2, at]));
                let map = PortMap { at, ..port(Transport::Udp, None, number, "10.0.0.2:80") };
                match what {
                    0 => {
                        let clash = model.iter().any(|(a, n)| *n == number && (a.is_none() || at.is_none() || *a == at));
                        prop_assert_eq!(pool.take(&map).is_err(), clash);
                        if !clash {
                            model.insert((at, number));
                        }
                    }
                    1 => prop_assert_eq!(pool.release(&map), model.remove(&(at, number))),
                    _ => {
                        let lowest = (1..=5).find(|n| !model.iter().any(|(_, taken)| taken == n));
                        prop_assert_eq!(pool.take_lowest(&map).ok(), lowest);
                        model.extend(lowest.map(|n| (at, n)));
                    }
                }
            }
        }
    }
}
