//! Which of several images is for a system.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::error::{ImageError, Result};
use crate::spec::{Descriptor, Platform};

/// This host's processor, as images name it. Only these are built.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// What an image is to be for: `os/architecture`, `os/architecture/variant`, and of Windows `os/architecture/version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    os: String,
    architecture: String,
    /// A variant, or a version of Windows.
    detail: Option<String>,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        match parts[..] {
            [os, architecture] | [os, architecture, _] if parts.iter().all(word) => Ok(Self {
                os: os.into(),
                architecture: architecture.into(),
                detail: parts.get(2).map(|detail| (*detail).to_owned()),
            }),
            _ => Err("expected OS/ARCHITECTURE, such as linux/amd64 or windows/amd64/10.0.17763".into()),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.detail {
            Some(detail) => write!(f, "/{detail}"),
            None => Ok(()),
        }
    }
}

impl Wanted {
    /// Whether an image for this platform is what is wanted.
    fn fits(&self, platform: &Platform) -> bool {
        let detail = |detail: &String| match self.os.as_str() {
            "windows" => starts_with_version(&platform.os_version, detail),
            _ => platform.variant == *detail,
        };
        platform.os == self.os
            && platform.architecture == self.architecture
            && self.detail.as_ref().is_none_or(detail)
    }
}

/// Whether a program for this platform can run here.
pub fn runs_here(platform: &Platform) -> bool {
    platform.architecture == ARCHITECTURE && matches!(platform.os.as_str(), "linux" | "windows")
}

/// Chooses a manifest of a list: what is wanted; without a wish Linux for this processor, or else Windows. Of several
/// versions of Windows the latest.
///
/// # Errors
/// [`ImageError::Platform`], with all that are there.
pub(crate) fn choose<'a>(
    name: &str,
    manifests: &'a [Descriptor],
    wanted: Option<&Wanted>,
) -> Result<&'a Descriptor> {
    let default = |os: &str| Wanted { os: os.into(), architecture: ARCHITECTURE.into(), detail: None };
    let wishes = match wanted {
        Some(wanted) => vec![wanted.clone()],
        None => vec![default("linux"), default("windows")],
    };
    for wish in &wishes {
        let fitting = manifests.iter().filter_map(|manifest| {
            let platform = manifest.platform.as_ref().filter(|platform| wish.fits(platform))?;
            Some((numbers(&platform.os_version), manifest))
        });
        // The first of equals: a list is in the order of preference.
        let best = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some((_, manifest)) = best {
            return Ok(manifest);
        }
    }
    // A list of one that does not say for what it is: its configuration does.
    if let ([only], None) = (manifests, wanted)
        && only.platform.is_none()
    {
        return Ok(only);
    }
    let has: Vec<String> = manifests
        .iter()
        .filter_map(|manifest| manifest.platform.as_ref())
        .filter(|platform| platform.os != "unknown") // attestations
        .map(ToString::to_string)
        .collect();
    let wanted = wishes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let has = if has.is_empty() { "none that says for what it is".to_owned() } else { has.join(", ") };
    Err(ImageError::Platform { name: name.into(), wanted, has })
}

/// Whether a single image is what is wanted.
pub(crate) fn check(name: &str, platform: &Platform, wanted: Option<&Wanted>, digest: Digest) -> Result<()> {
    match wanted {
        Some(wanted) if !wanted.fits(platform) => Err(ImageError::Platform {
            name: name.into(),
            wanted: wanted.to_string(),
            has: format!("{platform} ({digest})"),
        }),
        _ => Ok(()),
    }
}

/// Whether a version begins with these numbers.
fn starts_with_version(version: &str, start: &str) -> bool {
    version.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(os: &str, architecture: &str, os_version: &str, variant: &str) -> Descriptor {
        let platform = Platform {
            os: os.into(),
            architecture: architecture.into(),
            os_version: os_version.into(),
            variant: variant.into(),
        };
        let name = platform.to_string();
        Descriptor { platform: Some(platform), ..Descriptor::of("m", name.as_bytes()) }
    }

    fn chosen(manifests: &[Descriptor], wanted: Option<&str>) -> Result<String, String> {
        let wanted = wanted.map(|wanted| wanted.parse::<Wanted>().unwrap());
        let found = choose("x", manifests, wanted.as_ref()).map_err(|error| error.to_string())?;
        Ok(found.platform.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string))
    }

    #[test]
    fn the_one_for_this_host_is_chosen_or_the_verdict_says_what_there_is() {
        let all = [
            manifest("windows", "amd64", "10.0.17763.10", ""),
            manifest("windows", "amd64", "10.0.17763.9", ""),
            manifest("windows", "amd64", "10.0.20348.1", ""),
            manifest("linux", "arm64", "", "v8"),
            manifest("linux", "amd64", "", ""),
            manifest("unknown", "unknown", "", ""),
        ];
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(chosen(&all, None), ok("linux/amd64"));
        assert_eq!(chosen(&all[..3], None), ok("windows/amd64/10.0.20348.1"));
        assert_eq!(chosen(&all, Some("windows/amd64/10.0.17763")), ok("windows/amd64/10.0.17763.10"));
        assert_eq!(chosen(&all, Some("windows/amd64/10.0.17763.9")), ok("windows/amd64/10.0.17763.9"));
        assert_eq!(chosen(&all, Some("linux/arm64/v8")), ok("linux/arm64/v8"));
        assert_eq!(
            chosen(&all[3..4], None),
            Err("x has no image for linux/amd64 or windows/amd64; it has linux/arm64/v8".into())
        );
        // 10.0.1776 is no version of 10.0.17763.
        assert!(chosen(&all, Some("windows/amd64/10.0.1776")).is_err());
        assert!(chosen(&all[5..], None).unwrap_err().ends_with("none that says for what it is"));
        let silent = Descriptor::of("m", b"");
        assert_eq!(chosen(std::slice::from_ref(&silent), None), ok("?"));
        assert!(chosen(&[silent], Some("linux/amd64")).is_err());
    }

    #[test]
    fn wishes_have_two_or_three_words() {
        for bad in ["", "linux", "linux/", "a/b/c/d", "linux/a b"] {
            assert!(bad.parse::<Wanted>().is_err(), "{bad}");
        }
    }
}
