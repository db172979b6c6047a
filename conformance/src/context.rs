//! What a case works with: systems and processes of the fixture, and waits that end.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hcs_contract::{
    ComputeProcess, ComputeService, ComputeSystem, CreatedProcess, Error, Hresult, Operation, ProcessStreams,
    Result as HostResult,
};
use hcs_schema::Document;
use hcs_schema::compute::{ProcessStatus, SystemExitStatus};
use serde_json::{Value, json};

use crate::check::{coded, differs, holds};
use crate::{Failure, Fixture, GuestOs, Program, Schema, io};

/// What a case works with.
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    fixture: Arc<dyn Fixture>,
    service: Arc<dyn ComputeService>,
    /// What the runner reports when the case hangs.
    step: Mutex<String>,
    /// What the runner clears away.
    ids: Mutex<Vec<String>>,
}

/// Which standard streams of a process are pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pipes {
    /// `CreateStdInPipe`.
    pub stdin: bool,
    /// `CreateStdOutPipe`.
    pub stdout: bool,
    /// `CreateStdErrPipe`.
    pub stderr: bool,
}

impl Pipes {
    /// None.
    pub const NONE: Self = Self { stdin: false, stdout: false, stderr: false };
    /// What the process writes.
    pub const OUTPUT: Self = Self { stdin: false, stdout: true, stderr: true };
    /// All three.
    pub const ALL: Self = Self { stdin: true, stdout: true, stderr: true };
}

