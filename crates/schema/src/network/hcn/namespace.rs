//! Namespaces: what endpoints and containers meet in.

use serde_json::Value;

use super::{NamespaceResourceType, NamespaceType, Version};

document! {
    /// A network namespace.
    pub struct HostComputeNamespace {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The number of its compartment.
        pub namespace_id: u32 = "NamespaceId" omit,
        /// Where it is. Nothing means on the host.
        #[doc(alias = "Type")]
        pub namespace_type: NamespaceType = "Type" omit,
        /// What is in it.
        pub resources: Vec<NamespaceResource> = "Resources" omit,
        /// The document's version.
        pub schema_version: Version = "SchemaVersion" always,
    }

    /// Something in a namespace.
    pub struct NamespaceResource {
        /// What it is.
        #[doc(alias = "Type")]
        pub resource_type: NamespaceResourceType = "Type" always,
        /// Which one: a [`NamespaceResourceEndpoint`] or [`NamespaceResourceContainer`].
        pub data: Value = "Data" always,
    }

    /// An endpoint in a namespace.
    pub struct NamespaceResourceEndpoint {
        /// Its id.
        pub id: String = "ID" always,
    }

    /// A container in a namespace.
    pub struct NamespaceResourceContainer {
        /// Its id.
        pub id: String = "ID" always,
    }
}

impl NamespaceResource {
    /// An endpoint.
    pub fn endpoint(id: &str) -> Self {
        Self::of(NamespaceResourceType::ENDPOINT, id)
    }

    /// A container.
    pub fn container(id: &str) -> Self {
        Self::of(NamespaceResourceType::CONTAINER, id)
    }

    fn of(resource_type: NamespaceResourceType, id: &str) -> Self {
        Self { resource_type, data: serde_json::json!({ "ID": id }), unknown: crate::Unknown::new() }
    }

    /// The id that its data names; empty when they name none.
    pub fn id(&self) -> &str {
        let mut members = self.data.as_object().into_iter().flatten();
        let id = members.find(|(name, _)| name.eq_ignore_ascii_case("ID"));
        id.and_then(|(_, id)| id.as_str()).unwrap_or_default()
    }
}
