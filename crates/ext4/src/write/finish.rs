//! The end of an image: tables of inodes, bitmaps, descriptors, and the super block, which makes it one.

use sha2::{Digest as _, Sha256};

use super::geometry::Geometry;
use super::{Error, Result, Summary, Uuid, Writer, geometry};
use crate::format::group::{self, Descriptor, INODE_ZEROED};
use crate::format::inode::{self, kind};
use crate::format::superblock::{self, Superblock};
use crate::format::{BLOCK, BLOCK64, checksum, compat, get_u16, incompat, length, low16, low32, ro_compat};
use crate::storage::Storage;
use crate::verity;

/// Inodes that are read, completed and written at once.
const BATCH: u64 = 512;

/// What a group's inodes add up to.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    used: u32,
    /// Numbers within the group up to the last that is used.
    reached: u32,
    folders: u32,
}

impl<S: Storage + 'static> Writer<S> {
    /// Ends the image. Until this has returned, it has no super block, and nobody takes it for one.
    ///
    /// # Errors
    /// [`Error::TooLittle`], [`Error::TooBig`], [`Error::Write`], [`Error::Spill`]
    pub fn finish(mut self) -> Result<Summary> {
        self.end_file()?;
        self.put_folders()?;
        let end = self.next_block()?;
        let inode_size = u64::from(self.options.inode_size());
        let mut shape = Geometry::new(end, self.links.len() as u64, inode_size);
        self.check_limit(shape.blocks)?;
        if self.stale {
            for (start, count) in &shape.free {
                self.output.seek(start * BLOCK64)?;
                self.output.zeros(length(count * BLOCK64))?;
            }
        }
        shape.free.append(&mut self.free_blocks);
        shape.free.sort_unstable();
        let (counts, tree) = self.put_tables(&shape)?;
        let groups = self.put_bitmaps(&shape, &counts)?;
        self.put_descriptors(&shape, &groups)?;
        let uuid = match self.options.uuid {
            Uuid::Fixed(uuid) => uuid,
            Uuid::Derived => verity::uuid_from(&tree),
        };
        let superblock = self.superblock(&shape, &groups, uuid);
        let inodes = superblock.inodes - superblock.free_inodes;
        let mut front = vec![0; BLOCK];
        let place = length(superblock::OFFSET);
        superblock.write(&mut front[place..place + superblock::SIZE]);
        // All else first: an image with a super block is whole.
        self.output.flush()?;
        self.output.join()?;
        let size = shape.blocks * BLOCK64;
        let storage = self.output.storage();
        storage.set_length(size).map_err(|source| Error::Write { offset: size, source })?;
        self.output.seek(0)?;
        self.output.write(&front)?;
        let verity_uuid = self.options.verity_uuid;
        let (storage, leaves) = self.output.finish()?;
        let verity = match leaves {
            None => None,
            Some(leaves) => Some(
                leaves
                    .write_tree(&*storage, shape.blocks, verity_uuid)
                    .map_err(|source| Error::Write { offset: size, source })?,
            ),
        };
        Ok(Summary { size, inodes, uuid, verity })
    }

    /// Writes all inodes with their links and checksums. The result has the digest of the checksums.
    fn put_tables(&mut self, shape: &Geometry) -> Result<(Vec<Count>, [u8; 32])> {
        let size = usize::from(self.options.inode_size());
        let inodes = self.links.len() as u64;
        let mut digest = Sha256::new();
        let mut counts = Vec::new();
        let mut buffer = Vec::new();
        let mut sums = Vec::new();
        for (group, table) in (0..).zip(&shape.tables) {
            self.output.seek(table * BLOCK64)?;
            let mut count = Count::default();
            let first = group * shape.inodes_per_group;
            let mut done = 0;
            while done < shape.inodes_per_group {
                let batch = (shape.inodes_per_group - done).min(BATCH);
                let there = inodes.saturating_sub(first + done).min(batch);
                buffer.clear();
                buffer.resize(length(batch) * size, 0);
                let read = &mut buffer[..length(there) * size];
                let at = (first + done) * size as u64;
                self.inodes.read(read, at).map_err(|source| Error::Spill { source })?;
                sums.clear();
                for (n, raw) in (0..).zip(read.chunks_mut(size)) {
                    let number = first + done + n + 1;
                    let mode = get_u16(raw, 0);
                    if mode == 0 && number >= u64::from(crate::format::LOST_FOUND) {
                        continue;
                    }
                    let place = low32(done + n + 1);
                    if mode != 0 {
                        if mode & kind::MASK == kind::DIRECTORY {
                            count.folders += 1;
                        } else {
                            inode::put_links(raw, self.links[length(number) - 1]);
                        }
                        sums.extend(checksum::set_inode(checksum::SEED, low32(number), raw).to_le_bytes());
                    }
                    count.used += 1;
                    count.reached = place;
                }
                digest.update(&sums);
                self.output.write(&buffer)?;
                done += batch;
            }
            counts.push(count);
        }
        Ok((counts, digest.finalize().into()))
    }

    fn put_bitmaps(&mut self, shape: &Geometry, counts: &[Count]) -> Result<Vec<Descriptor>> {
        let mut groups = Vec::new();
        let mut free_inodes = self.free_inodes.clone();
        free_inodes.sort_unstable();
        for (group, count) in (0..).zip(counts) {
            let first = group * shape.blocks_per_group;
            let (mut blocks, free_blocks) = block_bitmap(shape, first);
            let inodes = inode_bitmap(shape, group, self.links.len() as u64, &free_inodes);
            let (block_bitmap, inode_bitmap) = shape.bitmaps[length(group)];
            let covered = |bits: u64| length(bits / 8);
            let seed = checksum::SEED;
            groups.push(Descriptor {
                block_bitmap,
                inode_bitmap,
                inode_table: shape.tables[length(group)],
                free_blocks,
                free_inodes: low32(shape.inodes_per_group) - count.used,
                folders: count.folders,
                flags: INODE_ZEROED,
                unused_inodes: low32(shape.inodes_per_group) - count.reached,
                block_bitmap_checksum: checksum::crc(seed, &blocks[..covered(shape.blocks_per_group)]),
                inode_bitmap_checksum: checksum::crc(seed, &inodes[..covered(shape.inodes_per_group)]),
                checksum: 0,
            });
            self.output.seek(block_bitmap * BLOCK64)?;
            self.output.write(&blocks)?;
            blocks.clear();
            self.output.seek(inode_bitmap * BLOCK64)?;
            self.output.write(&inodes)?;
        }
        Ok(groups)
    }

    fn put_descriptors(&mut self, shape: &Geometry, groups: &[Descriptor]) -> Result<()> {
        let mut number = 0;
        for (index, chunk) in (0..).zip(groups.chunks(length(geometry::PER_BLOCK))) {
            let mut block = vec![0; BLOCK];
            for (raw, group) in block.chunks_mut(group::SIZE).zip(chunk) {
                group.write(raw);
                let sum = checksum::group(checksum::SEED, number, raw);
                Descriptor { checksum: sum, ..*group }.write(raw);
                number += 1;
            }
            for place in shape.descriptor_blocks(index) {
                self.output.seek(place * BLOCK64)?;
                self.output.write(&block)?;
            }
        }
        Ok(())
    }

    fn superblock(&self, shape: &Geometry, groups: &[Descriptor], uuid: [u8; 16]) -> Superblock {
        let meta = shape.has_meta_groups();
        let options = &self.options;
        let choose = |yes: bool, flag: u32| if yes { flag } else { 0 };
        Superblock {
            inodes: low32(shape.groups * shape.inodes_per_group),
            blocks: shape.blocks,
            free_blocks: groups.iter().map(|group| u64::from(group.free_blocks)).sum(),
            free_inodes: groups.iter().map(|group| group.free_inodes).sum(),
            first_block: 0,
            log_block: 2,
            blocks_per_group: low32(shape.blocks_per_group),
            inodes_per_group: low32(shape.inodes_per_group),
            revision: 1,
            inode_size: options.inode_size(),
            compat: compat::EXT_ATTR | compat::DIR_INDEX | compat::SPARSE_SUPER2,
            incompat: incompat::FILETYPE
                | incompat::EXTENTS
                | incompat::BIT64
                | incompat::FLEX_BG
                | incompat::CSUM_SEED
                | choose(options.inline_data, incompat::INLINE_DATA)
                | choose(meta, incompat::META_BG),
            ro_compat: ro_compat::LARGE_FILE
                | ro_compat::HUGE_FILE
                | ro_compat::DIR_NLINK
                | ro_compat::EXTRA_ISIZE
                | ro_compat::METADATA_CSUM
                | choose(options.read_only, ro_compat::READONLY),
            uuid,
            label: options.label,
            time: options.time,
            descriptor_size: low16(low32(group::SIZE as u64)),
            first_meta_group: if meta { low32(geometry::RESERVED) } else { 0 },
            checksum_seed: checksum::SEED,
        }
    }
}

