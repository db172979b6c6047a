//! Names within a layer: which can be, and which Windows takes for the same.

use crate::layer::text;

/// Bytes of a path that Linux opens.
const LONGEST: usize = 4095;

/// Why a name can't be one in a layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum PathProblem {
    /// It begins at a root.
    #[error("the path is absolute; expected a relative path")]
    Absolute,
    /// It goes up.
    #[error("the path has a component .., which could lead out of the layer")]
    Parent,
    /// It is empty, or nothing but dots.
    #[error("the path names nothing")]
    Empty,
    /// Not text.
    #[error("the path is not UTF-8")]
    NotText,
    /// Longer than Linux opens.
    #[error("the path has {length} bytes, at most {LONGEST} are possible")]
    TooLong { length: usize },
    /// A component longer than file systems take.
    #[error("a component of the path has {length} bytes, at most 255 are possible")]
    LongComponent { length: usize },
    /// What Windows has no names with.
    #[error("the path contains the invalid character {character:?}")]
    Character { character: char },
    /// A device of DOS.
    #[error("{name:?} is the name of a device on Windows")]
    Reserved { name: String },
    /// Windows cuts these off, so two names would be one.
    #[error("{name:?} ends with a dot or a space, which Windows cuts off")]
    Ending { name: String },
    /// Only some folders belong to a layer.
    #[error("it lies outside of Files, Hives and UtilityVM/Files, which make up a layer")]
    Outside,
    /// Windows takes two names for one.
    #[error("it differs from {other:?} only by upper and lower case, which is the same name on Windows")]
    Clash { other: String },
    /// The name is taken.
    #[error("it is there already")]
    Exists,
    /// A folder of the path is a link or mount point.
    #[error("the path leads through the link or mount point {link:?}")]
    ThroughLink { link: String },
    /// A folder of the path is a file.
    #[error("the path leads through {file:?}, which is no folder")]
    ThroughFile { file: String },
}

/// A clean path of a Windows layer: components joined by `/`, without dots; empty for the layer itself.
///
/// # Errors
/// [`PathProblem`]: whatever leads out of the layer, and names that Windows does not have.
pub fn windows(name: &[u8]) -> Result<String, PathProblem> {
    let name = std::str::from_utf8(name).map_err(|_| PathProblem::NotText)?;
    let path = clean(name.as_bytes())?;
    // What was cut out of text between slashes is text.
    let path = String::from_utf8(path).map_err(|_| PathProblem::NotText)?;
    path.split('/').filter(|part| !part.is_empty()).try_for_each(component)?;
    Ok(path)
}

/// Without empty components and single dots.
///
/// # Errors
/// [`PathProblem`]: whatever leads out, or is too long.
pub(crate) fn clean(name: &[u8]) -> Result<Vec<u8>, PathProblem> {
    if name.first() == Some(&b'/') {
        return Err(PathProblem::Absolute);
    }
    let mut path = Vec::with_capacity(name.len());
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(PathProblem::Parent),
            _ if part.len() > 255 => return Err(PathProblem::LongComponent { length: part.len() }),
            _ if part.contains(&0) => return Err(PathProblem::Character { character: '\0' }),
            _ => {}
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
    if path.len() > LONGEST {
        return Err(PathProblem::TooLong { length: path.len() });
    }
    Ok(path)
}

/// Whether Windows has such a name.
fn component(name: &str) -> Result<(), PathProblem> {
    let invalid = |character: &char| {
        matches!(character, '\0'..='\x1f' | '<' | '>' | ':' | '"' | '\\' | '|' | '?' | '*')
    };
    if let Some(character) = name.chars().find(invalid) {
        return Err(PathProblem::Character { character });
    }
    if name.ends_with(['.', ' ']) {
        return Err(PathProblem::Ending { name: text(name.as_bytes()) });
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let numbered = |prefix| {
        let digit = stem.strip_prefix(prefix);
        digit.is_some_and(|digit| {
            matches!(digit, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || (numbered("COM") || numbered("LPT")) && !stem.ends_with('0')
    {
        return Err(PathProblem::Reserved { name: text(name.as_bytes()) });
    }
    Ok(())
}

/// What two names have in common that Windows takes for one: upper case, character by character, as NTFS does it.
pub(crate) fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_uppercase();
    }
    path.chars()
        .map(|character| {
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                // ı and ſ have a letter of ASCII as their upper case, but not on NTFS.
                (Some(upper), None) if character.is_ascii() || !upper.is_ascii() => upper,
                _ => character,
            }
        })
        .collect()
}

/// The folder and the last component.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        let ok = |name: &str, path: &str| assert_eq!(windows(name.as_bytes()).as_deref(), Ok(path), "{name}");
        ok("Files", "Files");
        ok("./Files//a/./b/", "Files/a/b");
        ok("./", "");
        ok("Files/com0/console/nul-", "Files/com0/console/nul-");
        let bad = |name: &str, part: &str| {
            let error = windows(name.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{name}: {error}");
        };
        bad("/Files", "absolute");
        bad("Files/../x", "..");
        bad(r"Files\..\x", r"invalid character '\\'");
        bad("C:/x", "invalid character ':'");
        bad("Files/a\nb", r"'\n'");
        bad("Files/nul.txt", "device");
        bad("Files/Lpt1", "device");
        bad("Files/aux .x", "device");
        bad("Files/x.", "dot or a space");
        bad(&"x/".repeat(3000), "5999 bytes");
        bad(&"x".repeat(256), "256 bytes");
        assert_eq!(windows(b"Files/\xff"), Err(PathProblem::NotText));
    }

    #[test]
    fn names_are_folded_as_ntfs_does_it() {
        assert_eq!(fold("Files/äöÿ"), "FILES/ÄÖŸ");
        assert_eq!(fold("ıſß"), "ıſß");
    }
}
