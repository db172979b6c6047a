//! Networks by HCN v2: networks, endpoints, namespaces, load balancers and routes, as documents of
//! [`crate::schema::network::hcn`].
//!
//! ```
//! use hcsshim::fake::FakeHost;
//! use hcsshim::schema::network::hcn::{HostComputeEndpoint, HostComputeNetwork, NamespaceType, NetworkType};
//!
//! let host = hcsshim::Host::fake(&FakeHost::new());
//! let hcn = host.hcn()?;
//! let network = hcn.create_network(&HostComputeNetwork {
//!     name: "web".into(),
//!     network_type: NetworkType::NAT,
//!     ..HostComputeNetwork::default()
//! })?;
//! let endpoint = hcn.create_endpoint_on(&network.id, &HostComputeEndpoint::default())?;
//! assert_eq!(endpoint.ip_configurations.len(), 1, "the service has chosen an address");
//!
//! let namespace = hcn.create_namespace(&hcsshim::hcn::new_namespace(NamespaceType::HOST))?;
//! hcn.attach_endpoint(&namespace.id, &endpoint.id)?;
//! assert_eq!(hcn.namespace_endpoint_ids(&namespace.id)?, [endpoint.id.clone()]);
//!
//! // What is not there is told apart from what failed.
//! hcn.delete_network(&network.id)?;
//! assert!(hcn.endpoint(&endpoint.id).unwrap_err().is_not_exist());
//! # Ok::<(), hcsshim::Error>(())
//! ```
//!
//! Each call blocks until the service has done it, at most as long as [`crate::Deadlines::network`] says; the host keeps that
//! limit. [`Hcn`] may be used from any number of threads at once.

mod endpoint;
mod features;
mod load_balancer;
mod namespace;
mod network;
mod route;

use std::sync::Arc;

use hcs_contract::{
    Error, NetworkCallback, NetworkObject, NetworkObjectKind, NetworkService, Result, Subscription,
};
use hcs_schema::network::hcn::HostComputeQuery;
use hcs_schema::{Document, from_json};

pub use features::{AclFeatures, ApiSupport, Feature, Globals, SupportedFeatures};
pub use namespace::new_namespace;

/// A host's networks, by HCN v2. Clones are the same.
#[derive(Clone, Debug)]
pub struct Hcn {
    service: Arc<dyn NetworkService>,
}

impl Hcn {
    /// The networks of a service of any kind: one of this project's hosts, or your own.
    pub fn from_service(service: Arc<dyn NetworkService>) -> Self {
        Self { service }
    }

    /// The contract below this API.
    pub fn service(&self) -> &Arc<dyn NetworkService> {
        &self.service
    }

    /// What happens to networks, namespaces and endpoints from now on, whoever makes it happen. `callback` must not block.
    ///
    /// Service call: `HcnRegisterServiceCallback`.
    ///
    /// # Errors
    /// Not supported, by a host that can't tell; the service's own.
    pub fn subscribe(&self, callback: NetworkCallback) -> Result<Subscription> {
        self.service.subscribe(callback)
    }

    /// The objects of one kind that match a query.
    fn list<T: Document>(&self, kind: NetworkObjectKind, query: &HostComputeQuery) -> Result<Vec<T>> {
        let query = query.to_json();
        let answer = self.service.enumerate(kind, &query)?;
        let ids: Option<Vec<String>> = from_json(&answer).map_err(|error| unexpected(kind, "", &error))?;
        let mut found = Vec::new();
        for id in ids.unwrap_or_default() {
            match self.service.open(kind, &id).and_then(|object| read(&*object, &query)) {
                Ok(document) => found.push(document),
                // Deleted since it was listed: the list is as of now.
                Err(error) if error.is_not_exist() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The first object whose member has this value.
    fn first<T: Document>(&self, kind: NetworkObjectKind, member: &str, value: &str) -> Result<T> {
        let found = self.list(kind, &HostComputeQuery::filtered(member, value))?;
        found.into_iter().next().ok_or_else(|| Error::not_found(kind.object(value)))
    }

    fn create<T: Document>(&self, kind: NetworkObjectKind, document: &T) -> Result<T> {
        let object = self.service.create(kind, None, &document.to_json())?;
        read(&*object, &HostComputeQuery::all().to_json())
    }

    fn modify<T: Document>(&self, kind: NetworkObjectKind, id: &str, settings: &impl Document) -> Result<T> {
        let object = self.service.open(kind, id)?;
        let modified = object.modify(&settings.to_json());
        if modified.is_err() {
            object.close();
        }
        modified?;
        read(&*object, &HostComputeQuery::all().to_json())
    }

    fn delete(&self, kind: NetworkObjectKind, id: &str) -> Result<()> {
        self.service.delete(kind, id)
    }
}

/// The object's document; its handle is closed.
fn read<T: Document>(object: &dyn NetworkObject, query: &str) -> Result<T> {
    let answer = object.properties(query);
    object.close();
    T::from_json(&answer?).map_err(|error| unexpected(object.kind(), object.id(), &error))
}

fn unexpected(kind: NetworkObjectKind, id: &str, error: &hcs_schema::ParseError) -> Error {
    Error::unexpected_value(format!("properties of a {kind}: {error}")).with_object(kind.object(id))
}
