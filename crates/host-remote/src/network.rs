//! The networks of the server's host. An object is known there by its id, so a handle is a matter of this side alone: it
//! outlives the server's end and new start, as the object does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use hcs_contract::{
    Error, Hresult, NetworkCallback, NetworkEvent, NetworkEventKind, NetworkObject, NetworkObjectKind,
    NetworkService, Object, OperationKind, Result, Subscription,
};
use hcs_remote_protocol::{FoundObject, WireNetworkEvent, encode_component, kind_in_path};

use crate::http::Lines;
use crate::service::RemoteHost;
use crate::session::stream;

const ROOT: &str = "/v1/network";

impl RemoteHost {
    /// One request about networks; its answer.
    fn network(&self, call: OperationKind, about: &Object, path: &str, body: &str) -> Result<Vec<u8>> {
        let answer = self.in_session(|session| session.request(call, "POST", path, "", body.as_bytes()));
        let answer = answer.map_err(|error| error.with_operation(call).with_object(about.clone()))?;
        Ok(answer.body)
    }

    fn text(&self, call: OperationKind, about: &Object, path: &str, body: &str) -> Result<String> {
        String::from_utf8(self.network(call, about, path, body)?)
            .map_err(|_| Error::unexpected_value("an answer that is not UTF-8").with_object(about.clone()))
    }

    /// A request that makes or finds an object.
    fn object(
        &self,
        call: OperationKind,
        kind: NetworkObjectKind,
        id: &str,
        path: &str,
        body: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let about = kind.object(id);
        let answer = self.network(call, &about, path, body)?;
        let found: FoundObject = serde_json::from_slice(&answer)
            .map_err(|error| Error::unexpected_value(format!("hcsd's answer: {error}")).with_object(about))?;
        Ok(Arc::new(Remote { host: self.clone(), kind, id: found.id, closed: AtomicBool::new(false) }))
    }
}

fn path(kind: NetworkObjectKind, call: &str) -> String {
    format!("{ROOT}/{}/{call}", kind_in_path(kind))
}

fn path_with(kind: NetworkObjectKind, call: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let given: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", encode_component(value))).collect();
    let path = path(kind, call);
    if given.is_empty() { path } else { format!("{path}?{}", given.join("&")) }
}

impl NetworkService for RemoteHost {
    fn hns_call(&self, method: &str, path: &str, object: &str) -> Result<String> {
        let (method, path) = (encode_component(method), encode_component(path));
        let path = format!("{ROOT}/hns?method={method}&path={path}");
        self.text(OperationKind::HnsCall, &Object::service(), &path, object)
    }

    fn enumerate(&self, kind: NetworkObjectKind, query: &str) -> Result<String> {
        self.text(OperationKind::Enumerate, &kind.object(""), &path(kind, "enumerate"), query)
    }

    fn create(
        &self,
        kind: NetworkObjectKind,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let path = path_with(kind, "create", &[("id", id)]);
        self.object(OperationKind::Create, kind, id.unwrap_or_default(), &path, settings)
    }

    fn create_endpoint(
        &self,
        network: &str,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>> {
        let kind = NetworkObjectKind::Endpoint;
        let path = path_with(kind, "create", &[("network", Some(network)), ("id", id)]);
        self.object(OperationKind::Create, kind, id.unwrap_or_default(), &path, settings)
    }

    fn open(&self, kind: NetworkObjectKind, id: &str) -> Result<Arc<dyn NetworkObject>> {
        let path = path_with(kind, "open", &[("id", Some(id))]);
        self.object(OperationKind::OpenNetworkObject, kind, id, &path, "")
    }

    fn delete(&self, kind: NetworkObjectKind, id: &str) -> Result<()> {
        let path = path_with(kind, "delete", &[("id", Some(id))]);
        self.network(OperationKind::Delete, &kind.object(id), &path, "").map(drop)
    }

    fn subscribe(&self, callback: NetworkCallback) -> Result<Subscription> {
        let about =
            |error: Error| error.with_operation(OperationKind::Subscribe).with_object(Object::service());
        let failed = |error| about(Error::os("listen to", "events of networks", error));
        let lines =
            stream(self.connector(), self.options(), "GET", &format!("{ROOT}/events")).map_err(about)?;
        let closer = lines.transport().closer().map_err(failed)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&stopped);
        // Nobody waits for an event, so somebody has to listen.
        let listener = thread::Builder::new()
            .name("network events".into())
            .spawn(move || listen(lines, &over, &callback))
            .map_err(failed)?;
        Ok(Subscription::new(move || {
            stopped.store(true, Ordering::Release);
            closer.close();
            end(listener);
        }))
    }
}

/// Waits until a callback that runs has returned, unless this is within it.
fn end(listener: JoinHandle<()>) {
    if listener.thread().id() != thread::current().id() {
        // A callback that panicked has ended the thread, which is what is waited for.
        let _ = listener.join();
    }
}

fn listen(mut lines: Lines, stopped: &AtomicBool, callback: &NetworkCallback) {
    while let Ok(Some(line)) = lines.next() {
        if stopped.load(Ordering::Acquire) {
            return;
        }
        // What is no event is a newer server's.
        if let Ok(event) = serde_json::from_slice::<WireNetworkEvent>(&line) {
            callback(&event.into());
        }
    }
    if !stopped.load(Ordering::Acquire) {
        callback(&NetworkEvent {
            kind: NetworkEventKind::SERVICE_DISCONNECT,
            status: Hresult::HCS_E_SERVICE_DISCONNECT,
            data: None,
        });
    }
}

/// A handle of an object.
#[derive(Debug)]
struct Remote {
    host: RemoteHost,
    kind: NetworkObjectKind,
    id: String,
    closed: AtomicBool,
}

impl Remote {
    fn call(&self, call: OperationKind, name: &str, body: &str) -> Result<String> {
        let about = self.kind.object(&self.id);
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::already_closed(about).with_operation(call));
        }
        self.host.text(call, &about, &path_with(self.kind, name, &[("id", Some(&self.id))]), body)
    }
}

impl NetworkObject for Remote {
    fn kind(&self) -> NetworkObjectKind {
        self.kind
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn modify(&self, settings: &str) -> Result<()> {
        self.call(OperationKind::Modify, "modify", settings).map(drop)
    }

    fn properties(&self, query: &str) -> Result<String> {
        self.call(OperationKind::GetProperties, "properties", query)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}
