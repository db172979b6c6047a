//! A file's content: where its blocks are, whichever of the three ways it says so.

use std::io::{self, Read, Seek, SeekFrom};

use super::{FileSystem, FileType, Inode, ReadError, logical};
use crate::format::extent::{self, Node};
use crate::format::inode::flag;
use crate::format::{get_u32, length, xattr};
use crate::storage::Storage;

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Map {
    /// Here: in the inode.
    Inline(Vec<u8>),
    /// In a tree of extents, whose root is in the inode.
    Extents,
    /// In blocks that list blocks.
    Listed,
}

/// A run of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Blocks from the one that was asked for.
    pub(super) blocks: u64,
    /// Where they are; a hole has none.
    pub(super) start: Option<u64>,
}

impl Inode {
    pub(super) fn map(&self) -> Result<Map, ReadError> {
        let (inode, fields) = (self, &self.fields);
        if fields.flags & flag::ENCRYPT != 0 {
            return Err(ReadError::Unsupported { inode: inode.number, what: "encrypted" });
        }
        if fields.flags & flag::INLINE_DATA != 0 {
            let mut bytes = inode.area().to_vec();
            let found = xattr::read_area(inode.xattr_area());
            bytes.extend(found.data.unwrap_or_default());
            if (bytes.len() as u64) < fields.size {
                return Err(ReadError::Damaged {
                    inode: inode.number,
                    what: "it has less content than it says",
                });
            }
            bytes.truncate(length(fields.size));
            return Ok(Map::Inline(bytes));
        }
        Ok(if fields.flags & flag::EXTENTS != 0 { Map::Extents } else { Map::Listed })
    }
}

impl<S: Storage> FileSystem<S> {
    /// The run that a block of a file is in.
    pub(super) fn run(&self, inode: &Inode, map: &Map, block: u64) -> Result<Run, ReadError> {
        let Some(block) = logical(block) else { return Ok(Run { blocks: u64::MAX >> 1, start: None }) };
        let run = match map {
            Map::Inline(_) => Run { blocks: 1, start: None },
            Map::Extents => self.run_in_extents(inode, block)?,
            Map::Listed => self.run_in_lists(inode, block)?,
        };
        match run.start {
            Some(start)
                if start.checked_add(run.blocks).is_none_or(|end| end > self.superblock.blocks)
                    || start == 0 =>
            {
                Err(ReadError::Outside { block: start })
            }
            _ => Ok(run),
        }
    }

    fn run_in_extents(&self, inode: &Inode, block: u32) -> Result<Run, ReadError> {
        let damaged = || ReadError::Damaged { inode: inode.number, what: "its tree of extents" };
        let (mut node, mut depth) = extent::read_node(inode.area(), None).ok_or_else(damaged)?;
        // A hole ends where the next run begins, at whichever level that is said.
        let mut next = u64::from(u32::MAX) + 1;
        loop {
            match node {
                Node::Leaf(runs) => {
                    let after = runs.partition_point(|(run, _)| run.logical <= block);
                    if let Some((run, _)) = runs.get(after) {
                        next = next.min(u64::from(run.logical));
                    }
                    if let Some((run, written)) = after.checked_sub(1).map(|at| runs[at]) {
                        let within = block - run.logical;
                        if within < run.length {
                            let blocks = u64::from(run.length - within);
                            return Ok(Run { blocks, start: written.then(|| run.start + u64::from(within)) });
                        }
                    }
                    return Ok(Run { blocks: next.saturating_sub(u64::from(block)).max(1), start: None });
                }
                Node::Index(children) => {
                    let after = children.partition_point(|(first, _)| *first <= block);
                    if let Some((first, _)) = children.get(after) {
                        next = next.min(u64::from(*first));
                    }
                    let Some((_, child)) = after.checked_sub(1).map(|at| children[at]) else {
                        return Ok(Run { blocks: next.saturating_sub(u64::from(block)).max(1), start: None });
                    };
                    let raw = self.block(child)?;
                    // Each level's depth is one less, so this ends.
                    (node, depth) = extent::read_node(&raw, Some(depth - 1)).ok_or_else(damaged)?;
                }
            }
        }
    }