fn block_bitmap(shape: &Geometry, first: u64) -> (Vec<u8>, u32) {
    // All is in use, and bits behind the group's or the image's end count as that.
    let mut bits = vec![0xff_u8; BLOCK];
    let end = (first + shape.blocks_per_group).min(shape.blocks);
    let mut free = 0;
    let from = shape.free.partition_point(|(start, count)| start + count <= first);
    for (start, count) in &shape.free[from..] {
        if *start >= end {
            break;
        }
        let run = (*start).max(first)..(start + count).min(end);
        free += low32(run.end - run.start);
        clear(&mut bits, run.start - first, run.end - first);
    }
    (bits, free)
}

fn inode_bitmap(shape: &Geometry, group: u64, inodes: u64, free: &[u32]) -> Vec<u8> {
    let mut bits = vec![0xff_u8; BLOCK];
    let (first, per_group) = (group * shape.inodes_per_group, shape.inodes_per_group);
    clear(&mut bits, inodes.saturating_sub(first).min(per_group), per_group);
    // Numbers begin with 1.
    let from = free.partition_point(|number| u64::from(*number) <= first);
    for number in free[from..].iter().map(|number| u64::from(*number) - 1 - first) {
        if number >= per_group {
            break;
        }
        clear(&mut bits, number, number + 1);
    }
    bits
}

