//! What callbacks get instead of a pointer: a number that leads to something as long as that is there.
//!
//! A callback that comes late finds nothing, where a pointer would lead to memory that is somebody else's.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries by their numbers. No number is given twice, and none is 0, which stands for "no context".
pub(crate) struct Table<T>(Mutex<Entries<T>>);

struct Entries<T> {
    last: usize,
    by_number: BTreeMap<usize, T>,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Entries { last: 0, by_number: BTreeMap::new() }))
    }

    /// A number for an entry that comes later, by [`Table::put`].
    pub(crate) fn reserve(&self) -> usize {
        let mut entries = self.lock();
        // Of 2^64 numbers none comes again.
        entries.last += 1;
        entries.last
    }

    /// The entry of a number that was reserved.
    pub(crate) fn put(&self, number: usize, entry: T) {
        self.lock().by_number.insert(number, entry);
    }

    /// Adds an entry and gives its number.
    pub(crate) fn insert(&self, entry: T) -> usize {
        let number = self.reserve();
        self.put(number, entry);
        number
    }

    /// Takes an entry out.
    pub(crate) fn remove(&self, number: usize) -> Option<T> {
        self.lock().by_number.remove(&number)
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Table<T> {
    /// The entry of this number.
    pub(crate) fn get(&self, number: usize) -> Option<T> {
        self.lock().by_number.get(&number).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_start_at_1_and_are_not_given_again() {
        let table = Table::new();
        assert_eq!((table.insert("a"), table.insert("b")), (1, 2));
        assert_eq!(table.remove(2), Some("b"));
        assert_eq!((table.insert("c"), table.get(2), table.get(1), table.get(0)), (3, None, Some("a"), None));
    }
}
