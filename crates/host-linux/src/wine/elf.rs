//! Which libraries an ELF file needs, from its dynamic section.
//!
//! Source: System V ABI, "Dynamic Section" and "Program Header"; 64-bit little-endian only.

/// What the loader reads of a library.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Elf {
    /// `DT_NEEDED`, in order.
    pub(super) needed: Vec<String>,
    /// `PT_INTERP`: the dynamic loader; programs only.
    pub(super) interpreter: Option<String>,
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

impl Elf {
    /// `None` when the bytes are not such a file.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        if !file.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let segments = segments(file)?;
        let mut elf = Self::default();
        if let Some(segment) = segments.iter().find(|s| s.kind == PT_INTERP) {
            elf.interpreter = Some(text(file, segment.offset)?);
        }
        let Some(dynamic) = segments.iter().find(|s| s.kind == PT_DYNAMIC) else { return Some(elf) };
        let end = dynamic.offset.checked_add(dynamic.size)?;
        let entries = file.get(usize::try_from(dynamic.offset).ok()?..usize::try_from(end).ok()?)?;
        let entries: Vec<(u64, u64)> = entries
            .chunks_exact(16)
            .map(|entry| Some((u64_at(entry, 0)?, u64_at(entry, 8)?)))
            .take_while(|entry| entry.is_none_or(|(tag, _)| tag != DT_NULL))
            .collect::<Option<_>>()?;
        let Some(&(_, strings)) = entries.iter().find(|(tag, _)| *tag == DT_STRTAB) else { return Some(elf) };
        let strings = segments
            .iter()
            .filter(|s| s.kind == PT_LOAD)
            .find(|s| strings.checked_sub(s.address).is_some_and(|within| within < s.size))
            .map(|s| strings - s.address + s.offset)?;
        for (_, name) in entries.iter().filter(|(tag, _)| *tag == DT_NEEDED) {
            elf.needed.push(text(file, strings.checked_add(*name)?)?);
        }
        Some(elf)
    }
}

fn segments(file: &[u8]) -> Option<Vec<Segment>> {
    let table = usize::try_from(u64_at(file, 32)?).ok()?;
    let (size, count) = (usize::from(u16_at(file, 54)?), usize::from(u16_at(file, 56)?));
    (0..count)
        .map(|i| {
            let entry = file.get(table.checked_add(i * size)?..)?;
            Some(Segment {
                kind: u32::from_le_bytes(*entry.first_chunk()?),
                offset: u64_at(entry, 8)?,
                address: u64_at(entry, 16)?,
                size: u64_at(entry, 32)?,
            })
        })
        .collect()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn text(file: &[u8], at: u64) -> Option<String> {
    let bytes = file.get(usize::try_from(at).ok()?..)?;
    let end = bytes.iter().position(|&byte| byte == 0)?;
    String::from_utf8(bytes[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_running_program_needs_what_the_system_says_it_needs() {
        let elf = Elf::parse(&fs_err::read("/proc/self/exe").unwrap()).unwrap();
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.so")), "{elf:?}");
        assert!(elf.interpreter.is_some_and(|path| path.contains("ld-linux")));
    }

    #[test]
    fn other_files_are_no_libraries() {
        assert_eq!(Elf::parse(b"MZ"), None);
        assert_eq!(Elf::parse(b"\x7fELF\x01\x01"), None);
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(at in 0usize..4096, value: u8) {
            let mut file = fs_err::read("/proc/self/exe").unwrap();
            file[at] = value;
            let _ = Elf::parse(&file[..file.len().min(1 << 20)]);
        }
    }
}
