//! Linux containers on a root folder with busybox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hcs_conformance::{Fixture, GuestOs, Program, Refusal, Schema};
use hcs_contract::ComputeService;
use serde_json::{Value, json};

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
        let root = self.0.root.to_str().unwrap();
        match schema {
            Schema::One => json!({
                "SystemType": "Container", "Name": id, "Owner": "conformance",
                "ContainerType": "Linux", "VolumePath": root,
            }),
            Schema::Two => json!({
                "Owner": "conformance", "SchemaVersion": {"Major": 2, "Minor": 1},
                "Container": {"Storage": {"Path": root}},
            }),
        }
    }

    fn process(&self, _schema: Schema, program: &Program) -> Value {
        let shell = |script: String| json!({"CommandArgs": ["/bin/sh", "-c", script]});
        match program {
            Program::Exit(code) => shell(format!("exit {code}")),
            Program::Print { out, err } => {
                let line = |text: &str, to: &str| {
                    if text.is_empty() { String::new() } else { format!("echo '{text}'{to};") }
                };
                shell(format!("{}{}", line(out, ""), line(err, " >&2")))
            }
            Program::Copy => json!({"CommandArgs": ["/bin/cat"]}),
            Program::Hang => shell("echo ready; exec sleep 100000".into()),
            // Waits without a child, which might be started just after all were asked. Cases keep its input open.
            Program::EndWhenAsked => shell("trap 'exit 0' TERM INT; echo ready; read line; exit 9".into()),
            Program::PrintEnvironment(name) => {
                shell(format!("[ -n \"${{{name}+there}}\" ] && echo \"{name}=${name}\""))
            }
            Program::PrintFolder => json!({"CommandArgs": ["/bin/pwd"]}),
            Program::PrintHostName => json!({"CommandArgs": ["/bin/hostname"]}),
            Program::PrintConsoleSize => {
                shell("echo ready; while read line; do set -- $(stty size); echo size $2x$1; done".into())
            }
            Program::PrintFile(path) => json!({"CommandArgs": ["/bin/cat", path]}),
            Program::WriteFile { path, text } => shell(format!("echo '{text}' > '{path}'")),
            Program::Missing => json!({"CommandArgs": ["/bin/nothing"]}),
            other => panic!("what is {other:?} here?"),
        }
    }

    fn guest_folder(&self) -> String {
        "/tmp".into()
    }

    fn mapped_folder(&self) -> (String, String) {
        (new_folder(&self.0), "/mapped".into())
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
