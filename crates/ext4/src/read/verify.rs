//! Checking: every checksum of metadata, every folder and every file's map, without a word to anybody but the caller.
//!
//! It finds damage; whether all counts agree is e2fsck's work.

use super::content::Map;
use super::{FileSystem, FileType, Inode, ReadError};
use crate::format::extent::{self, Node};
use crate::format::group::{BLOCK_UNINIT, Descriptor, INODE_UNINIT};
use crate::format::inode::flag;
use crate::format::{checksum, dir, get_u32, length, low32, xattr};
use crate::storage::Storage;

/// Findings that are kept.
const MOST: usize = 1000;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where: `group 3`, `inode 12`.
    pub place: String,
    /// What.
    pub what: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Inodes in use that were looked at.
    pub inodes: u64,
    /// Checksums that were compared; 0 when the file system has none.
    pub checksums: u64,
    /// The first thousand findings.
    pub damage: Vec<Damage>,
}

impl Verification {
    /// Whether nothing was found.
    pub fn holds(&self) -> bool {
        self.damage.is_empty()
    }

    fn note(&mut self, place: String, what: impl Into<String>) {
        if self.damage.len() < MOST {
            self.damage.push(Damage { place, what: what.into() });
        }
    }

    fn sum(&mut self, holds: bool, place: impl Fn() -> String, what: &str) {
        self.checksums += 1;
        if !holds {
            self.note(place(), format!("the checksum of {what} is wrong"));
        }
    }
}

impl<S: Storage> FileSystem<S> {
    /// Checks all metadata.
    ///
    /// # Errors
    /// [`ReadError::Read`]: the storage can't be read. Damage is no error but a finding.
    pub fn verify(&self) -> Result<Verification, ReadError> {
        let mut found = Verification::default();
        if self.superblock.has_checksums() {
            found.checksums += 1; // the super block's, on opening
        }
        for group in 0..self.group_count().map_or(0, std::num::NonZero::get) {
            if let Err(error) = self.verify_group(group, &mut found) {
                damage_only(error, &mut found, || format!("group {group}"))?;
            }
        }
        Ok(found)
    }

    fn verify_group(&self, group: u64, found: &mut Verification) -> Result<(), ReadError> {
        let sums = self.superblock.has_checksums();
        let seed = self.superblock.checksum_seed;
        let place = || format!("group {group}");
        let raw = self.descriptor_bytes(group)?;
        let descriptor = Descriptor::read(&raw);
        if sums {
            let sum = checksum::group(seed, low32(group), &raw);
            found.sum(sum == descriptor.checksum, place, "the descriptor");
        }
        let per_group = self.superblock.inodes_per_group;
        let inodes = self.block(descriptor.inode_bitmap)?;
        let initialised = descriptor.flags & INODE_UNINIT == 0;
        let wide = raw.len() >= crate::format::group::SIZE;
        let same = |bitmap: &[u8], bits: u32, stated: u32| {
            let sum = checksum::crc(seed, bitmap.get(..length(u64::from(bits / 8))).unwrap_or_default());
            if wide { sum == stated } else { sum & 0xffff == stated & 0xffff }
        };
        if sums && initialised {
            found.sum(
                same(&inodes, per_group, descriptor.inode_bitmap_checksum),
                place,
                "the inodes' bitmap",
            );
        }
        if sums && descriptor.flags & BLOCK_UNINIT == 0 {
            let blocks = self.block(descriptor.block_bitmap)?;
            let bits = self.superblock.blocks_per_group;
            found.sum(same(&blocks, bits, descriptor.block_bitmap_checksum), place, "the blocks' bitmap");
        }
        if !initialised {
            return Ok(());
        }
        for n in 0..per_group {
            let used = inodes.get(length(u64::from(n / 8))).is_some_and(|byte| byte >> (n % 8) & 1 == 1);
            let number = u64::from(n) + 1 + group * u64::from(per_group);
            let Some(number) =
                u32::try_from(number).ok().filter(|number| used && *number <= self.superblock.inodes)
            else {
                continue;
            };
            let inode = self.inode(number)?;
            // Reserved ones need not be in use.
            if inode.fields.mode == 0 && inode.fields.links == 0 {
                continue;
            }
            found.inodes += 1;
            if let Err(error) = self.verify_inode(&inode, found) {
                damage_only(error, found, || format!("inode {number}"))?;
            }
        }
        Ok(())
    }

