//! The fake host: what a test holds, and the service that the program under test calls.

use std::sync::{Arc, PoisonError};

use hcs_contract::{ComputeService, ComputeSystem, Error, Hresult, Object, Operation, OperationKind, Result};
use hcs_schema::compute::{ComputeSystemQuery, SystemType, v1};

use crate::builder::FakeHostBuilder;
use crate::clock::Clock;
use crate::faults::{Effect, Faults};
use crate::files::host_path;
use crate::machine::{Exit, Machine};
use crate::plan;
use crate::properties;
use crate::refuse::Reader;
use crate::system::System;
use crate::violation::Violation;
use crate::world::World;

/// Longest id: what a 16-bit length counts on Windows.
const LONGEST_ID: usize = 65_535;

/// A host in memory. Clones are the same host; when the last one and all handles are gone, its programs are ended.
///
/// ```
/// use hcs_contract::{ComputeService as _, ComputeSystem as _, Deadline};
/// use hcs_host_fake::FakeHost;
///
/// let host = FakeHost::new();
/// let (system, _created) = host.create_system("web", r#"{"SystemType":"Container"}"#)?;
/// system.start("").wait(Deadline::Never)?;
/// let exit = system.wait_exit();
/// // As if its programs had crashed; and the service going away is `disconnect`.
/// assert!(host.crash("web"));
/// assert!(exit.wait(Deadline::Never)?.contains("UnexpectedExit"));
/// # Ok::<(), hcs_contract::Error>(())
/// ```
///
/// # Programs
/// Beside those that were registered ([`FakeHostBuilder::program`]) every container has these words, which its
/// command lines are made of:
///
/// | Word | Does |
/// |---|---|
/// | `exit 7` | ends with this code; `0x…` and negative numbers too |
/// | `echo TEXT` | writes the text and a line end |
/// | `error TEXT` | the same to the error output |
/// | `cat` | copies its input to its output, byte by byte |
/// | `read` | waits for one line of input |
/// | `hang` | writes `ready` and waits until it is ended |
/// | `obey` | writes `ready`, waits until a signal or control event asks it to end, and goes on |
/// | `stubborn` | writes `ready` and ignores signals and control events |
/// | `env NAME` | writes `NAME=value`; nothing without such a variable |
/// | `cd` | writes the folder that it runs in |
/// | `hostname`, `user` | writes the computer's name, the user |
/// | `args …` | writes the arguments behind it, each on a line |
/// | `size` | writes `size WIDTHxHEIGHT` of its console |
/// | `sizes` | writes `ready`; then, for each line of input, the size |
/// | `type PATH` | writes a file; ends with 1 if there is none |
/// | `write PATH TEXT` | writes a line into a file; ends with 1 where it may only read |
///
/// `&` stands between words, on Linux also `;`. `cmd /c LINE` and `sh -c LINE` run a line, and read lines of input
/// without one. A program that is none of these can't be started: `ERROR_FILE_NOT_FOUND`.
#[derive(Clone, Debug)]
pub struct FakeHost {
    pub(crate) world: Arc<World>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeHost {
    /// A host without faults, whose only programs are the fake's own words.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Says more about a host before it is there.
    pub fn builder() -> FakeHostBuilder {
        FakeHostBuilder::default()
    }

    pub(crate) fn from_world(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Its faults, which may change while it is in use.
    pub fn faults(&self) -> &Faults {
        &self.world.rules.faults
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.world.rules.clock
    }

    /// The service goes away and comes back: every handle is dead ([`hcs_contract::ErrorKind::Disconnected`]), waits
    /// on them end, subscribers are told ([`hcs_contract::EventType::SERVICE_DISCONNECT`]). The systems live on, and
    /// can be opened again by their ids.
    pub fn disconnect(&self) {
        self.world.disconnect();
    }

    /// Waits until every notification that is under way has been delivered. From within a callback it returns at
    /// once.
    pub fn settle(&self) {
        self.world.rules.dispatcher.run_and_wait(|| {});
    }

    /// The system ends although nobody asked it to, as one that has crashed. False when there is no such system.
    pub fn crash(&self, id: &str) -> bool {
        let found = self.world.find(id);
        if let Some(machine) = &found {
            machine.stop(Exit::Unexpected);
        }
        found.is_some()
    }

    /// Forgets a stopped system that its document asked to keep (`KeepAfterExit`). False when there is none.
    pub fn forget(&self, id: &str) -> bool {
        let found = self.world.find(id).filter(|machine| machine.lock().exit.is_some());
        if let Some(machine) = &found {
            self.world.remove(machine);
        }
        found.is_some()
    }

    /// The document that a system was created from, as it was sent; `None` when there is no such system.
    pub fn document(&self, id: &str) -> Option<String> {
        self.world.find(id).map(|machine| machine.document.clone())
    }

    /// The changes that a system has taken, as they were sent and in order.
    pub fn changes(&self, id: &str) -> Vec<String> {
        self.world.find(id).map(|machine| machine.lock().changes.clone()).unwrap_or_default()
    }

    /// Writes a file of the host, which containers see in the folders that are mapped into them. It is in memory.
    pub fn write_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        let mut files = self.world.rules.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(host_path(path), content.into());
    }

    /// The content of a file of the host; `None` when there is none.
    pub fn read_file(&self, path: &str) -> Option<Vec<u8>> {
        let files = self.world.rules.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&host_path(path)).cloned()
    }

    /// From now on neither the host nor a container has this folder, nor what lies below: it can't be mapped
    /// (`ERROR_PATH_NOT_FOUND`), and no program started there (`ERROR_DIRECTORY`). All others are taken to be there,
    /// but for `/nowhere` and `C:\nowhere`.
    pub fn remove_folder(&self, path: &str) {
        self.world.rules.remove_folder(path);
    }

