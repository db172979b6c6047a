//! The reader: lists, stats and reads any ext2, ext3 or ext4 file system that is clean, ours or not, and checks its
//! checksums. Whatever stands in it is hostile: nothing panics, goes round for ever or allocates without bounds.

mod content;
mod error;
mod export;
mod folder;
mod lookup;
mod verify;

use std::num::NonZeroU64;

pub use content::FileReader;
pub use error::ReadError;
pub use export::{Export, ExportReport};
pub use folder::DirEntry;
pub use lookup::Walk;
pub use verify::{Damage, Verification};

use crate::format::group::Descriptor;
use crate::format::inode::{self, Fields, kind};
use crate::format::superblock::{self, Superblock};
use crate::format::time::Time;
use crate::format::xattr::{self, Xattr};
use crate::format::{incompat, length, low32, ro_compat};
use crate::storage::Storage;

/// What this reads; a feature besides these changes what other things mean.
const KNOWN: u32 = incompat::FILETYPE
    | incompat::META_BG
    | incompat::EXTENTS
    | incompat::BIT64
    | incompat::MMP
    | incompat::FLEX_BG
    | incompat::EA_INODE
    | incompat::CSUM_SEED
    | incompat::LARGEDIR
    | incompat::INLINE_DATA;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket's name.
    Socket,
    /// None of these: the inode is free or damaged.
    Unknown,
}

impl FileType {
    fn of(mode: u16) -> Self {
        match mode & kind::MASK {
            kind::REGULAR => Self::Regular,
            kind::DIRECTORY => Self::Directory,
            kind::SYMLINK => Self::Symlink,
            kind::CHAR => Self::CharDevice,
            kind::BLOCK => Self::BlockDevice,
            kind::FIFO => Self::Fifo,
            kind::SOCKET => Self::Socket,
            _ => Self::Unknown,
        }
    }
}

/// A file's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The inode's number.
    pub inode: u32,
    /// What it is.
    pub file_type: FileType,
    /// Permissions, with set-user-id, set-group-id and sticky.
    pub permissions: u16,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Names.
    pub links: u16,
    /// Bytes on disk, of content and of what describes it.
    pub allocated: u64,
    /// When the content was changed.
    pub modified: Time,
    /// When it was read.
    pub accessed: Time,
    /// When the inode was changed.
    pub changed: Time,
    /// When it was made.
    pub created: Time,
    /// A device's major and minor number.
    pub device: (u32, u32),
}

/// A file system that is read.
#[derive(Debug)]
pub struct FileSystem<S> {
    storage: S,
    superblock: Superblock,
    block_size: u64,
    groups: u64,
}

/// An inode as it was read.
#[derive(Debug, Clone)]
struct Inode {
    number: u32,
    fields: Fields,
    raw: Vec<u8>,
}

impl<S: Storage> FileSystem<S> {
    /// Opens the file system that begins with the storage.
    ///
    /// # Errors
    /// [`ReadError`]: there is none, or it has features that are not known.
    pub fn open(storage: S) -> Result<Self, ReadError> {
        let raw = read_superblock(&storage)?;
        let superblock = Superblock::read(&raw).ok_or(ReadError::NotExt4)?;
        if superblock.has_checksums() && !Superblock::checksum_holds(&raw) {
            return Err(ReadError::Superblock { what: "its checksum is wrong" });
        }
        Self::with_superblock(storage, superblock)
    }

    fn with_superblock(storage: S, superblock: Superblock) -> Result<Self, ReadError> {
        let bad = |what| Err(ReadError::Superblock { what });
        let unknown = superblock.incompat & !(KNOWN | incompat::RECOVER);
        if unknown != 0 {
            return Err(ReadError::Features { unknown });
        }
        if superblock.incompat & incompat::RECOVER != 0 {
            return Err(ReadError::NeedsRecovery);
        }
        if superblock.log_block > 6 {
            return bad("its blocks are larger than 64 KiB");
        }
        let block_size = 1024_u64 << superblock.log_block;
        let size = u64::from(superblock.inode_size);
        if !size.is_power_of_two() || size < 128 || size > block_size {
            return bad("its inodes' size can't be");
        }
        let per_group = u64::from(superblock.blocks_per_group);
        let inodes_per_group = u64::from(superblock.inodes_per_group);
        if per_group == 0
            || per_group > block_size * 8
            || inodes_per_group == 0
            || inodes_per_group > block_size * 8
        {
            return bad("its groups can't be");
        }
        if !(32..=1024).contains(&superblock.descriptor_size) || !superblock.descriptor_size.is_multiple_of(8)
        {
            return bad("its descriptors' size can't be");
        }
        let first = u64::from(superblock.first_block);
        let Some(blocks) = superblock.blocks.checked_sub(first).filter(|blocks| *blocks > 0) else {
            return bad("it has no blocks");
        };
        let length = storage.length().map_err(|source| ReadError::Read { offset: 0, source })?;
        if superblock.blocks.checked_mul(block_size).is_none_or(|size| size > length) {
            return Err(ReadError::CutOff { blocks: superblock.blocks, block_size, length });
        }
        let groups = blocks.div_ceil(per_group);
        // The tables have to lie somewhere; without that, a small image could keep a reader busy for ever.
        let inodes = u64::from(superblock.inodes);
        if groups.checked_mul(inodes_per_group) != Some(inodes)
            || inodes * size > superblock.blocks * block_size
        {
            return bad("its number of inodes can't be");
        }
        Ok(Self { storage, superblock, block_size, groups })
    }

