//! Namespaces.

use serde_json::Value;

document! {
    /// A network namespace.
    pub struct Namespace {
        /// A GUID.
        pub id: String = "ID" always,
        /// It is the host's own.
        pub is_default: bool = "IsDefault" omit,
        /// What is in it.
        pub resource_list: Vec<NamespaceResource> = "ResourceList" omit,
        /// The number of its compartment.
        pub compartment_id: u32 = "CompartmentId" omit,
    }

    /// Something in a namespace, or to put into it or take out of it.
    pub struct NamespaceResource {
        /// `Endpoint` or `Container`.
        #[doc(alias = "Type")]
        pub resource_type: String = "Type" always,
        /// Which one: for endpoints a [`NamespaceEndpointRequest`].
        pub data: Value = "Data" always,
    }

    /// An endpoint in a namespace.
    pub struct NamespaceEndpointRequest {
        /// Its id.
        pub id: String = "Id" always,
    }
}
