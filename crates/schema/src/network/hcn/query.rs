//! What is asked for.

use super::Version;

document! {
    /// Which objects, or which form of an object's properties.
    pub struct HostComputeQuery {
        /// The version that the answer has.
        pub schema_version: Version = "SchemaVersion" always,
        /// Bits.
        pub flags: HostComputeQueryFlags = "Flags" omit,
        /// A JSON object as text, such as `{"Name":"nat"}`: members that must all be equal.
        pub filter: String = "Filter" omit,
    }
}

open_number! {
    /// Bits of a query.
    pub struct HostComputeQueryFlags(u32) {
        /// None.
        #[doc(alias = "HostComputeQueryFlagsNone")]
        NONE = 0,
        /// Everything that the service knows.
        #[doc(alias = "HostComputeQueryFlagsDetailed")]
        DETAILED = 1,
    }
}

impl HostComputeQuery {
    /// The query of clients: schema 2.0, everything.
    pub fn all() -> Self {
        Self { schema_version: Version::v2_0(), ..Self::default() }
    }

    /// The query for objects of which this member has this value.
    pub fn filtered(member: &str, value: &str) -> Self {
        Self { filter: serde_json::json!({ member: value }).to_string(), ..Self::all() }
    }
}
