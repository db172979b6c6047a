//! An entry as an archive tells it.

use crate::format::time::Time;
use crate::format::xattr::Xattr;
use crate::write::Part;

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A regular file; its content follows.
    #[default]
    File,
    /// Another name for an entry that came before.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A folder.
    Directory,
    /// A named pipe.
    Fifo,
}

/// An entry's metadata. Names are bytes, as the archive has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where its first header lies in the archive.
    pub offset: u64,
    /// What it is.
    pub kind: Kind,
    /// Its path.
    pub name: Vec<u8>,
    /// What a link leads to.
    pub link: Vec<u8>,
    /// Permissions, and maybe bits of its kind.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Bytes of a file, holes among them.
    pub size: u64,
    /// Bytes of content in the archive.
    pub stored: u64,
    /// When the content was changed.
    pub modified: Time,
    /// When it was read, if the archive says so.
    pub accessed: Option<Time>,
    /// When the inode was changed, if the archive says so.
    pub changed: Option<Time>,
    /// When it was made, if the archive says so.
    pub created: Option<Time>,
    /// A device's major number.
    pub major: u32,
    /// Its minor number.
    pub minor: u32,
    /// Extended attributes.
    pub xattrs: Vec<Xattr>,
    /// Of a sparse file, the parts that are stored.
    pub parts: Option<Vec<Part>>,
    /// Whether the archive has access control lists in a form that is not taken: names in place of numbers.
    pub has_acl_text: bool,
    /// Records that nothing above stands for, if the reader [keeps](super::Reader::keep_records) them; each key once.
    pub records: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Entry {
    /// Empties it, and keeps what it has allocated.
    pub(super) fn clear(&mut self) {
        let (mut name, mut link) = (std::mem::take(&mut self.name), std::mem::take(&mut self.link));
        name.clear();
        link.clear();
        *self = Self { name, link, ..Self::default() };
    }
}
