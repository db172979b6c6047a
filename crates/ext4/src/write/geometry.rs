//! How an image is cut into groups: decided when all files are written, so that it has just the inodes and blocks that
//! it needs.
//!
//! The descriptors of the first 256 groups (32 GiB) have their place behind the super block; those of later groups lie
//! in the groups themselves, as the feature `meta_bg` has it, so nobody has to know the size of an image in advance.

use crate::format::{BLOCK64, group};

/// Blocks of a group, at most and mostly.
pub(super) const GROUP: u64 = 32_768;
/// Blocks behind the super block that are kept for descriptors.
pub(super) const RESERVED: u64 = 4;
/// Descriptors in a block.
pub(super) const PER_BLOCK: u64 = BLOCK64 / group::SIZE as u64;
/// Groups whose descriptors have their place there.
const IN_FRONT: u64 = RESERVED * PER_BLOCK;
/// Inodes of a group, at most: the bits of a block.
const INODES: u64 = 32_768;

/// Whether a block holds descriptors of its own and its neighbours' groups, should there be so many groups.
pub(super) fn is_reserved(block: u64) -> bool {
    let group = block / GROUP;
    block.is_multiple_of(GROUP) && group >= IN_FRONT && matches!(group % PER_BLOCK, 0 | 1 | 63)
}

/// The first such block after this one.
pub(super) fn next_reserved(block: u64) -> u64 {
    let mut next = (block / GROUP + 1).max(IN_FRONT) * GROUP;
    while !is_reserved(next) {
        next += GROUP;
    }
    next
}

/// The shape of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) groups: u64,
    pub(super) blocks_per_group: u64,
    pub(super) inodes_per_group: u64,
    /// Blocks of the image.
    pub(super) blocks: u64,
    /// Of each group, where its table of inodes begins.
    pub(super) tables: Vec<u64>,
    /// Of each group, block bitmap and inode bitmap.
    pub(super) bitmaps: Vec<(u64, u64)>,
    /// Runs of blocks that nothing uses.
    pub(super) free: Vec<(u64, u64)>,
}

impl Geometry {
    /// Of an image whose blocks before `end` are in use, and that has inodes up to number `inodes`.
    pub(super) fn new(end: u64, inodes: u64, inode_size: u64) -> Self {
        let per_block = BLOCK64 / inode_size;
        let by_inodes = inodes.div_ceil(INODES);
        let mut groups = by_inodes.max(end.div_ceil(GROUP)).max(1);
        loop {
            // Eight, because bitmaps are bytes.
            let inodes_per_group = inodes.div_ceil(groups).next_multiple_of(per_block.max(8));
            let mut shape = Self::laid(end, groups, inodes_per_group, per_block);
            let needed = shape.blocks.div_ceil(GROUP).max(by_inodes);
            if needed > groups {
                groups = needed;
                continue;
            }
            shape.fit_groups(per_block);
            return shape;
        }
    }

    fn laid(end: u64, groups: u64, inodes_per_group: u64, per_block: u64) -> Self {
        let mut next = end;
        let mut take = |count: u64| {
            if is_reserved(next) {
                next += 1;
            }
            // A table lies in one piece; the blocks before one of descriptors stay free.
            let limit = next_reserved(next);
            let skipped = (next + count > limit).then(|| (next, limit - next));
            if skipped.is_some() {
                next = limit + 1;
            }
            let start = next;
            next += count;
            (start, skipped)
        };
        let mut free = Vec::new();
        let mut tables = Vec::new();
        for _ in 0..groups {
            let (start, skipped) = take(inodes_per_group / per_block);
            tables.push(start);
            free.extend(skipped);
        }
        let front = 1 + groups.div_ceil(PER_BLOCK).min(RESERVED)..=RESERVED;
        let mut front = front.peekable();
        let mut bitmap = || front.next().unwrap_or_else(|| take(1).0);
        let bitmaps = (0..groups).map(|_| (bitmap(), bitmap())).collect();
        free.extend(front.map(|block| (block, 1)));
        Self { groups, blocks_per_group: GROUP, inodes_per_group, blocks: next, tables, bitmaps, free }
    }

