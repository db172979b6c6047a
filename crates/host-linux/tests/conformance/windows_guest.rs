//! Windows containers on the base that all tests share; programs are `cmd` and the tests' `probe.exe`.

use std::sync::Arc;

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::ComputeService;
use serde_json::Value;

use super::documents::windows as guest;
use super::linux::new_folder;
use super::support::Engine;
use super::{refusals, windows};

/// An engine and what its documents say.
pub(crate) struct Windows {
    engine: Engine,
    base: String,
    probe: String,
}

impl Windows {
    pub(crate) fn new() -> Self {
        let base = windows::base().path().to_str().unwrap().to_owned();
        Self { engine: Engine::new(), base, probe: windows::probe().to_str().unwrap().to_owned() }
    }
}

impl std::fmt::Debug for Windows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Windows containers")
    }
}

impl Fixture for Windows {
    fn name(&self) -> &'static str {
        "engine on Linux, Windows containers"
    }

    fn service(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.engine.host.clone())
    }

    fn other_client(&self) -> Arc<dyn ComputeService> {
        Arc::new(self.engine.other())
    }

    fn guest(&self) -> GuestOs {
        GuestOs::Windows
    }

    fn container(&self, schema: Schema, id: &str) -> Value {
        guest::container(&self.base, &self.probe, schema, id)
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        guest::process(program)
    }

    fn guest_folder(&self) -> String {
        guest::FOLDER.into()
    }

    fn mapped_folder(&self) -> (String, String) {
        (new_folder(&self.engine), guest::MAPPED.into())
    }

    fn refusals(&self) -> &[Refusal] {
        refusals::WINDOWS
    }
}
