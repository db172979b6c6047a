//! Versions of the network service and of its schema.

use std::fmt;

document! {
    /// A version: of a document's schema, or of the service. Both numbers are always written; 0.0 means "not given".
    #[doc(alias = "HNSVersion")]
    #[doc(alias = "SchemaVersion")]
    pub struct Version {
        /// The first number.
        pub major: u32 = "Major" always,
        /// The second number.
        pub minor: u32 = "Minor" always,
    }
}

impl Version {
    /// A version.
    pub fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, unknown: crate::Unknown::new() }
    }

    /// 2.0: what clients send by default.
    #[doc(alias = "V2SchemaVersion")]
    pub fn v2_0() -> Self {
        Self::new(2, 0)
    }

    /// Whether this version is at least `major.minor`.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
