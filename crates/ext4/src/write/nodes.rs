//! Making, linking and taking away of files: inodes, but for regular files' content.

use super::error::text;
use super::paths::{Missing, Place};
use super::tree::ROOT_FOLDER;
use super::{Error, LARGEST_INODE, Metadata, Node, Result, Writer};
use crate::format::extent::{self, Extent};
use crate::format::inode::{self, Fields, flag, kind};
use crate::format::xattr::{self, Placed, Refused, Xattr};
use crate::format::{BLOCK, BLOCK64, LINK_MAX, LOST_FOUND, ROOT, checksum, dir};
use crate::storage::Storage;

/// The mark of a folder that hides what lower layers have.
const OPAQUE: (&[u8], &[u8]) = (b"trusted.overlay.opaque", b"y");
/// The longest target of a symbolic link that the kernel takes.
const TARGET_MAX: usize = 4095;
const SECTORS: u64 = BLOCK64 / 512;

/// An inode whose content is known.
#[derive(Debug)]
pub(super) struct Content<'a> {
    /// What goes into the 60 bytes.
    pub(super) area: [u8; inode::BLOCK_AREA_LENGTH],
    /// What of the content goes among the attributes.
    pub(super) data: Option<&'a [u8]>,
    pub(super) size: u64,
    pub(super) flags: u32,
    /// Blocks of content and of its extents.
    pub(super) blocks: u64,
}

impl Content<'_> {
    pub(super) fn none() -> Self {
        Self { area: [0; inode::BLOCK_AREA_LENGTH], data: None, size: 0, flags: 0, blocks: 0 }
    }
}

