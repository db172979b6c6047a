//! Folders' blocks, written when all names are known: in the order of inodes in a folder of one block, in that of
//! hashes, with an index, in a larger one.

use super::{Error, Result, Writer};
use crate::format::dir::{self, IndexEntry, Leaf};
use crate::format::extent::{self, Extent};
use crate::format::inode::{self, Fields, flag};
use crate::format::{BLOCK64, LINK_MAX, checksum, hash};
use crate::storage::Storage;

/// A name on its way into a block.
struct Child {
    hash: u32,
    entry: u32,
}

impl<S: Storage + 'static> Writer<S> {
    /// Writes all folders.
    pub(super) fn put_folders(&mut self) -> Result<()> {
        for folder in 0..self.tree.folder_count() {
            if !self.tree.folder(folder).gone {
                self.put_folder_blocks(folder)?;
            }
        }
        Ok(())
    }

    fn put_folder_blocks(&mut self, id: u32) -> Result<()> {
        let folder = self.tree.folder(id);
        let parent = self.tree.folder(folder.parent).inode;
        let seed = checksum::inode_seed(checksum::SEED, folder.inode, 0);
        let mut children: Vec<Child> = self.tree.children(id).map(|entry| Child { hash: 0, entry }).collect();
        let room: usize = children.iter().map(|child| self.length(child)).sum();
        let indexed = room + dir::entry_length(1) + dir::entry_length(2) > dir::ROOM;
        let mut runs = Vec::new();
        if indexed {
            for child in &mut children {
                child.hash = hash::half_md4(self.tree.name(&self.tree.entry(child.entry)));
            }
            // Equal hashes by name, so that equal trees make equal images.
            children
                .sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then_with(|| self.name(a).cmp(self.name(b))));
            self.put_index(folder.inode, parent, seed, &children, &mut runs)?;
        } else {
            children.sort_unstable_by_key(|child| {
                let entry = self.tree.entry(child.entry);
                // Names of one inode come in the order in which they were given.
                (self.tree.inode(&entry), child.entry)
            });
            let mut leaf = Leaf::new();
            leaf.push(folder.inode, dir::file_type::DIRECTORY, b".");
            leaf.push(parent, dir::file_type::DIRECTORY, b"..");
            for child in &children {
                self.push(&mut leaf, child);
            }
            self.put_block(&leaf.finish(seed), &mut runs)?;
        }
        let mut raw = self.raw(folder.inode)?;
        let mut fields = Fields::read(&raw);
        let blocks: u64 = runs.iter().map(|run| u64::from(run.length)).sum();
        let area = &mut raw[inode::BLOCK_AREA..inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH];
        let above = extent::write_tree(area, &runs, seed, |node| self.append_block(node))?;
        fields.size = blocks * BLOCK64;
        fields.sectors += (blocks + above) * (BLOCK64 / 512);
        fields.flags = flag::EXTENTS | if indexed { flag::INDEX } else { 0 };
        // With more than fit, the count is not kept.
        let links = folder.folders.saturating_add(2);
        fields.links = if links > LINK_MAX { 1 } else { crate::format::low16(links) };
        fields.write(&mut raw);
        self.put_raw(folder.inode, &raw)
    }

    /// The blocks of a folder with an index, whose names come in the order of their hashes.
    fn put_index(
        &mut self,
        inode: u32,
        parent: u32,
        seed: u32,
        children: &[Child],
        runs: &mut Vec<Extent>,
    ) -> Result<()> {
        // First names of blocks.
        let mut firsts = Vec::new();
        let mut left = 0;
        for (n, child) in children.iter().enumerate() {
            let length = self.length(child);
            if length > left {
                firsts.push(n);
                left = dir::ROOM;
            }
            left -= length;
        }
        let nodes = if firsts.len() > dir::ROOT_LIMIT { firsts.len().div_ceil(dir::NODE_LIMIT) } else { 0 };
        if nodes > dir::ROOT_LIMIT {
            return Err(Error::TooMany { what: "names in one folder, over about 25 million" });
        }
        let number = |n: usize| u32::try_from(n).map_err(|_| Error::TooMany { what: "names in one folder" });
        let mut leaves: Vec<IndexEntry> = Vec::with_capacity(firsts.len());
        for (n, first) in firsts.iter().enumerate() {
            let hash = children[*first].hash;
            // Names of one hash can lie in two blocks; the lowest bit says so.
            let goes_on = *first > 0 && children[first - 1].hash == hash;
            leaves.push((hash | u32::from(goes_on), number(1 + nodes + n)?));
        }
        let root: Vec<IndexEntry> = if nodes == 0 {
            leaves.clone()
        } else {
            let chunks = leaves.chunks(dir::NODE_LIMIT).enumerate();
            chunks.map(|(n, chunk)| Ok((chunk[0].0, number(1 + n)?))).collect::<Result<_>>()?
        };
        self.put_block(&dir::index_root(inode, parent, u8::from(nodes > 0), &root, seed), runs)?;
        if nodes > 0 {
            for chunk in leaves.chunks(dir::NODE_LIMIT) {
                self.put_block(&dir::index_node(chunk, seed), runs)?;
            }
        }
        let mut leaf = Leaf::new();
        for child in children {
            if !leaf.takes(self.name(child).len()) {
                let block = leaf.finish(seed);
                self.put_block(&block, runs)?;
            }
            self.push(&mut leaf, child);
        }
        let block = leaf.finish(seed);
        self.put_block(&block, runs)
    }

    fn put_block(&mut self, block: &[u8], runs: &mut Vec<Extent>) -> Result<()> {
        let start = self.append_block(block)?;
        let logical = runs.last().map_or(0, |run| run.logical + run.length);
        extent::push(runs, Extent { logical, start, length: 1 });
        Ok(())
    }

    fn push(&self, leaf: &mut Leaf, child: &Child) {
        let entry = self.tree.entry(child.entry);
        leaf.push(self.tree.inode(&entry), entry.kind, self.tree.name(&entry));
    }

    fn length(&self, child: &Child) -> usize {
        dir::entry_length(self.name(child).len())
    }

    fn name(&self, child: &Child) -> &[u8] {
        self.tree.name(&self.tree.entry(child.entry))
    }
}
