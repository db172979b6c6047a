//! Names: of an instance of the engine and what it owns, of links, of hardware addresses.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// One engine's share of the kernel: everything that this crate makes carries it, and nothing else is ever changed.
///
/// Links carry it as their group number, tables in their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    name: String,
}

impl Instance {
    /// `name` tells engines on one kernel apart: 1 to 32 letters, digits or `-`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other name.
    pub fn new(name: &str) -> Result<Self, Error> {
        let good =
            (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !good {
            return Err(Error::invalid(format!("instance {name:?}"), "1 to 32 letters, digits and '-'"));
        }
        Ok(Self { name: name.to_owned() })
    }

    /// The name it was made with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its nftables table.
    pub fn table(&self) -> String {
        format!("hcs-{}", self.name)
    }

    /// The group number of its links: never 0 (the kernel's default group), never above `i32::MAX`.
    pub fn group(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "a digest: any 31 of its bits will do")]
        let digest = fnv(self.name.as_bytes()) as u32;
        (digest & 0x7fff_ffff).max(1)
    }

    /// The group number of its links that are to go; see [`Links::delete`](crate::Links::delete).
    pub fn doomed_group(&self) -> u32 {
        self.group() | 0x8000_0000
    }

    /// A link's name for `id`: `prefix` and a digest of instance and id, the same whenever it is asked for.
    ///
    /// A digest has 48 bits, so two of a million links share one with a probability of 0.2 %; the kernel then refuses
    /// the second name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `prefix` is longer than three bytes, or no name of a link may begin so.
    pub fn link(&self, prefix: &str, id: &str) -> Result<LinkName, Error> {
        let mut bytes = self.name.clone().into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
        format!("{prefix}{:012x}", fnv(&bytes) >> 16).parse()
    }
}

/// FNV-1a, 64 bits, with a last stir, because its high bits depend little on the last bytes.
fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// A link's name as the kernel takes it: 1 to 15 bytes, no `/`, `:`, blanks or control characters, not `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName(String);

impl LinkName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As nftables compares it: 16 bytes, the rest zero.
    pub(crate) fn key(&self) -> [u8; 16] {
        let mut key = [0; 16];
        key[..self.0.len()].copy_from_slice(self.0.as_bytes());
        key
    }

    /// The reverse of [`LinkName::key`].
    pub(crate) fn from_key(key: &[u8]) -> Option<Self> {
        let end = key.iter().position(|&b| b == 0).unwrap_or(key.len());
        std::str::from_utf8(&key[..end]).ok()?.parse().ok()
    }
}

impl FromStr for LinkName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        // `%` as well: the kernel would put a number in its place. A trailing `*` means "begins with" to nft.
        let bad = |c: char| c.is_whitespace() || c.is_control() || "/:%*\"".contains(c);
        if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.contains(bad) {
            let what = "a link's name has 1 to 15 bytes, and none of / : % * \" or blanks";
            return Err(Error::invalid(format!("name {name:?}"), what));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hardware address of Ethernet. Prints as `00-15-5D-52-C0-01`; reads that, lower case, and `:` in place of `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// A link may have it: not zero, and not a group's address.
    pub fn is_unicast(self) -> bool {
        self.0 != [0; 6] && self.0[0] & 1 == 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if n == 0 { "" } else { "-" })?;
        }
        Ok(())
    }
}

impl FromStr for Mac {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad =
            || Error::invalid(format!("hardware address {text:?}"), "six bytes in hex, joined by - or :");
        let mut bytes = [0; 6];
        let mut parts = text.split(['-', ':']);
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = part.and_then(|p| u8::from_str_radix(p, 16).ok()).ok_or_else(bad)?;
        }
        if parts.next().is_some() {
            return Err(bad());
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_kernel_or_nft_would_take_otherwise_are_refused() {
        for name in ["", ".", "..", "a b", "a/b", "a:b", "br%d", "vh*", "sixteen-bytes-xx", "a\"b"] {
            assert!(name.parse::<LinkName>().is_err(), "{name:?}");
        }
        let name: LinkName = "fifteen-bytes-x".parse().unwrap();
        assert_eq!(LinkName::from_key(&name.key()), Some(name));
    }

    #[test]
    fn a_link_s_name_depends_on_instance_and_id() {
        let one = Instance::new("one").unwrap();
        let two = Instance::new("two").unwrap();
        assert_eq!(one.link("hcb", "x").unwrap(), one.link("hcb", "x").unwrap());
        assert_ne!(one.link("hcb", "x").unwrap(), two.link("hcb", "x").unwrap());
        assert_ne!(one.link("hcb", "x").unwrap(), one.link("hcb", "y").unwrap());
        assert_eq!(one.link("hcb", "x").unwrap().as_str().len(), 15);
        assert!(one.link("four", "x").is_err());
        assert_ne!(one.group(), two.group());
        assert!(Instance::new("a b").is_err() && Instance::new("").is_err());
    }

    #[test]
    fn hardware_addresses_are_read_in_both_spellings() {
        let mac: Mac = "00-15-5D-52-c0-0a".parse().unwrap();
        assert_eq!("00:15:5d:52:C0:0A".parse::<Mac>().unwrap(), mac);
        assert_eq!(mac.to_string(), "00-15-5D-52-C0-0A");
        for text in ["", "00-15-5D-52-c0", "00-15-5D-52-c0-0a-0b", "0-15-5D-52-c0-0a", "+0-15-5D-52-c0-0a"] {
            assert!(text.parse::<Mac>().is_err(), "{text:?}");
        }
        assert!(mac.is_unicast() && !Mac([1; 6]).is_unicast() && !Mac([0; 6]).is_unicast());
    }
}
