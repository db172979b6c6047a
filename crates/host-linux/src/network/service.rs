//! [`NetworkService`] on this host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hcs_contract::{
    Error, HnsEnvelope, Hresult, NetworkObject, NetworkObjectKind, NetworkService, OperationKind, Result,
};

use super::{documents, hns, ids, query};
use crate::compute::{Engine, LinuxHost};

const LATER: &str = "load balancers and routes come with a later version";

/// Adds to an error what was asked for.
fn about(
    operation: OperationKind,
    kind: NetworkObjectKind,
    id: &str,
    document: &str,
) -> impl Fn(Error) -> Error {
    move |error| {
        let error = match error.object() {
            None => error.with_object(kind.object(id)),
            Some(_) => error,
        };
        let error = error.with_operation(operation);
        if document.is_empty() { error } else { error.with_document(document) }
    }
}

impl NetworkService for LinuxHost {
    fn hns_call(&self, method: &str, path: &str, object: &str) -> Result<String> {
        let answer = hns::call(self.engine(), method, path, object);
        if let Err(error) = &answer
            && (error.is_timeout() || error.code() == "service-unavailable")
        {
            return Err(error.clone().with_operation(OperationKind::HnsCall));
        }
        Ok(HnsEnvelope::from(answer).to_json())
    }

    fn enumerate(&self, kind: NetworkObjectKind, text: &str) -> Result<String> {
        let about = about(OperationKind::Enumerate, kind, "", text);
        let list = || -> Result<String> {
            let query = query::read(text)?;
            let engine = self.engine();
            let ids = engine.read_networks(|tables| query::ids(engine, tables, kind, &query))?;
            Ok(serde_json::to_string(&ids).expect("a list of texts"))
        };
        list().map_err(about)
    }

    fn create(
        &self,
        kind: NetworkObjectKind,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let about = about(OperationKind::Create, kind, id.unwrap_or_default(), settings);
        let engine = self.engine();
        let make = || match kind {
            NetworkObjectKind::Network => {
                let document = documents::read_network(settings)?;
                engine.change_networks(|world| world.create_network(id, document))
            }
            NetworkObjectKind::Namespace => {
                let document = documents::read_namespace(settings)?;
                engine.change_networks(|world| world.create_namespace(id, document))
            }
            NetworkObjectKind::Endpoint => {
                let reason = "an endpoint is made on a network, by its own call";
                Err(Error::invalid_argument("kind", reason).with_hresult(Hresult::E_INVALIDARG))
            }
            NetworkObjectKind::LoadBalancer | NetworkObjectKind::Route => {
                Err(Error::not_supported(kind.to_string(), LATER))
            }
        };
        make().map(|id| handle(engine, kind, id)).map_err(about)
    }

    fn create_endpoint(
        &self,
        network: &str,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let kind = NetworkObjectKind::Endpoint;
        let about = about(OperationKind::Create, kind, id.unwrap_or_default(), settings);
        let engine = self.engine();
        let make = || {
            let document = documents::read_endpoint(settings)?;
            ids::check("network", network)?;
            engine.change_networks(|world| world.create_endpoint(network, id, document))
        };
        make().map(|id| handle(engine, kind, id)).map_err(about)
    }

    fn open(&self, kind: NetworkObjectKind, id: &str) -> Result<Arc<dyn NetworkObject>> {
        let about = about(OperationKind::OpenNetworkObject, kind, id, "");
        let engine = self.engine();
        let find = || {
            ids::check("id", id)?;
            engine.read_networks(|tables| documents::id(tables, kind, id))?.ok_or_else(|| kind.not_found(id))
        };
        find().map(|id| handle(engine, kind, id)).map_err(about)
    }

    fn delete(&self, kind: NetworkObjectKind, id: &str) -> Result<()> {
        let about = about(OperationKind::Delete, kind, id, "");
        let engine = self.engine();
        let delete = || {
            ids::check("id", id)?;
            engine.change_networks(|world| match kind {
                NetworkObjectKind::Network => world.delete_network(id),
                NetworkObjectKind::Endpoint => world.delete_endpoint(id),
                NetworkObjectKind::Namespace => world.delete_namespace(id),
                // None can be made.
                NetworkObjectKind::LoadBalancer | NetworkObjectKind::Route => Err(kind.not_found(id)),
            })
        };
        delete().map_err(about)
    }
}

fn handle(engine: &Arc<Engine>, kind: NetworkObjectKind, id: String) -> Arc<dyn NetworkObject> {
    Arc::new(Handle { engine: Arc::clone(engine), kind, id, closed: AtomicBool::new(false) })
}

/// See [`NetworkObject`]: it holds nothing, so that whoever leaves it open keeps nothing from going.
#[derive(Debug)]
struct Handle {
    engine: Arc<Engine>,
    kind: NetworkObjectKind,
    id: String,
    closed: AtomicBool,
}

impl Handle {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::already_closed(self.kind.object(&self.id)));
        }
        Ok(())
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
        let about = about(OperationKind::Modify, self.kind, &self.id, settings);
        let modify = || {
            self.check_open()?;
            self.engine.change_networks(|world| match self.kind {
                NetworkObjectKind::Network => world.modify_network(&self.id, settings),
                NetworkObjectKind::Endpoint => world.modify_endpoint(&self.id, settings),
                NetworkObjectKind::Namespace => world.modify_namespace(&self.id, settings),
                NetworkObjectKind::LoadBalancer | NetworkObjectKind::Route => {
                    Err(self.kind.not_found(&self.id))
                }
            })
        };
        modify().map_err(about)
    }

    fn properties(&self, text: &str) -> Result<String> {
        let about = about(OperationKind::GetProperties, self.kind, &self.id, text);
        let look = || {
            self.check_open()?;
            let query = query::read(text)?;
            let (engine, version) = (&self.engine, query.schema_version.major);
            let found = engine
                .read_networks(|tables| documents::answer(engine, tables, self.kind, &self.id, version))?;
            found.ok_or_else(|| self.kind.not_found(&self.id))
        };
        look().map_err(about)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}
