//! Stopping all processes of a cgroup where they stand, and letting them go on.

use super::{Cgroup, CgroupError};

impl Cgroup {
    /// Asks the kernel to stop every process, those to come included. Frozen processes can still be killed.
    ///
    /// Returns at once; [`super::Events`] has an event when the last of them stands still, which can take as long as
    /// a call in the kernel that can't be interrupted.
    ///
    /// # Errors
    /// [`CgroupError::Io`], [`CgroupError::NotFound`].
    pub fn freeze(&self) -> Result<(), CgroupError> {
        self.set_frozen(b"1")
    }

    /// Lets the processes go on; an event follows as for [`Cgroup::freeze`].
    ///
    /// # Errors
    /// As [`Cgroup::freeze`].
    pub fn thaw(&self) -> Result<(), CgroupError> {
        self.set_frozen(b"0")
    }

    fn set_frozen(&self, value: &[u8]) -> Result<(), CgroupError> {
        self.write(self.need_unified()?, "cgroup.freeze", value)
    }
}
