//! Virtual disks of a schema 1 document: which members they may have, and what of an image's form this host can mount.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use hcs_contract::{Error, Result};
use hcs_schema::compute::CacheMode;
use hcs_schema::compute::v1::MappedVirtualDisk;

use super::create_v1::NO_VM;
use super::plan::{self, Mapped};
use super::refuse::{no, no_nul, unless_default};

/// Bytes of a VHD's footer.
const FOOTER: u64 = 512;

/// Takes a disk of a document apart; each member is used, or refused by name.
pub(super) fn mapped(field: &str, disk: MappedVirtualDisk) -> Result<Mapped> {
    let MappedVirtualDisk {
        host_path,
        container_path,
        create_in_utility_vm,
        read_only,
        cache,
        attach_only,
        unknown: _,
    } = disk;
    unless_default(&format!("{field}.CreateInUtilityVM"), &create_in_utility_vm, NO_VM)?;
    let reason = "a container here sees no device of the host; its disks are mounted";
    unless_default(&format!("{field}.AttachOnly"), &attach_only, reason)?;
    if ![CacheMode::UNSPECIFIED, CacheMode::ENABLED].contains(&cache) {
        unless_default(&format!("{field}.Cache"), &cache, "Linux caches every file, and one copy for all")?;
    }
    no_nul(&format!("{field}.ContainerPath"), &container_path)?;
    let host = plan::host_path(&format!("{field}.HostPath"), &host_path)?;
    Ok(Mapped { field: field.into(), host, container: container_path, read_only })
}

/// What of a file is the disk, and the file system that fills it, as the kernel names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) length: u64,
    pub(super) file_system: &'static str,
}

/// Looks at an image.
///
/// # Errors
/// Not supported, by the member that names it, for a form that needs more than the kernel has; the operating system's.
pub(super) fn look(field: &str, path: &Path, read_only: bool) -> Result<Content> {
    let at = |error| Error::os("read the disk", path.display().to_string(), error);
    let mut file = fs_err::File::open(path).map_err(at)?;
    let kind = file.metadata().map_err(at)?.file_type();
    if !kind.is_file() && !kind.is_block_device() {
        return Err(no(field, "a virtual disk is a file"));
    }
    let length = file.seek(SeekFrom::End(0)).map_err(at)?;
    let content = of(field, &mut file, length).map_err(|error| match error {
        Fault::Refused(error) => error,
        Fault::Os(error) => at(error),
    })?;
    if matches!(content.file_system, "squashfs" | "erofs" | "iso9660") && !read_only {
        let message = format!("{}: {} is for reading; set ReadOnly", path.display(), content.file_system);
        return Err(Error::invalid_document(field, message));
    }
    Ok(content)
}

/// The same of an image in memory.
#[cfg(feature = "fuzzing")]
pub(super) fn of_bytes(bytes: &[u8]) -> Result<Content> {
    of("HostPath", &mut std::io::Cursor::new(bytes), bytes.len() as u64).map_err(|error| match error {
        Fault::Refused(error) => error,
        Fault::Os(error) => Error::os("read", "an image in memory", error),
    })
}

/// Why an image can't be mounted.
#[derive(Debug)]
enum Fault {
    Refused(Error),
    Os(std::io::Error),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Os(error)
    }
}

