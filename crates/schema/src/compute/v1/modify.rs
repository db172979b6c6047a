//! Changing a running system.

use serde_json::Value;

use super::super::{RequestType, ResourceType};

document! {
    /// A resource to add to a running system, or to take from it.
    pub struct ResourceModificationRequestResponse {
        /// What kind of resource.
        pub resource: ResourceType = "ResourceType" always,
        /// The resource: for a network, the id of the endpoint. Absent is written as `null`.
        pub data: Value = "Settings" always,
        /// What to do with it.
        pub request: RequestType = "RequestType" omit,
    }
}
