//! Paths as Windows programs write them, and where they are in a container's prefix.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};

use super::refuse::no;
use crate::wine::PREFIX_INSIDE;

/// The drive's folder in a prefix.
pub(super) const DRIVE_C: &str = "drive_c";

/// The path inside the container that is `C:\…` of a Windows container. `drive`: the folders that lie over each other as
/// that drive, in which what is there already is found whatever the case of its name.
///
/// # Errors
/// Invalid document for what is no path; not supported for another drive.
pub(super) fn inside(field: &str, path: &str, drive: &[PathBuf]) -> Result<String> {
    let parts = components(field, path)?;
    let mut target = format!("{PREFIX_INSIDE}/{DRIVE_C}");
    let mut known = drive.to_vec();
    for part in parts {
        let name = known.iter().find_map(|folder| spelled(folder, part)).unwrap_or_else(|| part.to_owned());
        target.push('/');
        target.push_str(&name);
        known = known.into_iter().map(|folder| folder.join(&name)).collect();
    }
    Ok(target)
}

/// The same without a look at what is there: its spelling is the caller's.
///
/// # Errors
/// As [`inside`].
pub(super) fn as_given(field: &str, path: &str) -> Result<String> {
    let parts = components(field, path)?;
    Ok(format!("{PREFIX_INSIDE}/{DRIVE_C}/{}", parts.join("/")))
}

/// The path as Windows programs write it, of a place that [`inside`] or [`as_given`] gave.
pub(super) fn outside(target: &str) -> String {
    let drive = format!("{PREFIX_INSIDE}/{DRIVE_C}/");
    match target.strip_prefix(&drive) {
        Some(rest) => format!(r"C:\{}", rest.replace('/', r"\")),
        None => target.to_owned(),
    }
}

/// What can be said of such a path before there is a prefix.
///
/// # Errors
/// As [`inside`].
pub(super) fn check(field: &str, path: &str) -> Result<()> {
    components(field, path).map(drop)
}

/// How a name is spelled in a folder: as it is, or in another case.
fn spelled(folder: &Path, name: &str) -> Option<String> {
    if folder.join(name).exists() {
        return Some(name.into());
    }
    let lower = name.to_lowercase();
    fs_err::read_dir(folder).ok()?.find_map(|entry| {
        let found = entry.ok()?.file_name().into_string().ok()?;
        (found.to_lowercase() == lower).then_some(found)
    })
}

fn components<'a>(field: &str, path: &'a str) -> Result<Vec<&'a str>> {
    let invalid = |message: &str| Err(Error::invalid_document(field, format!("{path:?}: {message}")));
    let Some((drive, rest)) = path.split_once(':').filter(|(drive, _)| drive.len() == 1) else {
        return invalid(r"a path inside a Windows container begins with a drive, such as C:\data");
    };
    if !drive.eq_ignore_ascii_case("c") {
        return Err(no(field, "a Windows container has drive C: only"));
    }
    if !rest.starts_with(['\\', '/']) {
        return invalid("the path must be absolute: a backslash follows the drive");
    }
    let mut parts = Vec::new();
    for part in rest.split(['\\', '/']) {
        match part {
            "" | "." => {}
            ".." => return invalid(r#"no ".." is taken"#),
            part if part.ends_with(['.', ' ']) => {
                return invalid("Windows cuts dots and blanks off a name's end");
            }
            part if part.bytes().any(|byte| byte < 32 || br#"<>:"|?*"#.contains(&byte)) => {
                return invalid(r#"names can't hold < > : " | ? * and control characters"#);
            }
            part if is_device(part) => {
                return invalid("a name of it is a device's on Windows, in any folder");
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { invalid("the drive itself can't be mapped") } else { Ok(parts) }
}

/// Whether Windows opens a device by this name, whatever its extension ("Naming Files, Paths, and Namespaces").
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let numbered = |prefix: &str| {
        let mut rest =
            stem.get(..3).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| stem[3..].chars())?;
        let number = rest.next()?;
        (rest.next().is_none() && matches!(number, '1'..='9' | '¹' | '²' | '³')).then_some(())
    };
    ["CON", "PRN", "AUX", "NUL"].iter().any(|device| stem.eq_ignore_ascii_case(device))
        || numbered("COM").is_some()
        || numbered("LPT").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_c_is_a_folder_of_the_prefix_and_known_names_keep_their_spelling() {
        let prefix = tempfile::tempdir().unwrap();
        let drive = ["layer/Files", "drive_c"].map(|folder| prefix.path().join(folder));
        fs_err::create_dir_all(drive[1].join("windows/System32")).unwrap();
        fs_err::create_dir_all(drive[0].join("App")).unwrap();
        for (path, expected) in [
            (r"C:\data", "/prefix/drive_c/data"),
            (r"c:/data\\Sub\", "/prefix/drive_c/data/Sub"),
            (r"C:\Windows\x", "/prefix/drive_c/windows/x"),
            (r"C:\WINDOWS\system32\New", "/prefix/drive_c/windows/System32/New"),
            (r"C:\Windows\ü", "/prefix/drive_c/windows/ü"),
            (r"C:\app\x", "/prefix/drive_c/App/x"),
            (r"C:\console\COM0\com10\lpt\nul_", "/prefix/drive_c/console/COM0/com10/lpt/nul_"),
        ] {
            assert_eq!(inside("f", path, &drive).unwrap(), expected, "{path}");
        }
        assert_eq!(as_given("f", r"c:/Data\\Sub\").unwrap(), "/prefix/drive_c/Data/Sub");
        assert_eq!(outside("/prefix/drive_c/Data/Sub"), r"C:\Data\Sub");
    }

    #[test]
    fn other_paths_are_refused() {
        for bad in [
            "",
            "data",
            r"\data",
            "C:",
            r"C:data",
            r"C:\",
            r"C:\a\..\b",
            r"C:\a:b",
            r"C:\a.",
            "C:\\a\0",
            r"C:\con",
            r"C:\a\NUL.txt\b",
            r"C:\aux .x",
            r"C:\COM1",
            r"C:\lpt³.log",
            r"\\?\C:\x",
            "/x",
        ] {
            let error = inside("MappedDirectories[0].ContainerPath", bad, &[]).unwrap_err();
            assert_eq!(error.hresult(), hcs_contract::Hresult::HCS_E_INVALID_JSON, "{bad:?}");
        }
        let error = inside("MappedDirectories[0].ContainerPath", r"D:\x", &[]).unwrap_err();
        assert_eq!(error.hresult(), hcs_contract::Hresult::ERROR_NOT_SUPPORTED);
    }
}
