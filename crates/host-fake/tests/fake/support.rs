//! What the tests share: documents, and waits that only look.

use std::io::Read;
use std::sync::{Arc, Mutex};

use hcs_contract::{
    Callback, ComputeProcess, ComputeService, ComputeSystem, CreatedProcess, Deadline, Notification,
    Operation, ProcessStreams,
};
use hcs_host_fake::FakeHost;
use hcs_schema::Document;
use hcs_schema::compute::ProcessStatus;
use serde_json::{Value, json};

/// Long: programs run on threads of their own. Only a failure takes it.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

pub(crate) const LINUX: &str = r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/root"}"#;
pub(crate) const WINDOWS: &str = r#"{"Owner":"me","SchemaVersion":{"Major":2,"Minor":1},"Container":{}}"#;

pub(crate) fn done<T: Clone + Send>(operation: &Operation<T>) -> T {
    operation.wait(PATIENCE).unwrap()
}

/// The code of an operation that has failed already.
pub(crate) fn code<T: Clone + Send>(operation: &Operation<T>) -> u32 {
    operation.wait(Deadline::now()).err().unwrap().hresult().0
}

pub(crate) fn created(host: &FakeHost, id: &str, document: &str) -> Arc<dyn ComputeSystem> {
    let (system, operation) = host.create_system(id, document).unwrap();
    done(&operation);
    system
}

pub(crate) fn started(host: &FakeHost, id: &str, document: &str) -> Arc<dyn ComputeSystem> {
    let system = created(host, id, document);
    done(&system.start(""));
    system
}

pub(crate) fn state(system: &Arc<dyn ComputeSystem>) -> String {
    let properties: Value = serde_json::from_str(&done(&system.properties(""))).unwrap();
    properties["State"].as_str().unwrap().to_owned()
}

pub(crate) fn spawn(system: &Arc<dyn ComputeSystem>, parameters: &Value) -> Arc<CreatedProcess> {
    done(&system.create_process(&parameters.to_string(), ProcessStreams::default()))
}

/// A command line with all pipes.
pub(crate) fn line(line: &str) -> Value {
    json!({
        "CommandLine": line, "CreateStdInPipe": true, "CreateStdOutPipe": true, "CreateStdErrPipe": true,
    })
}

pub(crate) fn exit_code(process: &dyn ComputeProcess) -> u32 {
    let status = ProcessStatus::from_json(&done(&process.wait_exit())).unwrap();
    assert!(status.exited);
    status.exit_code
}

/// What a line writes to its output and error output, and its code.
pub(crate) fn run(system: &Arc<dyn ComputeSystem>, text: &str) -> (String, String, u32) {
    let created = spawn(system, &line(text));
    let (mut out, mut errors) = (String::new(), String::new());
    created.information.take_stdout().unwrap().read_to_string(&mut out).unwrap();
    created.information.take_stderr().unwrap().read_to_string(&mut errors).unwrap();
    (out, errors, exit_code(&*created.process))
}

/// A process that has said that it is ready.
pub(crate) fn ready(system: &Arc<dyn ComputeSystem>, word: &str) -> Arc<CreatedProcess> {
    let created = spawn(system, &line(word));
    let mut stdout = created.information.take_stdout().unwrap();
    let mut text = [0; 5];
    stdout.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"ready");
    created
}

pub(crate) fn recorder() -> (Callback, Arc<Mutex<Vec<Notification>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    (Arc::new(move |event: &Notification| record.lock().unwrap().push(event.clone())), seen)
}
