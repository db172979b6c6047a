//! Linux containers on a root folder with busybox.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::{ComputeService, NetworkService};
use hcs_dataplane::Netns;
use serde_json::Value;

use super::documents::linux;
use super::refusals;
use super::support::Engine;

/// An engine and what its documents say.
pub(crate) struct Linux {
    engine: Engine,
    /// Cases of networks run at once and have the same addresses: each has a host of its own.
    hosts: Mutex<Vec<NetworkHost>>,
}

/// An engine whose host's network is a namespace of its own, which goes behind it.
struct NetworkHost(Engine, #[expect(dead_code, reason = "held open")] Netns);

impl NetworkHost {
    fn new() -> Self {
        let network = Netns::create("host").unwrap();
        let path = format!("/proc/{}/fd/{}", std::process::id(), network.as_fd().as_raw_fd());
        Self(Engine::in_network(path.into()), network)
    }
}

impl Linux {
    pub(crate) fn new() -> Self {
        Self { engine: Engine::new(), hosts: Mutex::default() }
    }
}

impl std::fmt::Debug for Linux {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Linux containers")
    }
}

impl Fixture for Linux {
    fn name(&self) -> &'static str {
        "engine on Linux, Linux containers"
    }

    fn service(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.engine.host.clone())
    }

    fn networks(&self) -> Option<Arc<dyn NetworkService>> {
        let host = NetworkHost::new();
        let service = Arc::new(host.0.host.clone());
        self.hosts.lock().unwrap().push(host);
        Some(service)
    }

    fn other_client(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.engine.other())
    }

    fn guest(&self) -> GuestOs {
        GuestOs::Linux
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        linux::container(self.engine.root.to_str().unwrap(), schema, id)
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        linux::process(program)
    }

    fn guest_folder(&self) -> String {
        linux::FOLDER.into()
    }

    fn mapped_folder(&self) -> (String, String) {
        (new_folder(&self.engine), linux::MAPPED.into())
    }

    fn refusals(&self) -> &[Refusal] {
        refusals::LINUX
    }
}

/// A folder beside the engine's, which goes with it.
pub(crate) fn new_folder(engine: &Engine) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let path = engine.path(&format!("mapped-{}", LAST.fetch_add(1, Ordering::Relaxed)));
    fs_err::create_dir(&path).unwrap();
    path.into_os_string().into_string().unwrap()
}
