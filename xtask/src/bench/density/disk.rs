//! The file systems of an ordinary host, for both sides of a measurement: ext4 with a journal below, where the engine's
//! root and the containers' writes are, and memory where a host has `/run`.
//!
//! A machine that measures may have others: without a journal, for example, ext4 keeps away from each inode that was
//! deleted in the last minutes, looking at one after the other, and hundreds of containers later every new file has all
//! of theirs before it.

use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, unmount};

use crate::error::Error;
use crate::print;
use crate::process::Tool;

/// Of the image, which is sparse.
const SIZE: u64 = 8 << 30;
/// Below the disk: ours, and crun's.
const MEMORY: [&str; 2] = ["run", "crun"];

/// Mounted until it is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    mounted: Vec<PathBuf>,
}

impl Disk {
    /// `dir`: an empty folder, to be mounted over.
    pub(super) fn mount(dir: &Path) -> Result<Self, Error> {
        let image = dir.with_extension("img");
        fs_err::File::create(&image)?.set_len(SIZE)?;
        // Nothing is left for the kernel to do later, while something is measured.
        let now = ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        Tool::new("mkfs.ext4").args(now).arg(&image).run()?;
        let mut this = Self { mounted: Vec::new() };
        this.add(Tool::new("mount").args(["-o", "loop"]).arg(&image), dir)?;
        for name in MEMORY {
            let place = dir.join(name);
            fs_err::create_dir(&place)?;
            this.add(Tool::new("mount").args(["-t", "tmpfs", "-o", "mode=0700", "tmpfs"]), &place)?;
        }
        Ok(this)
    }

    fn add(&mut self, mount: Tool, place: &Path) -> Result<(), Error> {
        mount.arg(place).run()?;
        self.mounted.push(place.to_owned());
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for place in self.mounted.drain(..).rev() {
            if let Err(errno) = unmount(&place, UnmountFlags::DETACH) {
                print::note(format_args!("x: unmounting {}: {errno}", place.display()));
            }
        }
    }
}