fn of(field: &str, image: &mut (impl Read + Seek), length: u64) -> std::result::Result<Content, Fault> {
    let refused = |reason: &'static str| Err(Fault::Refused(no(field, reason)));
    let mut has = |offset: u64, magic: &[u8]| -> std::io::Result<bool> {
        if offset + magic.len() as u64 > length {
            return Ok(false);
        }
        let mut found = vec![0; magic.len()];
        image.seek(SeekFrom::Start(offset))?;
        image.read_exact(&mut found)?;
        Ok(found == magic)
    };
    if has(0, b"vhdxfile")? {
        return refused(
            "it is a VHDX, whose blocks only Windows and qemu put in order; make a fixed VHD of it",
        );
    }
    for magic in [&b"QFI\xfb"[..], b"KDMV", b"<<< "] {
        if has(0, magic)? {
            return refused("it is the disk of another hypervisor; make a raw image or a fixed VHD of it");
        }
    }
    // "Virtual Hard Disk Image Format Specification": the footer's type is 2 for a fixed disk, and a dynamic one has a copy
    // of the footer in front.
    let mut disk = length;
    if let Some(footer) = length.checked_sub(FOOTER)
        && has(footer, b"conectix")?
    {
        if !has(footer + 60, &2u32.to_be_bytes())? {
            return refused(
                "it is a dynamic or differencing VHD, whose blocks are in no order; make a fixed one of it",
            );
        }
        disk = footer;
    } else if has(0, b"conectix")? {
        return refused("it is a dynamic VHD that was cut off");
    }
    // ext4's driver takes its two forerunners as well.
    let known: [(u64, &[u8], &'static str); 10] = [
        (1024 + 56, &0xef53u16.to_le_bytes(), "ext4"),
        (0, b"XFSB", "xfs"),
        (0x1_0040, b"_BHRfS_M", "btrfs"),
        (0, b"hsqs", "squashfs"),
        (1024, &0xe0f5_e1e2u32.to_le_bytes(), "erofs"),
        (0x8001, b"CD001", "iso9660"),
        (3, b"EXFAT   ", "exfat"),
        (3, b"NTFS    ", "ntfs3"),
        (82, b"FAT32   ", "vfat"),
        (54, b"FAT", "vfat"),
    ];
    for (offset, magic, file_system) in known {
        if has(offset, magic)? {
            return Ok(Content { length: disk, file_system });
        }
    }
    if has(512, b"EFI PART")? || has(510, &[0x55, 0xaa])? {
        return refused("it has a partition table; only a file system that fills the disk is mounted");
    }
    refused("it holds no file system that is known here")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn image(size: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; size];
        for (offset, part) in parts {
            bytes[*offset..offset + part.len()].copy_from_slice(part);
        }
        bytes
    }

    fn found(bytes: Vec<u8>) -> std::result::Result<Content, String> {
        let length = bytes.len() as u64;
        of("MappedVirtualDisks[0].HostPath", &mut Cursor::new(bytes), length).map_err(|fault| match fault {
            Fault::Refused(error) => {
                assert_eq!(error.hresult().0, 0x8007_0032);
                error.to_string()
            }
            Fault::Os(error) => panic!("{error}"),
        })
    }

    #[test]
    fn what_the_kernel_can_mount_is_found() {
        const EXT: (usize, &[u8]) = (1080, &[0x53, 0xef]);
        let content = |length, file_system| Ok(Content { length, file_system });
        assert_eq!(found(image(8192, &[EXT])), content(8192, "ext4"));
        assert_eq!(found(image(8192, &[(0, b"XFSB")])), content(8192, "xfs"));
        assert_eq!(found(image(8192, &[(3, b"NTFS    ")])), content(8192, "ntfs3"));
        assert_eq!(found(image(8192, &[(54, b"FAT16   "), (510, &[0x55, 0xaa])])), content(8192, "vfat"));
        let footer = (8192, &b"conectix"[..]);
        let fixed = image(8704, &[EXT, footer, (8192 + 60, &[0, 0, 0, 2])]);
        assert_eq!(found(fixed), content(8192, "ext4"));
    }

    #[test]
    fn what_it_can_not_is_refused_with_the_reason() {
        let footer = (8192, &b"conectix"[..]);
        for (bytes, word) in [
            (image(8704, &[(0, b"conectix"), footer, (8192 + 60, &[0, 0, 0, 3])]), "dynamic"),
            (image(8192, &[(0, b"conectix")]), "cut off"),
            (image(8192, &[(0, b"vhdxfile")]), "VHDX"),
            (image(8192, &[(0, b"QFI\xfb")]), "another hypervisor"),
            (image(8192, &[(512, b"EFI PART")]), "partition table"),
            (image(8192, &[]), "no file system"),
            (Vec::new(), "no file system"),
        ] {
            let text = found(bytes).unwrap_err();
            assert!(text.contains(word) && text.contains("HostPath"), "{text}");
        }
    }
}
