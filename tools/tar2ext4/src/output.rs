//! Where an image goes: a file, which is removed unless it is finished; a device; or standard output, by way of a
//! temporary file, because an image is not written in order.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// An output that is being written.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    file: File,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A regular file of ours, which goes unless it is finished.
    File(PathBuf),
    /// Something that was there before and stays: without a super block it is no file system.
    Device,
    Stdout,
    Finished,
}

impl Output {
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let open = |source| Failure::Open { source };
        let name = path.display().to_string();
        if path.as_os_str() == "-" {
            let file = tempfile::tempfile().map_err(open)?;
            return Ok(Self { name: "standard output".to_owned(), file, place: Place::Stdout });
        }
        let device = fs_err::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(!device).truncate(!device);
        let file = options.open(path).map_err(open)?.into_parts().0;
        let place = if device { Place::Device } else { Place::File(path.to_owned()) };
        Ok(Self { name, file, place })
    }

    /// The file to write into.
    pub(crate) fn file(&self) -> Result<File, Failure> {
        self.file.try_clone().map_err(|source| Failure::Open { source })
    }

    /// The image is whole.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if let Place::Stdout = std::mem::replace(&mut self.place, Place::Finished) {
            let output = |source| Failure::Output { source };
            io::Seek::rewind(&mut self.file).map_err(output)?;
            let mut out = io::stdout().lock();
            io::copy(&mut self.file, &mut out).and_then(|_| out.flush()).map_err(output)?;
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Place::File(path) = &self.place {
            // Should that fail, it has no super block and nobody takes it for an image.
            let _ = fs_err::remove_file(path);
        }
    }
}
