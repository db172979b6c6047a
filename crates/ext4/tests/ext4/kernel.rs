//! The kernel's own view of an image: mounted, and looked at by system calls.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::model::{File, Kind, Tree};
use crate::tools::run;

/// A mounted image, which is unmounted when it goes.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// `None` where nothing can be mounted: the reason is printed.
    pub(crate) fn new(image: &Path, place: &Path) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped in part: only root can mount images");
            return None;
        }
        fs_err::create_dir_all(place).unwrap();
        let (from, to) = (image.to_string_lossy(), place.to_string_lossy());
        let output = run("mount", &["-t", "ext4", "-o", "loop,ro", &from, &to]).unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && text.contains("loop device") {
            eprintln!("skipped in part: no loop devices here: {text}");
            return None;
        }
        assert!(output.status.success(), "mount: {text}");
        Some(Self(place.to_owned()))
    }

    /// All files, by path.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        let mut firsts = BTreeMap::new();
        self.add(&self.0, &mut tree, &mut firsts);
        tree
    }

    fn add(&self, dir: &Path, tree: &mut Tree, firsts: &mut BTreeMap<u64, Vec<u8>>) {
        let mut names: Vec<_> = fs_err::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            let name = path.strip_prefix(&self.0).unwrap().as_os_str().as_bytes().to_vec();
            if name == b"lost+found" {
                continue;
            }
            let metadata = fs_err::symlink_metadata(&path).unwrap();
            let kind = metadata.file_type();
            let device = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
            let first = if kind.is_dir() {
                name.clone()
            } else {
                firsts.entry(metadata.ino()).or_insert(name.clone()).clone()
            };
            let file = File {
                kind: if kind.is_dir() {
                    Kind::Folder
                } else if kind.is_symlink() {
                    Kind::Symlink(fs_err::read_link(&path).unwrap().as_os_str().as_bytes().to_vec())
                } else if kind.is_char_device() {
                    Kind::Char(device.0, device.1)
                } else if kind.is_block_device() {
                    Kind::Block(device.0, device.1)
                } else if kind.is_fifo() {
                    Kind::Fifo
                } else if kind.is_socket() {
                    Kind::Socket
                } else {
                    Kind::Content(fs_err::read(&path).unwrap())
                },
                first,
                permissions: u16::try_from(metadata.mode() & 0o7777).unwrap(),
                uid: metadata.uid(),
                gid: metadata.gid(),
                modified: (metadata.mtime(), u32::try_from(metadata.mtime_nsec()).unwrap()),
                accessed: (metadata.atime(), u32::try_from(metadata.atime_nsec()).unwrap()),
                changed: (metadata.ctime(), u32::try_from(metadata.ctime_nsec()).unwrap()),
                xattrs: xattrs(&path),
            };
            assert_eq!(
                metadata.blocks() == 0,
                file.is_without_blocks(metadata.blocks()),
                "{}",
                path.display()
            );
            let links = metadata.nlink();
            assert!(links >= 1, "{}: {links} links", path.display());
            tree.insert(name, file);
            if kind.is_dir() {
                self.add(&path, tree, firsts);
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let output = run("umount", &[&self.0.to_string_lossy()]);
        assert!(
            output.is_ok_and(|output| output.status.success()) || std::thread::panicking(),
            "umount failed"
        );
    }
}

fn xattrs(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = vec![0; 65_536];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap();
    let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let get = |name: &[u8]| {
        let mut value = vec![0; 65_536];
        let length = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
        value.truncate(length);
        value
    };
    names.map(|name| (name.to_vec(), get(name))).collect()
}
