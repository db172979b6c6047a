//! Linux containers on a root folder with busybox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::ComputeService;
use serde_json::Value;

use super::documents::linux;
use super::refusals;
use super::support::Engine;

/// An engine and what its documents say.
pub(crate) struct Linux(Engine);

impl Linux {
    pub(crate) fn new() -> Self {
        Self(Engine::new())
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
        Arc::new(self.0.host.clone())
    }

    fn other_client(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.0.other())
    }

    fn guest(&self) -> GuestOs {
        GuestOs::Linux
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        linux::container(self.0.root.to_str().unwrap(), schema, id)
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        linux::process(program)
    }

    fn guest_folder(&self) -> String {
        linux::FOLDER.into()
    }

    fn mapped_folder(&self) -> (String, String) {
        (new_folder(&self.0), linux::MAPPED.into())
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
