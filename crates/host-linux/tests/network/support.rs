//! An engine whose host is a network namespace of the test's, and what one asks of it.

use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::sync::Arc;

use hcs_contract::{Error, NetworkObject, NetworkObjectKind, NetworkService};
use hcs_dataplane::Netns;
use serde_json::{Value, json};

use super::compute::Engine;
use super::packets::{namespace, outside_of};

pub(crate) use NetworkObjectKind::{Endpoint, Namespace, Network};

/// A host with an outside, as [`outside_of`] makes them, and an engine on it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) host: Netns,
    pub(crate) outside: Netns,
}

/// A path that stands for a namespace as long as the test runs.
pub(crate) fn path_of(netns: &Netns) -> PathBuf {
    format!("/proc/{}/fd/{}", std::process::id(), netns.as_fd().as_raw_fd()).into()
}

impl World {
    pub(crate) fn new() -> Self {
        let host = namespace("host");
        let outside = outside_of(&host);
        let engine = Engine::in_network(path_of(&host));
        Self { engine, host, outside }
    }

    /// The prefix 10.9.0.0/24, its gateway 10.9.0.1, and the same of IPv6.
    pub(crate) fn nat(&self) -> String {
        self.network(&json!({ "Name": "nat", "Type": "NAT", "Ipams": ipams(0) }))
    }

    pub(crate) fn network(&self, document: &Value) -> String {
        self.try_network(document).unwrap()
    }

    pub(crate) fn try_network(&self, document: &Value) -> Result<String, Error> {
        let made = self.engine.host.create(Network, None, &document.to_string())?;
        Ok(made.id().to_owned())
    }

    pub(crate) fn endpoint(&self, network: &str, document: &Value) -> String {
        self.try_endpoint(network, document).unwrap()
    }

    pub(crate) fn try_endpoint(&self, network: &str, document: &Value) -> Result<String, Error> {
        let made = self.engine.host.create_endpoint(network, None, &document.to_string())?;
        Ok(made.id().to_owned())
    }

    pub(crate) fn open(&self, kind: NetworkObjectKind, id: &str) -> Arc<dyn NetworkObject> {
        self.engine.host.open(kind, id).unwrap()
    }

    pub(crate) fn document(&self, kind: NetworkObjectKind, id: &str) -> Value {
        serde_json::from_str(&self.open(kind, id).properties("").unwrap()).unwrap()
    }

    pub(crate) fn ids(&self, kind: NetworkObjectKind, filter: &Value) -> Vec<String> {
        let query = json!({ "SchemaVersion": { "Major": 2, "Minor": 0 }, "Filter": filter.to_string() });
        serde_json::from_str(&self.engine.host.enumerate(kind, &query.to_string()).unwrap()).unwrap()
    }

    /// A namespace of the kind `Host`; its id and what stands for it.
    pub(crate) fn namespace(&self) -> (String, Netns) {
        let made = self.engine.host.create(Namespace, None, "{}").unwrap();
        let netns = Netns::open(self.engine.path("run/netns").join(made.id())).unwrap();
        (made.id().to_owned(), netns)
    }

    pub(crate) fn attach(&self, namespace: &str, endpoint: &str) -> Result<(), Error> {
        self.open(Namespace, namespace).modify(&change("Add", endpoint))
    }

    pub(crate) fn detach(&self, namespace: &str, endpoint: &str) -> Result<(), Error> {
        self.open(Namespace, namespace).modify(&change("Remove", endpoint))
    }

    /// A namespace with an endpoint of this document in it: the endpoint's id, and what stands for the namespace.
    pub(crate) fn attached(&self, network: &str, document: &Value) -> (String, Netns) {
        let endpoint = self.endpoint(network, document);
        let (namespace, netns) = self.namespace();
        self.attach(&namespace, &endpoint).unwrap();
        (endpoint, netns)
    }

    /// What of the kernel's side differs from the record.
    pub(crate) fn drift(&self) -> Vec<String> {
        self.engine.host.check_networks(false).unwrap().differences
    }

    /// Deletes all networks and namespaces, after which nothing is left of them in the host's namespace.
    pub(crate) fn clear(&self) {
        for kind in [Network, Namespace] {
            for id in self.ids(kind, &json!({})) {
                self.engine.host.delete(kind, &id).unwrap();
            }
        }
        assert_eq!(self.drift(), Vec::<String>::new());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Names of namespaces are mounts of the machine's: none may stay, also of a test that failed.
        for id in self
            .engine
            .host
            .enumerate(Namespace, "")
            .ok()
            .into_iter()
            .flat_map(|text| serde_json::from_str::<Vec<String>>(&text).unwrap_or_default())
        {
            let _ = self.engine.host.delete(Namespace, &id);
        }
    }
}

pub(crate) fn change(request: &str, endpoint: &str) -> String {
    json!({ "ResourceType": "Endpoint", "RequestType": request, "Settings": { "EndpointId": endpoint } })
        .to_string()
}

pub(crate) fn policies(request: &str, policies: &Value) -> String {
    json!({ "ResourceType": "Policy", "RequestType": request, "Settings": { "Policies": policies } })
        .to_string()
}

/// 10.9.N.0/24 and fd00:N::/64.
pub(crate) fn ipams(n: u8) -> Value {
    let subnet = |prefix: String, gateway: String, all: &str| json!({ "IpAddressPrefix": prefix, "Routes": [{ "NextHop": gateway, "DestinationPrefix": all }] });
    json!([{ "Type": "Static", "Subnets": [
        subnet(format!("10.9.{n}.0/24"), format!("10.9.{n}.1"), "0.0.0.0/0"),
        subnet(format!("fd00:{n}::/64"), format!("fd00:{n}::1"), "::/0"),
    ] }])
}
