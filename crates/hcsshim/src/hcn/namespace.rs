//! Namespaces.

use hcs_contract::{NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeNamespace, HostComputeQuery, ModifyNamespaceSettingRequest, NamespaceEndpointRequest,
    NamespaceResourceType, NamespaceType, RequestType, Version,
};

use super::Hcn;

const KIND: NetworkObjectKind = NetworkObjectKind::Namespace;

/// The document of a new namespace of this type.
#[doc(alias = "NewNamespace")]
pub fn new_namespace(namespace_type: NamespaceType) -> HostComputeNamespace {
    HostComputeNamespace {
        namespace_type,
        schema_version: Version::v2_0(),
        ..HostComputeNamespace::default()
    }
}

impl Hcn {
    /// The namespaces that match a query; [`HostComputeQuery::all`] matches all.
    ///
    /// Service calls: `HcnEnumerateNamespaces`, then `HcnOpenNamespace`, `HcnQueryNamespaceProperties` and
    /// `HcnCloseNamespace` for each.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "ListNamespaces")]
    #[doc(alias = "ListNamespacesQuery")]
    pub fn namespaces(&self, query: &HostComputeQuery) -> Result<Vec<HostComputeNamespace>> {
        self.list(KIND, query)
    }

    /// The namespace with this id.
    ///
    /// # Errors
    /// Not found ([`crate::Error::is_not_exist`]); those of [`Hcn::namespaces`].
    #[doc(alias = "GetNamespaceByID")]
    pub fn namespace(&self, id: &str) -> Result<HostComputeNamespace> {
        self.first(KIND, "ID", id)
    }

    /// The ids of the endpoints in a namespace.
    ///
    /// # Errors
    /// As [`Hcn::namespace`].
    #[doc(alias = "GetNamespaceEndpointIds")]
    pub fn namespace_endpoint_ids(&self, id: &str) -> Result<Vec<String>> {
        self.resources(id, &NamespaceResourceType::ENDPOINT)
    }

    /// The ids of the containers in a namespace.
    ///
    /// # Errors
    /// As [`Hcn::namespace`].
    #[doc(alias = "GetNamespaceContainerIds")]
    pub fn namespace_container_ids(&self, id: &str) -> Result<Vec<String>> {
        self.resources(id, &NamespaceResourceType::CONTAINER)
    }

    fn resources(&self, id: &str, kind: &NamespaceResourceType) -> Result<Vec<String>> {
        let resources = self.namespace(id)?.resources.into_iter();
        let wanted = resources.filter(|resource| resource.resource_type.known() == Some(kind));
        Ok(wanted.map(|resource| resource.id().to_owned()).collect())
    }

    /// Makes a namespace: see [`new_namespace`].
    ///
    /// Service calls: `HcnCreateNamespace`, `HcnQueryNamespaceProperties`, `HcnCloseNamespace`.
    ///
    /// # Errors
    /// Already exists, for its id; the service's own.
    #[doc(alias = "HostComputeNamespace.Create")]
    pub fn create_namespace(&self, namespace: &HostComputeNamespace) -> Result<HostComputeNamespace> {
        self.create(KIND, namespace)
    }

    /// Deletes a namespace; its endpoints stay, attached to nothing. Service call: `HcnDeleteNamespace`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "HostComputeNamespace.Delete")]
    pub fn delete_namespace(&self, id: &str) -> Result<()> {
        self.delete(KIND, id)
    }

    /// Changes a namespace.
    ///
    /// Service calls: `HcnOpenNamespace`, `HcnModifyNamespace`, `HcnQueryNamespaceProperties`, `HcnCloseNamespace`.
    ///
    /// # Errors
    /// Not found, for the namespace or the endpoint; an endpoint that is in another namespace; the service's own.
    #[doc(alias = "ModifyNamespaceSettings")]
    pub fn modify_namespace(
        &self,
        id: &str,
        request: &ModifyNamespaceSettingRequest,
    ) -> Result<HostComputeNamespace> {
        self.modify(KIND, id, request)
    }

    /// Puts an endpoint into a namespace. Where it is already, that is a success.
    ///
    /// # Errors
    /// As [`Hcn::modify_namespace`].
    #[doc(alias = "AddNamespaceEndpoint")]
    #[doc(alias = "HostComputeEndpoint.NamespaceAttach")]
    pub fn attach_endpoint(&self, namespace_id: &str, endpoint_id: &str) -> Result<()> {
        self.change(namespace_id, endpoint_id, RequestType::ADD)
    }

    /// Takes an endpoint out of a namespace.
    ///
    /// # Errors
    /// As [`Hcn::modify_namespace`]; an endpoint that is not in it.
    #[doc(alias = "HostComputeEndpoint.NamespaceDetach")]
    #[doc(alias = "RemoveNamespaceEndpoint")]
    pub fn detach_endpoint(&self, namespace_id: &str, endpoint_id: &str) -> Result<()> {
        self.change(namespace_id, endpoint_id, RequestType::REMOVE)
    }

    fn change(&self, namespace_id: &str, endpoint_id: &str, request_type: RequestType) -> Result<()> {
        let endpoint = NamespaceEndpointRequest {
            endpoint_id: endpoint_id.into(),
            ..NamespaceEndpointRequest::default()
        };
        let request = ModifyNamespaceSettingRequest {
            resource_type: NamespaceResourceType::ENDPOINT,
            request_type,
            settings: crate::json(&endpoint),
            ..ModifyNamespaceSettingRequest::default()
        };
        self.modify_namespace(namespace_id, &request).map(drop)
    }
}
