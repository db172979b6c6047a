//! Paths of Windows, as a client writes them, and what must be done to have the host's.

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// On a drive of the Wine prefix: what Wine must be asked about, such as `C:\data`.
    Drive(&'a str),
    /// The host's own, which Wine has below `\\?\unix`: the rest, with backslashes.
    Unix(&'a str),
    /// Neither: a path of the host's, a volume, a pipe, a relative path. It goes to the host as it is.
    Elsewhere,
}

/// Takes a path apart. `\\?\` before it counts for nothing.
pub fn place(path: &str) -> Place<'_> {
    let bare = path.strip_prefix(r"\\?\").or_else(|| path.strip_prefix(r"\??\"));
    let inner = bare.unwrap_or(path);
    if let [letter, b':', separator, ..] = inner.as_bytes()
        && letter.is_ascii_alphabetic()
        && matches!(separator, b'\\' | b'/')
    {
        return Place::Drive(inner);
    }
    let unix = bare.or_else(|| path.strip_prefix(r"\\.\"));
    match unix
        .and_then(|rest| rest.get(..4).filter(|word| word.eq_ignore_ascii_case("unix")).map(|_| &rest[4..]))
    {
        Some(rest) if rest.starts_with('\\') => Place::Unix(rest),
        _ => Place::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for drive in [r"C:\data", "z:/srv", r"\\?\C:\data", r"\??\C:\data"] {
            assert!(matches!(place(drive), Place::Drive(path) if !path.starts_with('\\')), "{drive}");
        }
        assert_eq!(place(r"\\?\unix\srv\a b"), Place::Unix(r"\srv\a b"));
        assert_eq!(place(r"\\.\Unix\srv"), Place::Unix(r"\srv"));
        for other in [
            "",
            "/srv",
            "C:",
            "C:data",
            "srv",
            r"\srv",
            r"\\?\Volume{1}\",
            r"\\.\pipe\x",
            r"\\?\unixes\x",
            r"\\?\UNC\h\s",
            r"\\?\äöü",
        ] {
            assert_eq!(place(other), Place::Elsewhere, "{other}");
        }
    }
}
