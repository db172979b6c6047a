//! The handles that a client holds: numbers that are looked up, never pointers.
//!
//! A number is given out once in a process's life, and begins with the kind of what it stands for. So a handle that was
//! closed, one of another kind, and one that this DLL never gave out are all simply not there.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Bits of a handle that count; above them stands the kind, which makes the number no address that there could be.
const COUNTED: u32 = 48;

/// The handles of one kind.
#[derive(Debug)]
pub struct Table<T> {
    kind: u16,
    last: AtomicU64,
    entries: RwLock<BTreeMap<u64, Arc<T>>>,
}

impl<T> Table<T> {
    /// An empty table. `kind` is any number above 0 that no other table of the DLL has.
    pub const fn new(kind: u16) -> Self {
        Self { kind, last: AtomicU64::new(0), entries: RwLock::new(BTreeMap::new()) }
    }

    /// A new handle for this.
    pub fn insert(&self, entry: Arc<T>) -> *mut c_void {
        let count = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let number = u64::from(self.kind) << COUNTED | count;
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(number, entry);
        pointer(number)
    }

    /// What the handle stands for; `None` when it is closed, or none of this table.
    pub fn get(&self, handle: *mut c_void) -> Option<Arc<T>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&(handle.addr() as u64)).cloned()
    }

    /// The same, and the handle is closed: of two threads that close it one gets what it stood for.
    pub fn remove(&self, handle: *mut c_void) -> Option<Arc<T>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&(handle.addr() as u64))
    }
}

/// 64-bit only, as the ABI that the DLLs have.
fn pointer(number: u64) -> *mut c_void {
    let address = usize::try_from(number).expect("addresses have 64 bits on every target of the DLLs");
    std::ptr::without_provenance_mut(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_open_and_of_this_kind_is_found() {
        let (systems, processes) = (Table::new(1), Table::new(2));
        let first = systems.insert(Arc::new("a"));
        let foreign = processes.insert(Arc::new("p"));
        assert_eq!(systems.get(first).as_deref(), Some(&"a"));
        let made_up =
            [std::ptr::null_mut(), pointer(1), pointer(u64::MAX), first.wrapping_byte_add(1), foreign];
        for handle in made_up {
            assert!(systems.get(handle).is_none() && systems.remove(handle).is_none(), "{handle:?}");
        }
        assert!(systems.remove(first).is_some());
        assert!(systems.get(first).is_none() && systems.remove(first).is_none(), "it was closed");
        assert_ne!(systems.insert(Arc::new("b")), first, "no number comes again");
    }

    #[test]
    fn of_many_that_close_a_handle_one_has_it() {
        let table = Table::new(1);
        let handle = table.insert(Arc::new(())).addr();
        let closed = std::thread::scope(|scope| {
            let close = || table.remove(std::ptr::without_provenance_mut(handle)).is_some();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(close)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|closed| *closed).count()
        });
        assert_eq!(closed, 1);
    }
}
