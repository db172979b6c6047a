//! Hardware addresses, of one or more ranges.

use super::{Pool, PoolError};
use crate::names::Mac;

/// Hardware addresses of several ranges, handed out in the ranges' order, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacPool {
    ranges: Vec<Pool>,
}

fn number(mac: Mac) -> u128 {
    mac.0.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

impl MacPool {
    /// Of ranges from a first to a last address.
    ///
    /// # Errors
    /// [`PoolError::NoRange`] without a range; for one whose first is above its last; for one with addresses that a
    /// link cannot have (a group's, or zero); [`PoolError::Taken`] for one that overlaps another.
    pub fn new(ranges: &[(Mac, Mac)]) -> Result<Self, PoolError> {
        if ranges.is_empty() {
            return Err(PoolError::NoRange);
        }
        for (n, (first, last)) in ranges.iter().enumerate() {
            // Whether an address is a group's stands in its first byte, so both ends must have the same.
            if !first.is_unicast() || !last.is_unicast() || first.0[0] != last.0[0] {
                return Err(PoolError::NoRange);
            }
            if ranges[..n].iter().any(|(a, b)| a <= last && first <= b) {
                return Err(PoolError::Taken);
            }
        }
        let ranges = ranges.iter().map(|(first, last)| Pool::new(number(*first), number(*last)));
        Ok(Self { ranges: ranges.collect::<Result<_, _>>()? })
    }

    /// Takes the lowest that is free of the first range that has one.
    ///
    /// # Errors
    /// [`PoolError::Empty`].
    pub fn take_lowest(&mut self) -> Result<Mac, PoolError> {
        let found = self.ranges.iter_mut().find_map(|pool| pool.take_lowest().ok());
        let bytes = found.ok_or(PoolError::Empty)?.to_be_bytes();
        let mut mac = [0; 6];
        mac.copy_from_slice(&bytes[10..]);
        Ok(Mac(mac))
    }

    /// Takes this one.
    ///
    /// # Errors
    /// [`PoolError::Outside`], [`PoolError::Taken`].
    pub fn take(&mut self, mac: Mac) -> Result<(), PoolError> {
        let tried = self.ranges.iter_mut().map(|pool| pool.take(number(mac)));
        tried.into_iter().find(|result| *result != Err(PoolError::Outside)).unwrap_or(Err(PoolError::Outside))
    }

    /// Gives this one back; `false` if nobody had it.
    pub fn release(&mut self, mac: Mac) -> bool {
        self.ranges.iter_mut().any(|pool| pool.release(number(mac)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(text: &str) -> Mac {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_used_one_after_the_other() {
        let range = |first: &str, last: &str| (mac(first), mac(last));
        let (low, high) = (
            range("00-15-5D-52-C0-FE", "00-15-5D-52-C1-00"),
            range("02-00-00-00-00-00", "02-00-00-00-00-01"),
        );
        let mut pool = MacPool::new(&[high, low]).unwrap();
        pool.take(mac("00-15-5D-52-C0-FF")).unwrap();
        let all: Vec<String> =
            std::iter::from_fn(|| pool.take_lowest().ok()).map(|m| m.to_string()).collect();
        assert_eq!(all, ["02-00-00-00-00-00", "02-00-00-00-00-01", "00-15-5D-52-C0-FE", "00-15-5D-52-C1-00"]);
        assert_eq!(pool.take_lowest(), Err(PoolError::Empty));
        assert!(pool.release(mac("00-15-5D-52-C0-FF")) && !pool.release(mac("00-15-5D-52-C0-FF")));
        assert_eq!(pool.take(mac("00-15-5D-52-C0-FE")), Err(PoolError::Taken));
        assert_eq!(pool.take(mac("00-15-5D-52-C2-FE")), Err(PoolError::Outside));

        assert_eq!(MacPool::new(&[]), Err(PoolError::NoRange));
        assert_eq!(MacPool::new(&[(low.1, low.0)]), Err(PoolError::NoRange));
        assert_eq!(MacPool::new(&[low, low]), Err(PoolError::Taken));
        assert_eq!(MacPool::new(&[range("00-00-00-00-00-00", "00-00-00-00-00-05")]), Err(PoolError::NoRange));
        assert_eq!(MacPool::new(&[range("00-15-5D-00-00-00", "02-15-5D-00-00-00")]), Err(PoolError::NoRange));
    }
}
