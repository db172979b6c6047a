//! Extents: runs of blocks of a file, as a tree whose root lies in the inode.

use super::{BLOCK, checksum, get_u16, get_u32, high32, low16, low32, put_u16, put_u32};

/// Starts every node.
pub(crate) const MAGIC: u16 = 0xf30a;
/// The longest run of written blocks; above it a length means blocks that read as zeros.
pub(crate) const MAX_LENGTH: u32 = 32_768;
/// Entries that fit into an inode.
pub(crate) const IN_INODE: usize = 4;
/// Entries of a block; the checksum lies behind them.
pub(crate) const PER_BLOCK: usize = (BLOCK - HEADER - 4) / ENTRY;
/// Bytes of a node's header and of an entry.
pub(crate) const HEADER: usize = 12;
pub(crate) const ENTRY: usize = 12;

/// A run of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first block's place in the file.
    pub(crate) logical: u32,
    /// Its place in the image.
    pub(crate) start: u64,
    /// Blocks, 1 to [`MAX_LENGTH`].
    pub(crate) length: u32,
}

/// Adds a block at the end of a file's runs.
pub(crate) fn push(runs: &mut Vec<Extent>, run: Extent) {
    if let Some(last) = runs.last_mut()
        && last.logical + last.length == run.logical
        && last.start + u64::from(last.length) == run.start
        && last.length + run.length <= MAX_LENGTH
    {
        last.length += run.length;
    } else {
        runs.push(run);
    }
}

/// Writes a node's header.
fn header(node: &mut [u8], entries: usize, max: usize, depth: u16) {
    let count = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
    put_u16(node, 0, MAGIC);
    put_u16(node, 2, count(entries));
    put_u16(node, 4, count(max));
    put_u16(node, 6, depth);
    put_u32(node, 8, 0);
}

fn put_leaf(node: &mut [u8], entry: usize, run: &Extent) {
    let at = HEADER + entry * ENTRY;
    put_u32(node, at, run.logical);
    put_u16(node, at + 4, low16(run.length));
    put_u16(node, at + 6, low16(high32(run.start)));
    put_u32(node, at + 8, low32(run.start));
}

fn put_index(node: &mut [u8], entry: usize, logical: u32, block: u64) {
    let at = HEADER + entry * ENTRY;
    put_u32(node, at, logical);
    put_u32(node, at + 4, low32(block));
    put_u16(node, at + 8, low16(high32(block)));
    put_u16(node, at + 10, 0);
}

/// Writes a file's runs into its inode's 60 bytes, and into blocks when there are more than fit: `write` takes a block
/// and says where it went. The result is how many blocks that were.
pub(crate) fn write_tree<E>(
    root: &mut [u8],
    runs: &[Extent],
    inode_seed: u32,
    mut write: impl FnMut(&[u8]) -> Result<u64, E>,
) -> Result<u64, E> {
    if runs.len() <= IN_INODE {
        header(root, runs.len(), IN_INODE, 0);
        for (entry, run) in runs.iter().enumerate() {
            put_leaf(root, entry, run);
        }
        return Ok(0);
    }
    let mut blocks = 0;
    let mut nodes = Vec::new();
    for chunk in runs.chunks(PER_BLOCK) {
        let mut node = vec![0; BLOCK];
        header(&mut node, chunk.len(), PER_BLOCK, 0);
        for (entry, run) in chunk.iter().enumerate() {
            put_leaf(&mut node, entry, run);
        }
        checksum::set_extents(inode_seed, &mut node);
        nodes.push((chunk[0].logical, write(&node)?));
        blocks += 1;
    }
    let mut depth = 1;
    while nodes.len() > IN_INODE {
        let mut above = Vec::new();
        for chunk in nodes.chunks(PER_BLOCK) {
            let mut node = vec![0; BLOCK];
            header(&mut node, chunk.len(), PER_BLOCK, depth);
            for (entry, (logical, block)) in chunk.iter().enumerate() {
                put_index(&mut node, entry, *logical, *block);
            }
            checksum::set_extents(inode_seed, &mut node);
            above.push((chunk[0].0, write(&node)?));
            blocks += 1;
        }
        nodes = above;
        depth += 1;
    }
    header(root, nodes.len(), IN_INODE, depth);
    for (entry, (logical, block)) in nodes.iter().enumerate() {
        put_index(root, entry, *logical, *block);
    }
    Ok(blocks)
}

/// A node as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Runs, and whether each one's blocks have been written.
    Leaf(Vec<(Extent, bool)>),
    /// First blocks of files' parts, and the nodes that have those parts.
    Index(Vec<(u32, u64)>),
}

/// Reads a node that must have `depth`, if one is expected. `None` when it is none.
pub(crate) fn read_node(node: &[u8], depth: Option<u16>) -> Option<(Node, u16)> {
    let (entries, own) = (usize::from(get_u16(node, 2)), get_u16(node, 6));
    let fits = HEADER + entries * ENTRY <= node.len();
    if get_u16(node, 0) != MAGIC || !fits || own > 5 || depth.is_some_and(|depth| depth != own) {
        return None;
    }
    let places = (0..entries).map(|entry| HEADER + entry * ENTRY);
    let node = if own == 0 {
        let runs = places.map(|at| {
            let length = u32::from(get_u16(node, at + 4));
            let written = length <= MAX_LENGTH;
            let start = u64::from(get_u32(node, at + 8)) | u64::from(get_u16(node, at + 6)) << 32;
            let length = if written { length } else { length - MAX_LENGTH };
            (Extent { logical: get_u32(node, at), start, length }, written)
        });
        Node::Leaf(runs.collect())
    } else {
        let block = |at| u64::from(get_u32(node, at + 4)) | u64::from(get_u16(node, at + 8)) << 32;
        Node::Index(places.map(|at| (get_u32(node, at), block(at))).collect())
    };
    Some((node, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_of_every_depth_come_back() {
        for count in [0_u32, 1, 4, 5, 340, 341, 1360, 1361, 4000] {
            let runs: Vec<_> = (0..count)
                .map(|n| Extent { logical: n * 2, start: u64::from(n) * 3 + (1 << 33), length: 1 })
                .collect();
            let (mut root, mut blocks) = (vec![0; 60], Vec::new());
            let write = |block: &[u8]| {
                blocks.push(block.to_vec());
                Ok::<_, std::convert::Infallible>(blocks.len() as u64 - 1)
            };
            let written = write_tree(&mut root, &runs, 5, write).unwrap();
            assert_eq!(written, blocks.len() as u64);
            let (mut found, mut open) = (Vec::new(), vec![(root, None)]);
            while let Some((raw, depth)) = open.pop() {
                match read_node(&raw, depth).unwrap() {
                    (Node::Leaf(leaf), _) => found.extend(leaf.iter().map(|(run, written)| {
                        assert!(written);
                        *run
                    })),
                    (Node::Index(index), depth) => {
                        open.extend(index.iter().rev().map(|(_, block)| {
                            (blocks[usize::try_from(*block).unwrap()].clone(), Some(depth - 1))
                        }));
                    }
                }
            }
            assert_eq!(found, runs);
        }
    }
}
