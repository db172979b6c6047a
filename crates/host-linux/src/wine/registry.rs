//! Changes to Wine's registry files as text, before any server reads them.
//!
//! Source of the form: `server/registry.c` of Wine, "WINE REGISTRY Version 2": a head, then sections `[Key\\Sub] time`
//! whose lines are `"name"=value`, `@=value` and `#…` notes. A value may go on over lines that end with a backslash.

use std::fmt::Write;

/// A registry file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RegistryFile {
    head: String,
    keys: Vec<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    /// As between the brackets: backslashes doubled.
    name: String,
    /// What follows the closing bracket: a space and the time.
    time: String,
    /// Whole values, each with its line end.
    lines: Vec<String>,
}

impl RegistryFile {
    /// `None` when the text is not such a file.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("WINE REGISTRY Version 2\n") {
            return None;
        }
        let mut file = Self { head: String::new(), keys: Vec::new() };
        let mut continued = false;
        for line in text.split_inclusive('\n') {
            if let Some((name, time)) = line.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'))
                && !continued
            {
                file.keys.push(Key { name: name.into(), time: time.into(), lines: Vec::new() });
                continue;
            }
            match file.keys.last_mut() {
                None => file.head.push_str(line),
                Some(Key { lines, .. }) => match lines.last_mut() {
                    Some(last) if continued => last.push_str(line),
                    _ => lines.push(line.to_owned()),
                },
            }
            continued = line.ends_with("\\\n");
        }
        Some(file)
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut text = self.head.clone();
        for Key { name, time, lines } in &self.keys {
            let _ = write!(text, "[{name}]{time}");
            text.extend(lines.iter().map(String::as_str));
        }
        text
    }

    /// Sets a string value; makes the key if need be. `path` has single backslashes; the empty name is the default
    /// value.
    pub(super) fn set_text(&mut self, path: &str, name: &str, value: &str) {
        self.set(path, name, &format!("\"{}\"", escape(value)));
    }

    /// Sets a `REG_DWORD` value; otherwise as [`Self::set_text`].
    pub(super) fn set_dword(&mut self, path: &str, name: &str, value: u32) {
        self.set(path, name, &format!("dword:{value:08x}"));
    }

    fn set(&mut self, path: &str, name: &str, value: &str) {
        let prefix = value_prefix(name);
        let line = format!("{prefix}{value}\n");
        let path = path.replace('\\', "\\\\");
        let found = self.keys.iter_mut().find(|key| key.name.eq_ignore_ascii_case(&path));
        let Some(key) = found else {
            // The time of a new key says nothing to anybody.
            let key = Key { name: path, time: " 0\n".into(), lines: vec![line, "\n".into()] };
            self.keys.push(key);
            return;
        };
        let same = |line: &&mut String| starts_with_ignoring_case(line, &prefix);
        if let Some(old) = key.lines.iter_mut().find(same) {
            *old = line;
        } else {
            let end = key.lines.iter().rposition(|line| line != "\n").map_or(0, |last| last + 1);
            key.lines.insert(end, line);
        }
    }

    /// Removes a value; one that is not there is no error.
    pub(super) fn remove_value(&mut self, path: &str, name: &str) {
        let (path, prefix) = (path.replace('\\', "\\\\"), value_prefix(name));
        for key in self.keys.iter_mut().filter(|key| key.name.eq_ignore_ascii_case(&path)) {
            key.lines.retain(|line| !starts_with_ignoring_case(line, &prefix));
        }
    }

    /// Removes a key with all below it; one that is not there is no error.
    pub(super) fn remove_key(&mut self, path: &str) {
        let path = path.replace('\\', "\\\\");
        let below = format!("{path}\\\\");
        self.keys.retain(|key| {
            !key.name.eq_ignore_ascii_case(&path) && !starts_with_ignoring_case(&key.name, &below)
        });
    }
}

fn value_prefix(name: &str) -> String {
    if name.is_empty() { "@=".into() } else { format!("\"{}\"=", escape(name)) }
}

/// As the server writes texts (`dump_strW`): it reads bytes, not UTF-8, and a line's end within would end the value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        // Writing to a String can't fail.
        let _ = match u8::try_from(unit) {
            Ok(mark @ (b'"' | b'\\')) => write!(escaped, "\\{}", char::from(mark)),
            Ok(plain @ 32..=126) => write!(escaped, "{}", char::from(plain)),
            Ok(control @ 0..=31) => write!(escaped, "\\{control:03o}"),
            _ => write!(escaped, "\\x{unit:04x}"),
        };
    }
    escaped
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &str = "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n\n\
        [Software\\\\A] 17\n#time=1\n@=\"x\"\n\"Bin\"=hex:01,\\\n  [02\n\"Name\"=\"old\"\n\n\
        [Software\\\\A\\\\B] 18\n\"n\"=dword:00000001\n\n[Software\\\\AB] 19\n\n";

    fn sample() -> RegistryFile {
        RegistryFile::parse(SAMPLE).unwrap()
    }

    #[test]
    fn what_is_not_changed_stays_byte_for_byte() {
        assert_eq!(sample().text(), SAMPLE);
        assert_eq!(RegistryFile::parse("REGEDIT4\n"), None);
    }

    #[test]
    fn values_are_removed_and_the_rest_stays() {
        let mut file = sample();
        file.remove_value(r"software\A", "bin");
        file.remove_value(r"Software\A", "absent");
        file.remove_value(r"Software\Absent", "Name");
        assert_eq!(file.text(), SAMPLE.replace("\"Bin\"=hex:01,\\\n  [02\n", ""));
    }

    #[test]
    fn values_are_replaced_added_and_made_with_their_key() {
        let mut file = sample();
        file.set_text(r"software\a", "name", r#"C:\"x""#);
        file.set_dword(r"Software\A", "New", 17);
        file.set_text(r"Software\New\Key", "", "v");
        let text = file.text();
        assert!(
            text.contains("\"name\"=\"C:\\\\\\\"x\\\"\"\n\"New\"=dword:00000011\n\n[Software\\\\A\\\\B]"),
            "{text}"
        );
        assert!(text.ends_with("[Software\\\\New\\\\Key] 0\n@=\"v\"\n\n"), "{text}");
        assert!(!text.contains("old") && text.contains("  [02\n"), "{text}");
    }

    #[test]
    fn what_is_not_plain_ascii_is_escaped_and_stays_one_line() {
        let mut file = sample();
        file.set_text(r"Software\A", "ü", "a\n[Evil] 1\0😀");
        let text = file.text();
        assert!(text.contains("\"\\x00fc\"=\"a\\012[Evil] 1\\000\\xd83d\\xde00\"\n"), "{text}");
        assert_eq!(RegistryFile::parse(&text).unwrap(), file);
    }

    #[test]
    fn a_key_goes_with_its_children_and_no_others() {
        let mut file = sample();
        file.remove_key(r"Software\a");
        assert!(!file.text().contains("[Software\\\\A]") && !file.text().contains("[Software\\\\A\\\\B]"));
        assert!(file.text().contains("[Software\\\\AB]"));
    }

    proptest! {
        #[test]
        fn any_text_survives_parsing(rest: String) {
            let text = format!("WINE REGISTRY Version 2\n{rest}");
            prop_assert_eq!(RegistryFile::parse(&text).unwrap().text(), text);
        }
    }
}
