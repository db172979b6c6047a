//! Extended attributes of NTFS: the list that a backup stream of them holds.
//!
//! Source: Windows driver kit, `FILE_FULL_EA_INFORMATION`.

use crate::bytes;

/// Bytes before a name.
const HEADER: usize = 8;
/// Attributes of one file: NTFS holds 64 KiB of them, each of at least 9 bytes.
const MOST: usize = 8192;

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "ExtendedAttribute")]
pub struct Ea {
    /// Bits; 0x80 says that whoever does not understand it must not open the file.
    pub flags: u8,
    /// In the system's code page, up to 255 bytes.
    pub name: Vec<u8>,
    /// Up to 65,535 bytes.
    pub value: Vec<u8>,
}

/// Why a list can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum EaError {
    /// The bytes are no list.
    #[error("extended attributes: the buffer is damaged at byte {at}")]
    Damaged { at: usize },
    /// More than any file has.
    #[error("extended attributes: over {MOST} of them")]
    TooMany,
    /// There is no room for so long a name.
    #[error("extended attributes: a name of {length} bytes, at most 255 are possible")]
    Name { length: usize },
    /// There is no room for so long a value.
    #[error("extended attributes: a value of {length} bytes, at most 65,535 are possible")]
    Value { length: usize },
}

/// The attributes in a buffer.
///
/// # Errors
/// [`EaError::Damaged`], [`EaError::TooMany`]
#[doc(alias = "DecodeExtendedAttributes")]
pub fn decode(buffer: &[u8]) -> Result<Vec<Ea>, EaError> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < buffer.len() {
        let rest = &buffer[at..];
        let damaged = EaError::Damaged { at };
        let one = || {
            let next = bytes::length(bytes::u32(rest, 0)?.into());
            let (flags, name) = (*rest.get(4)?, usize::from(*rest.get(5)?));
            let value = usize::from(bytes::u16(rest, 6)?);
            let start = HEADER + name + 1;
            // A next one that begins within this one, or behind the buffer.
            let end = if next == 0 { rest.len() } else { next };
            if start + value > end || end > rest.len() || *rest.get(HEADER + name)? != 0 {
                return None;
            }
            let name = rest[HEADER..HEADER + name].to_vec();
            Some((Ea { flags, name, value: rest[start..start + value].to_vec() }, next))
        };
        let (ea, next) = one().ok_or(damaged)?;
        if all.len() == MOST {
            return Err(EaError::TooMany);
        }
        all.push(ea);
        if next == 0 {
            break;
        }
        at += next;
    }
    Ok(all)
}

/// A buffer with the attributes in their order; empty for none.
///
/// # Errors
/// [`EaError::Name`], [`EaError::Value`]
#[doc(alias = "EncodeExtendedAttributes")]
pub fn encode(all: &[Ea]) -> Result<Vec<u8>, EaError> {
    let mut buffer = Vec::new();
    for (n, ea) in all.iter().enumerate() {
        let name = u8::try_from(ea.name.len()).map_err(|_| EaError::Name { length: ea.name.len() })?;
        let value = u16::try_from(ea.value.len()).map_err(|_| EaError::Value { length: ea.value.len() })?;
        let length = (HEADER + ea.name.len() + 1 + ea.value.len()).next_multiple_of(4);
        // Below 70,000.
        let next = if n + 1 == all.len() { 0 } else { u32::try_from(length).unwrap_or_default() };
        let end = buffer.len() + length;
        buffer.extend(next.to_le_bytes());
        buffer.extend([ea.flags, name]);
        buffer.extend(value.to_le_bytes());
        buffer.extend(&ea.name);
        buffer.push(0);
        buffer.extend(&ea.value);
        buffer.resize(end, 0);
    }
    Ok(buffer)
}