    fn verify_inode(&self, inode: &Inode, found: &mut Verification) -> Result<(), ReadError> {
        let sums = self.superblock.has_checksums();
        let (number, seed) = (inode.number, self.superblock.checksum_seed);
        let own_seed = checksum::inode_seed(seed, number, inode.fields.generation);
        let place = || format!("inode {number}");
        if sums {
            found.sum(checksum::inode_holds(seed, number, &inode.raw), place, "the inode");
        }
        if inode.fields.xattr_block != 0 {
            let block = self.block(inode.fields.xattr_block)?;
            if sums {
                let sum = checksum::xattr(seed, inode.fields.xattr_block, &block);
                found.sum(sum == get_u32(&block, 16), place, "the block of extended attributes");
            }
        }
        // A value in an inode of its own is one that this does not read; nothing is wrong with it.
        if let Some(what) = xattr::read_area(inode.xattr_area()).problem {
            found.note(place(), what);
        }
        let file_type = inode.stat().file_type;
        if inode.fields.flags & flag::EA_INODE != 0 {
            return Ok(());
        }
        match file_type {
            FileType::Symlink => drop(self.read_link(number)?),
            FileType::Regular | FileType::Directory => {
                let map = inode.map()?;
                if let Map::Extents = map {
                    self.verify_extents(inode, own_seed, found)?;
                }
                if file_type == FileType::Directory {
                    self.verify_folder(inode, &map, own_seed, found)?;
                }
            }
            FileType::Unknown => found.note(place(), "it is of no known type"),
            _ => {}
        }
        Ok(())
    }

    fn verify_extents(&self, inode: &Inode, seed: u32, found: &mut Verification) -> Result<(), ReadError> {
        let place = || format!("inode {}", inode.number);
        let damaged = || ReadError::Damaged { inode: inode.number, what: "its tree of extents" };
        let root = extent::read_node(inode.area(), None).ok_or_else(damaged)?;
        let (mut open, mut visited) = (vec![root], 0);
        while let Some((node, depth)) = open.pop() {
            match node {
                Node::Leaf(runs) => {
                    for (run, _) in runs {
                        let end = run.start.checked_add(u64::from(run.length));
                        if end.is_none_or(|end| end > self.superblock.blocks) || run.start == 0 {
                            return Err(ReadError::Outside { block: run.start });
                        }
                    }
                }
                Node::Index(children) => {
                    for (_, child) in children {
                        visited += 1;
                        if visited > self.superblock.blocks {
                            return Err(damaged()); // a circle
                        }
                        let raw = self.block(child)?;
                        if self.superblock.has_checksums() {
                            let max = usize::from(crate::format::get_u16(&raw, 4));
                            let end = extent::HEADER + max * extent::ENTRY;
                            let sum = checksum::crc(seed, raw.get(..end).unwrap_or_default());
                            found.sum(sum == get_u32(&raw, end), place, "a block of extents");
                        }
                        open.push(extent::read_node(&raw, Some(depth - 1)).ok_or_else(damaged)?);
                    }
                }
            }
        }
        Ok(())
    }

    fn verify_folder(
        &self,
        inode: &Inode,
        map: &Map,
        seed: u32,
        found: &mut Verification,
    ) -> Result<(), ReadError> {
        let place = || format!("inode {}", inode.number);
        let inodes = self.superblock.inodes;
        let mut outside = 0_u64;
        self.each_name(inode, |entry| outside += u64::from(entry.inode > inodes))?;
        if outside > 0 {
            found.note(place(), format!("{outside} names are of inodes that are not there"));
        }
        if !self.superblock.has_checksums() || matches!(map, Map::Inline(_)) {
            return Ok(());
        }
        let indexed = inode.fields.flags & flag::INDEX != 0;
        let blocks = inode.fields.size.min(self.size()) / self.block_size;
        for n in 0..blocks {
            let Some(start) = self.run(inode, map, n)?.start else { continue };
            let block = self.block(start)?;
            let holds = dir::checksum_holds(&block, n == 0, indexed, seed);
            found.sum(holds == Some(true), place, "a block of names");
        }
        Ok(())
    }
}

/// Damage becomes a finding; that the storage can't be read is an error.
fn damage_only(
    error: ReadError,
    found: &mut Verification,
    place: impl Fn() -> String,
) -> Result<(), ReadError> {
    match error {
        ReadError::Read { .. } => Err(error),
        other => {
            found.note(place(), other.to_string());
            Ok(())
        }
    }
}
