//! Unix paths as Wine's programs open them: `\\?\unix\run\x` reaches `/run/x` also where no drive maps it.

/// The path that `CreateFileW` takes for the absolute unix path `path`; `None` when it is not absolute or names
/// something that the conversion would change (a backslash, a NUL).
pub fn to_windows(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.contains(['\\', '\0']) {
        return None;
    }
    Some(format!(r"\\?\unix{}", path.replace('/', r"\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_converted_and_others_refused() {
        assert_eq!(to_windows("/run/hcs/io/1.out").as_deref(), Some(r"\\?\unix\run\hcs\io\1.out"));
        for bad in ["run/x", "", r"/a\b", "/a\0b"] {
            assert_eq!(to_windows(bad), None, "{bad:?}");
        }
    }
}
