//! A host of the suite by way of a server of its own.

use std::sync::Arc;
use std::time::Duration;

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::{ComputeService, NetworkService};
use hcs_host_remote::{Options, RemoteHost};
use hcsd::{Config, Listener, Server, Services};
use serde_json::Value;
use tokio::sync::oneshot;

/// A fixture whose host is reached over a Unix socket.
pub(crate) struct Remote {
    name: String,
    inner: Arc<dyn Fixture>,
    address: String,
    refusals: Vec<Refusal>,
    client: RemoteHost,
    _folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Remote {
    pub(crate) fn new(inner: Arc<dyn Fixture>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("hcsd.sock");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, stopped) = oneshot::channel();
        let services = Services { networks: inner.networks(), ..inner.service().into() };
        let server = Server::new(services, Config::default());
        let listener = runtime.block_on(async { Listener::unix(&socket) }).unwrap();
        runtime.spawn(async move {
            server.serve(vec![listener], async { drop(stopped.await) }).await;
        });
        let mut refusals = inner.refusals().to_vec();
        if !refusals.iter().any(|refusal| refusal.case == GIVEN.case) {
            refusals.push(GIVEN);
        }
        let address = format!("unix://{}", socket.display());
        Self {
            name: format!("{}, by way of hcsd", inner.name()),
            inner,
            refusals,
            client: client(&address),
            address,
            _folder: folder,
            stop: Some(stop),
            runtime: Some(runtime),
        }
    }
}

/// The one thing that no server can do.
const GIVEN: Refusal =
    Refusal { case: "streams::given_output", reason: "a descriptor can't be passed over HTTP" };

fn client(address: &str) -> RemoteHost {
    RemoteHost::open(Options::new(address.parse().unwrap())).unwrap()
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Fixture for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn service(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.client.clone())
    }

    fn other_client(&self) -> Arc<dyn ComputeService> {
        Arc::new(client(&self.address))
    }

    fn networks(&self) -> Option<Arc<dyn NetworkService>> {
        self.inner.networks().map(|_| Arc::new(self.client.clone()) as Arc<dyn NetworkService>)
    }

    fn guest(&self) -> GuestOs {
        self.inner.guest()
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        self.inner.container(schema, id)
    }

    fn process(&self, schema: Schema, program: &Program) -> Value {
        self.inner.process(schema, program)
    }

    fn guest_folder(&self) -> String {
        self.inner.guest_folder()
    }

    fn mapped_folder(&self) -> (String, String) {
        self.inner.mapped_folder()
    }

    fn patience(&self) -> Duration {
        self.inner.patience()
    }

    fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}
