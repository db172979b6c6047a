//! Numbers that are taken, lowest first: what [`hcs_dataplane::ipam::Pool`] is in memory, kept in the database.
//!
//! What is taken is kept as runs of neighbours, so the lowest free number stands behind the first run, and each call
//! looks at two rows, however many numbers are taken. Numbers are kept as 16 bytes, highest first, which the database
//! orders as the numbers.

use hcs_contract::Result;
use rusqlite::params;

use super::Tables;

/// The numbers from `first` to `last` of one pool.
#[derive(Debug, Clone)]
pub(in crate::network) struct Runs<'a> {
    tables: &'a Tables<'a>,
    pool: String,
    first: u128,
    last: u128,
}

impl<'a> Runs<'a> {
    pub(in crate::network) fn new(tables: &'a Tables<'a>, pool: String, first: u128, last: u128) -> Self {
        Self { tables, pool, first, last }
    }

    /// Takes the lowest that is free; `None`: all are taken.
    pub(in crate::network) fn take_lowest(&self) -> Result<Option<u128>> {
        // Nothing is taken below the first, so the run that begins there is the first there is.
        let lowest = match self.run_of(self.first)? {
            Some((_, last)) => last.checked_add(1),
            None => Some(self.first),
        };
        let Some(lowest) = lowest.filter(|lowest| *lowest <= self.last) else { return Ok(None) };
        self.take(lowest)?;
        Ok(Some(lowest))
    }

    /// Takes this one; `false`: it is taken, or none of the pool's.
    pub(in crate::network) fn take(&self, number: u128) -> Result<bool> {
        if !(self.first..=self.last).contains(&number) || self.run_of(number)?.is_some() {
            return Ok(false);
        }
        let before = match number.checked_sub(1) {
            Some(before) => self.run_of(before)?,
            None => None,
        };
        let after = match number.checked_add(1) {
            Some(after) => self.run_of(after)?,
            None => None,
        };
        let mut run = (number, number);
        for neighbour in [before, after].into_iter().flatten() {
            self.remove(neighbour.0)?;
            run = (run.0.min(neighbour.0), run.1.max(neighbour.1));
        }
        self.insert(run)?;
        Ok(true)
    }

    /// Gives this one back; `false`: nobody had it.
    pub(in crate::network) fn release(&self, number: u128) -> Result<bool> {
        let Some((first, last)) = self.run_of(number)? else { return Ok(false) };
        self.remove(first)?;
        if first < number {
            self.insert((first, number - 1))?;
        }
        if number < last {
            self.insert((number + 1, last))?;
        }
        Ok(true)
    }

    fn run_of(&self, number: u128) -> Result<Option<(u128, u128)>> {
        let run = self.tables.one(
            "SELECT first, last FROM runs WHERE pool = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
            params![self.pool, number.to_be_bytes()],
            |row| Ok((u128::from_be_bytes(row.get(0)?), u128::from_be_bytes(row.get(1)?))),
        )?;
        Ok(run.filter(|(_, last)| number <= *last))
    }

    fn insert(&self, (first, last): (u128, u128)) -> Result<()> {
        self.tables
            .execute(
                "INSERT INTO runs (pool, first, last) VALUES (?1, ?2, ?3)",
                params![self.pool, first.to_be_bytes(), last.to_be_bytes()],
            )
            .map(drop)
    }

    fn remove(&self, first: u128) -> Result<()> {
        let key = params![self.pool, first.to_be_bytes()];
        self.tables.execute("DELETE FROM runs WHERE pool = ?1 AND first = ?2", key).map(drop)
    }
}

impl Tables<'_> {
    /// Forgets all pools whose name begins so.
    pub(in crate::network) fn drop_pools(&self, prefix: &str) -> Result<()> {
        // From the prefix to what follows all that begins with it: '0' follows the '/' that ends it.
        debug_assert!(prefix.ends_with('/'), "a name's part is whole");
        let behind = format!("{}0", prefix.trim_end_matches('/'));
        self.execute("DELETE FROM runs WHERE pool >= ?1 AND pool < ?2", params![prefix, behind]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use hcs_dataplane::ipam::{Pool, PoolError};
    use proptest::prelude::*;

    use super::super::Store;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn it_is_the_pool_of_the_data_plane_kept(steps in proptest::collection::vec((0..3_u8, 0..14_u128), 0..60)) {
            let temp = tempfile::tempdir().unwrap();
            let mut store = Store::open(&temp.path().join("db")).unwrap();
            for (first, last) in [(2, 11), (u128::MAX - 9, u128::MAX)] {
                let mut model = Pool::new(first, last).unwrap();
                store.transact(|tables| {
                    let name = first.to_string();
                    let runs = Runs::new(tables, name, first, last);
                    for (step, offset) in &steps {
                        let number = first.saturating_sub(2).saturating_add(*offset);
                        match step {
                            0 => assert_eq!(runs.take(number)?, model.take(number).is_ok()),
                            1 => assert_eq!(runs.release(number)?, model.release(number)),
                            _ => assert_eq!(runs.take_lowest()?.ok_or(PoolError::Empty), model.take_lowest()),
                        }
                    }
                    Ok(())
                }).unwrap();
            }
        }
    }

    #[test]
    fn pools_are_dropped_by_the_whole_parts_of_their_names() {
        let temp = tempfile::tempdir().unwrap();
        let mut store = Store::open(&temp.path().join("db")).unwrap();
        store
            .transact(|tables| {
                for pool in ["ip/1/0", "ip/1/1", "ip/10/0", "mac/1/0"] {
                    assert!(Runs::new(tables, pool.into(), 0, 9).take(5)?);
                }
                tables.drop_pools("ip/1/")?;
                let free = |pool: &str| Runs::new(tables, pool.into(), 0, 9).take(5);
                assert!(free("ip/1/0")? && free("ip/1/1")? && !free("ip/10/0")? && !free("mac/1/0")?);
                Ok(())
            })
            .unwrap();
    }
}
