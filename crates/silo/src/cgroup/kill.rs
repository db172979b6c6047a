//! Ending all processes of a cgroup at once.

use super::{Cgroup, CgroupError};

impl Cgroup {
    /// Sends SIGKILL to every process in the group and below it, frozen ones and those being forked included.
    ///
    /// Returns at once; [`super::Events`] has an event when the last one is gone.
    ///
    /// # Errors
    /// [`CgroupError::Io`], [`CgroupError::NotFound`].
    pub fn kill(&self) -> Result<(), CgroupError> {
        self.write(self.need_unified()?, "cgroup.kill", b"1")
    }
}
