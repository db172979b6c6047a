//! Names of images: `registry/path:tag@digest`, short forms as docker completes them.
//!
//! Source: distribution/reference, "Grammar"; docker's rules for names without a registry.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// Registry of names without one, and what stands before names without a path there.
const DOCKER: (&str, &str) = ("docker.io", "library");
/// Tag of names with neither tag nor digest.
const LATEST: &str = "latest";
/// Most bytes of registry and path together.
const MOST: usize = 255;
/// Most characters of a tag.
const MOST_TAG: usize = 128;

/// A complete name of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no name of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no name of an image: {what}")]
pub struct ReferenceError {
    text: String,
    what: &'static str,
}

impl Reference {
    /// Host, and maybe port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path within the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag; there is one unless there is a digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that what it names must have.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What a registry is asked for: the digest, or else the tag.
    pub fn wanted(&self) -> String {
        match self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag.clone().unwrap_or_else(|| LATEST.into()),
        }
    }

    /// The same name without tag and digest.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// The same image by its digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), tag: None, ..self.clone() }
    }

    /// As people write it: without what docker would complete.
    pub fn short(&self) -> String {
        let whole = self.to_string();
        let rest = whole.strip_prefix("docker.io/").unwrap_or(&whole);
        rest.strip_prefix("library/").filter(|_| self.registry == DOCKER.0).unwrap_or(rest).to_owned()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let bad = |what| ReferenceError { text: text.chars().take(300).collect(), what };
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                let digest = digest.parse().map_err(|_| bad("behind @ stands sha256: and 64 digits"))?;
                (name, Some(digest))
            }
            None => (text, None),
        };
        // A colon before the last slash is a port's.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(bad(
                "a tag has up to 128 letters, digits, _ . and -, and begins with none of the last two",
            ));
        }
        let (registry, path) = match name.split_once('/') {
            Some((first, rest))
                if first.contains(['.', ':']) || first == "localhost" || first != first.to_lowercase() =>
            {
                (if first == "index.docker.io" { DOCKER.0 } else { first }, rest.to_owned())
            }
            Some(_) => (DOCKER.0, name.to_owned()),
            None => (DOCKER.0, format!("{}/{name}", DOCKER.1)),
        };
        if !is_host(registry) {
            return Err(bad("a registry is a host name or address, and maybe a port"));
        }
        if name.is_empty() || !path.split('/').all(is_component) {
            return Err(bad(
                "a path has lower case letters and digits, and single . _ __ or dashes between them",
            ));
        }
        if registry.len() + 1 + path.len() > MOST {
            return Err(bad("registry and path have 255 bytes at most"));
        }
        let tag = tag.or_else(|| digest.is_none().then_some(LATEST)).map(str::to_owned);
        Ok(Self { registry: registry.into(), path, tag, digest })
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MOST_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_is_one =
        port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_one = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|part| {
            let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            !part.is_empty() && plain && !part.starts_with('-') && !part.ends_with('-')
        }),
    };
    port_is_one && host_is_one
}

/// Words of letters and digits with one separator between two: `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (text.bytes().next(), text.bytes().last()) else { return false };
    word(first)
        && word(last)
        && text
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_as_docker_does() {
        let digest = Digest::of(b"");
        for (text, whole, short) in [
            ("debian", "docker.io/library/debian:latest".to_owned(), "debian:latest".to_owned()),
            ("a/b:1", "docker.io/a/b:1".into(), "a/b:1".into()),
            ("docker.io/debian:12", "docker.io/debian:12".into(), "debian:12".into()),
            ("index.docker.io/library/x", "docker.io/library/x:latest".into(), "x:latest".into()),
            ("localhost/x", "localhost/x:latest".into(), "localhost/x:latest".into()),
            ("h:5000/x/y:T_1.-", "h:5000/x/y:T_1.-".into(), "h:5000/x/y:T_1.-".into()),
            ("[::1]:5000/x", "[::1]:5000/x:latest".into(), "[::1]:5000/x:latest".into()),
            ("r.io/a__b-----c.d", "r.io/a__b-----c.d:latest".into(), "r.io/a__b-----c.d:latest".into()),
            (&format!("x@{digest}"), format!("docker.io/library/x@{digest}"), format!("x@{digest}")),
            (&format!("x:1@{digest}"), format!("docker.io/library/x:1@{digest}"), format!("x:1@{digest}")),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.to_string(), reference.short()), (whole, short));
            if text != "docker.io/debian:12" {
                assert_eq!(reference.short().parse(), Ok(reference));
            }
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(256);
        for bad in [
            "",
            ":1",
            "A",
            "a/B",
            "a//b",
            "/a",
            "a/",
            "-a",
            "a-",
            "a._b",
            "a___b",
            "..",
            "a/../b",
            "a b",
            "a:",
            "a:-1",
            "a@",
            "a@sha256:00",
            "h:x/a",
            "h:99999/a",
            "-h.io/a",
            "a\n",
            "é",
            "[::g]:1/a",
            &long,
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad:?}");
        }
        assert!(format!("a:{}", "t".repeat(129)).parse::<Reference>().is_err());
    }
}
