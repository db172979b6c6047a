//! Windows containers on the base that all tests share; programs are `cmd` and the tests' `probe.exe`.

use std::sync::Arc;

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::ComputeService;
use serde_json::{Value, json};

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
        let layers = json!([{"ID": "11111111-2222-3333-4444-555555555555", "Path": self.base}]);
        let mapped = json!([{"HostPath": self.probe, "ContainerPath": r"C:\probe", "ReadOnly": true}]);
        match schema {
            Schema::One => json!({
                "SystemType": "Container", "Name": id, "Owner": "conformance",
                "Layers": layers, "MappedDirectories": mapped,
            }),
            Schema::Two => json!({
                "Owner": "conformance", "SchemaVersion": {"Major": 2, "Minor": 1},
                "Container": {"Storage": {"Layers": layers}, "MappedDirectories": mapped},
            }),
        }
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        let probe = |what: &str| format!(r"C:\probe\probe.exe {what}");
        let line = match program {
            Program::Exit(code) => probe(&format!("exit {code}")),
            Program::Print { out, err } => match (*out, *err) {
                ("", "") => "cmd /c rem".into(),
                (out, "") => format!("cmd /c echo {out}"),
                ("", err) => format!("cmd /c echo {err}>&2"),
                (out, err) => format!("cmd /c echo {out}& echo {err}>&2"),
            },
            Program::Copy => probe("cat"),
            Program::Hang => probe("sleep"),
            Program::EndWhenAsked => probe("handle"),
            Program::PrintEnvironment(name) => format!("cmd /c set {name}"),
            Program::PrintFolder => "cmd /c cd".into(),
            Program::PrintHostName => "cmd /c echo %COMPUTERNAME%".into(),
            Program::PrintConsoleSize => probe("console"),
            Program::PrintFile(path) => format!("cmd /c type {path}"),
            Program::WriteFile { path, text } => format!("cmd /c echo {text}> {path}"),
            Program::Missing => "nothing.exe".into(),
            other => panic!("what is {other:?} here?"),
        };
        json!({"CommandLine": line})
    }

    fn guest_folder(&self) -> String {
        r"C:\windows".into()
    }

    fn mapped_folder(&self) -> (String, String) {
        (new_folder(&self.engine), r"C:\mapped".into())
    }

    fn refusals(&self) -> &[Refusal] {
        refusals::WINDOWS
    }
}
