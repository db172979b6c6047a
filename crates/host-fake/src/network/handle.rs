//! Handles of network objects.

use std::sync::atomic::{AtomicBool, Ordering};

use hcs_contract::{Error, Hresult, NetworkObject, NetworkObjectKind, OperationKind, Result};
use hcs_schema::network::map;

use super::store::State;
use super::{policies, query, read};
use crate::host::FakeHost;

/// A handle of one network object.
#[derive(Debug)]
pub(super) struct Handle {
    host: FakeHost,
    kind: NetworkObjectKind,
    id: String,
    /// The service's life that it is of.
    epoch: u64,
    closed: AtomicBool,
}

impl Handle {
    pub(super) fn new(host: FakeHost, kind: NetworkObjectKind, id: String, epoch: u64) -> Self {
        Self { host, kind, id, epoch, closed: AtomicBool::new(false) }
    }

    /// A call on the object, unless the handle, the service or the object is gone.
    fn call<T>(&self, call: OperationKind, work: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let about = self.kind.object(&self.id);
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::already_closed(about).with_operation(call));
        }
        self.host.network_call(call, &about, |state| {
            if state.epoch != self.epoch {
                return Err(Error::disconnected());
            }
            if state.find(self.kind, &self.id).is_none() {
                return Err(self.kind.not_found(&self.id));
            }
            work(state)
        })
    }
}

impl NetworkObject for Handle {
    fn kind(&self) -> NetworkObjectKind {
        self.kind
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn modify(&self, settings: &str) -> Result<()> {
        let done = self.call(OperationKind::Modify, |state| match self.kind {
            NetworkObjectKind::Network => {
                let network =
                    state.networks.get_mut(&self.id).ok_or_else(|| self.kind.not_found(&self.id))?;
                let mut changed = network.clone();
                policies::modify_network(&mut changed, settings)?;
                *network = changed;
                Ok(())
            }
            NetworkObjectKind::Endpoint => {
                state.modify_endpoint(&self.id, |document| policies::modify_endpoint(document, settings))
            }
            NetworkObjectKind::Namespace => state.modify_namespace(&self.id, &read(settings)?),
            NetworkObjectKind::LoadBalancer => state.replace_load_balancer(&self.id, read(settings)?),
            NetworkObjectKind::Route => Err(Error::from_hresult(Hresult::E_NOTIMPL)
                .with_hint("delete the route, and create it again with the same id")),
        });
        done.map_err(|error| error.with_document(settings))
    }

    fn properties(&self, query: &str) -> Result<String> {
        self.call(OperationKind::GetProperties, |state| {
            let query = query::read(query)?;
            let forms = state.forms(self.kind, &self.id).ok_or_else(|| self.kind.not_found(&self.id))?;
            let chosen = if query.schema_version.major == 1 { forms.v1 } else { forms.v2 };
            Ok(chosen.to_string())
        })
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl State {
    /// An object's document in both generations.
    pub(super) fn forms(&self, kind: NetworkObjectKind, id: &str) -> Option<Forms> {
        let value = |document: Result<serde_json::Value, serde_json::Error>| document.unwrap_or_default();
        let (v1, v2) = match kind {
            NetworkObjectKind::Network => {
                let document = self.networks.get(id)?;
                (serde_json::to_value(map::network_to_v1(document)), serde_json::to_value(document))
            }
            NetworkObjectKind::Endpoint => {
                let endpoint = self.endpoints.get(id)?;
                (serde_json::to_value(self.endpoint_v1(endpoint)), serde_json::to_value(&endpoint.document))
            }
            NetworkObjectKind::Namespace => {
                let document = self.namespace_document(id)?;
                (serde_json::to_value(map::namespace_to_v1(&document)), serde_json::to_value(document))
            }
            NetworkObjectKind::LoadBalancer => {
                let document = self.load_balancers.get(id)?;
                (serde_json::to_value(map::load_balancer_to_v1(document)), serde_json::to_value(document))
            }
            NetworkObjectKind::Route => {
                let document = self.routes.get(id)?;
                (serde_json::to_value(map::route_to_v1(document)), serde_json::to_value(document))
            }
        };
        Some(Forms { v1: value(v1), v2: value(v2) })
    }
}

/// One document in both generations.
#[derive(Debug)]
pub(super) struct Forms {
    pub(super) v1: serde_json::Value,
    pub(super) v2: serde_json::Value,
}
