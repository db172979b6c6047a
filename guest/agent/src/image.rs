//! What the first bytes of a program file tell: whether it can run here, and whether Wine brought it.
//!
//! Sources: "PE Format" of the Windows documentation (DOS header, COFF header); the mark `Wine builtin DLL` behind
//! the DOS header is what Wine 8's loader itself goes by.

/// How many bytes from the start [`Image::parse`] wants to see. The PE header of every linker in use lies within.
pub const HEAD: usize = 4096;

/// `IMAGE_FILE_MACHINE_AMD64`
pub const MACHINE_AMD64: u16 = 0x8664;

const DOS_HEADER: usize = 0x40;
const BUILTIN: &[u8] = b"Wine builtin DLL";
const PLACEHOLDER: &[u8] = b"Wine placeholder DLL";

/// What a program file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// A PE file.
    Pe {
        /// The COFF header's machine, such as [`MACHINE_AMD64`].
        machine: u16,
        /// The file is one of Wine's own.
        builtin: bool,
    },
    /// A DOS or 16-bit program: `MZ`, but no PE header.
    Dos,
    /// No program at all (a script, a unix program, an empty file).
    Other,
}

impl Image {
    /// From the first [`HEAD`] bytes of a file, or all of a shorter one. Never panics: the bytes are a guest's.
    pub fn parse(head: &[u8]) -> Self {
        if !head.starts_with(b"MZ") {
            return Self::Other;
        }
        let mark = head.get(DOS_HEADER..).unwrap_or_default();
        let builtin = mark.starts_with(BUILTIN) || mark.starts_with(PLACEHOLDER);
        match Self::machine(head) {
            Some(machine) => Self::Pe { machine, builtin },
            None => Self::Dos,
        }
    }

    fn machine(head: &[u8]) -> Option<u16> {
        let offset = head.get(0x3c..)?.first_chunk::<4>()?;
        let header = head.get(u32::from_le_bytes(*offset) as usize..)?;
        let rest = header.strip_prefix(b"PE\0\0")?;
        Some(u16::from_le_bytes(*rest.first_chunk::<2>()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pe(machine: u16, mark: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 0x100];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x80;
        file[0x40..0x40 + mark.len()].copy_from_slice(mark);
        file[0x80..0x84].copy_from_slice(b"PE\0\0");
        file[0x84..0x86].copy_from_slice(&machine.to_le_bytes());
        file
    }

    #[test]
    fn machine_and_builder_are_told_apart() {
        let check = |bytes: &[u8], image| assert_eq!(Image::parse(bytes), image);
        check(&pe(MACHINE_AMD64, b""), Image::Pe { machine: MACHINE_AMD64, builtin: false });
        check(&pe(MACHINE_AMD64, b"Wine builtin DLL"), Image::Pe { machine: MACHINE_AMD64, builtin: true });
        check(&pe(0x14c, b"Wine placeholder DLL"), Image::Pe { machine: 0x14c, builtin: true });
        check(b"MZ", Image::Dos);
        check(b"\x7fELF", Image::Other);
        check(b"", Image::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut head = b"MZ".to_vec();
            head.extend(bytes);
            let _ = Image::parse(&head);
        }
    }
}
