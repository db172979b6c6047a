//! The writer: files go into the image as they come, in one pass; what describes them follows at the end.
//!
//! In the order of the image: the super block and descriptors (written last), the files' blocks as they came, the
//! folders, the tables of inodes, the bitmaps. Nothing is free but what replaced files leave behind.

mod content;
mod dirs;
mod error;
mod finish;
mod geometry;
mod nodes;
mod options;
mod output;
mod paths;
mod spill;
mod tree;

use crate::format::inode::kind;
use crate::format::time::Time;
use crate::format::xattr::Xattr;
use crate::format::{BLOCK, BLOCK64, LOST_FOUND, ROOT};
use crate::storage::Storage;
use content::OpenFile;
pub use content::Part;
pub use error::text;
pub use error::{Error, Result};
pub use options::{Options, Uuid};
use output::Output;
use paths::Last;
pub(crate) use spill::Spill;
use tree::{ROOT_FOLDER, Tree};

/// Bytes of an inode with inline data.
const LARGEST_INODE: usize = 512;

/// What a file is, besides a regular one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node<'a> {
    /// A folder.
    Directory,
    /// A symbolic link to this path.
    Symlink(&'a [u8]),
    /// A character device with these numbers.
    CharDevice {
        /// Up to 4,095.
        major: u32,
        /// Up to 1,048,575.
        minor: u32,
    },
    /// A block device with these numbers.
    BlockDevice {
        /// Up to 4,095.
        major: u32,
        /// Up to 1,048,575.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
    /// A socket's name.
    Socket,
}

/// What a file has besides its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The permissions, with set-user-id, set-group-id and sticky: 12 bits, the others do not count.
    pub permissions: u16,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// When the content was changed. What an inode can't hold becomes the nearest that it can.
    pub modified: Time,
    /// When it was read.
    pub accessed: Time,
    /// When the inode was changed.
    pub changed: Time,
    /// When it was made.
    pub created: Time,
    /// Extended attributes: names as programs see them (`user.mime_type`), and values.
    pub xattrs: Vec<Xattr>,
}

