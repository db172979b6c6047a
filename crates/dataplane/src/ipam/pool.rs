//! Numbers of one range, handed out lowest first.

use std::collections::BTreeMap;

/// Why a pool does not give a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// All are taken.
    #[error("all are taken")]
    Empty,
    /// Somebody has it, or it is kept back.
    #[error("it is taken")]
    Taken,
    /// It is none of the pool's.
    #[error("it is not of this range")]
    Outside,
    /// The range holds nothing.
    #[error("a range whose first is above its last, or that holds nothing to hand out")]
    NoRange,
}

/// Numbers from a first to a last one. Each call costs the logarithm of how many runs of neighbours are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    first: u128,
    last: u128,
    /// First → last of each run that is taken. Runs neither overlap nor touch.
    taken: BTreeMap<u128, u128>,
}

impl Pool {
    /// From `first` to `last`, all free.
    ///
    /// # Errors
    /// [`PoolError::NoRange`] if `first` is above `last`.
    pub fn new(first: u128, last: u128) -> Result<Self, PoolError> {
        if first > last {
            return Err(PoolError::NoRange);
        }
        Ok(Self { first, last, taken: BTreeMap::new() })
    }

    /// The lowest number that is free, and leaves it so.
    pub fn lowest(&self) -> Option<u128> {
        let lowest = match self.taken.first_key_value() {
            Some((first, last)) if *first == self.first => last.checked_add(1)?,
            _ => self.first,
        };
        (lowest <= self.last).then_some(lowest)
    }

    /// Takes the lowest number that is free.
    ///
    /// # Errors
    /// [`PoolError::Empty`].
    pub fn take_lowest(&mut self) -> Result<u128, PoolError> {
        let lowest = self.lowest().ok_or(PoolError::Empty)?;
        self.take(lowest)?;
        Ok(lowest)
    }

    /// Takes this number.
    ///
    /// # Errors
    /// [`PoolError::Outside`], [`PoolError::Taken`].
    pub fn take(&mut self, number: u128) -> Result<(), PoolError> {
        if !(self.first..=self.last).contains(&number) {
            return Err(PoolError::Outside);
        }
        let before = self.run_of(number.checked_sub(1));
        if self.run_of(Some(number)).is_some() {
            return Err(PoolError::Taken);
        }
        let mut run = (number, number);
        if let Some((first, _)) = before {
            run.0 = first;
        }
        let next = number.checked_add(1).filter(|next| self.taken.contains_key(next));
        if let Some(last) = next.and_then(|next| self.taken.remove(&next)) {
            run.1 = last;
        }
        self.taken.insert(run.0, run.1);
        Ok(())
    }

    /// Gives this number back; `false` if it was not taken.
    pub fn release(&mut self, number: u128) -> bool {
        let Some((first, last)) = self.run_of(Some(number)) else { return false };
        if first == number {
            self.taken.remove(&first);
        } else {
            self.taken.insert(first, number - 1);
        }
        if number < last {
            self.taken.insert(number + 1, last);
        }
        true
    }

    /// It is taken.
    pub fn is_taken(&self, number: u128) -> bool {
        self.run_of(Some(number)).is_some()
    }

    /// The run that `number` is in.
    fn run_of(&self, number: Option<u128>) -> Option<(u128, u128)> {
        let number = number?;
        let (first, last) = self.taken.range(..=number).next_back()?;
        (number <= *last).then_some((*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        TakeLowest,
        Take(u128),
        Release(u128),
    }

    fn steps(numbers: std::ops::Range<u128>) -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => Just(Step::TakeLowest),
            2 => numbers.clone().prop_map(Step::Take),
            2 => numbers.prop_map(Step::Release),
        ];
        proptest::collection::vec(step, 0..200)
    }

    fn agrees(first: u128, last: u128, steps: &[Step]) {
        let mut pool = Pool::new(first, last).unwrap();
        let mut model = BTreeSet::new();
        for step in steps {
            match *step {
                Step::TakeLowest => {
                    let lowest = (first..=last).find(|n| !model.contains(n)).ok_or(PoolError::Empty);
                    assert_eq!(pool.take_lowest(), lowest);
                    model.extend(lowest.ok());
                }
                Step::Take(number) => {
                    let expected = match number {
                        n if n < first || n > last => Err(PoolError::Outside),
                        n if model.contains(&n) => Err(PoolError::Taken),
                        _ => Ok(()),
                    };
                    assert_eq!(pool.take(number), expected);
                    if expected.is_ok() {
                        model.insert(number);
                    }
                }
                Step::Release(number) => assert_eq!(pool.release(number), model.remove(&number)),
            }
            for number in first.saturating_sub(1)..=last.saturating_add(1).min(first + 40) {
                assert_eq!(pool.is_taken(number), model.contains(&number));
            }
            // Runs are apart, in order, and whole.
            let runs: Vec<_> = pool.taken.iter().collect();
            assert!(runs.windows(2).all(|pair| *pair[0].1 + 1 < *pair[1].0), "{runs:?}");
            assert_eq!(
                runs.iter().map(|(first, last)| *last - *first + 1).sum::<u128>(),
                model.len() as u128
            );
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set_whose_lowest_free_number_comes_first(steps in steps(0..40)) {
            agrees(5, 30, &steps);
            agrees(0, 30, &steps);
            agrees(7, 7, &steps);
        }

        #[test]
        fn also_at_the_last_numbers_there_are(steps in steps(u128::MAX - 20..u128::MAX)) {
            let mut pool = Pool::new(u128::MAX - 20, u128::MAX).unwrap();
            for step in steps {
                match step {
                    Step::TakeLowest => _ = pool.take_lowest(),
                    Step::Take(number) => _ = pool.take(number),
                    Step::Release(number) => _ = pool.release(number),
                }
            }
            _ = pool.take(u128::MAX);
            while pool.take_lowest().is_ok() {}
            assert_eq!(pool.taken.len(), 1);
            assert!(pool.release(u128::MAX) && pool.take_lowest() == Ok(u128::MAX));
        }
    }

    #[test]
    fn a_pool_of_all_numbers_ends() {
        let mut pool = Pool::new(0, u128::MAX).unwrap();
        pool.take(u128::MAX).unwrap();
        assert_eq!(pool.take_lowest(), Ok(0));
        assert_eq!(Pool::new(1, 0), Err(PoolError::NoRange));
    }
}
