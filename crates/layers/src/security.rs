//! Security descriptors in self-relative form: whether one is whole.
//!
//! Source: Windows SDK, `SECURITY_DESCRIPTOR_RELATIVE`, `SID`, `ACL`, `ACE_HEADER`; MS-DTYP 2.4.

use crate::bytes;

const HEADER: usize = 20;
/// The largest that is read: two lists of 64 KiB, two SIDs and a header.
pub const MOST: usize = HEADER + 2 * 0xffff + 2 * 68;

const SELF_RELATIVE: u16 = 0x8000;
const DACL_PRESENT: u16 = 0x0004;
const SACL_PRESENT: u16 = 0x0010;

/// What is wrong with a descriptor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("security descriptor: {what}")]
pub struct SecurityError {
    /// The part.
    pub what: &'static str,
}

/// Whether the bytes are a descriptor in self-relative form, all of whose parts lie within it.
///
/// # Errors
/// [`SecurityError`] with the first part that does not.
pub fn check(descriptor: &[u8]) -> Result<(), SecurityError> {
    let bad = |what| SecurityError { what };
    if descriptor.len() > MOST {
        return Err(bad("it is larger than one can be"));
    }
    let short = bad("it is shorter than its header");
    let fixed: [u8; HEADER] = bytes::array(descriptor, 0).ok_or(short)?;
    if fixed[0] != 1 {
        return Err(bad("its revision is not 1"));
    }
    let control = u16::from_le_bytes([fixed[2], fixed[3]]);
    if control & SELF_RELATIVE == 0 {
        return Err(bad("it is not self-relative"));
    }
    let part = |at: usize, what| {
        // All four lie in the header.
        let offset = bytes::length(bytes::u32(&fixed, at).unwrap_or_default().into());
        match offset {
            0 => Ok(None),
            offset if offset < HEADER => Err(bad(what)),
            offset => descriptor.get(offset..).map(Some).ok_or(bad(what)),
        }
    };
    if let Some(owner) = part(4, "the owner lies outside")? {
        sid(owner).ok_or(bad("the owner is no SID"))?;
    }
    if let Some(group) = part(8, "the group lies outside")? {
        sid(group).ok_or(bad("the group is no SID"))?;
    }
    // Without its bit a list is not looked at, by Windows neither.
    if control & SACL_PRESENT != 0
        && let Some(list) = part(12, "the system list lies outside")?
    {
        acl(list).ok_or(bad("the system list is damaged"))?;
    }
    if control & DACL_PRESENT != 0
        && let Some(list) = part(16, "the list of rights lies outside")?
    {
        acl(list).ok_or(bad("the list of rights is damaged"))?;
    }
    Ok(())
}

fn sid(bytes: &[u8]) -> Option<()> {
    let (revision, count) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    (revision == 1 && count <= 15 && bytes.len() >= 8 + 4 * count).then_some(())
}

fn acl(list: &[u8]) -> Option<()> {
    let (revision, size, count) = (*list.first()?, bytes::u16(list, 2)?, bytes::u16(list, 4)?);
    if !(2..=4).contains(&revision) {
        return None;
    }
    let mut entries = list.get(8..usize::from(size))?;
    for _ in 0..count {
        let size = usize::from(bytes::u16(entries, 2)?);
        if size < 4 || !size.is_multiple_of(4) {
            return None;
        }
        entries = entries.get(size..)?;
    }
    Some(())
}
