//! Full registry paths (`HKLM\Software\…`) split into their root and the rest.

/// A root key that registry changes may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `HKEY_LOCAL_MACHINE`
    LocalMachine,
    /// `HKEY_CURRENT_USER`
    CurrentUser,
    /// `HKEY_USERS`
    Users,
}

/// Splits `HKLM\A\B` into the root and `A\B`. Short and long names of the roots, in any case.
/// `None` for another root, or without anything below the root: the roots themselves are not to be changed.
pub fn split(path: &str) -> Option<(Root, &str)> {
    let (root, rest) = path.split_once('\\')?;
    let root = match root.to_ascii_uppercase().as_str() {
        "HKLM" | "HKEY_LOCAL_MACHINE" => Root::LocalMachine,
        "HKCU" | "HKEY_CURRENT_USER" => Root::CurrentUser,
        "HKU" | "HKEY_USERS" => Root::Users,
        _ => return None,
    };
    let rest = rest.trim_matches('\\');
    (!rest.is_empty()).then_some((root, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_known_by_both_names_and_never_stand_alone() {
        assert_eq!(split(r"HKLM\Software\A b"), Some((Root::LocalMachine, r"Software\A b")));
        assert_eq!(split(r"hkey_current_user\X\"), Some((Root::CurrentUser, "X")));
        assert_eq!(split(r"HKU\.Default\X"), Some((Root::Users, r".Default\X")));
        for bad in ["HKLM", r"HKLM\", r"HKLM\\", r"HKCR\x", "", r"\x"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }
}
