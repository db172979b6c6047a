//! A service in memory that writes down what it is asked and answers as it is told.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "shared by tests, of which each uses a part"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use hcsshim::contract::{
    Callback, Completer, ComputeProcess, ComputeService, ComputeSystem, CreatedProcess, Operation,
    ProcessInformation,
};
use hcsshim::{
    Deadlines, Error, Host, Object, OperationKind, Options, ProcessStreams, Result, Stream, StreamSource,
    Subscription,
};

/// What the service and all its handles share.
#[derive(Debug, Default)]
pub struct Script {
    calls: Mutex<Vec<String>>,
    answers: Mutex<BTreeMap<&'static str, VecDeque<Option<Result<String>>>>>,
    streams: Mutex<VecDeque<Stream>>,
    never: Mutex<Vec<Completer>>,
    watcher: Mutex<Option<Sender<String>>>,
}

impl Script {
    /// The next call of this name gets this answer instead of an empty success.
    pub fn answer(&self, call: &'static str, result: Result<&str>) -> &Self {
        let mut answers = self.answers.lock().unwrap();
        answers.entry(call).or_default().push_back(Some(result.map(str::to_owned)));
        self
    }

    /// The next call of this name gets no answer at all.
    pub fn silence(&self, call: &'static str) -> &Self {
        self.answers.lock().unwrap().entry(call).or_default().push_back(None);
        self
    }

    /// The next process has this stream as its next pipe.
    pub fn pipe(&self, stream: Stream) -> &Self {
        self.streams.lock().unwrap().push_back(stream);
        self
    }

    /// The oldest call without an answer gets an empty success.
    pub fn release(&self) {
        self.never.lock().unwrap().remove(0).complete(Ok(String::new()));
    }

    /// From now on each call that can be answered comes this way too, when it is made, and `dropped` for each handle
    /// of a container that goes.
    pub fn watch(&self) -> Receiver<String> {
        let (sender, receiver) = mpsc::channel();
        *self.watcher.lock().unwrap() = Some(sender);
        receiver
    }

    /// All calls since the last time, as `name document`.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn note(&self, call: &str, document: &str) {
        self.calls.lock().unwrap().push(format!("{call} {document}").trim_end().to_owned());
    }

    fn run(&self, call: &str, document: &str, kind: OperationKind, object: Object) -> Operation {
        self.note(call, document);
        let answer = self.answers.lock().unwrap().get_mut(call).and_then(VecDeque::pop_front);
        let operation = match answer {
            Some(Some(result)) => Operation::done(kind, object, result),
            Some(None) => {
                let (operation, completer) = Operation::new(kind, object);
                self.never.lock().unwrap().push(completer);
                operation
            }
            None => Operation::done(kind, object, Ok(String::new())),
        };
        if let Some(watcher) = &*self.watcher.lock().unwrap() {
            watcher.send(call.to_owned()).unwrap();
        }
        operation
    }
}

#[derive(Debug, Clone)]
pub struct Fake(pub Arc<Script>);

#[derive(Debug)]
struct System(Arc<Script>, String);

#[derive(Debug)]
struct Process(Arc<Script>, String, u32);

/// A host over a new script, with short deadlines.
pub fn host() -> (Host, Arc<Script>) {
    host_with(Options::default())
}

/// The same with other options; its deadlines are 50 ms unless they were set.
pub fn host_with(mut options: Options) -> (Host, Arc<Script>) {
    let script = Arc::new(Script::default());
    if options.deadlines == Deadlines::default() {
        let short = std::time::Duration::from_millis(50);
        options.deadlines.create = short;
        options.deadlines.start = short;
        options.deadlines.terminate = short;
    }
    (Host::from_service(Arc::new(Fake(Arc::clone(&script))), options), script)
}

impl ComputeService for Fake {
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        let operation = self.0.run("create", document, OperationKind::Create, Object::system(id));
        Ok((Arc::new(System(Arc::clone(&self.0), id.into())), operation))
    }

    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
        let kind = OperationKind::OpenSystem;
        self.0.run("open", id, kind, Object::system(id)).wait(hcsshim::Deadline::now())?;
        Ok(Arc::new(System(Arc::clone(&self.0), id.into())))
    }

    fn enumerate_systems(&self, query: &str) -> Operation {
        self.0.run("enumerate", query, OperationKind::Enumerate, Object::service())
    }

    fn service_properties(&self, query: &str) -> Operation {
        self.0.run("service", query, OperationKind::GetServiceProperties, Object::service())
    }
}