impl Context {
    pub(crate) fn new(fixture: &Arc<dyn Fixture>) -> Self {
        let inner = Inner {
            fixture: Arc::clone(fixture),
            service: fixture.service(),
            step: Mutex::new("its first step".into()),
            ids: Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    /// The host's fixture.
    pub fn fixture(&self) -> &dyn Fixture {
        &*self.0.fixture
    }

    /// The host.
    pub fn service(&self) -> &dyn ComputeService {
        &*self.0.service
    }

    /// What runs in the containers.
    pub fn guest(&self) -> GuestOs {
        self.fixture().guest()
    }

    /// How long one step may take.
    pub fn patience(&self) -> Duration {
        self.fixture().patience()
    }

    /// Says what comes next, for the report of a case that hangs.
    pub(crate) fn step(&self, what: impl Into<String>) {
        *lock(&self.0.step) = what.into();
    }

    pub(crate) fn last_step(&self) -> String {
        lock(&self.0.step).clone()
    }

    /// An id of its own; a system that gets it is cleared away after the case.
    pub(crate) fn fresh_id(&self) -> String {
        let id = self.fixture().fresh_id();
        self.clear_later(&id);
        id
    }

    /// A system that gets this id is cleared away after the case.
    pub(crate) fn clear_later(&self, id: &str) {
        lock(&self.0.ids).push(id.to_owned());
    }

    /// The result of an operation that must succeed.
    pub(crate) fn done<T: Clone + Send>(&self, operation: &Operation<T>) -> Result<T, Failure> {
        let step = name(operation);
        self.step(&step);
        operation.wait(self.patience()).map_err(|error| Failure::Call { step, error })
    }

    /// The error of an operation that must fail with this code.
    pub(crate) fn fails<T: Clone + Send + Debug>(
        &self,
        operation: &Operation<T>,
        code: Hresult,
    ) -> Result<Error, Failure> {
        let step = name(operation);
        self.step(&step);
        expect_error(&step, operation.wait(self.patience()), code)
    }

    /// The result of an operation that a host may refuse as a whole.
    pub(crate) fn may_refuse<T: Clone + Send>(&self, operation: &Operation<T>) -> Result<T, Failure> {
        let step = name(operation);
        self.step(&step);
        operation.wait(self.patience()).map_err(|error| refusal(step, error))
    }

    /// The document of a container, changed.
    pub(crate) fn document(&self, schema: Schema, id: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut document = self.fixture().container(schema, id);
        change(&mut document);
        document.to_string()
    }

    /// Creates a system as the host answers: at once, or by the operation.
    pub(crate) fn try_create(&self, id: &str, document: &str) -> HostResult<Arc<dyn ComputeSystem>> {
        self.step(format!("create {id}"));
        let (system, operation) = self.service().create_system(id, document)?;
        operation.wait(self.patience())?;
        Ok(system)
    }

    /// A system that must come to be.
    pub(crate) fn create(&self, schema: Schema) -> Result<Arc<dyn ComputeSystem>, Failure> {
        self.create_with(schema, |_| {})
    }

    /// The same from a changed document.
    pub(crate) fn create_with(
        &self,
        schema: Schema,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<dyn ComputeSystem>, Failure> {
        let id = self.fresh_id();
        let document = self.document(schema, &id, change);
        self.try_create(&id, &document).map_err(|error| Failure::Call { step: format!("create {id}"), error })
    }

    /// The same, of a document that a host may refuse for what was changed.
    pub(crate) fn create_unless_refused(
        &self,
        schema: Schema,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<dyn ComputeSystem>, Failure> {
        let id = self.fresh_id();
        let document = self.document(schema, &id, change);
        self.try_create(&id, &document).map_err(|error| refusal(format!("create {id}"), error))
    }

    /// The error of a document that must not make a system.
    pub(crate) fn create_fails(&self, document: &str, code: Hresult) -> Result<Error, Failure> {
        let id = self.fresh_id();
        let result = self.try_create(&id, document);
        expect_error(&format!("create from {document}"), result, code)
    }

    /// A system that runs.
    pub(crate) fn started(&self, schema: Schema) -> Result<Arc<dyn ComputeSystem>, Failure> {
        self.started_with(schema, |_| {})
    }

    /// The same from a changed document.
    pub(crate) fn started_with(
        &self,
        schema: Schema,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<dyn ComputeSystem>, Failure> {
        let system = self.create_with(schema, change)?;
        self.done(&system.start(""))?;
        Ok(system)
    }

    /// A system that ran and was terminated; the handle is open.
    pub(crate) fn stopped(&self, schema: Schema) -> Result<Arc<dyn ComputeSystem>, Failure> {
        let system = self.started(schema)?;
        self.end(&system)?;
        Ok(system)
    }

    /// Terminates a system and waits for its exit.
    pub(crate) fn end(&self, system: &Arc<dyn ComputeSystem>) -> Result<(), Failure> {
        self.done(&system.terminate(""))?;
        self.done(&system.wait_exit()).map(drop)
    }

    /// Another handle of a system that is there.
    pub(crate) fn open(&self, id: &str) -> Result<Arc<dyn ComputeSystem>, Failure> {
        self.step(format!("open {id}"));
        let opened = self.service().open_system(id);
        opened.map_err(|error| Failure::Call { step: format!("open {id}"), error })
    }

    /// A handle of it as another program has it.
    pub(crate) fn open_elsewhere(&self, id: &str) -> Result<Arc<dyn ComputeSystem>, Failure> {
        self.step(format!("open {id} as another client"));
        let opened = self.fixture().other_client().open_system(id);
        opened.map_err(|error| Failure::Call { step: format!("open {id} as another client"), error })
    }

    /// Another handle of a process that is there.
    pub(crate) fn open_process(
        &self,
        system: &Arc<dyn ComputeSystem>,
        pid: u32,
    ) -> Result<Arc<dyn ComputeProcess>, Failure> {
        let step = format!("open process {pid}");
        self.step(&step);
        system.open_process(pid).map_err(|error| Failure::Call { step, error })
    }

    /// The document of a process, changed.
    pub(crate) fn parameters(
        &self,
        schema: Schema,
        program: &Program,
        pipes: Pipes,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let mut document = self.fixture().process(schema, program);
        for (member, wanted) in [
            ("CreateStdInPipe", pipes.stdin),
            ("CreateStdOutPipe", pipes.stdout),
            ("CreateStdErrPipe", pipes.stderr),
        ] {
            if wanted {
                document[member] = json!(true);
            }
        }
        change(&mut document);
        document.to_string()
    }

    /// A process of a schema 2 system.
    pub(crate) fn spawn(
        &self,
        system: &Arc<dyn ComputeSystem>,
        program: &Program,
        pipes: Pipes,
    ) -> Result<Arc<CreatedProcess>, Failure> {
        self.spawn_text(system, &self.parameters(Schema::Two, program, pipes, |_| {}))
    }

    /// A process from its document.
    pub(crate) fn spawn_text(
        &self,
        system: &Arc<dyn ComputeSystem>,
        parameters: &str,
    ) -> Result<Arc<CreatedProcess>, Failure> {
        self.done(&system.create_process(parameters, ProcessStreams::default()))
    }

    /// A process that has said `ready`, and the rest of what it says.
    pub(crate) fn spawn_ready(
        &self,
        system: &Arc<dyn ComputeSystem>,
        program: &Program,
    ) -> Result<(Arc<CreatedProcess>, io::Output), Failure> {
        let created = self.spawn(system, program, Pipes::ALL)?;
        let mut output = io::Output::of(self, created.information.take_stdout(), "output")?;
        let line = output.line()?;
        if line == "ready" { Ok((created, output)) } else { Err(differs("first line", &line, &"ready")) }
    }

    /// What a program prints on its standard output, and its exit code.
    pub(crate) fn run(
        &self,
        system: &Arc<dyn ComputeSystem>,
        program: &Program,
    ) -> Result<(String, u32), Failure> {
        self.run_text(system, &self.parameters(Schema::Two, program, Pipes::OUTPUT, |_| {}))
    }

    /// The same from its document.
    pub(crate) fn run_text(
        &self,
        system: &Arc<dyn ComputeSystem>,
        parameters: &str,
    ) -> Result<(String, u32), Failure> {
        let created = self.spawn_text(system, parameters)?;
        let text = io::Output::of(self, created.information.take_stdout(), "output")?.rest()?;
        Ok((text.replace("\r\n", "\n"), self.exit_code(&*created.process)?))
    }

    /// Waits for the exit of a process; the status must say so.
    pub(crate) fn exit_code(&self, process: &dyn ComputeProcess) -> Result<u32, Failure> {
        let status = process_status(&self.done(&process.wait_exit())?)?;
        holds(status.exited, "the status after the exit does not say Exited")?;
        Ok(status.exit_code)
    }

    /// A member of a system's basic properties, as text.
    pub(crate) fn property(&self, system: &Arc<dyn ComputeSystem>, name: &str) -> Result<String, Failure> {
        let properties = parse(&self.done(&system.properties(""))?)?;
        Ok(properties[name].as_str().unwrap_or_default().to_owned())
    }

    /// Its state.
    pub(crate) fn state(&self, system: &Arc<dyn ComputeSystem>) -> Result<String, Failure> {
        self.property(system, "State")
    }

    /// Ends what the case left. What can't be ended, or is not forgotten then, is the host's failure.
    pub(crate) fn clear(&self) -> Result<(), Failure> {
        let ids = std::mem::take(&mut *lock(&self.0.ids));
        for id in ids {
            let open = || match self.service().open_system(&id) {
                Ok(system) => Ok(Some(system)),
                Err(error) if error.is_not_exist() => Ok(None),
                Err(error) => Err(Failure::Call { step: format!("open {id} to clear it away"), error }),
            };
            if let Some(system) = open()? {
                // It may have stopped, or stop by itself meanwhile.
                let _ = system.terminate("").wait(self.patience());
                self.done(&system.wait_exit())?;
            }
            holds(open()?.is_none(), format!("{id} has stopped and has no handle, and is still there"))?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name<T: Clone + Send>(operation: &Operation<T>) -> String {
    format!("\"{} {}\"", operation.kind(), operation.object())
}

fn refusal(step: String, error: Error) -> Failure {
    if error.hresult() == Hresult::ERROR_NOT_SUPPORTED {
        Failure::Refused { step, error }
    } else {
        Failure::Call { step, error }
    }
}

/// The error that a result must be, with this code.
pub(crate) fn expect_error<T: Debug>(
    step: &str,
    result: HostResult<T>,
    code: Hresult,
) -> Result<Error, Failure> {
    match result {
        Ok(result) => Err(Failure::NoError {
            step: step.to_owned(),
            result: format!("{result:?}"),
            expected: code.to_string(),
        }),
        Err(error) => coded(step, &error, code).map(|()| error),
    }
}

/// JSON that the host gave.
pub(crate) fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Broken(format!("{text} is not JSON: {error}")))
}

/// A `ProcessStatus` that the host gave.
pub(crate) fn process_status(text: &str) -> Result<ProcessStatus, Failure> {
    ProcessStatus::from_json(text).map_err(|error| Failure::Broken(format!("{text}: {error}")))
}

/// The exit type of a `{Status, ExitType}` that the host gave.
pub(crate) fn exit_type(text: &str) -> Result<String, Failure> {
    let status = SystemExitStatus::from_json(text);
    let status = status.map_err(|error| Failure::Broken(format!("{text}: {error}")))?;
    Ok(status.exit_type.as_str().to_owned())
}
