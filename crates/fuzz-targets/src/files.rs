//! Files of the host: Wine's registry as text, the headers of PE and ELF files, images of disks.

use hcs_agent::identity;
use hcs_agent::image::Image;
use hcs_host_linux::wine::fuzzing;

use crate::parts;

/// A key, a value's name and a value, a line each, then a registry file: unchanged it stays byte for byte, and a
/// changed one is read as it was written.
///
/// # Panics
/// When it is not.
pub fn wine_registry(bytes: &[u8]) {
    let [key, name, value, file] = parts(bytes, '\n');
    let file = format!("WINE REGISTRY Version 2\n{file}");
    // Of the texts that are set only lines' ends are taken out by our own format of the input: put some back.
    let value = value.replace('$', "\n");
    let (same, changed) = fuzzing::registry(&file, &key, &name, &value).expect("the head is there");
    assert_eq!(same, file);
    let read = fuzzing::registry(&changed, "k", "n", "v").map(|(same, _)| same);
    assert_eq!(read.as_ref(), Some(&changed));
    let keys = |text: &str| text.lines().filter(|line| line.starts_with('[')).count();
    assert!(keys(&changed) <= keys(&file) + 1, "a value has made a key: {changed:?}");
}

/// A PE file: what is kept of it lies within.
///
/// # Panics
/// When it does not.
pub fn pe_file(bytes: &[u8]) {
    for range in fuzzing::pe(bytes).unwrap_or_default() {
        assert!(bytes.get(range.clone()).is_some(), "{range:?} of {}", bytes.len());
    }
    let image = Image::parse(bytes);
    assert!(bytes.starts_with(b"MZ") || image == Image::Other, "{image:?}");
}

/// An image of a virtual disk: what of it is the disk lies within, and only a form that is not known is refused.
///
/// # Panics
/// When it does not, or is.
pub fn disk_image(bytes: &[u8]) {
    match hcs_host_linux::fuzzing::disk(bytes) {
        Ok((length, _)) => assert!(length <= bytes.len() as u64, "{length} of {}", bytes.len()),
        Err(error) => assert!(error.is_not_supported(), "{error}"),
    }
}

/// An ELF file: the names in it are in it. The same bytes as the text of a version.
///
/// # Panics
/// When one is not.
pub fn elf_file(bytes: &[u8]) {
    let (needed, interpreter) = fuzzing::elf(bytes).unwrap_or_default();
    for name in needed.iter().chain(&interpreter) {
        let found = name.is_empty() || bytes.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(found, "{name:?}");
    }
    let text = String::from_utf8_lossy(bytes);
    let numbers = |version: identity::Version| (version.major, version.minor, version.build);
    let ours = fuzzing::os_version(&text).map(|version| (version.major, version.minor, version.build));
    assert_eq!(ours, identity::Version::parse(&text).map(numbers), "both ends read a version alike");
}