impl System {
    fn run(&self, call: &str, document: &str, kind: OperationKind) -> Operation {
        self.0.run(call, document, kind, Object::system(&*self.1))
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Some(watcher) = &*self.0.watcher.lock().unwrap() {
            // The test may be over.
            let _ = watcher.send("dropped".into());
        }
    }
}

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.1
    }
    fn start(&self, options: &str) -> Operation {
        self.run("start", options, OperationKind::Start)
    }
    fn shutdown(&self, options: &str) -> Operation {
        self.run("shutdown", options, OperationKind::Shutdown)
    }
    fn terminate(&self, options: &str) -> Operation {
        self.run("terminate", options, OperationKind::Terminate)
    }
    fn pause(&self, options: &str) -> Operation {
        self.run("pause", options, OperationKind::Pause)
    }
    fn resume(&self, options: &str) -> Operation {
        self.run("resume", options, OperationKind::Resume)
    }
    fn properties(&self, query: &str) -> Operation {
        self.run("properties", query, OperationKind::GetProperties)
    }
    fn modify(&self, request: &str) -> Operation {
        self.run("modify", request, OperationKind::Modify)
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let given = |source: &StreamSource| matches!(source, StreamSource::Given(_));
        let given = [given(&streams.stdin), given(&streams.stdout), given(&streams.stderr)];
        let document = match given {
            [false, false, false] => parameters.to_owned(),
            given => format!("{parameters} given {given:?}"),
        };
        let object = Object::system(&*self.1);
        let made = self.0.run("create process", &document, OperationKind::CreateProcess, object.clone());
        let result = made.wait(hcsshim::Deadline::now()).map(|_| {
            let mut pipes = self.0.streams.lock().unwrap();
            let wants: serde_json::Value = serde_json::from_str(parameters).unwrap();
            let mut pipe = |name: &str| (wants[name] == true).then(|| pipes.pop_front()).flatten();
            let (stdin, stdout) = (pipe("CreateStdInPipe"), pipe("CreateStdOutPipe"));
            let stderr = pipe("CreateStdErrPipe");
            Arc::new(CreatedProcess {
                process: Arc::new(Process(Arc::clone(&self.0), self.1.clone(), 4)),
                information: ProcessInformation::new(4, stdin, stdout, stderr),
            })
        });
        Operation::done(OperationKind::CreateProcess, object, result)
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        self.0.note("open process", &pid.to_string());
        Ok(Arc::new(Process(Arc::clone(&self.0), self.1.clone(), pid)))
    }
    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        self.0.note("subscribe", "");
        callback(&hcsshim::Notification::new(hcsshim::EventType::SYSTEM_EXITED));
        let script = Arc::clone(&self.0);
        Ok(Subscription::new(move || script.note("unsubscribe", "")))
    }
    fn wait_exit(&self) -> Operation {
        self.run("wait", "", OperationKind::WaitSystemExit)
    }
    fn close(&self) {
        self.0.note("close", "");
    }
}

impl Process {
    fn run(&self, call: &str, document: &str, kind: OperationKind) -> Operation {
        self.0.run(call, document, kind, Object::process(&self.1, self.2))
    }
}

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.2
    }
    fn terminate(&self, options: &str) -> Operation {
        self.run("kill", options, OperationKind::TerminateProcess)
    }
    fn signal(&self, options: &str) -> Operation {
        self.run("signal", options, OperationKind::SignalProcess)
    }
    fn modify(&self, settings: &str) -> Operation {
        self.run("modify process", settings, OperationKind::ModifyProcess)
    }
    fn properties(&self) -> Operation {
        self.run("process properties", "", OperationKind::GetProcessProperties)
    }
    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        self.0.note("info", "");
        let mut pipes = self.0.streams.lock().unwrap();
        let information = ProcessInformation::new(self.2, pipes.pop_front(), pipes.pop_front(), None);
        let object = Object::process(&self.1, self.2);
        Operation::done(OperationKind::GetProcessInfo, object, Ok(Arc::new(information)))
    }
    fn wait_exit(&self) -> Operation {
        self.run("wait process", "", OperationKind::WaitProcessExit)
    }
    fn subscribe(&self, _callback: Callback) -> Result<Subscription> {
        Err(Error::disconnected())
    }
    fn close(&self) {
        self.0.note("close process", "");
    }
}
