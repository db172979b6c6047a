//! Reparse buffers: symbolic links, mount points, and those whose inside is somebody else's matter.
//!
//! Source: Windows driver kit, `REPARSE_DATA_BUFFER`; MS-FSCC 2.1.2.

use crate::bytes;

/// The tag of a symbolic link.
pub const SYMLINK: u32 = 0xa000_000c;
/// The tag of a mount point, which is also called junction.
pub const MOUNT_POINT: u32 = 0xa000_0003;
/// Bytes of the largest buffer.
#[doc(alias = "MAXIMUM_REPARSE_DATA_BUFFER_SIZE")]
pub const MOST: usize = 16 << 10;

const HEADER: usize = 8;
const RELATIVE: u32 = 1;

/// What a buffer says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reparse {
    /// A symbolic link.
    Symlink {
        /// Where it leads, as the system resolves it.
        substitute: Vec<u16>,
        /// The same for people.
        print: Vec<u16>,
        /// It leads on from its own folder.
        relative: bool,
    },
    /// A mount point.
    MountPoint {
        /// Where it leads, as the system resolves it.
        substitute: Vec<u16>,
        /// The same for people.
        print: Vec<u16>,
    },
    /// Another tag; the buffer as it is.
    Other {
        /// Whose it is.
        tag: u32,
        /// All of it, from the tag on.
        buffer: Vec<u8>,
    },
}

/// What is wrong with a buffer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ReparseError {
    /// Its parts do not lie within it.
    #[error("reparse data: {what}")]
    Damaged { what: &'static str },
    /// A target that there is no room for.
    #[error("reparse data: a target of {units} UTF-16 units, which a buffer of {MOST} bytes has no room for")]
    TooLong { units: usize },
}

impl Reparse {
    /// A link or mount point that leads to `target`, in the form that Windows' own tools make.
    pub fn to(target: &str, mount_point: bool) -> Self {
        let print: Vec<u16> = target.encode_utf16().collect();
        let bytes = target.as_bytes();
        let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        let (substitute, relative) = if let Some(rest) = target.strip_prefix(r"\\?\") {
            (format!(r"\??\{rest}"), false)
        } else if let Some(rest) = target.strip_prefix(r"\\") {
            (format!(r"\??\UNC\{rest}"), false)
        } else if drive {
            (format!(r"\??\{target}"), false)
        } else {
            (target.to_owned(), true)
        };
        let substitute = substitute.encode_utf16().collect();
        if mount_point {
            Self::MountPoint { substitute, print }
        } else {
            Self::Symlink { substitute, print, relative }
        }
    }

    /// The target for people; `None` when there is none or it is no text.
    #[doc(alias = "Target")]
    pub fn target(&self) -> Option<String> {
        match self {
            Self::Symlink { print, .. } | Self::MountPoint { print, .. } => String::from_utf16(print).ok(),
            Self::Other { .. } => None,
        }
    }

    /// Reads a buffer.
    ///
    /// # Errors
    /// [`ReparseError::Damaged`]
    #[doc(alias = "DecodeReparsePoint")]
    pub fn decode(buffer: &[u8]) -> Result<Self, ReparseError> {
        let bad = |what| ReparseError::Damaged { what };
        let (tag, length) =
            bytes::u32(buffer, 0).zip(bytes::u16(buffer, 4)).ok_or(bad("it is shorter than its header"))?;
        if buffer.len() > MOST {
            return Err(bad("it is larger than one can be"));
        }
        let data = buffer.get(HEADER..).ok_or(bad("it is shorter than its header"))?;
        // A tag of somebody other than Microsoft has a GUID before its data, which the length does not count.
        let guid = if tag & 0x8000_0000 == 0 { 16 } else { 0 };
        if data.len() != usize::from(length) + guid {
            return Err(bad("its length is not what its header says"));
        }
        let names = match tag {
            SYMLINK => 12,
            MOUNT_POINT => 8,
            _ => return Ok(Self::Other { tag, buffer: buffer.to_vec() }),
        };
        let name = |at: usize| {
            let (from, length) = (usize::from(bytes::u16(data, at)?), usize::from(bytes::u16(data, at + 2)?));
            let name = data.get(names..)?.get(from..from.checked_add(length)?)?;
            length.is_multiple_of(2).then(|| bytes::units(name))
        };
        let substitute = name(0).ok_or(bad("the substitute name lies outside"))?;
        let print = name(4).ok_or(bad("the print name lies outside"))?;
        if tag == MOUNT_POINT {
            return Ok(Self::MountPoint { substitute, print });
        }
        let flags = bytes::u32(data, 8).ok_or(bad("the flags lie outside"))?;
        Ok(Self::Symlink { substitute, print, relative: flags & RELATIVE != 0 })
    }

    /// As a buffer: the substitute name, then the print name, each with a NUL behind it.
    ///
    /// # Errors
    /// [`ReparseError::TooLong`]
    #[doc(alias = "EncodeReparsePoint")]
    pub fn encode(&self) -> Result<Vec<u8>, ReparseError> {
        let (tag, substitute, print, flags) = match self {
            Self::Symlink { substitute, print, relative } => {
                (SYMLINK, substitute, print, Some(u32::from(*relative)))
            }
            Self::MountPoint { substitute, print } => (MOUNT_POINT, substitute, print, None),
            Self::Other { buffer, .. } => return Ok(buffer.clone()),
        };
        let units = substitute.len() + print.len();
        let data = 8 + flags.map_or(0, |_| 4) + (units + 2) * 2;
        if HEADER + data > MOST {
            return Err(ReparseError::TooLong { units });
        }
        // Below 16 KiB, by the check above.
        let short = |value: usize| u16::try_from(value).unwrap_or_default().to_le_bytes();
        let mut out = Vec::with_capacity(HEADER + data);
        out.extend(tag.to_le_bytes());
        out.extend(short(data));
        out.extend([0; 2]);
        out.extend(short(0));
        out.extend(short(substitute.len() * 2));
        out.extend(short((substitute.len() + 1) * 2));
        out.extend(short(print.len() * 2));
        out.extend(flags.into_iter().flat_map(u32::to_le_bytes));
        for name in [substitute, print] {
            out.extend(bytes::from_units(name));
            out.extend([0; 2]);
        }
        Ok(out)
    }
}