impl<S: Storage + 'static> Writer<S> {
    /// A folder that an entry needs and nobody has named yet: like the one above, without attributes.
    pub(super) fn make_parent(&mut self, parent: u32, name: &[u8]) -> Result<u32> {
        let raw = self.raw(self.tree.folder(parent).inode)?;
        let mut fields = Fields::read(&raw);
        (fields.xattr_block, fields.sectors) = (0, 0);
        let inode = self.new_inode()?;
        let mut new = vec![0; raw.len()];
        fields.write(&mut new);
        self.put_raw(inode, &new)?;
        let folder = self.tree.add_folder(inode, parent)?;
        self.tree.insert(parent, name, dir::file_type::DIRECTORY, folder, self.layer)?;
        Ok(folder)
    }

    /// Makes anything but a regular file.
    pub(super) fn make(&mut self, path: &[u8], node: Node<'_>, metadata: &Metadata) -> Result<u32> {
        match node {
            Node::CharDevice { major, minor } | Node::BlockDevice { major, minor }
                if !inode::is_device(major, minor) =>
            {
                return Err(Error::Device { path: text(path), major, minor });
            }
            Node::Symlink(target)
                if target.is_empty() || target.len() > TARGET_MAX || target.contains(&0) =>
            {
                return Err(Error::Target { path: text(path), length: target.len() });
            }
            _ => {}
        }
        let number = self.claim(path, node.kind())?;
        let result = self.put_node(number, node, metadata);
        result.map_err(|error| error.with_path(path)).map(|()| number)
    }

    /// Gives a path an inode, new or, for a folder that is there, its own.
    pub(super) fn claim(&mut self, path: &[u8], kind: u16) -> Result<u32> {
        let is_folder = kind == kind::DIRECTORY;
        let (folder, name) = match self.place(path, Missing::Make)? {
            Some(Place::Name { folder, name }) => (folder, name),
            Some(Place::Root) if is_folder => return Ok(ROOT),
            _ => return Err(Error::Root { path: text(path) }),
        };
        if let Some(id) = self.tree.find(folder, name) {
            let entry = self.tree.entry(id);
            let other_layer = entry.layer < self.layer;
            match (entry.is_folder(), is_folder) {
                (true, true) => {
                    self.tree.entry_mut(id).layer = self.layer;
                    return Ok(self.tree.inode(&entry));
                }
                (true, false) if !other_layer => return Err(Error::FileOverFolder { path: text(path) }),
                (false, true) if !other_layer => return Err(Error::FolderOverFile { path: text(path) }),
                (true, false) => {
                    self.hide_entry(id)?;
                    if self.tree.entry(id).kind != 0 {
                        // What this layer has put there keeps it.
                        return Err(Error::FileOverFolder { path: text(path) });
                    }
                }
                (false, _) => self.unlink(id)?,
            }
        }
        let number = self.new_inode()?;
        let target = if is_folder { self.tree.add_folder(number, folder)? } else { number };
        self.tree.insert(folder, name, dir::file_type::of(kind), target, self.layer)?;
        *self.links_mut(number) = 1;
        Ok(number)
    }

    /// Writes the inode of anything but a regular file.
    pub(super) fn put_node(&mut self, number: u32, node: Node<'_>, metadata: &Metadata) -> Result<()> {
        let mut content = Content::none();
        match node {
            Node::CharDevice { major, minor } | Node::BlockDevice { major, minor } => {
                let mut raw = [0; inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH];
                inode::put_device(&mut raw, major, minor);
                content.area.copy_from_slice(&raw[inode::BLOCK_AREA..]);
            }
            Node::Symlink(target) => {
                content.size = target.len() as u64;
                if target.len() <= inode::FAST_SYMLINK {
                    content.area[..target.len()].copy_from_slice(target);
                } else if self.options.inline_data
                    && metadata.xattrs.is_empty()
                    && target.len() < self.inline_room()
                {
                    // With attributes as well there might be a block of them, which e2fsck overlooks with such a link.
                    content.flags = flag::INLINE_DATA;
                    let (inside, rest) = target.split_at(content.area.len().min(target.len()));
                    content.area[..inside.len()].copy_from_slice(inside);
                    content.data = Some(rest);
                } else {
                    let mut block = vec![0; BLOCK];
                    block[..target.len()].copy_from_slice(target);
                    let start = self.append_block(&block)?;
                    let run = [Extent { logical: 0, start, length: 1 }];
                    let Ok(_) = extent::write_tree(&mut content.area, &run, 0, |_| {
                        Ok::<_, std::convert::Infallible>(0)
                    });
                    (content.flags, content.blocks) = (flag::EXTENTS, 1);
                }
                // A link has all permissions, whatever is said.
                let metadata = Metadata { permissions: 0o777, ..metadata.clone() };
                return self.put_inode(number, kind::SYMLINK, &metadata, &metadata.xattrs, &content);
            }
            Node::Directory => {
                let opaque = self.tree.folder_count() > 0 && self.is_opaque(number);
                return self.put_folder(number, metadata, opaque);
            }
            Node::Fifo | Node::Socket => {}
        }
        self.put_inode(number, node.kind(), metadata, &metadata.xattrs, &content)
    }

    /// Folders are few, those that are marked are fewer: there is no index of them.
    fn is_opaque(&self, number: u32) -> bool {
        self.any_opaque
            && (0..self.tree.folder_count()).any(|id| {
                let folder = self.tree.folder(id);
                folder.inode == number && folder.opaque && !folder.gone
            })
    }

    fn put_folder(&mut self, number: u32, metadata: &Metadata, opaque: bool) -> Result<()> {
        let mut xattrs = metadata.xattrs.clone();
        if opaque {
            xattrs.retain(|(name, _)| name != OPAQUE.0);
            xattrs.push((OPAQUE.0.to_vec(), OPAQUE.1.to_vec()));
        }
        self.put_inode(number, kind::DIRECTORY, metadata, &xattrs, &Content::none())
    }

    /// Writes an inode; a block of attributes that it had before goes.
    pub(super) fn put_inode(
        &mut self,
        number: u32,
        kind: u16,
        metadata: &Metadata,
        xattrs: &[Xattr],
        content: &Content<'_>,
    ) -> Result<()> {
        let old = if kind == kind::DIRECTORY { Fields::read(&self.raw(number)?).xattr_block } else { 0 };
        if old != 0 {
            self.free_blocks.push((old, 1));
        }
        let mut raw = [0; LARGEST_INODE];
        let raw = &mut raw[..usize::from(self.options.inode_size())];
        let mut fields = Fields {
            mode: kind | metadata.permissions & 0o7777,
            uid: metadata.uid,
            gid: metadata.gid,
            size: content.size,
            sectors: content.blocks * SECTORS,
            flags: content.flags,
            accessed: metadata.accessed,
            changed: metadata.changed,
            modified: metadata.modified,
            created: metadata.created,
            ..Fields::default()
        };
        if content.data.is_some() || !xattrs.is_empty() {
            let placed = xattr::place(&mut raw[inode::NAMED..], content.data, xattrs);
            let refused = |name: &[u8]| (String::new(), text(name));
            let placed = placed.map_err(|refusal| match refusal {
                Refused::TooBig(name) => {
                    let (path, name) = refused(&name);
                    Error::XattrTooBig { path, name }
                }
                Refused::Invalid(name) => {
                    let (path, name) = refused(&name);
                    Error::XattrInvalid { path, name }
                }
            })?;
            if let Placed::WithBlock(mut block) = placed {
                let place = self.next_block()?;
                let value = checksum::xattr(checksum::SEED, place, &block);
                crate::format::put_u32(&mut block, 16, value);
                self.append_block(&block)?;
                fields.xattr_block = place;
                fields.sectors += SECTORS;
            }
        }
        fields.write(raw);
        raw[inode::BLOCK_AREA..inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH].copy_from_slice(&content.area);
        self.put_raw(number, raw)
    }

    /// Another name for a file.
    pub(super) fn make_link(&mut self, target: &[u8], path: &[u8]) -> Result<()> {
        let no_target = || Error::NoTarget { path: text(path), target: text(target) };
        let (inode, kind) = match self.place(target, Missing::Refuse)? {
            Some(Place::Root) => return Err(Error::LinkToFolder { path: text(path), target: text(target) }),
            None => return Err(no_target()),
            Some(Place::Name { folder, name }) => {
                let entry =
                    self.tree.find(folder, name).map(|id| self.tree.entry(id)).ok_or_else(no_target)?;
                if entry.is_folder() {
                    return Err(Error::LinkToFolder { path: text(path), target: text(target) });
                }
                (entry.target, entry.kind)
            }
        };
        let Some(Place::Name { folder, name }) = self.place(path, Missing::Make)? else {
            return Err(Error::Root { path: text(path) });
        };
        if let Some(id) = self.tree.find(folder, name) {
            let entry = self.tree.entry(id);
            if entry.is_folder() {
                if entry.layer < self.layer {
                    self.hide_entry(id)?;
                }
                if self.tree.entry(id).kind != 0 {
                    return Err(Error::FileOverFolder { path: text(path) });
                }
            } else if entry.target == inode {
                self.tree.entry_mut(id).layer = self.layer;
                return Ok(()); // it is that name already
            } else {
                self.unlink(id)?;
            }
        }
        let links = self.links_mut(inode);
        if u32::from(*links) >= LINK_MAX {
            return Err(Error::TooManyLinks { path: text(path), target: text(target) });
        }
        *links += 1;
        self.tree.insert(folder, name, kind, inode, self.layer)
    }

    /// See [`Writer::hide`] and [`Writer::hide_content`].
    pub(super) fn hide_path(&mut self, path: &[u8], itself: bool) -> Result<()> {
        let id = match self.place(path, Missing::Refuse)? {
            None => return Ok(()),
            Some(Place::Root) => {
                let children: Vec<u32> = self.tree.children(ROOT_FOLDER).collect();
                return children.into_iter().try_for_each(|id| self.hide_entry(id));
            }
            Some(Place::Name { folder, name }) => self.tree.find(folder, name),
        };
        let Some(id) = id else { return Ok(()) };
        if itself {
            return self.hide_entry(id);
        }
        let entry = self.tree.entry(id);
        if entry.is_folder() {
            let children: Vec<u32> = self.tree.children(entry.target).collect();
            children.into_iter().try_for_each(|id| self.hide_entry(id))?;
        }
        Ok(())
    }

    /// Takes away an entry and all below it that is not of this layer.
    fn hide_entry(&mut self, id: u32) -> Result<()> {
        // Without recursion: nothing limits how deep folders lie.
        let mut all = vec![id];
        let mut at = 0;
        while at < all.len() {
            let entry = self.tree.entry(all[at]);
            if entry.is_folder() {
                all.extend(self.tree.children(entry.target));
            }
            at += 1;
        }
        for id in all.into_iter().rev() {
            let entry = self.tree.entry(id);
            let lost_found = entry.is_folder() && self.tree.inode(&entry) == LOST_FOUND;
            let stays = entry.layer >= self.layer || lost_found;
            if entry.is_folder() && self.tree.children(entry.target).next().is_some() || stays {
                continue;
            }
            self.unlink(id)?;
        }
        self.last.forget();
        Ok(())
    }

    /// Takes a name away, and the inode with the last one.
    fn unlink(&mut self, id: u32) -> Result<()> {
        let entry = self.tree.entry(id);
        let inode = self.tree.inode(&entry);
        self.tree.remove(id);
        self.last.forget();
        let links = self.links_mut(inode);
        *links = links.saturating_sub(1);
        if *links == 0 || entry.is_folder() { self.release(inode) } else { Ok(()) }
    }

    /// Frees an inode and its blocks.
    fn release(&mut self, number: u32) -> Result<()> {
        let raw = self.raw(number)?;
        let fields = Fields::read(&raw);
        if fields.xattr_block != 0 {
            self.free_blocks.push((fields.xattr_block, 1));
        }
        if fields.flags & flag::EXTENTS != 0 {
            let root = raw[inode::BLOCK_AREA..inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH].to_vec();
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                match extent::read_node(&node, None) {
                    Some((extent::Node::Leaf(runs), _)) => {
                        self.free_blocks
                            .extend(runs.iter().map(|(run, _)| (run.start, u64::from(run.length))));
                    }
                    Some((extent::Node::Index(children), _)) => {
                        for (_, block) in children {
                            self.free_blocks.push((block, 1));
                            open.push(self.read_back(block)?);
                        }
                    }
                    None => {}
                }
            }
        }
        self.put_raw(number, &vec![0; raw.len()])?;
        self.free_inodes.push(number);
        Ok(())
    }

    /// See [`Writer::make_opaque`].
    pub(super) fn mark_opaque(&mut self, path: &[u8]) -> Result<()> {
        let id = match self.place(path, Missing::Make)? {
            Some(Place::Name { folder, name }) => {
                match self.tree.find(folder, name).map(|id| self.tree.entry(id)) {
                    Some(entry) if entry.is_folder() => entry.target,
                    Some(_) => return Err(Error::FolderOverFile { path: text(path) }),
                    None => self.make_parent(folder, name)?,
                }
            }
            _ => ROOT_FOLDER,
        };
        self.tree.folder_mut(id).opaque = true;
        self.any_opaque = true;
        let number = self.tree.folder(id).inode;
        let raw = self.raw(number)?;
        let fields = Fields::read(&raw);
        let mut xattrs = xattr::read_area(&raw[inode::NAMED..]).xattrs;
        if fields.xattr_block != 0 {
            xattrs.extend(xattr::read_block(&self.read_back(fields.xattr_block)?).xattrs);
        }
        let metadata = Metadata {
            permissions: fields.mode & 0o7777,
            uid: fields.uid,
            gid: fields.gid,
            modified: fields.modified,
            accessed: fields.accessed,
            changed: fields.changed,
            created: fields.created,
            xattrs,
        };
        self.put_folder(number, &metadata, true).map_err(|error| error.with_path(path))
    }

    /// A symbolic link's target.
    pub(super) fn link_target(&mut self, number: u32) -> Result<Vec<u8>> {
        let raw = self.raw(number)?;
        let fields = Fields::read(&raw);
        let area = &raw[inode::BLOCK_AREA..inode::BLOCK_AREA + inode::BLOCK_AREA_LENGTH];
        let mut target = area.to_vec();
        if fields.flags & flag::INLINE_DATA != 0 {
            target.extend(xattr::read_area(&raw[inode::NAMED..]).data.unwrap_or_default());
        } else if fields.flags & flag::EXTENTS != 0
            && let Some((extent::Node::Leaf(runs), _)) = extent::read_node(area, Some(0))
            && let Some((run, _)) = runs.first()
        {
            target = self.read_back(run.start)?;
        }
        target.truncate(crate::format::length(fields.size));
        Ok(target)
    }

    /// An inode's bytes as they stand now.
    pub(super) fn raw(&self, number: u32) -> Result<Vec<u8>> {
        let size = self.options.inode_size();
        let mut raw = vec![0; usize::from(size)];
        let at = (u64::from(number) - 1) * u64::from(size);
        self.inodes.read(&mut raw, at).map_err(|source| Error::Spill { source })?;
        Ok(raw)
    }

    pub(super) fn put_raw(&mut self, number: u32, raw: &[u8]) -> Result<()> {
        let at = (u64::from(number) - 1) * u64::from(self.options.inode_size());
        self.inodes.write(raw, at).map_err(|source| Error::Spill { source })
    }

    /// Bytes of content that fit into an inode.
    pub(super) fn inline_room(&self) -> usize {
        let area = usize::from(self.options.inode_size()) - inode::NAMED;
        inode::BLOCK_AREA_LENGTH + xattr::data_room(area)
    }

    /// A block that was written.
    fn read_back(&mut self, block: u64) -> Result<Vec<u8>> {
        self.output.flush()?;
        self.output.join()?;
        let mut bytes = vec![0; BLOCK];
        let offset = block * BLOCK64;
        let read = self.output.storage().read_exact_at(&mut bytes, offset);
        read.map_err(|source| Error::ReadBack { offset, source })?;
        Ok(bytes)
    }
}

impl Error {
    /// Says of which path an error is that was found without it.
    pub(super) fn with_path(mut self, name: &[u8]) -> Self {
        if let Self::XattrTooBig { path, .. } | Self::XattrInvalid { path, .. } = &mut self {
            *path = text(name);
        }
        self
    }
}