    /// Bytes of the file system.
    pub fn size(&self) -> u64 {
        self.superblock.blocks * self.block_size
    }

    /// Bytes of a block.
    pub fn block_size(&self) -> u64 {
        self.block_size
    }

    /// Blocks that nothing uses.
    pub fn free_blocks(&self) -> u64 {
        self.superblock.free_blocks
    }

    /// Inodes that are in use, the reserved ones among them.
    pub fn used_inodes(&self) -> u32 {
        self.superblock.inodes.saturating_sub(self.superblock.free_inodes)
    }

    /// The UUID.
    pub fn uuid(&self) -> [u8; 16] {
        self.superblock.uuid
    }

    /// The volume's label.
    pub fn label(&self) -> &[u8] {
        let label = &self.superblock.label;
        let end = label.iter().position(|byte| *byte == 0).unwrap_or(label.len());
        &label[..end]
    }

    /// Where it lies.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn bytes(&self, offset: u64, count: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; count];
        let read = self.storage.read_exact_at(&mut bytes, offset);
        read.map_err(|source| ReadError::Read { offset, source })?;
        Ok(bytes)
    }

    /// A block, whose number comes from the disk.
    fn block(&self, block: u64) -> Result<Vec<u8>, ReadError> {
        if block < u64::from(self.superblock.first_block) || block >= self.superblock.blocks {
            return Err(ReadError::Outside { block });
        }
        self.bytes(block * self.block_size, length(self.block_size))
    }

    /// Where a block of descriptors lies.
    fn descriptor_block(&self, index: u64) -> u64 {
        let first = u64::from(self.superblock.first_block);
        let meta = self.superblock.incompat & incompat::META_BG != 0;
        if !meta || index < u64::from(self.superblock.first_meta_group) {
            return first + 1 + index;
        }
        let per_block = self.block_size / u64::from(self.superblock.descriptor_size);
        let group = index * per_block;
        let start = first + group * u64::from(self.superblock.blocks_per_group);
        start + u64::from(self.has_super(group))
    }

    /// Whether a group begins with a copy of the super block. (Those of `sparse_super2` never begin a meta group.)
    fn has_super(&self, group: u64) -> bool {
        if group <= 1 || self.superblock.ro_compat & ro_compat::SPARSE_SUPER == 0 {
            return group == 0 || self.superblock.compat & crate::format::compat::SPARSE_SUPER2 == 0;
        }
        [3, 5, 7].into_iter().any(|base: u64| {
            let mut power = base;
            while power < group {
                power = power.saturating_mul(base);
            }
            power == group
        })
    }

    fn descriptor_bytes(&self, group: u64) -> Result<Vec<u8>, ReadError> {
        let size = u64::from(self.superblock.descriptor_size);
        let per_block = self.block_size / size;
        let block = self.descriptor_block(group / per_block);
        if block >= self.superblock.blocks {
            return Err(ReadError::Outside { block });
        }
        self.bytes(block * self.block_size + group % per_block * size, length(size))
    }

    fn inode(&self, number: u32) -> Result<Inode, ReadError> {
        let place = number.checked_sub(1).filter(|_| number <= self.superblock.inodes);
        let place = place.ok_or(ReadError::NoInode { number })?;
        let per_group = self.superblock.inodes_per_group;
        let group = u64::from(place / per_group);
        if group >= self.groups {
            return Err(ReadError::NoInode { number });
        }
        let table = Descriptor::read(&self.descriptor_bytes(group)?).inode_table;
        let size = u64::from(self.superblock.inode_size);
        let offset = table
            .checked_mul(self.block_size)
            .and_then(|start| start.checked_add(u64::from(place % per_group) * size))
            .filter(|offset| offset + size <= self.size())
            .ok_or(ReadError::Outside { block: table })?;
        let raw = self.bytes(offset, length(size))?;
        Ok(Inode { number, fields: Fields::read(&raw), raw })
    }

    /// A file's metadata by its inode.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn stat(&self, inode: u32) -> Result<Stat, ReadError> {
        Ok(self.inode(inode)?.stat())
    }

    /// A file's extended attributes by its inode, sorted by name.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn xattrs(&self, inode: u32) -> Result<Vec<Xattr>, ReadError> {
        self.xattrs_of(&self.inode(inode)?)
    }

    fn xattrs_of(&self, inode: &Inode) -> Result<Vec<Xattr>, ReadError> {
        let damaged = |what| ReadError::Damaged { inode: inode.number, what };
        let mut found = xattr::read_area(inode.xattr_area());
        if let Some(what) = found.problem {
            return Err(damaged(what));
        }
        if inode.fields.xattr_block != 0 {
            let block = xattr::read_block(&self.block(inode.fields.xattr_block)?);
            if let Some(what) = block.problem {
                return Err(damaged(what));
            }
            found.xattrs.extend(block.xattrs);
        }
        found.xattrs.sort();
        Ok(found.xattrs)
    }

    fn group_count(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.groups)
    }
}