fn clear(bits: &mut [u8], from: u64, to: u64) {
    let mut bit = from;
    while bit < to {
        if bit.is_multiple_of(8) && to - bit >= 8 {
            bits[length(bit / 8)] = 0;
            bit += 8;
        } else {
            bits[length(bit / 8)] &= !(1 << (bit % 8));
            bit += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use crate::format::BLOCK64;
    use crate::read::FileSystem;
    use crate::{Metadata, Node, Options, Time, Writer};

    /// Writes as if there were files up to `size` already: they are free space instead, so that it takes no time.
    fn large(size: u64, path: &std::path::Path) {
        let file = fs_err::File::options().read(true).write(true).create_new(true).open(path).unwrap();
        let mut writer = Writer::new(file.into_parts().0, Options::new()).unwrap();
        let metadata = Metadata::new(0o644, 0, 0, Time::from_seconds(1));
        let end = size / BLOCK64 + 5;
        let mut at = writer.output.position() / BLOCK64;
        while at < end {
            let stop = super::geometry::next_reserved(at).min(end);
            writer.free_blocks.push((at, stop - at));
            at = stop + 1;
        }
        writer.output.seek(end * BLOCK64).unwrap();
        writer.create_file(b"behind", &metadata, 1_000_000).unwrap();
        writer.write(&vec![7; 1_000_000]).unwrap();
        for n in 0..3000 {
            writer.create(format!("d/{n}").as_bytes(), Node::Fifo, &metadata).unwrap();
        }
        assert!(writer.finish().unwrap().size > size);
    }

    /// From 32 GiB on descriptors lie in the groups. (Beyond 16 TiB all is the same, but no disk of ours holds it.)
    #[test]
    fn images_of_many_groups_have_descriptors_in_them() {
        let dir = tempfile::tempdir().unwrap();
        for gib in [32, 41] {
            let path = dir.path().join(gib.to_string());
            large(gib << 30, &path);
            #[expect(clippy::disallowed_methods, reason = "the one program of this test")]
            let checked = std::process::Command::new("/usr/sbin/e2fsck").arg("-fn").arg(&path).output();
            match checked {
                Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
                Err(error) => eprintln!("skipped in part: e2fsck: {error}"),
            }
            let system = FileSystem::open(fs_err::File::open(&path).unwrap().into_parts().0).unwrap();
            assert!(system.verify().unwrap().holds());
            let stat = system.lookup(b"behind", true).unwrap();
            let mut bytes = Vec::new();
            system.read_file(stat.inode).unwrap().read_to_end(&mut bytes).unwrap();
            assert!(bytes == vec![7; 1_000_000]);
        }
    }
}