    /// Many small files need more groups than their blocks would: then groups are smaller.
    fn fit_groups(&mut self, per_block: u64) {
        if self.groups <= IN_FRONT && self.groups > self.blocks.div_ceil(GROUP) {
            // A group has to be larger than its own table.
            let least = self.inodes_per_group / per_block + 8;
            self.blocks_per_group = self.blocks.div_ceil(self.groups).max(least).next_multiple_of(8);
        }
        // The last group has at least a block.
        let least = (self.groups - 1) * self.blocks_per_group + 1;
        let mut block = self.blocks;
        while block < least {
            let end = if is_reserved(block) { block } else { next_reserved(block).min(least) };
            if end > block {
                self.free.push((block, end - block));
            }
            block = end + 1;
        }
        self.blocks = self.blocks.max(least);
        self.free.sort_unstable();
    }

    /// Whether there are descriptors outside of their usual place.
    pub(super) fn has_meta_groups(&self) -> bool {
        self.groups > IN_FRONT
    }

    /// The blocks that hold the descriptors of groups from `64 × index` on.
    pub(super) fn descriptor_blocks(&self, index: u64) -> Vec<u64> {
        if index < RESERVED {
            return vec![1 + index];
        }
        let first = index * PER_BLOCK;
        [0, 1, 63]
            .into_iter()
            .map(|n| first + n)
            .filter(|group| *group < self.groups)
            .map(|group| group * GROUP)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must hold for any image.
    fn check(end: u64, inodes: u64, inode_size: u64) -> Geometry {
        let shape = Geometry::new(end, inodes, inode_size);
        let per_group = shape.inodes_per_group;
        assert!(shape.groups * per_group >= inodes && per_group <= INODES && per_group.is_multiple_of(8));
        assert!(shape.blocks <= shape.groups * shape.blocks_per_group, "{shape:?}");
        assert!(shape.blocks > (shape.groups - 1) * shape.blocks_per_group);
        assert!(per_group * inode_size / BLOCK64 + 4 <= shape.blocks_per_group);
        let table = per_group * inode_size / BLOCK64;
        let mut used: Vec<(u64, u64)> = shape.tables.iter().map(|start| (*start, table)).collect();
        used.extend(shape.bitmaps.iter().flat_map(|(a, b)| [(*a, 1), (*b, 1)]));
        used.extend(&shape.free);
        let descriptors = shape.groups.div_ceil(PER_BLOCK);
        used.extend(
            (0..descriptors).flat_map(|index| shape.descriptor_blocks(index)).map(|block| (block, 1)),
        );
        used.push((0, 1));
        used.sort_unstable();
        used.dedup();
        let mut next = 0;
        for (start, count) in used {
            // Between the parts there are only the files.
            assert!(start == next || next <= RESERVED + 1 && start >= end, "{start} {next} {shape:?}");
            next = start + count;
            if next == RESERVED + 1 {
                next = next.max(if end > next { end } else { next });
            }
            while next >= end && next < shape.blocks && is_reserved(next) && next / GROUP >= shape.groups {
                next += 1;
            }
        }
        assert_eq!(next, shape.blocks);
        shape
    }

    #[test]
    fn nothing_overlaps_and_nothing_is_left_over() {
        for end in [5, 6, 1000, 32_767, 32_768, 40_000, 1_000_000] {
            for inodes in [12, 100, 32_768, 32_769, 200_000] {
                for size in [256, 512] {
                    check(end, inodes, size);
                }
            }
        }
    }

    #[test]
    fn small_files_make_small_groups_instead_of_free_space() {
        let shape = check(100, 200_000, 512);
        assert_eq!(shape.groups, 7);
        assert!(shape.blocks < 26_000, "{shape:?}");
        // Too many of them for descriptors in front: then the image has free space.
        let shape = Geometry::new(100, 300 * INODES, 512);
        assert_eq!((shape.groups, shape.blocks_per_group), (300, GROUP));
    }

    #[test]
    fn descriptors_of_late_groups_lie_in_their_groups() {
        let shape = Geometry::new(GROUP * 700, 1000, 256);
        assert!(shape.has_meta_groups());
        assert_eq!(shape.descriptor_blocks(3), [4]);
        assert_eq!(shape.descriptor_blocks(4), [256, 257, 319].map(|group| group * GROUP));
        assert!(is_reserved(256 * GROUP) && !is_reserved(258 * GROUP) && !is_reserved(GROUP));
        assert_eq!(next_reserved(0), 256 * GROUP);
        assert_eq!(next_reserved(257 * GROUP), 319 * GROUP);
    }
}
