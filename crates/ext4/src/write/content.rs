//! Regular files: content goes straight into blocks of the image, or into the inode when it is small.

use super::error::text;
use super::geometry::{is_reserved, next_reserved};
use super::nodes::Content;
use super::{Error, Metadata, Result, Writer};
use crate::format::extent::{self, Extent};
use crate::format::inode::{BLOCK_AREA_LENGTH, flag, kind};
use crate::format::{BLOCK, BLOCK64, checksum};
use crate::storage::Storage;

/// The number of blocks in a file ends here.
const FILE_MAX: u64 = 0xffff_ffff * BLOCK64;

/// A part of a sparse file that has bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place in the file.
    pub offset: u64,
    /// Bytes, which come one part behind the other.
    pub length: u64,
}

/// The file that is being written.
#[derive(Debug, Default)]
pub(super) struct OpenFile {
    inode: u32,
    path: Vec<u8>,
    metadata: Metadata,
    size: u64,
    /// Parts that are to come, the next one last.
    parts: Vec<Part>,
    /// The place in the file of the next byte.
    position: u64,
    written: u64,
    expected: u64,
    runs: Vec<Extent>,
    /// Bytes of the content, when it is to lie in the inode.
    inline: Option<Vec<u8>>,
}

impl OpenFile {
    /// Bytes in the last block so far; 0 when it is full.
    fn filled(&self) -> usize {
        crate::format::length(self.position % BLOCK64)
    }
}

