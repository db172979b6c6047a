//! What an image is to hold, in a form that can be compared: as it was written, as our reader sees it, as the kernel
//! does.

use std::collections::BTreeMap;
use std::io::Read;

use hcs_ext4::read::{FileSystem, FileType};
use hcs_ext4::{Metadata, Node, Result, Storage, Time, Writer};

/// All files by their paths.
pub(crate) type Tree = BTreeMap<Vec<u8>, File>;

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Content(Vec<u8>),
    Folder,
    Symlink(Vec<u8>),
    Char(u32, u32),
    Block(u32, u32),
    Fifo,
    Socket,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Content(bytes) => write!(f, "Content of {} bytes, sum {}", bytes.len(), sum(bytes)),
            Self::Folder => write!(f, "Folder"),
            Self::Symlink(target) => write!(f, "Symlink of {} bytes", target.len()),
            Self::Char(major, minor) => write!(f, "Char {major}:{minor}"),
            Self::Block(major, minor) => write!(f, "Block {major}:{minor}"),
            Self::Fifo => write!(f, "Fifo"),
            Self::Socket => write!(f, "Socket"),
        }
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) kind: Kind,
    /// The first name of this inode, in the order of paths.
    pub(crate) first: Vec<u8>,
    pub(crate) permissions: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: (i64, u32),
    pub(crate) accessed: (i64, u32),
    pub(crate) changed: (i64, u32),
    pub(crate) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl File {
    /// Whether it may have this many blocks: those in their inodes have none.
    pub(crate) fn is_without_blocks(&self, blocks: u64) -> bool {
        blocks == 0 && !matches!(self.kind, Kind::Folder)
    }

    pub(crate) fn metadata(&self) -> Metadata {
        let time = |(seconds, nanoseconds)| Time { seconds, nanoseconds };
        Metadata {
            permissions: self.permissions,
            uid: self.uid,
            gid: self.gid,
            modified: time(self.modified),
            accessed: time(self.accessed),
            changed: time(self.changed),
            created: time(self.modified),
            xattrs: self.xattrs.clone().into_iter().collect(),
        }
    }
}

/// Writes a tree; names of one inode after the first become links.
pub(crate) fn write<S: Storage + 'static>(tree: &Tree, writer: &mut Writer<S>) -> Result<()> {
    for (path, file) in tree {
        if file.first != *path {
            writer.link(&file.first, path)?;
            continue;
        }
        let metadata = file.metadata();
        let node = match &file.kind {
            Kind::Content(bytes) => {
                writer.create_file(path, &metadata, bytes.len() as u64)?;
                // In odd pieces: where they end must not matter.
                for piece in bytes.chunks(3001) {
                    writer.write(piece)?;
                }
                continue;
            }
            Kind::Folder => Node::Directory,
            Kind::Symlink(target) => Node::Symlink(target),
            Kind::Char(major, minor) => Node::CharDevice { major: *major, minor: *minor },
            Kind::Block(major, minor) => Node::BlockDevice { major: *major, minor: *minor },
            Kind::Fifo => Node::Fifo,
            Kind::Socket => Node::Socket,
        };
        writer.create(path, node, &metadata)?;
    }
    Ok(())
}

/// Reads a tree by our reader.
pub(crate) fn read<S: Storage>(system: &FileSystem<S>) -> Tree {
    let mut tree = Tree::default();
    let mut firsts = BTreeMap::new();
    let mut walk = system.walk(2).unwrap();
    while let Some(step) = walk.next() {
        let (path, stat) = step.unwrap();
        if path == b"lost+found" {
            continue;
        }
        let time = |time: Time| (time.seconds, time.nanoseconds);
        let folder = stat.file_type == FileType::Directory;
        let first =
            if folder { path.to_vec() } else { firsts.entry(stat.inode).or_insert(path.to_vec()).clone() };
        let file = File {
            kind: match stat.file_type {
                FileType::Regular => {
                    let mut bytes = Vec::new();
                    system.read_file(stat.inode).unwrap().read_to_end(&mut bytes).unwrap();
                    assert_eq!(bytes.len() as u64, stat.size);
                    Kind::Content(bytes)
                }
                FileType::Directory => Kind::Folder,
                FileType::Symlink => Kind::Symlink(system.read_link(stat.inode).unwrap()),
                FileType::CharDevice => Kind::Char(stat.device.0, stat.device.1),
                FileType::BlockDevice => Kind::Block(stat.device.0, stat.device.1),
                FileType::Fifo => Kind::Fifo,
                FileType::Socket => Kind::Socket,
                other => panic!("{other:?}"),
            },
            first,
            permissions: stat.permissions,
            uid: stat.uid,
            gid: stat.gid,
            modified: time(stat.modified),
            accessed: time(stat.accessed),
            changed: time(stat.changed),
            xattrs: system.xattrs(stat.inode).unwrap().into_iter().collect(),
        };
        tree.insert(path.to_vec(), file);
    }
    tree
}

/// Compares two trees, and says where they differ rather than what they are.
#[track_caller]
pub(crate) fn assert_same(found: &Tree, expected: &Tree, who: &str) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{who}: other names");
    for (path, file) in expected {
        assert_eq!(found[path], *file, "{who}: {}", String::from_utf8_lossy(path));
    }
}
