//! An initial file system for a kernel, in memory.
//!
//! Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst (the "newc" form).

const MAGIC: &str = "070701";
const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const LAST: &str = "TRAILER!!!";

/// An archive that grows.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    inode: u32,
    folders: Vec<String>,
}

impl Archive {
    /// Adds a folder and those above it.
    pub(super) fn folder(&mut self, path: &str) {
        if path.is_empty() || self.folders.iter().any(|known| known == path) {
            return;
        }
        if let Some((above, _)) = path.rsplit_once('/') {
            self.folder(above);
        }
        self.folders.push(path.to_owned());
        self.entry(path, FOLDER, &[]);
    }

    /// Adds a file, executable, and the folders above it.
    pub(super) fn file(&mut self, path: &str, content: &[u8]) {
        if let Some((above, _)) = path.rsplit_once('/') {
            self.folder(above);
        }
        self.entry(path, PROGRAM, content);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry(LAST, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.inode += 1;
        let (size, name_size) = (content.len(), path.len() + 1);
        let (uid, gid, links, time, device, check) = (0, 0, 1, 0, 0, 0);
        let header = format!(
            "{MAGIC}{:08x}{mode:08x}{uid:08x}{gid:08x}{links:08x}{time:08x}{size:08x}{device:08x}{device:08x}\
             {device:08x}{device:08x}{name_size:08x}{check:08x}",
            self.inode
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;
    use crate::process::Tool;

    #[test]
    fn another_program_reads_the_archive() {
        let mut archive = Archive::default();
        archive.file("lib/modules/a.ko", b"odd");
        archive.file("lib/modules/b.ko", b"");
        archive.folder("proc");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("archive");
        fs_err::write(&file, archive.finish()).unwrap();
        let script = format!("busybox cpio -id < {}; cat lib/modules/a.ko", file.display());
        let text = Tool::new("sh").args(["-ec", &script]).dir(dir.path()).text().unwrap();
        assert_eq!(text, "odd");
        for (path, folder) in [("lib/modules/a.ko", false), ("lib/modules/b.ko", false), ("proc", true)] {
            assert_eq!(fs_err::metadata(dir.path().join(path)).unwrap().is_dir(), folder, "{path}");
        }
    }
}
