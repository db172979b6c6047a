//! The footer of a fixed VHD: 512 bytes behind a disk, by which Hyper-V takes the file for one.
//!
//! Source: Virtual Hard Disk Image Format Specification, 1.0. Big-endian.

use std::io;

use sha2::{Digest as _, Sha256};

use crate::storage::Storage;

/// Bytes of a footer.
pub const FOOTER: u64 = 512;

const COOKIE: [u8; 8] = *b"conectix";
const VERSION: u32 = 0x0001_0000;
const CREATOR_VERSION: u32 = 0x000a_0000;
const FIXED: u32 = 2;
const CHECKSUM: usize = 64;

/// What a footer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Bytes of the disk before it.
    pub size: u64,
    /// The disk's id.
    pub id: [u8; 16],
}

/// Why a file is no fixed VHD.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum VhdError {
    /// It can't be read.
    #[error("cannot read the VHD's footer")]
    Read { source: io::Error },
    /// There is no footer at its end.
    #[error("the file does not end with a VHD's footer")]
    NoFooter,
    /// The footer is damaged.
    #[error("the VHD's footer is damaged: its checksum is {stated:#010x}, not {computed:#010x}")]
    Checksum { stated: u32, computed: u32 },
    /// A disk of another kind.
    #[error("the VHD is of type {kind}; only fixed ones (2) can be read")]
    Kind { kind: u32 },
    /// The footer speaks of another size.
    #[error("the VHD's footer speaks of {stated} bytes before it, there are {found}")]
    Size { stated: u64, found: u64 },
}

impl Footer {
    /// The footer of a disk of `size` bytes, with an id made from `seed`: equal images have equal footers.
    pub fn derived(size: u64, seed: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"vhd")
            .chain_update(size.to_le_bytes())
            .chain_update(seed)
            .finalize()
            .into();
        Self { size, id: crate::verity::uuid_from(&digest) }
    }

    /// The footer's bytes.
    pub fn to_bytes(self) -> [u8; 512] {
        let mut bytes = [0; 512];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &COOKIE);
        put(8, &2_u32.to_be_bytes()); // a bit that is always set
        put(12, &VERSION.to_be_bytes());
        put(16, &[0xff; 8]); // no other header
        put(32, &CREATOR_VERSION.to_be_bytes());
        put(40, &self.size.to_be_bytes());
        put(48, &self.size.to_be_bytes());
        put(60, &FIXED.to_be_bytes());
        put(68, &self.id);
        let sum = checksum(&bytes);
        bytes[CHECKSUM..CHECKSUM + 4].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Reads a footer that lies behind `found` bytes.
    ///
    /// # Errors
    /// All of [`VhdError`] but `Read`.
    pub fn from_bytes(bytes: &[u8; 512], found: u64) -> Result<Self, VhdError> {
        if !bytes.starts_with(&COOKIE) {
            return Err(VhdError::NoFooter);
        }
        let number =
            |at: usize| bytes[at..at + 4].iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let (stated, computed) = (number(CHECKSUM), checksum(bytes));
        if stated != computed {
            return Err(VhdError::Checksum { stated, computed });
        }
        if number(60) != FIXED {
            return Err(VhdError::Kind { kind: number(60) });
        }
        let size = u64::from(number(48)) << 32 | u64::from(number(52));
        if size != found {
            return Err(VhdError::Size { stated: size, found });
        }
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[68..84]);
        Ok(Self { size, id })
    }
}

/// The inverted sum of all bytes, the checksum's own counted as zeros.
fn checksum(bytes: &[u8; 512]) -> u32 {
    let own = CHECKSUM..CHECKSUM + 4;
    !bytes
        .iter()
        .enumerate()
        .filter(|(at, _)| !own.contains(at))
        .map(|(_, byte)| u32::from(*byte))
        .sum::<u32>()
}

/// Writes a footer behind the disk.
///
/// # Errors
/// What the storage answers.
#[doc(alias = "AppendVhdFooter")]
pub fn append<S: Storage + ?Sized>(storage: &S, footer: Footer) -> io::Result<()> {
    storage.write_all_at(&footer.to_bytes(), footer.size)
}

/// Reads the footer at the storage's end.
///
/// # Errors
/// See [`VhdError`].
pub fn read<S: Storage + ?Sized>(storage: &S) -> Result<Footer, VhdError> {
    let length = storage.length().map_err(|source| VhdError::Read { source })?;
    let size = length.checked_sub(FOOTER).ok_or(VhdError::NoFooter)?;
    let mut bytes = [0; 512];
    storage.read_exact_at(&mut bytes, size).map_err(|source| VhdError::Read { source })?;
    Footer::from_bytes(&bytes, size)
}

/// Takes the footer off: what is left is the disk.
///
/// # Errors
/// See [`VhdError`].
pub fn remove<S: Storage + ?Sized>(storage: &S) -> Result<Footer, VhdError> {
    let footer = read(storage)?;
    storage.set_length(footer.size).map_err(|source| VhdError::Read { source })?;
    Ok(footer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn a_footer_comes_back_and_goes() {
        let memory = Memory::new(vec![7; 8192]);
        let footer = Footer::derived(8192, b"seed");
        append(&memory, footer).unwrap();
        assert_eq!(read(&memory).unwrap(), footer);
        assert_eq!(remove(&memory).unwrap(), footer);
        assert_eq!(memory.into_bytes(), vec![7; 8192]);
        assert_eq!(Footer::derived(8192, b"seed"), footer);
    }

    #[test]
    fn a_damaged_footer_says_what_is_wrong() {
        let good = Footer::derived(8192, b"").to_bytes();
        let with = |at: usize, value: u8| {
            let mut bytes = good;
            bytes[at] = value;
            Footer::from_bytes(&bytes, 8192)
        };
        assert!(matches!(with(0, 0), Err(VhdError::NoFooter)));
        assert!(matches!(with(100, 1), Err(VhdError::Checksum { .. })));
        assert!(matches!(Footer::from_bytes(&good, 4096), Err(VhdError::Size { stated: 8192, found: 4096 })));
        let mut dynamic = good;
        dynamic[63] = 3;
        let sum = checksum(&dynamic);
        dynamic[64..68].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(Footer::from_bytes(&dynamic, 8192), Err(VhdError::Kind { kind: 3 })));
        assert!(matches!(read(&Memory::new(vec![0; 100])), Err(VhdError::NoFooter)));
    }
}
