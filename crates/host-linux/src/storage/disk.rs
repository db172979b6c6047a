//! Disks of writable layers that have a size: sparse ext4 images.
//!
//! An image is made and grown beside its place, and then named: whoever is killed leaves the one that was there. It is grown
//! by e2fsprogs and not by the kernel, because the kernel lets only those grow a disk who have `CAP_SYS_RESOURCE`, and
//! because what is not mounted can be copied first.

use std::io::{Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use hcs_contract::{Error, Result};
use hcs_fault::Point;
use hcs_silo::disk::mount_ext4;
use rustix::io::Errno;

use super::error::{io, os};

/// Bytes of a block.
const BLOCK: u64 = 4096;
/// Bytes of the smallest disk: room for a journal.
const SMALLEST: u64 = 64 << 20;
/// Bytes of the largest file of ext4, on which the image may lie.
const LARGEST: u64 = (16 << 40) - BLOCK;

/// The size that a disk gets for which `bytes` are asked.
pub(super) fn size(bytes: u64) -> Result<u64> {
    if bytes > LARGEST {
        return Err(Error::invalid_argument(
            "size",
            format!("{bytes} bytes, at most {LARGEST} are possible"),
        ));
    }
    Ok(bytes.max(SMALLEST).next_multiple_of(BLOCK))
}

/// Makes an image.
pub(super) fn make(path: &Path, size: u64) -> Result<()> {
    anew(path, |new| {
        let made = fs_err::File::create(new).and_then(|file| file.set_len(size));
        made.map_err(|error| io("make", new, error))?;
        run("mkfs.ext4", &["-q", "-F", "-b", "4096", "-m", "0", "-E", "lazy_journal_init=1"], new)
    })
}

/// Lets an image that is not mounted have `size` bytes.
pub(super) fn grow(path: &Path, size: u64) -> Result<()> {
    let now = fs_err::metadata(path).map_err(|error| io("look at", path, error))?.len();
    if now == size {
        return Ok(());
    }
    anew(path, |new| {
        copy_sparsely(path, new, size).map_err(|error| io("copy to", new, error))?;
        // Without a check just before it nothing is resized.
        run("e2fsck", &["-f", "-p"], new)?;
        run("resize2fs", &[], new)
    })
}

/// A detached mount of an image.
pub(super) fn mount(path: &Path) -> Result<OwnedFd> {
    let length = fs_err::metadata(path).map_err(|error| io("look at", path, error))?.len();
    mount_ext4(path, length).map_err(|errno| match errno {
        Errno::NOENT | Errno::NXIO | Errno::NODEV => Error::not_supported(
            "ExpandSandboxSize",
            "this kernel has no loop devices (module loop), by which disks are mounted",
        ),
        errno => os("mount the disk", path, errno),
    })
}

/// Makes a file beside its place, and names it when it is whole.
fn anew(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let new = path.with_extension("new");
    let made = make(&new).and_then(|()| {
        hcs_fault::step(Point::LayerStep);
        fs_err::rename(&new, path).map_err(|error| io("name", &new, error))
    });
    if made.is_err() {
        // Best effort: the next call makes it anew anyway.
        let _ = fs_err::remove_file(&new);
    }
    made
}

#[expect(clippy::disallowed_methods, reason = "the one place where storage starts programs")]
fn run(program: &'static str, arguments: &[&str], image: &Path) -> Result<()> {
    let output = Command::new(program).args(arguments).arg(image).stdin(Stdio::null()).output();
    let output = match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let reason = format!("{program} is not there, by which disks of writable layers are made");
            return Err(Error::service_unavailable(reason).with_hint("install the package e2fsprogs"));
        }
        output => output.map_err(|error| io("start e2fsprogs for", image, error))?,
    };
    // e2fsck says 1 when it found something to put right, and did.
    if output.status.success() || program == "e2fsck" && output.status.code() == Some(1) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = format!("{program} ended with {}: {}", output.status, said.trim());
    Err(io("make the file system of", image, std::io::Error::other(said)))
}

/// Copies a file without its holes, and lets it end at `size`.
fn copy_sparsely(from: &Path, to: &Path, size: u64) -> std::io::Result<()> {
    let mut input = fs_err::File::open(from)?;
    let mut output = fs_err::File::create(to)?;
    output.set_len(size)?;
    let mut at = 0;
    loop {
        let start = match rustix::fs::seek(&input, rustix::fs::SeekFrom::Data(at)) {
            Ok(start) => start,
            // No content any more.
            Err(Errno::NXIO) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        };
        let end = rustix::fs::seek(&input, rustix::fs::SeekFrom::Hole(start))?;
        input.seek(SeekFrom::Start(start))?;
        output.seek(SeekFrom::Start(start))?;
        std::io::copy(&mut std::io::Read::take(&mut input, end - start), &mut output)?;
        at = end;
    }
}
