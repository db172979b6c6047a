//! Identifiers of systems as file names, and names that no two lives of a system share.
//!
//! An id is any text up to 64 KiB: clients choose it, so it may hold slashes, dots, NULs. Its file name is the id
//! itself where that is safe, `%` and two hexadecimal digits for each other byte, and a digest when that gets long.
//! Different ids have different names: `%` itself is always escaped, so escapes can't be forged, and `%%`, which
//! starts a digest, is no escape.

use std::fmt;
use std::path::Path;

use hcs_contract::{Error, Result};
use sha2::{Digest, Sha256};

/// Longest name that is not replaced by a digest: with a nonce behind it, it stays below a file name's 255 bytes.
const LONGEST: usize = 180;
/// What of a long id stays readable before its digest.
const PREFIX: usize = 60;
/// Longest id: what a 16-bit length counts on Windows.
const LONGEST_ID: usize = 65_535;

/// An id as a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdName(String);

impl IdName {
    /// The name of `id`.
    ///
    /// # Errors
    /// Invalid argument for an empty or overlong id.
    pub(crate) fn new(id: &str) -> Result<Self> {
        if id.is_empty() {
            return Err(Error::invalid_argument("id", "it is empty"));
        }
        if id.len() > LONGEST_ID {
            return Err(Error::invalid_argument("id", format!("{} bytes, at most {LONGEST_ID}", id.len())));
        }
        let mut name = String::with_capacity(id.len());
        for (index, byte) in id.bytes().enumerate() {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => name.push(char::from(byte)),
                // A leading dot would hide the folder, or be `.` or `..`.
                b'.' if index > 0 => name.push('.'),
                other => {
                    name.push('%');
                    push_hex(&mut name, &[other]);
                }
            }
        }
        if name.len() > LONGEST {
            name.truncate(PREFIX);
            name.push_str("%%");
            push_hex(&mut name, &Sha256::digest(id));
        }
        Ok(Self(name))
    }

    /// A folder name that some engine gave out; `None` when it can't be one.
    pub(crate) fn from_file_name(name: &str) -> Option<Self> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'%');
        (!name.is_empty() && !name.starts_with('.') && name.bytes().all(safe)).then(|| Self(name.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id; of one that was too long, the name, because a digest can't be undone.
    pub(crate) fn id(&self) -> String {
        let mut id = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let Some((&byte, behind)) = rest.split_first() {
            let escaped = (byte == b'%').then(|| behind.split_at_checked(2)).flatten();
            let value = escaped.and_then(|(digits, behind)| {
                let text = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(text, 16).ok()?, behind))
            });
            let (byte, behind) = value.unwrap_or((byte, behind));
            id.push(byte);
            rest = behind;
        }
        match String::from_utf8(id) {
            Ok(id) if !self.0.contains("%%") => id,
            _ => self.0.clone(),
        }
    }
}

impl AsRef<Path> for IdName {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// One life of a system: `<id name>.<nonce>`. Its cgroup, scratch folder and id range carry it, so that what an
/// earlier system of the same id left behind is never taken for its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life(String);

impl Life {
    /// A new life of this id.
    pub(crate) fn new(name: &IdName) -> Result<Self> {
        let mut text = format!("{}.", name.as_str());
        push_hex(&mut text, &random::<8>()?);
        Ok(Self(text))
    }

    /// A name that some engine gave out; `None` when it can't be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, nonce) = text.rsplit_once('.')?;
        IdName::from_file_name(name)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (nonce.len() == 16 && nonce.bytes().all(hex)).then(|| Self(text.into()))
    }

    /// The id's name.
    pub(crate) fn id_name(&self) -> IdName {
        IdName(self.0.rsplit_once('.').map_or("", |(name, _)| name).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<Path> for Life {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// The engine's name on this kernel: 16 hexadecimal digits of the digest of its two folders.
pub(crate) fn instance_id(root: &Path, run: &Path) -> String {
    let mut hash = Sha256::new();
    for path in [root, run] {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let mut text = String::new();
    push_hex(&mut text, &hash.finalize()[..8]);
    text
}

/// Random bytes from the kernel.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|errno| Error::os("read", "the kernel's random numbers", errno.into()))?;
    // The kernel gives up to 256 bytes whole once it is seeded.
    debug_assert_eq!(got, N);
    Ok(bytes)
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn name(id: &str) -> String {
        IdName::new(id).unwrap().as_str().to_owned()
    }

    #[test]
    fn harmless_ids_keep_their_name_and_hostile_ones_stay_one_file_name() {
        for (id, expected) in [
            ("web", "web"),
            ("b4d4f2c1-0d6c-4f8c-9c57-0d1a2b3c4d5e", "b4d4f2c1-0d6c-4f8c-9c57-0d1a2b3c4d5e"),
            ("a.b", "a.b"),
            (".", "%2e"),
            ("..", "%2e."),
            ("../../etc", "%2e.%2f..%2fetc"),
            ("a%2f", "a%252f"),
            ("a\0b\n", "a%00b%0a"),
            ("ü", "%c3%bc"),
        ] {
            assert_eq!(name(id), expected, "{id:?}");
            assert_eq!(IdName(expected.into()).id(), id);
        }
        let long = name(&"x/".repeat(150));
        assert!(long.len() < 200 && !long.contains('/') && long.starts_with("x%2fx"), "{long}");
        assert_ne!(long, name(&"x/".repeat(151)));
        // The name of a digest is no shortcut to another id's folder.
        assert_ne!(name(&long), long);
    }

    #[test]
    fn a_name_that_says_no_id_is_given_as_it_is() {
        let long = name(&"x".repeat(500));
        for name in [&*long, "%", "%4", "a%zz", "%ff", "%%"] {
            assert_eq!(IdName(name.into()).id(), name);
        }
    }

    #[test]
    fn empty_and_endless_ids_are_refused() {
        for id in ["", &"x".repeat(70_000)] {
            assert_eq!(IdName::new(id).unwrap_err().hresult(), hcs_contract::Hresult::E_INVALIDARG);
        }
    }

    #[test]
    fn two_lives_of_an_id_differ_and_lead_back_to_it() {
        let id = IdName::new("a.b/c").unwrap();
        let (one, two) = (Life::new(&id).unwrap(), Life::new(&id).unwrap());
        assert_ne!(one, two);
        assert_eq!(one.id_name(), id);
        assert_eq!(Life::parse(one.as_str()), Some(one));
        for bad in ["", "a", "a.", ".0123456789abcdef", "a/b.0123456789abcdef", "a.0123456789ABCDEF"] {
            assert_eq!(Life::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_instance_is_both_folders_together() {
        let id = |root: &str, run: &str| instance_id(Path::new(root), Path::new(run));
        assert_eq!(id("/a", "/b").len(), 16);
        assert_ne!(id("/a", "/b"), id("/b", "/a"));
        assert_ne!(id("/a/b", "/c"), id("/a", "/b/c"));
    }

    proptest! {
        #[test]
        fn different_ids_have_different_names(ids in proptest::collection::vec("[%./a\\x00ü]{1,80}", 1..60)) {
            let mut seen = BTreeMap::new();
            for id in ids {
                let name = name(&id);
                prop_assert!(!name.contains(['/', '\0']) && !name.starts_with('.') && name.len() <= 200);
                prop_assert!(IdName::from_file_name(&name).is_some());
                if let Some(other) = seen.insert(name, id.clone()) {
                    prop_assert_eq!(other, id);
                }
            }
        }
    }
}
