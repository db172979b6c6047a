//! A folder's names. Indexes need not be looked at: to a reader in order they are blocks without names.

use std::io::Read as _;

use super::content::Map;
use super::{FileSystem, FileType, Inode, ReadError};
use crate::format::inode::flag;
use crate::format::{dir, get_u32, length};
use crate::storage::Storage;

/// Bytes of the parent's number at the beginning of a folder in an inode.
const INLINE_PARENT: usize = 4;

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name: bytes, without a slash.
    pub name: Vec<u8>,
    /// The inode's number.
    pub inode: u32,
}

impl<S: Storage> FileSystem<S> {
    /// The names in a folder, without `.` and `..`, in the order of the disk.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn read_dir(&self, inode: u32) -> Result<Vec<DirEntry>, ReadError> {
        let mut names = Vec::new();
        self.each_name(&self.inode(inode)?, |name| names.push(name))?;
        Ok(names)
    }

    pub(super) fn each_name(&self, inode: &Inode, mut take: impl FnMut(DirEntry)) -> Result<(), ReadError> {
        let number = inode.number;
        if inode.stat().file_type != FileType::Directory {
            return Err(ReadError::NotAFolder { path: format!("inode {number}") });
        }
        if inode.fields.flags & flag::CASEFOLD != 0 && inode.fields.flags & flag::ENCRYPT != 0 {
            return Err(ReadError::Unsupported { inode: number, what: "encrypted" });
        }
        let mut scan = |block: &[u8]| {
            for entry in dir::entries(block) {
                let damaged = ReadError::Damaged { inode: number, what: "a block of names" };
                let entry = entry.ok_or(damaged)?;
                let name = entry.name;
                if name == b"." || name == b".." {
                    continue;
                }
                if name.iter().any(|byte| matches!(byte, b'/' | 0)) {
                    return Err(ReadError::Damaged { inode: number, what: "a name with a slash or NUL" });
                }
                take(DirEntry { name: name.to_vec(), inode: entry.inode });
            }
            Ok(())
        };
        if let Map::Inline(bytes) = inode.map()? {
            // In the inode there are two stretches of names, each complete in itself.
            let (first, second) = bytes.split_at(bytes.len().min(crate::format::inode::BLOCK_AREA_LENGTH));
            scan(first.get(INLINE_PARENT..).unwrap_or_default())?;
            return scan(second);
        }
        let mut reader = self.reader(inode.clone())?;
        let size = inode.fields.size.min(self.size());
        let mut block = vec![0; length(self.block_size)];
        for _ in 0..size / self.block_size {
            reader
                .read_exact(&mut block)
                .map_err(|_| ReadError::Damaged { inode: number, what: "its blocks" })?;
            // A hole has no names.
            if get_u32(&block, 0) == 0 && get_u32(&block, 4) == 0 {
                continue;
            }
            scan(&block)?;
        }
        Ok(())
    }
}
