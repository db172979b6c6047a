//! The network service in memory: both generations over one store, with the rules of the service that need no packets.
//!
//! Addresses, MAC addresses, published ports and compartments are handed out and refused as the service does it; every
//! policy that the schema knows is kept and answered. Nothing is sent anywhere.

mod balancers;
mod endpoints;
mod handle;
mod hns;
mod namespaces;
mod networks;
mod policies;
mod pool;
mod query;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{
    Error, HnsEnvelope, Hresult, Hub, NetworkCallback, NetworkEvent, NetworkEventKind, NetworkObject,
    NetworkObjectKind, NetworkService, Object, OperationKind, Result, Subscription, check_network_id,
};
use hcs_schema::Document;
use hcs_schema::network::map;

use crate::host::FakeHost;
use handle::Handle;
use store::State;

/// The network side of one host.
#[derive(Default)]
pub(crate) struct Networks {
    state: Mutex<State>,
    hub: Hub<NetworkEvent>,
}

impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Networks").field("state", &*self.lock()).finish_non_exhaustive()
    }
}

impl Networks {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service went away: handles of before are dead.
    pub(crate) fn lose_handles(&self) -> Hub<NetworkEvent> {
        self.lock().epoch += 1;
        self.hub.clone()
    }
}

/// A document that says something that can't be, with the service's code for it.
fn invalid(code: Hresult, path: impl Into<String>, message: impl Into<String>) -> Error {
    Error::invalid_document(path, message).with_hresult(code)
}

/// Reads a document; what does not parse is so by the network service's own code. The empty text is the empty document.
fn read<T: Document>(text: &str) -> Result<T> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    T::from_json(text).map_err(|error| Error::from(error).with_hresult(Hresult::HCN_E_INVALID_JSON))
}

/// The same for a document of either generation.
fn read_either<V1: Document, V2: Document>(text: &str, to_v2: fn(&V1) -> V2) -> Result<V2> {
    let value = serde_json::from_str(text).unwrap_or_default();
    if map::is_v1(&value) { Ok(to_v2(&read(text)?)) } else { read(text) }
}

impl FakeHost {
    fn networks(&self) -> &Networks {
        &self.world.networks
    }

    /// Makes a call, as the faults have it, and tells what happened by it.
    fn network_call<T>(
        &self,
        call: OperationKind,
        object: &Object,
        work: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let done = self.world.call(call, &object.id, || {
            let mut state = self.networks().lock();
            let done = work(&mut state);
            let events = std::mem::take(&mut state.events);
            drop(state);
            for event in events {
                let hub = self.networks().hub.clone();
                self.world.rules.dispatcher.run(move || hub.notify(&event));
            }
            done
        });
        done.map_err(|error| error.with_operation(call).with_object(object.clone()))
    }

    fn network_handle(&self, kind: NetworkObjectKind, id: String) -> Arc<dyn NetworkObject> {
        let epoch = self.networks().lock().epoch;
        Arc::new(Handle::new(self.clone(), kind, id, epoch))
    }
}

impl NetworkService for FakeHost {
    fn hns_call(&self, method: &str, path: &str, object: &str) -> Result<String> {
        let about = Object::service();
        let answer = self.network_call(OperationKind::HnsCall, &about, |state| {
            // A failure of the request is an answer of the call.
            Ok(HnsEnvelope::from(hns::request(state, method, path, object)))
        });
        answer.map(|envelope| envelope.to_json())
    }

    fn enumerate(&self, kind: NetworkObjectKind, query: &str) -> Result<String> {
        let about = kind.object("");
        let ids =
            self.network_call(OperationKind::Enumerate, &about, |state| query::ids(state, kind, query))?;
        Ok(serde_json::json!(ids).to_string())
    }

    fn create(
        &self,
        kind: NetworkObjectKind,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let about = kind.object(id.unwrap_or_default());
        let made = self.network_call(OperationKind::Create, &about, |state| match kind {
            NetworkObjectKind::Network => {
                state.create_network(id, read_either(settings, map::network_to_v2)?)
            }
            NetworkObjectKind::Namespace => {
                state.create_namespace(id, read_either(settings, map::namespace_to_v2)?)
            }
            NetworkObjectKind::LoadBalancer => state.create_load_balancer(id, read(settings)?),
            NetworkObjectKind::Route => state.create_route(id, read(settings)?),
            NetworkObjectKind::Endpoint => {
                Err(Error::invalid_argument("kind", "an endpoint is made on a network: create_endpoint"))
            }
        });
        Ok(self.network_handle(kind, made.map_err(|error| error.with_document(settings))?))
    }

    fn create_endpoint(
        &self,
        network: &str,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let kind = NetworkObjectKind::Endpoint;
        let about = kind.object(id.unwrap_or_default());
        let made = self.network_call(OperationKind::Create, &about, |state| {
            state.create_endpoint(network, id, read_either(settings, map::endpoint_to_v2)?)
        });
        Ok(self.network_handle(kind, made.map_err(|error| error.with_document(settings))?))
    }

    fn open(&self, kind: NetworkObjectKind, id: &str) -> Result<Arc<dyn NetworkObject>> {
        let about = kind.object(id);
        let id = self.network_call(OperationKind::OpenNetworkObject, &about, |state| {
            check_network_id("id", id)?;
            state.find(kind, id).ok_or_else(|| kind.not_found(id))
        })?;
        Ok(self.network_handle(kind, id))
    }

    fn delete(&self, kind: NetworkObjectKind, id: &str) -> Result<()> {
        let about = kind.object(id);
        self.network_call(OperationKind::Delete, &about, |state| {
            check_network_id("id", id)?;
            match kind {
                NetworkObjectKind::Network => state.delete_network(id),
                NetworkObjectKind::Endpoint => state.delete_endpoint(id),
                NetworkObjectKind::Namespace => state.delete_namespace(id),
                NetworkObjectKind::LoadBalancer => state.delete_load_balancer(id),
                NetworkObjectKind::Route => state.delete_route(id),
            }
        })
    }

    fn subscribe(&self, callback: NetworkCallback) -> Result<Subscription> {
        let about = Object::service();
        self.network_call(OperationKind::Subscribe, &about, |_| Ok(self.networks().hub.subscribe(callback)))
    }
}

/// What subscribers hear when the service goes away.
pub(crate) fn disconnected() -> NetworkEvent {
    NetworkEvent {
        kind: NetworkEventKind::SERVICE_DISCONNECT,
        status: Hresult::HCS_E_SERVICE_DISCONNECT,
        data: None,
    }
}
