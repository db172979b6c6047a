//! Namespaces.

use hcs_contract::Result;
use hcs_schema::Document as _;
use hcs_schema::network::hns::{Namespace, NamespaceEndpointRequest, NamespaceResource};

use super::Hns;

const NAMESPACES: &str = "namespaces";
const ENDPOINT: &str = "Endpoint";

impl Hns {
    /// The namespace with this id. Service call: `HNSCall` (`GET /namespaces/{id}`).
    ///
    /// # Errors
    /// Not found ([`hcs_contract::Error::is_not_exist`]); the service's own.
    pub fn namespace(&self, id: &str) -> Result<Namespace> {
        self.by_id("GET", NAMESPACES, id)
    }

    /// Makes a namespace of the host; its id. Service call: `HNSCall` (`POST /namespaces/`).
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "CreateNamespace")]
    pub fn create_namespace(&self) -> Result<String> {
        let made: Namespace = self.request("POST", &format!("/{NAMESPACES}/"), "{}")?;
        Ok(made.id)
    }

    /// Deletes a namespace; its endpoints stay, attached to nothing. Service call: `HNSCall` (`DELETE /namespaces/{id}`).
    ///
    /// # Errors
    /// As [`Hns::namespace`].
    #[doc(alias = "RemoveNamespace")]
    pub fn remove_namespace(&self, id: &str) -> Result<()> {
        self.by_id::<Namespace>("DELETE", NAMESPACES, id).map(drop)
    }

    /// The ids of the endpoints in a namespace.
    ///
    /// # Errors
    /// As [`Hns::namespace`].
    #[doc(alias = "GetNamespaceEndpoints")]
    pub fn namespace_endpoints(&self, id: &str) -> Result<Vec<String>> {
        let resources = self.namespace(id)?.resource_list.into_iter();
        let endpoints = resources.filter(|resource| resource.resource_type.eq_ignore_ascii_case(ENDPOINT));
        let id = |resource: NamespaceResource| {
            NamespaceEndpointRequest::from_json(&resource.data.to_string()).map(|endpoint| endpoint.id)
        };
        endpoints.map(id).collect::<Result<_, _>>().map_err(|error| {
            hcs_contract::Error::unexpected_value(format!("a resource of a namespace: {error}"))
        })
    }

    /// Puts an endpoint into a namespace. Service call: `HNSCall` (`POST /namespaces/{id}/addresource`).
    ///
    /// # Errors
    /// Not found, for either; an endpoint that is in another namespace; the service's own.
    #[doc(alias = "AddNamespaceEndpoint")]
    pub fn add_namespace_endpoint(&self, id: &str, endpoint_id: &str) -> Result<()> {
        self.change(id, endpoint_id, "addresource")
    }

    /// Takes an endpoint out of a namespace. Service call: `HNSCall` (`POST /namespaces/{id}/removeresource`).
    ///
    /// # Errors
    /// Not found, for either; an endpoint that is not in it; the service's own.
    #[doc(alias = "RemoveNamespaceEndpoint")]
    pub fn remove_namespace_endpoint(&self, id: &str, endpoint_id: &str) -> Result<()> {
        self.change(id, endpoint_id, "removeresource")
    }

    fn change(&self, id: &str, endpoint_id: &str, verb: &str) -> Result<()> {
        let endpoint =
            NamespaceEndpointRequest { id: endpoint_id.to_owned(), ..NamespaceEndpointRequest::default() };
        let resource = NamespaceResource {
            resource_type: ENDPOINT.to_owned(),
            data: crate::json(&endpoint),
            ..NamespaceResource::default()
        };
        self.call("POST", &format!("/{NAMESPACES}/{id}/{verb}"), &resource.to_json()).map(drop)
    }
}
