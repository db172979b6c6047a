//! A reparse point on Linux: a symbolic link that leads to the same file, where that lies in the layer.

use crate::reparse::Reparse;

/// What a symbolic link at `path` has to hold so that Linux finds what Windows finds by `reparse`. `None` when it leads out
/// of the layer, to another drive or server, or is no link: then a placeholder without content stands in its place.
///
/// The result has its `..` first and leads through nothing before them, so it can't be led out by other links.
pub(crate) fn target(path: &str, reparse: &Reparse) -> Option<String> {
    let (substitute, relative) = match reparse {
        Reparse::Symlink { substitute, relative, .. } => (substitute, *relative),
        Reparse::MountPoint { substitute, .. } => (substitute, false),
        Reparse::Other { .. } => return None,
    };
    let substitute = String::from_utf16(substitute).ok()?;
    // The drive's root is `Files`, or that of the utility VM.
    let inside = path.strip_prefix("UtilityVM/").unwrap_or(path).strip_prefix("Files/")?;
    let mut folder: Vec<&str> = inside.split('/').collect();
    folder.pop();
    let (mut place, rest) = if relative && !substitute.starts_with('\\') {
        (folder.clone(), substitute.as_str())
    } else if relative {
        (Vec::new(), substitute.as_str())
    } else {
        let drive = substitute.strip_prefix(r"\??\")?;
        let rest = drive.strip_prefix("C:").or_else(|| drive.strip_prefix("c:"))?;
        (Vec::new(), rest.strip_prefix('\\').or(rest.is_empty().then_some(""))?)
    };
    for part in rest.split('\\') {
        match part {
            "" | "." => {}
            ".." => {
                place.pop()?;
            }
            part if part.contains(['/', '\0']) => return None,
            part => place.push(part),
        }
    }
    let common = folder.iter().zip(&place).take_while(|(a, b)| a == b).count();
    // What two paths have in common may hold links, up which `..` leads elsewhere; the folder of a link holds none.
    let mut parts = vec![".."; folder.len() - common];
    parts.extend(&place[common..]);
    let target = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    (target.len() < 4096).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_same_file_or_are_none() {
        let check = |path: &str, to: &str, expected: Option<&str>| {
            assert_eq!(target(path, &Reparse::to(to, false)).as_deref(), expected, "{path} -> {to}");
        };
        check("Files/a/link", "b", Some("b"));
        check("Files/a/link", r"..\c\d", Some("../c/d"));
        check("Files/a/b/link", r"C:\a\x", Some("../x"));
        check("Files/link", r"\\?\C:\", Some("."));
        check("Files/a/link", r"\x", Some("../x"));
        check("UtilityVM/Files/a/link", r"C:\x", Some("../x"));
        check("Files/link", r"..\etc\passwd", None);
        check("Files/a/link", r"..\..\..\etc", None);
        check("Files/link", r"D:\x", None);
        check("Files/link", r"\\server\share", None);
        check("Files/link", r"\\?\Volume{0}\x", None);
        check("Files/link", "a/b", None);
        check("Hives/link", "b", None);
    }
}
