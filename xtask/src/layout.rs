//! Where things are: the sources, cargo's output, and the tree of installed tools that `build` lays.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// Static, so that supervisor and init run in any root folder, and the tools on any distribution.
pub(crate) const MUSL: &str = "x86_64-unknown-linux-musl";
/// The agent's.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The folders that every action works with.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, absolute.
    pub(crate) target: PathBuf,
}

impl Layout {
    /// By the place this program was compiled in; cargo compiles it anew when the sources move.
    pub(crate) fn find() -> Result<Self, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/")).to_owned();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        fs_err::create_dir_all(&target)?;
        Ok(Self { root, target })
    }

    /// The tools as they would lie below `/usr`.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target.join("hcs")
    }

    /// `bin`: the tools.
    pub(crate) fn bin(&self) -> PathBuf {
        self.dist().join("bin")
    }

    /// `libexec/hcs`: what the tools start or copy into containers; they look in `../libexec/hcs`.
    pub(crate) fn libexec(&self) -> PathBuf {
        self.dist().join("libexec/hcs")
    }

    /// A supervisor with fault points, which no tool is to find.
    pub(crate) fn faulty_libexec(&self) -> PathBuf {
        self.target.join("faulty")
    }
}
