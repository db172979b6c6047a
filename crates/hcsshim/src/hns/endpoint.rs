//! Endpoints.

use hcs_contract::{Error, Object, ObjectKind, Result};
use hcs_schema::network::hns::{
    AclPolicy, Endpoint, EndpointAttachDetachRequest, EndpointStats, ProxyPolicy, SystemType,
};

use super::Hns;

const ENDPOINTS: &str = "endpoints";

impl Hns {
    /// Any request about one endpoint: the path below `/endpoints/`.
    ///
    /// # Errors
    /// The request's own; unexpected value, when its answer can't be read.
    #[doc(alias = "HNSEndpointRequest")]
    pub fn endpoint_request(&self, method: &str, path: &str, request: &str) -> Result<Endpoint> {
        self.request(method, &format!("/{ENDPOINTS}/{path}"), request)
    }

    /// Every endpoint. Service call: `HNSCall` (`GET /endpoints/`).
    ///
    /// # Errors
    /// As [`Hns::endpoint_request`].
    #[doc(alias = "HNSListEndpointRequest")]
    pub fn endpoints(&self) -> Result<Vec<Endpoint>> {
        self.request("GET", &format!("/{ENDPOINTS}/"), "")
    }

    /// The endpoint with this id. Service call: `HNSCall` (`GET /endpoints/{id}`).
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); those of [`Hns::endpoint_request`].
    #[doc(alias = "GetHNSEndpointByID")]
    pub fn endpoint(&self, id: &str) -> Result<Endpoint> {
        self.by_id("GET", ENDPOINTS, id)
    }

    /// The first endpoint with this name.
    ///
    /// # Errors
    /// As [`Hns::endpoint`].
    #[doc(alias = "GetHNSEndpointByName")]
    pub fn endpoint_by_name(&self, name: &str) -> Result<Endpoint> {
        let found = self.endpoints()?.into_iter().find(|endpoint| endpoint.name == name);
        found.ok_or_else(|| Error::not_found(Object::new(ObjectKind::Endpoint, name)))
    }

    /// What went through an endpoint. Service call: `HNSCall` (`GET /endpointstats/{id}`).
    ///
    /// # Errors
    /// As [`Hns::endpoint`].
    #[doc(alias = "GetHNSEndpointStats")]
    pub fn endpoint_stats(&self, id: &str) -> Result<EndpointStats> {
        self.by_id("GET", "endpointstats", id)
    }

    /// Makes an endpoint on the network that its document names. Service call: `HNSCall` (`POST /endpoints/`).
    ///
    /// # Errors
    /// Not found, for the network; a port or address that is taken; not supported, with the member by name; the service's own.
    #[doc(alias = "HNSEndpoint.Create")]
    pub fn create_endpoint(&self, endpoint: &Endpoint) -> Result<Endpoint> {
        self.post(&format!("/{ENDPOINTS}/"), endpoint)
    }

    /// Deletes an endpoint. Service call: `HNSCall` (`DELETE /endpoints/{id}`).
    ///
    /// # Errors
    /// As [`Hns::endpoint`].
    #[doc(alias = "HNSEndpoint.Delete")]
    pub fn delete_endpoint(&self, id: &str) -> Result<Endpoint> {
        self.by_id("DELETE", ENDPOINTS, id)
    }

    /// Replaces an endpoint's document. Service call: `HNSCall` (`POST /endpoints/{id}`).
    ///
    /// # Errors
    /// Not supported, for members that are an endpoint's for its life; those of [`Hns::create_endpoint`].
    #[doc(alias = "HNSEndpoint.Update")]
    pub fn update_endpoint(&self, endpoint: &Endpoint) -> Result<Endpoint> {
        self.post(&format!("/{ENDPOINTS}/{}", endpoint.id), endpoint)
    }

    /// Adds rules of the filter to an endpoint; without one all rules are taken away.
    ///
    /// # Errors
    /// As [`Hns::update_endpoint`].
    #[doc(alias = "HNSEndpoint.ApplyACLPolicy")]
    pub fn apply_acl_policies(&self, endpoint_id: &str, rules: &[AclPolicy]) -> Result<Endpoint> {
        let mut endpoint = self.endpoint(endpoint_id)?;
        if rules.is_empty() {
            endpoint.policies.retain(|policy| !is_of_type(policy, "ACL"));
        }
        endpoint.policies.extend(rules.iter().map(crate::json));
        self.update_endpoint(&endpoint)
    }

    /// Adds proxies to an endpoint; without one all are taken away.
    ///
    /// # Errors
    /// As [`Hns::update_endpoint`].
    #[doc(alias = "HNSEndpoint.ApplyProxyPolicy")]
    pub fn apply_proxy_policies(&self, endpoint_id: &str, proxies: &[ProxyPolicy]) -> Result<Endpoint> {
        let mut endpoint = self.endpoint(endpoint_id)?;
        if proxies.is_empty() {
            endpoint.policies.retain(|policy| !is_of_type(policy, "PROXY"));
        }
        endpoint.policies.extend(proxies.iter().map(crate::json));
        self.update_endpoint(&endpoint)
    }

    /// Attaches an endpoint to a container, in a compartment (0: the container's own).
    ///
    /// # Errors
    /// Not found, for the endpoint or the container; the service's own.
    #[doc(alias = "HNSEndpoint.ContainerAttach")]
    pub fn attach_to_container(
        &self,
        endpoint_id: &str,
        container_id: &str,
        compartment_id: u16,
    ) -> Result<()> {
        let container = to(SystemType::CONTAINER);
        let request =
            EndpointAttachDetachRequest { container_id: container_id.into(), compartment_id, ..container };
        self.attach_or_detach(endpoint_id, "attach", &request)
    }

    /// Detaches an endpoint from a container.
    ///
    /// # Errors
    /// As [`Hns::attach_to_container`].
    #[doc(alias = "HNSEndpoint.ContainerDetach")]
    pub fn detach_from_container(&self, endpoint_id: &str, container_id: &str) -> Result<()> {
        let container = to(SystemType::CONTAINER);
        let request = EndpointAttachDetachRequest { container_id: container_id.into(), ..container };
        self.attach_or_detach(endpoint_id, "detach", &request)
    }

    /// Attaches an endpoint to the host itself, in a compartment.
    ///
    /// # Errors
    /// As [`Hns::attach_to_container`].
    #[doc(alias = "HNSEndpoint.HostAttach")]
    pub fn attach_to_host(&self, endpoint_id: &str, compartment_id: u16) -> Result<()> {
        let request = EndpointAttachDetachRequest { compartment_id, ..to(SystemType::HOST) };
        self.attach_or_detach(endpoint_id, "attach", &request)
    }

    /// Detaches an endpoint from the host itself.
    ///
    /// # Errors
    /// As [`Hns::attach_to_container`].
    #[doc(alias = "HNSEndpoint.HostDetach")]
    pub fn detach_from_host(&self, endpoint_id: &str) -> Result<()> {
        self.attach_or_detach(endpoint_id, "detach", &to(SystemType::HOST))
    }

    /// Attaches an endpoint to an adapter of a virtual machine.
    ///
    /// # Errors
    /// Not supported, by hosts without virtual machines; those of [`Hns::attach_to_container`].
    #[doc(alias = "HNSEndpoint.VirtualMachineNICAttach")]
    pub fn attach_to_virtual_machine(&self, endpoint_id: &str, nic_name: &str) -> Result<()> {
        let machine = to(SystemType::VIRTUAL_MACHINE);
        let request = EndpointAttachDetachRequest { virtual_nic_name: nic_name.into(), ..machine };
        self.attach_or_detach(endpoint_id, "attach", &request)
    }

    /// Detaches an endpoint from the virtual machine that has it.
    ///
    /// # Errors
    /// As [`Hns::attach_to_virtual_machine`].
    #[doc(alias = "HNSEndpoint.VirtualMachineNICDetach")]
    pub fn detach_from_virtual_machine(&self, endpoint_id: &str) -> Result<()> {
        self.attach_or_detach(endpoint_id, "detach", &to(SystemType::VIRTUAL_MACHINE))
    }

    /// Whether an endpoint is attached to a container.
    ///
    /// # Errors
    /// As [`Hns::endpoint`].
    #[doc(alias = "HNSEndpoint.IsAttached")]
    pub fn is_attached(&self, endpoint_id: &str, container_id: &str) -> Result<bool> {
        let containers = self.endpoint(endpoint_id)?.shared_containers;
        Ok(containers.iter().any(|id| id.eq_ignore_ascii_case(container_id)))
    }

    fn attach_or_detach(
        &self,
        endpoint_id: &str,
        verb: &str,
        request: &EndpointAttachDetachRequest,
    ) -> Result<()> {
        use hcs_schema::Document as _;
        self.call("POST", &format!("/{ENDPOINTS}/{endpoint_id}/{verb}"), &request.to_json()).map(drop)
    }
}

fn to(system_type: SystemType) -> EndpointAttachDetachRequest {
    EndpointAttachDetachRequest { system_type, ..EndpointAttachDetachRequest::default() }
}

fn is_of_type(policy: &serde_json::Value, kind: &str) -> bool {
    let mut members = policy.as_object().into_iter().flatten();
    members.any(|(name, value)| {
        name.eq_ignore_ascii_case("Type")
            && value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(kind))
    })
}
