//! How documents look for the engine on Linux, by whatever way they reach it.

/// Linux containers on a root folder with busybox.
pub(crate) mod linux {
    use hcs_conformance::{Program, Schema};
    use serde_json::{Value, json};

    /// A folder of the guest that programs do not start in by default.
    pub(crate) const FOLDER: &str = "/tmp";

    /// Where a mapped folder is.
    pub(crate) const MAPPED: &str = "/mapped";

    pub(crate) fn container(root: &str, schema: Schema, id: &str) -> Value {
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

    pub(crate) fn process(program: &Program) -> Value {
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
            // busybox's `read` misses a signal that comes just before it waits: it looks again every second.
            Program::EndWhenAsked => {
                shell("trap 'exit 0' TERM INT; echo ready; until read -t 1 line; do :; done; exit 9".into())
            }
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
}

/// Windows containers; programs are `cmd` and the tests' `probe.exe`.
pub(crate) mod windows {
    use hcs_conformance::{Program, Schema};
    use serde_json::{Value, json};

    /// A folder of the guest that programs do not start in by default.
    pub(crate) const FOLDER: &str = r"C:\windows";

    /// Where a mapped folder is.
    pub(crate) const MAPPED: &str = r"C:\mapped";

    pub(crate) fn container(base: &str, probe: &str, schema: Schema, id: &str) -> Value {
        let layers = json!([{"ID": "11111111-2222-3333-4444-555555555555", "Path": base}]);
        let mapped = json!([{"HostPath": probe, "ContainerPath": r"C:\probe", "ReadOnly": true}]);
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

    pub(crate) fn process(program: &Program) -> Value {
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
}