    fn run_in_lists(&self, inode: &Inode, block: u32) -> Result<Run, ReadError> {
        const DIRECT: u64 = 12;
        let per_block = self.block_size / 4;
        let single = |block: u32| Run { blocks: 1, start: (block != 0).then_some(u64::from(block)) };
        let mut place = u64::from(block);
        if place < DIRECT {
            return Ok(single(get_u32(inode.area(), length(place) * 4)));
        }
        place -= DIRECT;
        let mut covers = per_block;
        for level in 0..3 {
            if place < covers {
                let mut at = get_u32(inode.area(), (12 + level) * 4);
                let mut step = covers / per_block;
                for _ in 0..=level {
                    if at == 0 {
                        // Nothing is below: that many blocks are holes.
                        let hole = step * per_block;
                        return Ok(Run { blocks: hole - place % hole, start: None });
                    }
                    let list = self.block(u64::from(at))?;
                    at = get_u32(&list, length(place / step % per_block) * 4);
                    step = (step / per_block).max(1);
                }
                return Ok(single(at));
            }
            place -= covers;
            covers = covers.saturating_mul(per_block);
        }
        Ok(Run { blocks: u64::MAX >> 1, start: None })
    }

    /// A regular file's content.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn read_file(&self, inode: u32) -> Result<FileReader<'_, S>, ReadError> {
        let inode = self.inode(inode)?;
        if inode.stat().file_type != FileType::Regular {
            return Err(ReadError::NotAFile { path: format!("inode {}", inode.number) });
        }
        self.reader(inode)
    }

    pub(super) fn reader(&self, inode: Inode) -> Result<FileReader<'_, S>, ReadError> {
        let map = inode.map()?;
        Ok(FileReader { file_system: self, inode, map, position: 0, run: None })
    }

    /// A symbolic link's target.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn read_link(&self, inode: u32) -> Result<Vec<u8>, ReadError> {
        let inode = self.inode(inode)?;
        let number = inode.number;
        let size = inode.fields.size;
        if inode.stat().file_type != FileType::Symlink || size > self.block_size.min(65_536) {
            return Err(ReadError::Damaged { inode: number, what: "it is no symbolic link" });
        }
        if size < 60 && inode.fields.flags & (flag::INLINE_DATA | flag::EXTENTS) == 0 {
            return Ok(inode.area()[..length(size)].to_vec());
        }
        let mut target = Vec::new();
        let read = self.reader(inode)?.take(size).read_to_end(&mut target);
        read.map_err(|source| ReadError::Read { offset: 0, source })?;
        Ok(target)
    }
}

/// Reads a file.
#[derive(Debug)]
pub struct FileReader<'a, S> {
    file_system: &'a FileSystem<S>,
    inode: Inode,
    map: Map,
    position: u64,
    /// Where the run that was read last begins in the file, in blocks.
    run: Option<(u64, Run)>,
}

impl<S: Storage> FileReader<'_, S> {
    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.inode.fields.size
    }

    /// The next stretch of bytes from `offset` on: where it begins and ends. Between stretches are holes.
    pub(super) fn next_data(&mut self, offset: u64) -> Result<Option<(u64, u64)>, ReadError> {
        let size = self.size();
        if offset >= size {
            return Ok(None);
        }
        if let Map::Inline(_) = self.map {
            return Ok(Some((offset, size)));
        }
        let block_size = self.file_system.block_size;
        let mut block = offset / block_size;
        let mut begin = None;
        while block * block_size < size {
            let run = self.file_system.run(&self.inode, &self.map, block)?;
            let place = block * block_size;
            match (run.start, begin) {
                (Some(_), None) => begin = Some(place.max(offset)),
                (None, Some(begin)) => return Ok(Some((begin, place.min(size)))),
                _ => {}
            }
            block = block.saturating_add(run.blocks).min(u64::MAX / block_size);
        }
        Ok(begin.map(|begin| (begin, size)))
    }

    fn find(&mut self, block: u64) -> Result<Run, ReadError> {
        if let Some((first, run)) = self.run
            && let Some(within) = block.checked_sub(first).filter(|within| *within < run.blocks)
        {
            return Ok(Run { blocks: run.blocks - within, start: run.start.map(|start| start + within) });
        }
        let run = self.file_system.run(&self.inode, &self.map, block)?;
        self.run = Some((block, run));
        Ok(run)
    }
}

impl<S: Storage> Read for FileReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size().saturating_sub(self.position);
        let count = buffer.len().min(length(left));
        if count == 0 {
            return Ok(0);
        }
        let buffer = &mut buffer[..count];
        if let Map::Inline(bytes) = &self.map {
            let from = length(self.position);
            buffer.copy_from_slice(&bytes[from..from + count]);
            self.position += count as u64;
            return Ok(count);
        }
        let block_size = self.file_system.block_size;
        let (block, within) = (self.position / block_size, self.position % block_size);
        let run = self.find(block).map_err(io::Error::other)?;
        let count = count.min(length(run.blocks.saturating_mul(block_size) - within));
        let buffer = &mut buffer[..count];
        match run.start {
            None => buffer.fill(0),
            Some(start) => self.file_system.storage.read_exact_at(buffer, start * block_size + within)?,
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl<S: Storage> Seek for FileReader<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