impl Inode {
    fn stat(&self) -> Stat {
        let fields = &self.fields;
        let file_type = FileType::of(fields.mode);
        let device = matches!(file_type, FileType::CharDevice | FileType::BlockDevice);
        Stat {
            inode: self.number,
            file_type,
            permissions: fields.mode & 0o7777,
            uid: fields.uid,
            gid: fields.gid,
            size: fields.size,
            links: fields.links,
            allocated: fields.sectors.saturating_mul(512),
            modified: fields.modified,
            accessed: fields.accessed,
            changed: fields.changed,
            created: fields.created,
            device: if device { inode::device(&self.raw) } else { (0, 0) },
        }
    }

    /// The 60 bytes that say where the content is, or are it.
    fn area(&self) -> &[u8] {
        &self.raw[inode::BLOCK_AREA..inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH]
    }

    /// What lies behind the fields.
    fn xattr_area(&self) -> &[u8] {
        if self.raw.len() <= 128 {
            return &[];
        }
        let start = 128 + usize::from(crate::format::get_u16(&self.raw, 0x80));
        self.raw.get(start..).unwrap_or_default()
    }
}

/// The super block's bytes.
fn read_superblock<S: Storage + ?Sized>(storage: &S) -> Result<Vec<u8>, ReadError> {
    let mut raw = vec![0; superblock::SIZE];
    match storage.read_exact_at(&mut raw, superblock::OFFSET) {
        Ok(()) => Ok(raw),
        Err(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => Err(ReadError::NotExt4),
        Err(source) => Err(ReadError::Read { offset: superblock::OFFSET, source }),
    }
}

/// Whether storage begins with an ext2, ext3 or ext4 file system, whatever its features.
///
/// # Errors
/// [`ReadError::Read`]
pub fn is_ext4<S: Storage + ?Sized>(storage: &S) -> Result<bool, ReadError> {
    match read_superblock(storage) {
        Ok(raw) => Ok(Superblock::read(&raw).is_some()),
        Err(ReadError::NotExt4) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The size in bytes of the file system that storage begins with, and that of its blocks. Nothing but the super block
/// is read, so the storage may end before the file system does.
///
/// # Errors
/// [`ReadError::NotExt4`], [`ReadError::Superblock`], [`ReadError::Read`]
pub fn file_system_size<S: Storage + ?Sized>(storage: &S) -> Result<(u64, u64), ReadError> {
    let superblock = Superblock::read(&read_superblock(storage)?).ok_or(ReadError::NotExt4)?;
    if superblock.log_block > 6 {
        return Err(ReadError::Superblock { what: "its blocks are larger than 64 KiB" });
    }
    let block_size = 1024_u64 << superblock.log_block;
    let size = superblock.blocks.checked_mul(block_size);
    Ok((size.ok_or(ReadError::Superblock { what: "its size can't be" })?, block_size))
}

/// A number of a block in a file, of which there are 2^32.
fn logical(value: u64) -> Option<u32> {
    u32::try_from(value).ok().filter(|value| low32(u64::from(*value)) == *value)
}
