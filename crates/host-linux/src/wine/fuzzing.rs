//! The parsers of Wine's files, for the fuzz targets.

use std::ops::Range;

use super::OsVersion;
use super::elf::Elf;
use super::pe;
use super::registry::RegistryFile;

/// The parts of a PE file that its copy keeps.
pub fn pe(file: &[u8]) -> Option<Vec<Range<usize>>> {
    pe::kept(file)
}

/// What an ELF file needs, and its interpreter.
pub fn elf(file: &[u8]) -> Option<(Vec<String>, Option<String>)> {
    Elf::parse(file).map(|elf| (elf.needed, elf.interpreter))
}

/// A registry file, read and written again; and the same after a change of this value of this key.
pub fn registry(text: &str, key: &str, name: &str, value: &str) -> Option<(String, String)> {
    let mut file = RegistryFile::parse(text)?;
    let same = file.text();
    file.set_text(key, name, value);
    file.set_dword(key, name, 7);
    file.remove_key(value);
    Some((same, file.text()))
}

/// A Windows version.
pub fn os_version(text: &str) -> Option<OsVersion> {
    OsVersion::parse(text)
}
