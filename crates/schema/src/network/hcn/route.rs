//! Routes of endpoints, as objects.

use super::{SDNRoutePolicySetting, Version};

document! {
    /// A route that several endpoints have.
    #[doc(alias = "SdnRoute")]
    pub struct HostComputeRoute {
        /// A GUID.
        pub id: String = "ID" omit,
        /// Ids of the endpoints.
        pub host_compute_endpoints: Vec<String> = "HostComputeEndpoints" omit,
        /// The route itself; one.
        pub setting: Vec<SDNRoutePolicySetting> = "Setting" omit,
        /// The document's version.
        pub schema_version: Version = "SchemaVersion" always,
    }
}
