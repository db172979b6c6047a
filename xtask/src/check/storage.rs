//! Room on the disk where containers' files go.

use std::path::Path;

use super::{Finding, mounts};

/// The golden base takes 0.7 GB while it is built; a build that runs out half way would be in vain.
const NEEDED: u64 = 1500 << 20;
/// Below this, images and scratch layers soon fill the disk.
const COMFORTABLE: u64 = 4 << 30;

pub(super) fn finding(root: &Path) -> Finding {
    let dir = mounts::existing(root);
    let place = root.display();
    match rustix::fs::statvfs(&dir) {
        Ok(stat) => judge(stat.f_bavail * stat.f_frsize, &place.to_string()),
        Err(error) => {
            Finding::missing("disk", format!("{place}: {error}"), "set HCS_ROOT to a readable folder")
        }
    }
}

fn judge(free: u64, place: &str) -> Finding {
    let seen = format!("{} MiB free for {place}", free >> 20);
    if free < NEEDED {
        let todo = format!("{} MiB are needed: free some, or set HCS_ROOT to another disk", NEEDED >> 20);
        Finding::missing("disk", seen, todo)
    } else if free < COMFORTABLE {
        Finding::limited("disk", seen, "enough for the base and small programs")
    } else {
        Finding::good("disk", seen)
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::judge;

    #[test]
    fn a_full_disk_is_missing_and_a_small_one_limited() {
        assert!(matches!(judge(100 << 20, "/x").state, State::Missing { .. }));
        assert!(matches!(judge(2 << 30, "/x").state, State::Limited { .. }));
        assert!(matches!(judge(100 << 30, "/x").state, State::Good(_)));
    }
}
