//! Versions of the document schemas, and which Windows build knows which.
//!
//! Source: `hcs.md` 6.1 (internal/schemaversion).

use std::fmt;

document! {
    /// The version of a document: `{"Major":2,"Minor":1}`.
    pub struct Version {
        /// 1 or 2.
        pub major: u32 = "Major" omit,
        /// 0 and up.
        pub minor: u32 = "Minor" omit,
    }
}

/// The first build with schema 2: Windows Server 2019.
pub const BUILD_RS5: u32 = 17763;
/// Windows Server 2022, the first with schema 2.5.
pub const BUILD_SERVER_2022: u32 = 20348;

/// Why a schema version can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedVersion {
    /// The version exists, but in later builds.
    #[error("schema {major}.{minor} needs Windows build {needed}; this is build {build}")]
    Build {
        /// The version's first number.
        major: u32,
        /// The version's second number.
        minor: u32,
        /// The first build that has it.
        needed: u32,
        /// The build that was asked about.
        build: u32,
    },
    /// There is no such version, as far as this library knows.
    #[error("unknown schema version {major}.{minor}; known are 1.0, 2.1 and 2.5")]
    Unknown {
        /// The version's first number.
        major: u32,
        /// The version's second number.
        minor: u32,
    },
}

impl Version {
    /// A version.
    pub fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, unknown: crate::Unknown::new() }
    }

    /// 1.0: the documents of `compute::v1`.
    #[doc(alias = "SchemaV10")]
    pub fn v1_0() -> Self {
        Self::new(1, 0)
    }

    /// 2.1: the documents of `compute::v2`.
    #[doc(alias = "SchemaV21")]
    pub fn v2_1() -> Self {
        Self::new(2, 1)
    }

    /// 2.5: confidential virtual machines.
    pub fn v2_5() -> Self {
        Self::new(2, 5)
    }

    /// The version for documents that name none, on this build: 2.1 where it is known.
    pub fn default_for(build: u32) -> Self {
        if build >= BUILD_RS5 { Self::v2_1() } else { Self::v1_0() }
    }

    /// Whether a build knows this version.
    ///
    /// # Errors
    /// [`UnsupportedVersion`], which says why not.
    #[doc(alias = "IsSupported")]
    pub fn check(&self, build: u32) -> Result<(), UnsupportedVersion> {
        let Self { major, minor, unknown: _ } = *self;
        let needed = match (major, minor) {
            (1, 0) => return Ok(()),
            (2, 1) => BUILD_RS5,
            (2, 5) => BUILD_SERVER_2022,
            _ => return Err(UnsupportedVersion::Unknown { major, minor }),
        };
        if build >= needed { Ok(()) } else { Err(UnsupportedVersion::Build { major, minor, needed, build }) }
    }

    /// The version to use when `requested` was asked for: that one if the build knows it, otherwise the build's
    /// default, with the reason, for the caller to log.
    #[doc(alias = "DetermineSchemaVersion")]
    pub fn determine(requested: Option<&Self>, build: u32) -> (Self, Option<UnsupportedVersion>) {
        match requested.map(|version| (version, version.check(build))) {
            Some((version, Ok(()))) => (version.clone(), None),
            Some((_, Err(reason))) => (Self::default_for(build), Some(reason)),
            None => (Self::default_for(build), None),
        }
    }

    /// Whether a guest that lists this version accepts documents of `other`: the same major and at most this minor.
    pub fn covers(&self, other: &Self) -> bool {
        self.major == other.major && other.minor <= self.minor
    }

    /// Whether this is schema 2.
    #[doc(alias = "IsV21")]
    pub fn is_v2(&self) -> bool {
        self.major == 2
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn builds_know_versions() {
        let rows = [
            (Version::v1_0(), 14393, true),
            (Version::v1_0(), 20348, true),
            (Version::v2_1(), 17762, false),
            (Version::v2_1(), 17763, true),
            (Version::v2_5(), 17763, false),
            (Version::v2_5(), 20348, true),
            (Version::new(2, 0), 20348, false),
            (Version::new(3, 0), 20348, false),
            (Version::default(), 20348, false),
        ];
        for (version, build, known) in rows {
            assert_eq!(version.check(build).is_ok(), known, "{version} on {build}");
        }
        let text = Version::v2_1().check(17134).unwrap_err().to_string();
        assert_eq!(text, "schema 2.1 needs Windows build 17763; this is build 17134");
    }

    #[test]
    fn an_unsupported_request_falls_back_and_says_so() {
        assert_eq!(Version::determine(None, 17763), (Version::v2_1(), None));
        assert_eq!(Version::determine(None, 17134), (Version::v1_0(), None));
        assert_eq!(Version::determine(Some(&Version::v1_0()), 17763), (Version::v1_0(), None));
        let (version, reason) = Version::determine(Some(&Version::v2_1()), 17134);
        assert_eq!(version, Version::v1_0());
        assert!(matches!(reason, Some(UnsupportedVersion::Build { needed: 17763, .. })));
    }

    #[test]
    fn a_guest_covers_older_minors_only() {
        assert!(Version::new(2, 3).covers(&Version::v2_1()));
        assert!(!Version::v2_1().covers(&Version::new(2, 3)));
        assert!(!Version::v2_1().covers(&Version::v1_0()));
    }

    #[test]
    fn zeros_are_left_out() {
        assert_eq!(Version::v1_0().to_json(), r#"{"Major":1}"#);
        assert_eq!(Version::v2_1().to_json(), r#"{"Major":2,"Minor":1}"#);
        assert_eq!(Version::from_json(r#"{"Major":1}"#).unwrap(), Version::v1_0());
    }
}
