//! The kernel that most users' servers run: Debian's for clouds, unpacked but not installed.

use std::path::{Path, PathBuf};

use super::cpio::Archive;
use crate::error::Error;
use crate::print;
use crate::process::{Tool, downloader, retried};

const PACKAGE: &str = "linux-image-cloud-amd64";
/// What the first program needs before it can see the host's files; all others are loaded on demand.
const EARLY: [&str; 4] = ["virtio_pci", "virtio_blk", "virtiofs", "overlay"];

/// An unpacked kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    dir: PathBuf,
    release: String,
}

impl Kernel {
    /// Unpacks the kernel into `folder`, unless it is there.
    pub(super) fn get(folder: &Path) -> Result<Self, Error> {
        let dir = folder.join("kernel");
        if !dir.exists() {
            let half = tempfile::Builder::new().prefix("kernel-").tempdir_in(folder)?;
            unpack(half.path())?;
            fs_err::rename(half.keep(), &dir)?;
        }
        let modules = dir.join("lib/modules");
        let entry = fs_err::read_dir(&modules)?.next().transpose()?;
        let entry = entry.ok_or(Error::Missing { what: "the kernel's modules", path: modules })?;
        let kernel = Self { dir, release: entry.file_name().to_string_lossy().into_owned() };
        print::note(format_args!("kernel {}", kernel.release));
        Ok(kernel)
    }

    pub(super) fn image(&self) -> PathBuf {
        self.dir.join("boot").join(format!("vmlinuz-{}", self.release))
    }

    /// `lib/modules/<release>`, on the host.
    pub(super) fn modules(&self) -> PathBuf {
        self.dir.join("lib/modules").join(&self.release)
    }

    /// Adds the early modules with all that they need, and the index by which modprobe finds them.
    pub(super) fn add_modules(&self, archive: &mut Archive) -> Result<(), Error> {
        let index = fs_err::read_to_string(self.modules().join("modules.dep"))?;
        let prefix = format!("lib/modules/{}", self.release);
        archive.file(&format!("{prefix}/modules.dep"), index.as_bytes());
        let mut files: Vec<&str> = EARLY.iter().flat_map(|name| closure(&index, name)).collect();
        files.sort_unstable();
        files.dedup();
        for file in files {
            archive.file(&format!("{prefix}/{file}"), &fs_err::read(self.modules().join(file))?);
        }
        Ok(())
    }
}

/// The module's file and those of the modules that it needs. None for one that is built in.
fn closure<'a>(index: &'a str, name: &str) -> Vec<&'a str> {
    let ending = format!("/{name}.ko");
    let line = index.lines().find_map(|line| {
        let (file, needs) = line.split_once(':')?;
        file.ends_with(&ending).then_some((file, needs))
    });
    line.map_or_else(Vec::new, |(file, needs)| {
        std::iter::once(file).chain(needs.split_whitespace()).collect()
    })
}

fn unpack(dir: &Path) -> Result<(), Error> {
    // A fresh machine has no package lists, and old ones name packages that are gone.
    retried(|| {
        downloader("apt-get").args(["-q", "update"]).output_to_stderr()?.run()?;
        let as_root = ["-q", "-o", "APT::Sandbox::User=root", "download"];
        downloader("apt-get").args(as_root).arg(newest()?).dir(dir).output_to_stderr()?.run()
    })?;
    for entry in fs_err::read_dir(dir)? {
        let file = entry?.path();
        Tool::new("dpkg-deb").arg("--extract").arg(&file).arg(dir).run()?;
        fs_err::remove_file(&file)?;
    }
    // The index is made when a kernel is installed, which this one is not.
    let modules = fs_err::read_dir(dir.join("lib/modules"))?.next().transpose()?;
    let release = modules.map(|entry| entry.file_name()).unwrap_or_default();
    Tool::new("busybox").args(["depmod", "-b"]).arg(dir).arg(release).run()
}

/// The package that the meta package stands for at present.
fn newest() -> Result<String, Error> {
    let tool = Tool::new("apt-cache").args(["depends", "--important", PACKAGE]);
    let line = tool.line();
    let text = tool.text()?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    name.map(str::to_owned).ok_or(Error::Output { line, expected: "a kernel package's name" })
}

#[cfg(test)]
mod tests {
    use super::closure;

    #[test]
    fn a_module_comes_with_those_that_it_needs_and_not_with_its_namesakes() {
        let index = "kernel/fs/fuse/fuse.ko:\n\
                     kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio.ko\n\
                     kernel/x/not_virtiofs.ko:\n";
        let expected =
            ["kernel/fs/fuse/virtiofs.ko", "kernel/fs/fuse/fuse.ko", "kernel/drivers/virtio/virtio.ko"];
        assert_eq!(closure(index, "virtiofs"), expected);
        assert!(closure(index, "ext4").is_empty());
    }
}
