//! Identifiers of 128 bits, as the storage side of the service uses them.
//!
//! Source: `storage.md` 1.4 of the contract's notes; RFC 9562 for names.

use std::fmt;
use std::str::FromStr;

use sha1::{Digest as _, Sha1};

use crate::Error;

/// A GUID, in the order in which Windows has it in memory: the first three groups little-endian.
///
/// ```
/// use hcs_contract::Guid;
///
/// let guid: Guid = "6827367b-c388-4e9b-961c-6d2c936c0000".parse()?;
/// assert_eq!(guid.0[..4], [0x7b, 0x36, 0x27, 0x68]);
/// assert_eq!(guid.to_string(), "6827367b-c388-4e9b-961c-6d2c936c0000");
/// # Ok::<(), hcs_contract::Error>(())
/// ```
#[doc(alias = "GUID")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

/// Where the groups of the text lie in memory.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl Guid {
    /// The GUID that the Go library makes of a text: the first 16 bytes of its SHA-1, as they are. It has no version.
    #[doc(alias = "NewGUID")]
    pub fn of_source(source: &str) -> Self {
        Self(first(&Sha1::digest(source)))
    }

    /// The GUID of a name in a namespace: version 5 of RFC 9562.
    pub fn of_name(namespace: Self, name: &[u8]) -> Self {
        let mut hash = Sha1::new();
        hash.update(ORDER.map(|at| namespace.0[at]));
        hash.update(name);
        Self::of_version(5, first(&hash.finalize()))
    }

    /// The GUID whose text has these bytes, but for the bits that say its version and that it is of RFC 9562. Versions
    /// that need nothing but bytes are 4 (random ones) and 8 (whatever the maker likes, such as a digest's first).
    ///
    /// ```
    /// use hcs_contract::Guid;
    ///
    /// assert_eq!(Guid::of_version(4, [0; 16]).to_string(), "00000000-0000-4000-8000-000000000000");
    /// ```
    pub fn of_version(version: u8, mut text: [u8; 16]) -> Self {
        text[6] = text[6] & 0x0f | version << 4;
        text[8] = text[8] & 0x3f | 0x80;
        Self(ORDER.map(|at| text[at]))
    }
}

fn first(digest: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| digest[at])
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in lower case and without braces.
impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, at) in ORDER.into_iter().enumerate() {
            let dash = if matches!(number, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{:02x}", self.0[at])?;
        }
        Ok(())
    }
}

/// Exactly the form that [`Guid`] is written in; upper case is taken too.
impl FromStr for Guid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid =
            || Error::invalid_argument("GUID", format!("{text:?} is not 8-4-4-4-12 hexadecimal digits"));
        let bytes = text.as_bytes();
        if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|at| bytes[*at] != b'-') {
            return Err(invalid());
        }
        let digits: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'-').collect();
        if digits.len() != 32 {
            return Err(invalid());
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut guid = Self::default();
        for (at, pair) in ORDER.into_iter().zip(digits.chunks(2)) {
            guid.0[at] =
                digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| high << 4 | low).ok_or_else(invalid)?;
        }
        Ok(guid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_as_it_is_written_and_nothing_else_is() {
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        let guid: Guid = text.parse().unwrap();
        assert_eq!(guid.0[..8], [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66]);
        assert_eq!(guid.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<Guid>().unwrap(), guid);
        for bad in [
            "",
            "00112233",
            "{00112233-4455-6677-8899-aabbccddeeff}",
            "0011223344556677-8899-aabbccddeeff--",
            "00112233-4455-6677-8899-aabbccddeefg",
            "+0112233-4455-6677-8899-aabbccddeeff",
            "00112233-4455-6677-8899-aabbccdde\u{e9}",
        ] {
            bad.parse::<Guid>().unwrap_err();
        }
    }

    #[test]
    fn names_and_sources_give_what_others_make_of_them() {
        // RFC 9562, appendix A.4: www.example.com in the namespace of DNS names.
        let dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap();
        assert_eq!(
            Guid::of_name(dns, b"www.example.com").to_string(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2"
        );
        // SHA-1 of "abc" begins with a9993e36 4706 816a ba3e 2571 7850 c26c.
        assert_eq!(Guid::of_source("abc").to_string(), "363e99a9-0647-6a81-ba3e-25717850c26c");
    }
}
