//! What the server's host keeps of its systems, asked for over the connections of a session.

use hcs_contract::{Error, Object, OperationKind, Records, Result};
use hcs_remote_protocol::encode_component;
use hcs_schema::host::{Collected, Feature, Inspection, Record};
use serde::de::DeserializeOwned;

use crate::service::RemoteHost;
use crate::session::read;

impl RemoteHost {
    fn ask(&self, kind: OperationKind, method: &str, path: &str) -> Result<Vec<u8>> {
        self.in_session(|session| Ok(session.request(kind, method, path, "", b"")?.body))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(&self.ask(OperationKind::Enumerate, "GET", path)?)
    }
}

fn of(name: &str, id: &str) -> String {
    format!("/v1/{name}?id={}", encode_component(id))
}

impl Records for RemoteHost {
    fn list(&self) -> Result<Vec<Record>> {
        self.get("/v1/records").map_err(|error| error.with_object(Object::service()))
    }

    fn inspect(&self, id: &str) -> Result<Inspection> {
        self.get(&of("record", id)).map_err(|error: Error| error.with_object(Object::system(id)))
    }

    fn log(&self, id: &str) -> Result<Vec<u8>> {
        let log = self.ask(OperationKind::Enumerate, "GET", &of("record/log", id));
        log.map_err(|error| error.with_object(Object::system(id)))
    }

    fn remove(&self, id: &str) -> Result<()> {
        let removed = self.ask(OperationKind::OpenSystem, "POST", &of("record/remove", id));
        removed.map(drop).map_err(|error| error.with_object(Object::system(id)))
    }

    fn collect(&self, dry_run: bool) -> Result<Collected> {
        // It may have as much to clear away as many creates have made.
        let path = format!("/v1/collect?dry_run={dry_run}");
        let collected = self.ask(OperationKind::Create, "POST", &path);
        read(&collected.map_err(|error| error.with_object(Object::service()))?)
    }

    fn features(&self) -> Result<Vec<Feature>> {
        self.get("/v1/features").map_err(|error| error.with_object(Object::service()))
    }
}
