//! Copies of Wine's PE files without their debugging information.
//!
//! Three quarters of Wine's DLLs are DWARF sections. The copy keeps the file's layout, so that every offset in it
//! stays true, and leaves these sections (and the symbol table) as holes, which take no space on disk.

use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::WineError;

/// The parts of a PE file to be kept; `None` when it is no PE file, whose copy must be whole.
pub(super) fn kept(file: &[u8]) -> Option<Vec<Range<usize>>> {
    const SECTION: usize = 40;
    const DISCARDABLE: usize = 0x0200_0000;
    if !file.starts_with(b"MZ") {
        return None;
    }
    let header = u32_at(file, 0x3c)?;
    if file.get(header..)?.get(..4)? != b"PE\0\0" {
        return None;
    }
    let count = usize::from(u16_at(file, header + 6)?);
    let optional = usize::from(u16_at(file, header + 20)?);
    let table = header + 24 + optional;
    let mut kept: Vec<_> = std::iter::once(0..table + count * SECTION).collect();
    for at in (0..count).map(|i| table + i * SECTION) {
        // Names of more than eight characters stand in the string table as `/offset`: those of debugging sections,
        // which the loader may discard, and `.eh_frame`, which it may not.
        let debug = *file.get(at)? == b'/' && u32_at(file, at + 36)? & DISCARDABLE != 0;
        let (size, offset) = (u32_at(file, at + 16)?, u32_at(file, at + 20)?);
        if !debug && size > 0 {
            kept.push(offset..offset.checked_add(size)?);
        }
    }
    kept.iter().all(|range| range.end <= file.len()).then_some(kept)
}

/// Copies `from` to the new file `to`.
///
/// # Errors
/// [`WineError::Io`]
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), WineError> {
    let file = fs_err::read(from)?;
    let copy = fs_err::OpenOptions::new().write(true).create_new(true).open(to)?;
    let whole: Vec<_> = std::iter::once(0..file.len()).collect();
    for range in kept(&file).unwrap_or(whole) {
        let offset = range.start as u64;
        copy.file().write_all_at(&file[range], offset).map_err(WineError::io("write", to))?;
    }
    copy.set_len(file.len() as u64)?;
    Ok(())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use proptest::prelude::*;

    use super::*;

    /// A PE file with two pages that count, the second with a long name, and a debugging section of `debug` bytes.
    fn sample(debug: usize) -> Vec<u8> {
        let mut file = vec![0; 0x3000 + debug];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x40;
        file[0x40..0x44].copy_from_slice(b"PE\0\0");
        file[0x46] = 3;
        let section = |file: &mut Vec<u8>, at: usize, name: &[u8], offset: u32, size: u32, flags: u32| {
            file[at..at + name.len()].copy_from_slice(name);
            file[at + 16..at + 20].copy_from_slice(&size.to_le_bytes());
            file[at + 20..at + 24].copy_from_slice(&offset.to_le_bytes());
            file[at + 36..at + 40].copy_from_slice(&flags.to_le_bytes());
        };
        section(&mut file, 0x58, b".text", 0x1000, 0x1000, 0x6000_0020);
        section(&mut file, 0x80, b"/4", 0x2000, 0x1000, 0x4030_0040);
        section(&mut file, 0xa8, b"/14", 0x3000, debug.try_into().unwrap(), 0x4210_0040);
        file[0x1000..].fill(0xcc);
        file
    }

    #[test]
    fn debugging_sections_become_holes_and_the_rest_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let original = sample(1 << 20);
        fs_err::write(&from, &original).unwrap();
        copy(&from, &to).unwrap();
        let copied = fs_err::read(&to).unwrap();
        assert_eq!(copied[..0x3000], original[..0x3000]);
        assert_eq!(copied.len(), original.len());
        assert!(copied[0x3000..].iter().all(|&byte| byte == 0));
        let blocks = fs_err::metadata(&to).unwrap().blocks();
        assert!(blocks * 512 < 1 << 16, "{blocks} blocks are in use");
    }

    #[test]
    fn what_is_no_pe_file_is_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        for (i, bytes) in [&b"MZ, but no more than that"[..], b"", b"fonts"].into_iter().enumerate() {
            let (from, to) = (folder.path().join(format!("{i}a")), folder.path().join(format!("{i}b")));
            fs_err::write(&from, bytes).unwrap();
            copy(&from, &to).unwrap();
            assert_eq!(fs_err::read(&to).unwrap(), bytes);
        }
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(at in 0usize..0x100, value: u8) {
            let mut file = sample(0x100);
            file[at] = value;
            let _ = kept(&file);
        }
    }
}