impl<S: Storage + 'static> Writer<S> {
    /// Begins a regular file, whose `size` bytes come by [`Writer::write`]. A file of that name that is there goes.
    ///
    /// # Errors
    /// [`Error::FileTooBig`], and those of [`Writer::create`].
    pub fn create_file(&mut self, path: &[u8], metadata: &Metadata, size: u64) -> Result<()> {
        let whole = (size > 0).then_some(Part { offset: 0, length: size });
        self.create_sparse_file(path, metadata, size, whole.as_slice())
    }

    /// Begins a regular file of which only some parts have bytes; the others are holes, and read as zeros.
    ///
    /// # Errors
    /// [`Error::Holes`], and those of [`Writer::create_file`].
    pub fn create_sparse_file(
        &mut self,
        path: &[u8],
        metadata: &Metadata,
        size: u64,
        parts: &[Part],
    ) -> Result<()> {
        self.end_file()?;
        if size > FILE_MAX {
            return Err(Error::FileTooBig { path: text(path), size });
        }
        let mut end = 0;
        let mut expected = 0;
        for part in parts {
            let next = part.offset.checked_add(part.length);
            end = match next.filter(|next| part.offset >= end && *next <= size) {
                Some(next) => next,
                None => return Err(Error::Holes { path: text(path), size }),
            };
            expected += part.length;
        }
        let inode = self.claim(path, kind::REGULAR)?;
        let whole = expected == size;
        let inline = (self.options.inline_data && whole && size <= self.inline_room() as u64)
            .then(|| Vec::with_capacity(crate::format::length(size)));
        // Most files are small, and their buffers would cost more than their content.
        let mut file = self.spare.take().unwrap_or_default();
        path.clone_into(&mut file.path);
        file.parts.clear();
        file.parts.extend(parts.iter().filter(|part| part.length > 0).rev());
        file.runs.clear();
        let OpenFile { path, parts, runs, .. } = file;
        let metadata = metadata.clone();
        self.file = Some(OpenFile {
            inode,
            path,
            metadata,
            size,
            parts,
            position: 0,
            written: 0,
            expected,
            runs,
            inline,
        });
        Ok(())
    }

    /// Adds bytes to the file begun last.
    ///
    /// # Errors
    /// [`Error::TooMuch`], [`Error::NoFile`], [`Error::Write`], [`Error::TooBig`]
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        let mut file = self.file.take().ok_or(Error::NoFile)?;
        if bytes.len() as u64 > file.expected - file.written {
            let error = Error::TooMuch { path: text(&file.path), size: file.expected };
            self.file = Some(file);
            return Err(error);
        }
        file.written += bytes.len() as u64;
        if let Some(inline) = &mut file.inline {
            inline.extend_from_slice(bytes);
            bytes = &[];
        }
        while !bytes.is_empty() {
            let Some(part) = self.part(&mut file)? else { break };
            let count = bytes.len().min(crate::format::length(part));
            let (now, later) = bytes.split_at(count);
            self.append(&mut file, now)?;
            took(&mut file, count as u64);
            bytes = later;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Has the file's next bytes read straight into the image by `read`, which gets room for some and says how many
    /// there were. The outer result is about the image, the inner one is that of `read`.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub(crate) fn write_by<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> std::result::Result<usize, E>,
    ) -> Result<std::result::Result<usize, E>> {
        let mut file = self.file.take().ok_or(Error::NoFile)?;
        let part = self.part(&mut file)?.filter(|_| file.inline.is_none());
        let Some(part) = part else {
            self.file = Some(file);
            return Ok(read(&mut []));
        };
        let filled = file.filled();
        let most = if filled == 0 {
            let start = self.next_block()?;
            let blocks = part.div_ceil(BLOCK64).min(next_reserved(start) - start);
            self.check_limit(start + blocks)?;
            part.min(blocks * BLOCK64)
        } else {
            part.min((BLOCK - filled) as u64)
        };
        let start = self.output.position() / BLOCK64;
        let result = self.output.read_into(crate::format::length(most), read)?;
        if let Ok(count) = &result {
            let bytes = *count as u64;
            if filled == 0 && bytes > 0 {
                add_run(&mut file, start, bytes.div_ceil(BLOCK64));
            }
            file.position += bytes;
            file.written += bytes;
            took(&mut file, bytes);
        }
        self.file = Some(file);
        Ok(result)
    }

    /// Goes to the part that the next byte is of; the result is how much of it is still to come.
    fn part(&mut self, file: &mut OpenFile) -> Result<Option<u64>> {
        let Some(part) = file.parts.last().copied() else { return Ok(None) };
        if part.offset != file.position {
            let same_block = part.offset / BLOCK64 == file.position / BLOCK64 && file.filled() != 0;
            if same_block {
                self.output.zeros(crate::format::length(part.offset - file.position))?;
                file.position = part.offset;
            } else {
                self.pad(file)?;
                // The part's block begins before it.
                let before = crate::format::length(part.offset % BLOCK64);
                file.position = part.offset - before as u64;
                self.append(file, &[0; BLOCK][..before])?;
            }
        }
        Ok(Some(part.length))
    }

    /// Writes bytes at the file's position.
    fn append(&mut self, file: &mut OpenFile, mut bytes: &[u8]) -> Result<()> {
        let filled = file.filled();
        if filled != 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - filled));
            self.output.write(now)?;
            file.position += now.len() as u64;
            bytes = later;
        }
        while !bytes.is_empty() {
            let start = self.next_block()?;
            let blocks = (bytes.len() as u64).div_ceil(BLOCK64).min(next_reserved(start) - start);
            self.check_limit(start + blocks)?;
            add_run(file, start, blocks);
            let (now, later) = bytes.split_at(bytes.len().min(crate::format::length(blocks * BLOCK64)));
            self.output.write(now)?;
            file.position += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// Fills the last block with zeros.
    fn pad(&mut self, file: &mut OpenFile) -> Result<()> {
        let filled = file.filled();
        if filled != 0 {
            self.output.zeros(BLOCK - filled)?;
            file.position += (BLOCK - filled) as u64;
        }
        Ok(())
    }

    /// Ends the file begun last, if there is one.
    pub(super) fn end_file(&mut self) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        if file.written != file.expected {
            let (written, size) = (file.written, file.expected);
            return Err(Error::TooLittle { path: text(&file.path), written, size });
        }
        self.pad(&mut file)?;
        let mut content = Content { size: file.size, ..Content::none() };
        let data = file.inline.as_deref();
        if let Some(bytes) = data.filter(|bytes| !bytes.is_empty()) {
            let (inside, rest) = bytes.split_at(bytes.len().min(BLOCK_AREA_LENGTH));
            content.area[..inside.len()].copy_from_slice(inside);
            (content.data, content.flags) = (Some(rest), flag::INLINE_DATA);
        } else {
            let seed = checksum::inode_seed(checksum::SEED, file.inode, 0);
            let above =
                extent::write_tree(&mut content.area, &file.runs, seed, |node| self.append_block(node))?;
            let blocks: u64 = file.runs.iter().map(|run| u64::from(run.length)).sum();
            (content.flags, content.blocks) = (flag::EXTENTS, blocks + above);
        }
        let put = self.put_inode(file.inode, kind::REGULAR, &file.metadata, &file.metadata.xattrs, &content);
        put.map_err(|error| error.with_path(&file.path))?;
        self.spare = Some(file);
        Ok(())
    }

    /// Where the next block goes.
    pub(super) fn next_block(&mut self) -> Result<u64> {
        let block = self.output.position() / BLOCK64;
        if !is_reserved(block) {
            return Ok(block);
        }
        self.output.seek((block + 1) * BLOCK64)?;
        Ok(block + 1)
    }

    /// Adds a block of metadata.
    pub(super) fn append_block(&mut self, bytes: &[u8]) -> Result<u64> {
        let block = self.next_block()?;
        self.check_limit(block + 1)?;
        self.output.write(bytes)?;
        Ok(block)
    }

    pub(super) fn check_limit(&self, blocks: u64) -> Result<()> {
        let limit = self.options.limit;
        if blocks > limit / BLOCK64 { Err(Error::TooBig { limit }) } else { Ok(()) }
    }
}

/// Notes that bytes of the part came.
fn took(file: &mut OpenFile, count: u64) {
    if let Some(part) = file.parts.last_mut() {
        part.offset += count;
        part.length -= count;
        if part.length == 0 {
            file.parts.pop();
        }
    }
}

/// Notes blocks at the file's position; `position` goes on by the caller when their bytes come.
fn add_run(file: &mut OpenFile, start: u64, blocks: u64) {
    let first = file.position / BLOCK64;
    let mut done = 0;
    while done < blocks {
        let last = file.runs.last().map_or(0, |run| run.length % extent::MAX_LENGTH);
        let length = (blocks - done).min(u64::from(extent::MAX_LENGTH - last));
        let run = Extent {
            logical: crate::format::low32(first + done),
            start: start + done,
            length: crate::format::low32(length),
        };
        extent::push(&mut file.runs, run);
        done += length;
    }
}
