//! Networks by HNS v1: requests of `HNSCall`, and documents of [`crate::schema::network::hns`].
//!
//! What this makes [`crate::hcn`] finds, and the other way: both see the same objects. New programs use that.
//!
//! ```
//! use hcsshim::fake::FakeHost;
//! use hcsshim::schema::network::hns::{Endpoint, Network};
//!
//! let host = hcsshim::Host::fake(&FakeHost::new());
//! let hns = host.hns()?;
//! let network = hns.create_network(&Network { name: "old".into(), network_type: "nat".into(), ..Network::default() })?;
//! let endpoint = hns.create_endpoint(&Endpoint { virtual_network: network.id.clone(), ..Endpoint::default() })?;
//! assert_eq!(host.hcn()?.endpoint(&endpoint.id)?.host_compute_network, network.id);
//! # Ok::<(), hcsshim::Error>(())
//! ```

mod endpoint;
mod globals;
mod namespace;
mod network;
mod policy_list;

use std::sync::Arc;

use hcs_contract::{Error, HnsEnvelope, NetworkService, Object, ObjectKind, OperationKind, Result};
use hcs_schema::Document;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A host's networks, by HNS v1. Clones are the same.
#[derive(Clone, Debug)]
pub struct Hns {
    service: Arc<dyn NetworkService>,
}

impl Hns {
    /// The networks of a service of any kind: one of this project's hosts, or your own.
    pub fn from_service(service: Arc<dyn NetworkService>) -> Self {
        Self { service }
    }

    /// Any request, for what has no word here: the method, the whole path, and a JSON document or nothing. What it gives is
    /// JSON, or nothing.
    ///
    /// Service call: `HNSCall`.
    ///
    /// # Errors
    /// The request's own; not found is told by its code, or by the text that v1 has for it.
    #[doc(alias = "HNSCall")]
    pub fn call(&self, method: &str, path: &str, request: &str) -> Result<Option<Value>> {
        let answer = self.service.hns_call(method, path, request)?;
        let output = HnsEnvelope::parse(&answer).and_then(HnsEnvelope::into_output);
        output.map_err(|error| {
            let error = error.with_operation(OperationKind::HnsCall).with_object(object(path));
            if request.is_empty() { error } else { error.with_document(request) }
        })
    }

    /// A request that gives a document; nothing is the empty one.
    fn request<T: DeserializeOwned + Default>(&self, method: &str, path: &str, request: &str) -> Result<T> {
        let Some(output) = self.call(method, path, request)? else { return Ok(T::default()) };
        serde_json::from_value(output).map_err(|error| {
            Error::unexpected_value(format!("answer to {method} {path}: {error}"))
                .with_operation(OperationKind::HnsCall)
                .with_object(object(path))
        })
    }

    fn post<T: DeserializeOwned + Default>(&self, path: &str, document: &impl Document) -> Result<T> {
        self.request("POST", path, &document.to_json())
    }

    /// An object by its id. The path of an empty one would be that of all of them.
    fn by_id<T: DeserializeOwned + Default>(&self, method: &str, collection: &str, id: &str) -> Result<T> {
        let path = format!("/{collection}/{id}");
        if id.is_empty() {
            return Err(Error::invalid_argument("id", "it is empty")
                .with_operation(OperationKind::HnsCall)
                .with_object(object(&path)));
        }
        self.request(method, &path, "")
    }
}

/// What a path is about.
fn object(path: &str) -> Object {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let kind = match parts.next() {
        Some("networks") => ObjectKind::Network,
        Some("endpoints" | "endpointstats") => ObjectKind::Endpoint,
        Some("namespaces") => ObjectKind::Namespace,
        Some("policylists") => ObjectKind::LoadBalancer,
        _ => return Object::service(),
    };
    Object::new(kind, parts.next().unwrap_or_default())
}
