//! Little-endian numbers and UTF-16 at places in a buffer whose length nobody vouches for.

/// `N` bytes at a place, if they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(crate) fn u16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(crate) fn u32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// UTF-16 as units; an odd byte at the end is left out.
pub(crate) fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

/// UTF-16 as bytes.
pub(crate) fn from_units(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

/// A length as a place in memory. Only lengths of what lies in memory come here.
pub(crate) fn length(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The low half.
#[cfg(target_os = "linux")]
pub(crate) fn low(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).unwrap_or_default()
}
