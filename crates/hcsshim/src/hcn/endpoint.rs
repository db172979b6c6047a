//! Endpoints.

use hcs_contract::{Error, NetworkObjectKind, OperationKind, Result};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{
    EndpointFlags, EndpointResourceType, HostComputeEndpoint, HostComputeQuery, ModifyEndpointSettingRequest,
    PolicyEndpointRequest, RequestType,
};

use super::{Hcn, read};

const KIND: NetworkObjectKind = NetworkObjectKind::Endpoint;

impl Hcn {
    /// The endpoints that match a query; [`HostComputeQuery::all`] matches all.
    ///
    /// Service calls: `HcnEnumerateEndpoints`, then `HcnOpenEndpoint`, `HcnQueryEndpointProperties` and
    /// `HcnCloseEndpoint` for each.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "ListEndpoints")]
    #[doc(alias = "ListEndpointsQuery")]
    pub fn endpoints(&self, query: &HostComputeQuery) -> Result<Vec<HostComputeEndpoint>> {
        self.list(KIND, query)
    }

    /// The endpoints of a network.
    ///
    /// # Errors
    /// As [`Hcn::endpoints`].
    #[doc(alias = "ListEndpointsOfNetwork")]
    pub fn endpoints_of_network(&self, network_id: &str) -> Result<Vec<HostComputeEndpoint>> {
        self.endpoints(&HostComputeQuery::filtered("VirtualNetwork", network_id))
    }

    /// The endpoint with this id.
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); those of [`Hcn::endpoints`].
    #[doc(alias = "GetEndpointByID")]
    pub fn endpoint(&self, id: &str) -> Result<HostComputeEndpoint> {
        self.first(KIND, "ID", id)
    }

    /// The first endpoint with this name.
    ///
    /// # Errors
    /// As [`Hcn::endpoint`].
    #[doc(alias = "GetEndpointByName")]
    pub fn endpoint_by_name(&self, name: &str) -> Result<HostComputeEndpoint> {
        self.first(KIND, "Name", name)
    }

    /// Makes an endpoint on the network that its document names.
    ///
    /// # Errors
    /// Invalid argument, for a document that names a namespace: an endpoint is attached by [`Hcn::attach_endpoint`]; those
    /// of [`Hcn::create_endpoint_on`].
    #[doc(alias = "HostComputeEndpoint.Create")]
    pub fn create_endpoint(&self, endpoint: &HostComputeEndpoint) -> Result<HostComputeEndpoint> {
        if !endpoint.host_compute_namespace.is_empty() {
            let reason = "an endpoint is made outside of every namespace";
            let error = Error::invalid_argument("HostComputeNamespace", reason);
            return Err(error
                .with_operation(OperationKind::Create)
                .with_object(KIND.object(&endpoint.id))
                .with_hint("attach it afterwards, or name its network: create_endpoint_on"));
        }
        self.create_endpoint_on(&endpoint.host_compute_network, endpoint)
    }

    /// Makes an endpoint on a network; what the service chose (addresses, MAC address, routes, DNS) stands in what comes
    /// back. It is attached at once when its document names a namespace.
    ///
    /// Service calls: `HcnOpenNetwork`, `HcnCreateEndpoint`, `HcnQueryEndpointProperties`, `HcnCloseEndpoint`,
    /// `HcnCloseNetwork`.
    ///
    /// # Errors
    /// Not found, for the network; a port that is taken ([`Error::is_port_already_exists`]); an address that is taken or not
    /// of the network; not supported, with the member by name; the service's own.
    #[doc(alias = "HostComputeNetwork.CreateEndpoint")]
    pub fn create_endpoint_on(
        &self,
        network_id: &str,
        endpoint: &HostComputeEndpoint,
    ) -> Result<HostComputeEndpoint> {
        let object = self.service.create_endpoint(network_id, None, &endpoint.to_json())?;
        read(&*object, &HostComputeQuery::all().to_json())
    }

    /// Makes an endpoint that stands for one on another host.
    ///
    /// # Errors
    /// As [`Hcn::create_endpoint_on`].
    #[doc(alias = "HostComputeNetwork.CreateRemoteEndpoint")]
    pub fn create_remote_endpoint(
        &self,
        network_id: &str,
        endpoint: &HostComputeEndpoint,
    ) -> Result<HostComputeEndpoint> {
        let mut endpoint = endpoint.clone();
        endpoint.flags = endpoint.flags | EndpointFlags::REMOTE_ENDPOINT;
        self.create_endpoint_on(network_id, &endpoint)
    }

    /// Deletes an endpoint; it leaves its namespace. Service call: `HcnDeleteEndpoint`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "HostComputeEndpoint.Delete")]
    pub fn delete_endpoint(&self, id: &str) -> Result<()> {
        self.delete(KIND, id)
    }

    /// Changes an endpoint.
    ///
    /// Service calls: `HcnOpenEndpoint`, `HcnModifyEndpoint`, `HcnQueryEndpointProperties`, `HcnCloseEndpoint`.
    ///
    /// # Errors
    /// Not found, for the endpoint or a policy to remove; not supported, with the member by name; the service's own.
    #[doc(alias = "ModifyEndpointSettings")]
    pub fn modify_endpoint(
        &self,
        id: &str,
        request: &ModifyEndpointSettingRequest,
    ) -> Result<HostComputeEndpoint> {
        self.modify(KIND, id, request)
    }

    /// Adds, updates or removes policies of an endpoint. An update replaces all policies of the types that it names.
    ///
    /// # Errors
    /// As [`Hcn::modify_endpoint`].
    #[doc(alias = "HostComputeEndpoint.ApplyPolicy")]
    pub fn apply_endpoint_policies(
        &self,
        id: &str,
        request_type: RequestType,
        policies: &PolicyEndpointRequest,
    ) -> Result<HostComputeEndpoint> {
        let request = ModifyEndpointSettingRequest {
            resource_type: EndpointResourceType::POLICY,
            request_type,
            settings: crate::json(policies),
            ..ModifyEndpointSettingRequest::default()
        };
        self.modify_endpoint(id, &request)
    }
}
