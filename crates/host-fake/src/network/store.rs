//! What there is: objects by their ids, in the order in which they were made.

use std::collections::BTreeMap;

use hcs_contract::{
    Error, Hresult, NetworkEvent, NetworkEventKind, NetworkObjectKind, Result, check_network_id,
};
use hcs_schema::network::hcn::{
    HostComputeEndpoint, HostComputeLoadBalancer, HostComputeNamespace, HostComputeNetwork, HostComputeRoute,
    NamespaceType, Version,
};
use hcs_schema::network::hns::MacList;

/// Objects of one kind.
#[derive(Debug)]
pub(super) struct Store<T> {
    in_order: BTreeMap<u64, T>,
    /// By the id in lower case.
    numbers: BTreeMap<String, u64>,
    next: u64,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { in_order: BTreeMap::new(), numbers: BTreeMap::new(), next: 0 }
    }
}

impl<T> Store<T> {
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.in_order.get(self.numbers.get(&id.to_ascii_lowercase())?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.in_order.get_mut(self.numbers.get(&id.to_ascii_lowercase())?)
    }

    pub(super) fn insert(&mut self, id: &str, value: T) {
        self.next += 1;
        self.numbers.insert(id.to_ascii_lowercase(), self.next);
        self.in_order.insert(self.next, value);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        self.in_order.remove(&self.numbers.remove(&id.to_ascii_lowercase())?)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.in_order.values()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.in_order.values_mut()
    }
}

/// An endpoint, and what v1 alone tells of it.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) document: HostComputeEndpoint,
    /// Containers that it is attached to by v1.
    pub(super) containers: Vec<String>,
    /// It was attached before, and is not any more.
    pub(super) detached: bool,
}

/// A namespace; the endpoints in it know so themselves.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) document: HostComputeNamespace,
    pub(super) containers: Vec<String>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct State {
    pub(super) networks: Store<HostComputeNetwork>,
    pub(super) endpoints: Store<Endpoint>,
    pub(super) namespaces: Store<Namespace>,
    pub(super) load_balancers: Store<HostComputeLoadBalancer>,
    pub(super) routes: Store<HostComputeRoute>,
    pub(super) accelerated: MacList,
    /// What has happened in the present call.
    pub(super) events: Vec<NetworkEvent>,
    /// How often the service has gone away.
    pub(super) epoch: u64,
    ids: u64,
}

impl Default for State {
    fn default() -> Self {
        let mut this = Self {
            networks: Store::default(),
            endpoints: Store::default(),
            namespaces: Store::default(),
            load_balancers: Store::default(),
            routes: Store::default(),
            accelerated: MacList::default(),
            events: Vec::new(),
            epoch: 0,
            ids: 0,
        };
        // Every host has its own from the beginning.
        let id = this.new_id();
        let document = HostComputeNamespace {
            id: id.clone(),
            namespace_id: HOST_COMPARTMENT,
            namespace_type: NamespaceType::HOST_DEFAULT,
            schema_version: Version::v2_0(),
            ..HostComputeNamespace::default()
        };
        this.namespaces.insert(&id, Namespace { document, containers: Vec::new() });
        this
    }
}

/// The host's own compartment.
pub(super) const HOST_COMPARTMENT: u32 = 1;

impl State {
    /// Something happened to an object.
    pub(super) fn tell(&mut self, kind: NetworkEventKind, id: &str) {
        self.events.push(NetworkEvent::of(kind, id));
    }

    /// The object's own text of its id.
    pub(super) fn find(&self, kind: NetworkObjectKind, id: &str) -> Option<String> {
        match kind {
            NetworkObjectKind::Network => self.networks.get(id).map(|network| network.id.clone()),
            NetworkObjectKind::Endpoint => {
                self.endpoints.get(id).map(|endpoint| endpoint.document.id.clone())
            }
            NetworkObjectKind::Namespace => {
                self.namespaces.get(id).map(|namespace| namespace.document.id.clone())
            }
            NetworkObjectKind::LoadBalancer => {
                self.load_balancers.get(id).map(|balancer| balancer.id.clone())
            }
            NetworkObjectKind::Route => self.routes.get(id).map(|route| route.id.clone()),
        }
    }

    /// The id of a new object: that of the call unless it is all zeros, its document's, or a new one.
    ///
    /// # Errors
    /// One that is no GUID, or that another object has.
    pub(super) fn choose_id(
        &mut self,
        kind: NetworkObjectKind,
        call: Option<&str>,
        document: &str,
    ) -> Result<String> {
        let given = call.filter(|id| !id.bytes().all(|byte| matches!(byte, b'0' | b'-')));
        let id = match given {
            Some(id) => check_network_id("id", id)?.to_owned(),
            None if !document.is_empty() => check_network_id("ID", document)?.to_owned(),
            None => self.new_id(),
        };
        if self.find(kind, &id).is_some() {
            let code = match kind {
                NetworkObjectKind::Network => Hresult::HCN_E_NETWORK_ALREADY_EXISTS,
                _ => Hresult::ERROR_ALREADY_EXISTS,
            };
            return Err(Error::already_exists(kind.object(id)).with_hresult(code));
        }
        Ok(id)
    }

    /// Ids of a fake count up, so that tests can be read.
    fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("fa4e0000-0000-4000-8000-{:012x}", self.ids)
    }
}
