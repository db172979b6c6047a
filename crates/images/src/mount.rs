//! An image's files on the host, for reading.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, MountPropagationFlags, mount_bind, mount_change};

use crate::error::{Result, at, invalid};
use crate::store::{Documents, Store};

impl Store {
    /// Mounts an image's layers over each other on a folder, unpacked if they are not yet. Nothing in it can be written,
    /// and set-user-id programs have no rights there.
    ///
    /// # Errors
    /// As [`Store::prepare`]; an image without layers; what the system says.
    pub fn mount(&self, documents: &Documents, folder: &Path) -> Result<()> {
        let layers = self.prepare(documents, |_| {})?;
        let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        let failed = |errno: rustix::io::Errno| at("mount on", folder)(errno.into());
        let open = |path: PathBuf| -> Result<OwnedFd> {
            let opened =
                rustix::fs::open(&path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
            opened.map_err(|errno| at("open", &path)(errno.into()))
        };
        let lowers: Vec<OwnedFd> =
            layers.iter().rev().map(|layer| open(layer.folder.join("Files"))).collect::<Result<_>>()?;
        match &lowers[..] {
            [] => Err(invalid("the image", "has no layers, so there is nothing to mount")),
            // An overlay wants two.
            [only] => {
                mount_bind(format!("/proc/self/fd/{}", only.as_raw_fd()), folder).map_err(failed)?;
                rustix::mount::mount_remount(folder, flags | MountFlags::BIND, c"").map_err(failed)?;
                mount_change(folder, MountPropagationFlags::PRIVATE).map_err(failed)
            }
            // By descriptors, because a mount's options are one page at most.
            several => {
                let names: Vec<_> =
                    several.iter().map(|lower| format!("/proc/self/fd/{}", lower.as_raw_fd())).collect();
                let options = std::ffi::CString::new(format!("lowerdir={}", names.join(":")));
                let options = options.map_err(|_| invalid("the image", "has no layers"))?;
                rustix::mount::mount("overlay", folder, "overlay", flags, options.as_c_str()).map_err(failed)
            }
        }
    }
}
