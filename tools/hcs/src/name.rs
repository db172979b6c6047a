//! Names for containers that were given none.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// `hcs-` and eight hexadecimal digits of chance.
pub(crate) fn made_up() -> String {
    // The keys are of the system's randomness, and others each time: the hash of nothing is as good as they are.
    let chance = RandomState::new().build_hasher().finish();
    format!("hcs-{:08x}", chance >> 32)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_differ() {
        let names = [super::made_up(), super::made_up()];
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() == 12 && name.starts_with("hcs-")), "{names:?}");
    }
}
