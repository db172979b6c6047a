//! The folders that a test run works in: an instance of its own, so that a user's containers are not touched.

use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, unmount};

use crate::error::Error;
use crate::layout::Layout;
use crate::mountinfo;
use crate::process::Tool;

/// Set to the run's folder for everything that a run starts, so that what is left can be told from others' work.
pub(super) const MARK: &str = "HCSSHIM_TEST_RUN";

/// Not below `/tmp`: that is often a tmpfs, which has no id maps before Linux 6.3. Short, because a socket's path
/// has at most 107 bytes.
const PARENT: &str = "/var/tmp";

/// A folder with an engine's root, its runtime folder and a folder for temporary files.
#[derive(Debug)]
pub(super) struct Instance {
    dir: PathBuf,
}

impl Instance {
    pub(super) fn new() -> Result<Self, Error> {
        // Kept, and removed by `remove` alone: a recursive removal must not walk into a mount that was left.
        let dir = tempfile::Builder::new().prefix("hcs-test-").tempdir_in(PARENT)?.keep();
        for name in ["root", "run", "tmp"] {
            fs_err::create_dir(dir.join(name))?;
        }
        Ok(Self { dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What makes tests, and the tools that they start, use this instance and the freshly built helpers.
    pub(super) fn environment(&self, tool: Tool, layout: &Layout) -> Tool {
        tool.env("HCS_ROOT", self.dir.join("root"))
            .env("HCS_RUN", self.dir.join("run"))
            .env("TMPDIR", self.dir.join("tmp"))
            .env("HCS_LIBEXEC", layout.libexec())
            .env("HCS_INIT", layout.libexec().join("hcs-init"))
            .env("HCS_FAULTY_LIBEXEC", layout.faulty_libexec())
            .env(MARK, &self.dir)
    }

    /// Removes the folder, after whatever is still mounted in it.
    pub(super) fn remove(self) -> Result<(), Error> {
        for mount in mountinfo::all()?.iter().rev().filter(|mount| mount.point.starts_with(&self.dir)) {
            unmount(&mount.point, UnmountFlags::DETACH)
                .map_err(|source| Error::Kernel { step: "unmounting what a test left", source })?;
        }
        Ok(fs_err::remove_dir_all(&self.dir)?)
    }
}

#[cfg(test)]
mod tests {
    use rustix::mount::mount_bind;

    use super::*;

    #[test]
    fn removal_spares_what_a_left_mount_shows() {
        let precious = tempfile::tempdir().unwrap();
        fs_err::write(precious.path().join("file"), "keep").unwrap();
        let instance = Instance::new().unwrap();
        let dir = instance.dir().to_owned();
        let point = dir.join("tmp/left");
        fs_err::create_dir(&point).unwrap();
        mount_bind(precious.path(), &point).expect("this test needs root");
        assert!(point.join("file").exists());
        instance.remove().unwrap();
        assert!(!dir.exists());
        assert_eq!(fs_err::read_to_string(precious.path().join("file")).unwrap(), "keep");
    }
}
