//! From an image back to a tar: a stream that holds all that the image does.

use std::collections::HashMap;
use std::io::{Read as _, Write};

use super::{FileSystem, FileType, ReadError, Stat};
use crate::format::{LOST_FOUND, ROOT};
use crate::storage::Storage;
use crate::tar::{Item, Kind, RECORD, Writer};

/// Bytes copied at once.
const PIECE: usize = 256 << 10;
/// Holes from this size on are kept as holes.
const HOLE: u64 = 4096;

/// How to export.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Export {
    keep_lost_found: bool,
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Entries of the tar.
    pub entries: u64,
    /// Files that a tar can't hold: sockets.
    pub skipped: Vec<String>,
}

impl Export {
    /// Without `lost+found` when it is empty: every file system has it, and no tar needs it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps `lost+found` in any case.
    pub fn keep_lost_found(mut self, yes: bool) -> Self {
        self.keep_lost_found = yes;
        self
    }

    /// Writes all files as a tar: the root first, as `./`, then all others in the order of their paths.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn run<S: Storage, W: Write>(&self, from: &FileSystem<S>, out: W) -> Result<ExportReport, ReadError> {
        let mut tar = Writer::new(out);
        let mut report = ExportReport::default();
        // First names of files that have several.
        let mut firsts = HashMap::new();
        let root = from.stat(ROOT)?;
        put(from, &mut tar, b"./", &root, None)?;
        report.entries += 1;
        let mut walk = from.walk(ROOT)?;
        while let Some(step) = walk.next() {
            let (path, stat) = step?;
            let lost_found = stat.inode == LOST_FOUND && path == b"lost+found";
            if lost_found && !self.keep_lost_found && from.read_dir(stat.inode)?.is_empty() {
                continue;
            }
            let mut name = path.to_vec();
            let first = match stat.file_type {
                FileType::Socket | FileType::Unknown => {
                    report.skipped.push(crate::write::text(path));
                    continue;
                }
                FileType::Directory => {
                    name.push(b'/');
                    None
                }
                _ if stat.links > 1 => {
                    let first = firsts.get(&stat.inode).cloned();
                    if first.is_none() {
                        firsts.insert(stat.inode, name.clone());
                    }
                    first
                }
                _ => None,
            };
            put(from, &mut tar, &name, &stat, first.as_deref())?;
            report.entries += 1;
        }
        tar.finish().map_err(|source| ReadError::Export { source })?;
        Ok(report)
    }
}

fn put<S: Storage, W: Write>(
    from: &FileSystem<S>,
    tar: &mut Writer<W>,
    name: &[u8],
    stat: &Stat,
    first: Option<&[u8]>,
) -> Result<(), ReadError> {
    let export = |source| ReadError::Export { source };
    let or_not = |time| (time != stat.modified).then_some(time);
    let mut item = Item {
        name,
        link: first.unwrap_or_default(),
        mode: u32::from(stat.permissions),
        uid: stat.uid,
        gid: stat.gid,
        modified: stat.modified,
        accessed: or_not(stat.accessed),
        changed: or_not(stat.changed),
        ..Item::default()
    };
    if first.is_some() {
        item.kind = Kind::HardLink;
        return tar.entry(&item).map_err(export);
    }
    let xattrs = from.xattrs(stat.inode)?;
    item.xattrs = &xattrs;
    let target;
    match stat.file_type {
        FileType::Regular => return put_file(from, tar, item, stat),
        FileType::Symlink => {
            target = from.read_link(stat.inode)?;
            (item.kind, item.link) = (Kind::Symlink, &target);
        }
        FileType::CharDevice => (item.kind, item.device) = (Kind::CharDevice, stat.device),
        FileType::BlockDevice => (item.kind, item.device) = (Kind::BlockDevice, stat.device),
        FileType::Fifo => item.kind = Kind::Fifo,
        _ => item.kind = Kind::Directory,
    }
    tar.entry(&item).map_err(export)
}

fn put_file<S: Storage, W: Write>(
    from: &FileSystem<S>,
    tar: &mut Writer<W>,
    mut item: Item<'_>,
    stat: &Stat,
) -> Result<(), ReadError> {
    let export = |source| ReadError::Export { source };
    let mut reader = from.read_file(stat.inode)?;
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((begin, end)) = reader.next_data(at)? {
        parts.push((begin, end - begin));
        at = end;
    }
    let data: u64 = parts.iter().map(|(_, length)| length).sum();
    let mut map = String::new();
    if stat.size - data.min(stat.size) >= HOLE {
        use std::fmt::Write as _;
        // The last part says where the file ends.
        if parts.last().is_none_or(|(begin, length)| begin + length < stat.size) {
            parts.push((stat.size, 0));
        }
        let _ = writeln!(map, "{}", parts.len()); // a string takes all
        for (begin, length) in &parts {
            let _ = writeln!(map, "{begin}\n{length}");
        }
        let padding = map.len().wrapping_neg() % RECORD;
        map.extend(std::iter::repeat_n('\0', padding));
        item.sparse = Some(stat.size);
        item.stored = data + map.len() as u64;
    } else {
        item.stored = stat.size;
        parts = vec![(0, stat.size)];
    }
    tar.entry(&item).map_err(export)?;
    tar.content(map.as_bytes()).map_err(export)?;
    let mut buffer = vec![0; PIECE];
    for (begin, length) in parts {
        std::io::Seek::seek(&mut reader, std::io::SeekFrom::Start(begin)).map_err(export)?;
        let mut left = length;
        while left > 0 {
            let count = buffer.len().min(crate::format::length(left));
            let read = reader.read_exact(&mut buffer[..count]);
            read.map_err(|_| ReadError::Damaged { inode: stat.inode, what: "its content can't be read" })?;
            tar.content(&buffer[..count]).map_err(export)?;
            left -= count as u64;
        }
    }
    Ok(())
}