impl Metadata {
    /// With one time for all.
    pub fn new(permissions: u16, uid: u32, gid: u32, time: Time) -> Self {
        Self {
            permissions,
            uid,
            gid,
            modified: time,
            accessed: time,
            changed: time,
            created: time,
            xattrs: Vec::new(),
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of the file system.
    pub size: u64,
    /// Files of all kinds, `lost+found` and the root among them.
    pub inodes: u32,
    /// The file system's UUID.
    pub uuid: [u8; 16],
    /// Present when the image has a tree of hashes, which lies behind the file system.
    pub verity: Option<crate::verity::Verity>,
}

/// Writes an image. See the [crate's documentation](crate) for an example.
#[derive(Debug)]
pub struct Writer<S> {
    output: Output<S>,
    options: Options,
    tree: Tree,
    last: Last,
    /// Inodes as they go to disk, but for links and checksums; of folders, for their content too.
    inodes: Spill,
    /// Names of each inode; unused for folders.
    links: Vec<u16>,
    /// Numbers of inodes that have gone.
    free_inodes: Vec<u32>,
    /// Runs of blocks that have gone.
    free_blocks: Vec<(u64, u64)>,
    file: Option<OpenFile>,
    /// The file before, for its buffers.
    spare: Option<OpenFile>,
    layer: u16,
    /// Whether some folder is marked.
    any_opaque: bool,
    /// Whether what is not written is not zero.
    stale: bool,
}

impl<S: Storage + 'static> Writer<S> {
    /// Begins an image in `storage`, which is empty or is overwritten.
    ///
    /// # Errors
    /// [`Error::Spill`]
    pub fn new(storage: S, options: Options) -> Result<Self> {
        let mut writer = Self {
            output: Output::new(storage, options.verity),
            options,
            tree: Tree::default(),
            last: Last::default(),
            inodes: Spill::default(),
            links: Vec::new(),
            free_inodes: Vec::new(),
            free_blocks: Vec::new(),
            file: None,
            spare: None,
            layer: 0,
            any_opaque: false,
            stale: false,
        };
        writer.begin()?;
        for _ in 1..LOST_FOUND {
            writer.new_inode()?;
        }
        let root = Metadata::new(0o755, 0, 0, Time::default());
        writer.put_node(ROOT, Node::Directory, &root)?;
        writer.tree.add_folder(ROOT, ROOT_FOLDER)?;
        // e2fsck wants it.
        writer.create(b"lost+found", Node::Directory, &Metadata { permissions: 0o700, ..root })?;
        Ok(writer)
    }

    /// Begins another layer: what it names takes the place of what the layers before named, whatever that was; and
    /// what it hides goes ([`Writer::hide`]).
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Write`]
    pub fn next_layer(&mut self) -> Result<()> {
        self.end_file()?;
        self.layer = self.layer.checked_add(1).ok_or(Error::TooMany { what: "65,536 layers" })?;
        Ok(())
    }

    /// Makes anything but a regular file. Folders that are missing on the way are made like the folder above them. A
    /// folder that is there gets the new metadata and keeps its content.
    ///
    /// # Errors
    /// Those that name a path: the name, the place or the metadata is none that ext4 can have.
    pub fn create(&mut self, path: &[u8], node: Node<'_>, metadata: &Metadata) -> Result<()> {
        self.end_file()?;
        self.make(path, node, metadata).map(|_| ())
    }

    /// Another name for a file that is there. Symbolic links can have several names too.
    ///
    /// # Errors
    /// [`Error::NoTarget`], [`Error::LinkToFolder`], [`Error::TooManyLinks`], and those of [`Writer::create`].
    pub fn link(&mut self, target: &[u8], path: &[u8]) -> Result<()> {
        self.end_file()?;
        self.make_link(target, path)
    }

    /// Takes away what layers before this one have at this path; what this layer has there stays. Nothing happens when
    /// there is nothing.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn hide(&mut self, path: &[u8]) -> Result<()> {
        self.end_file()?;
        self.hide_path(path, true)
    }

    /// Takes away what layers before this one have in the folder at this path.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn hide_content(&mut self, path: &[u8]) -> Result<()> {
        self.end_file()?;
        self.hide_path(path, false)
    }

    /// Marks a folder so that an overlay does not show what lower layers have in it (`trusted.overlay.opaque`). It is
    /// made when it is missing, and keeps the mark when it is made again.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn make_opaque(&mut self, path: &[u8]) -> Result<()> {
        self.end_file()?;
        self.mark_opaque(path)
    }

    /// How many bytes the image has so far.
    pub fn position(&self) -> u64 {
        self.output.position()
    }

    /// Makes sure that nothing that was there before counts.
    fn begin(&mut self) -> Result<()> {
        let write = |source| Error::Write { offset: 0, source };
        let storage = self.output.storage();
        if storage.length().map_err(write)? > 0 {
            storage.set_length(0).map_err(write)?;
            // A device stays as long as it is, and its old super block would make a half-written image one.
            self.stale = storage.length().map_err(write)? > 0;
        }
        if self.stale {
            self.output.zeros(BLOCK)?;
        }
        self.output.seek((1 + geometry::RESERVED) * BLOCK64)
    }

    /// The number of a new inode, whose bytes are there and zero.
    fn new_inode(&mut self) -> Result<u32> {
        if let Some(number) = self.free_inodes.pop() {
            return Ok(number);
        }
        let number =
            u32::try_from(self.links.len() + 1).map_err(|_| Error::TooMany { what: "2^32 inodes" })?;
        self.links.push(0);
        let size = usize::from(self.options.inode_size());
        self.inodes.push(&[0; LARGEST_INODE][..size]).map_err(|source| Error::Spill { source })?;
        Ok(number)
    }

    fn links_mut(&mut self, inode: u32) -> &mut u16 {
        &mut self.links[crate::format::index(inode) - 1]
    }
}

impl Node<'_> {
    pub(crate) fn kind(&self) -> u16 {
        match self {
            Self::Directory => kind::DIRECTORY,
            Self::Symlink(_) => kind::SYMLINK,
            Self::CharDevice { .. } => kind::CHAR,
            Self::BlockDevice { .. } => kind::BLOCK,
            Self::Fifo => kind::FIFO,
            Self::Socket => kind::SOCKET,
        }
    }
}