    fn reader(&self) -> Reader<'_> {
        self.world.rules.reader()
    }

    fn make(&self, id: &str, document: &str) -> Result<Arc<Machine>> {
        let plan = plan::plan(self.reader(), document)?;
        if id.is_empty() {
            return Err(Error::invalid_argument("id", "it is empty"));
        }
        if id.len() > LONGEST_ID {
            return Err(Error::invalid_argument("id", format!("{} bytes, at most {LONGEST_ID}", id.len())));
        }
        plan.mapped.iter().try_for_each(|mapped| self.world.rules.must_be_there(&mapped.host))?;
        let machine = Machine::new(&self.world, id, document, plan);
        if self.world.insert(&machine, self.reader().breaks(Violation::CreateTwiceSucceeds)) {
            Ok(machine)
        } else {
            Err(Error::already_exists(Object::system(id)))
        }
    }

    fn list(&self, query: &str) -> Result<String> {
        let reader = self.reader();
        let breaks = |violation| reader.breaks(violation);
        let ComputeSystemQuery { ids, types, names, owners, unknown: _ } = reader.parse_options(query)?;
        let mut entries = Vec::new();
        for machine in self.world.all() {
            let entry = machine.list_entry();
            let filters = [
                (Violation::EnumerateIgnoresIds, ids.is_empty(), ids.contains(&machine.id)),
                (Violation::EnumerateIgnoresTypes, types.is_empty(), types.contains(&SystemType::CONTAINER)),
                (Violation::EnumerateIgnoresNames, names.is_empty(), names.contains(&entry.name)),
                (Violation::EnumerateIgnoresOwners, owners.is_empty(), owners.contains(&machine.plan.owner)),
            ];
            let given = || filters.iter().filter(|(ignored, empty, _)| !empty && !breaks(*ignored));
            let taken = if breaks(Violation::EnumerateTakesAnyFilter) && given().count() > 0 {
                given().any(|(_, _, taken)| *taken)
            } else {
                given().all(|(_, _, taken)| *taken)
            };
            let state = machine.lock().state;
            let hidden = match state {
                crate::machine::State::Created => breaks(Violation::EnumerateHidesCreated),
                crate::machine::State::Stopped => breaks(Violation::EnumerateHidesStopped),
                _ => false,
            };
            if taken && !hidden {
                entries.push(entry);
            }
        }
        if entries.is_empty() && breaks(Violation::EnumerateGivesNull) {
            return Ok("null".into());
        }
        Ok(list_text(&entries))
    }
}

fn list_text(entries: &[v1::ContainerProperties]) -> String {
    serde_json::to_string(entries).expect("documents have string keys and values that JSON can hold")
}

impl ComputeService for FakeHost {
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        let kind = OperationKind::Create;
        let failed =
            |error: Error| error.with_operation(kind).with_object(Object::system(id)).with_document(document);
        let effect = self.world.rules.faults.at_call(kind, id);
        match &effect {
            Some(Effect::Fail(code)) => return Err(failed(Error::from_hresult(*code))),
            Some(Effect::Disconnect) => {
                self.world.disconnect();
                return Err(failed(Error::disconnected()));
            }
            _ => {}
        }
        let machine = self.make(id, document).map_err(failed)?;
        let system = System::new(&self.world, &machine);
        let (operation, pending) = match system.handle().begin(kind) {
            Ok(begun) => begun,
            Err(ended) => return Ok((Arc::new(system), ended)),
        };
        // The handle is valid at once; what a fault holds back is the completion, before which it can't be started.
        let complete = move |pending: crate::handle::Pending| {
            machine.made();
            pending.complete(Ok(String::new()));
        };
        match effect {
            Some(Effect::Hold(hold)) => hold.park(Box::new(move || complete(pending))),
            Some(Effect::Delay(by)) => {
                self.world.rules.clock.after(by, Box::new(move || complete(pending)));
            }
            Some(Effect::Never) => self.world.keep(pending),
            Some(Effect::NeverAnswered) => {
                self.world.keep(pending);
                if let Ok((_, unheard)) = system.handle().begin(kind) {
                    complete(unheard);
                }
            }
            _ => complete(pending),
        }
        Ok((Arc::new(system), operation))
    }

    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
        let kind = OperationKind::OpenSystem;
        let opened = self.world.call(kind, id, || {
            if id.is_empty() {
                return Err(Error::invalid_argument("id", "it is empty"));
            }
            let machine = self.world.find(id).ok_or_else(|| {
                let missing = Error::not_found(Object::system(id));
                if self.reader().breaks(Violation::UnknownIdGivesWrongCode) {
                    missing.with_hresult(Hresult::ERROR_NOT_FOUND)
                } else {
                    missing
                }
            })?;
            Ok(System::new(&self.world, &machine))
        });
        let opened = opened.map_err(|error| error.with_operation(kind).with_object(Object::system(id)))?;
        Ok(Arc::new(opened))
    }

    fn enumerate_systems(&self, query: &str) -> Operation {
        let (this, query) = (self.clone(), query.to_owned());
        self.world.answer(OperationKind::Enumerate, &self.world.handle, "", move || this.list(&query))
    }

    fn service_properties(&self, query: &str) -> Operation {
        let (this, query) = (self.clone(), query.to_owned());
        self.world.answer(OperationKind::GetServiceProperties, &self.world.handle, "", move || {
            properties::of_service(this.reader(), &query)
        })
    }
}
