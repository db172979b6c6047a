//! What all handles of one fake host share: its rules, and the systems that there are.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{Error, EventType, Hresult, Hub, Notification, Operation, OperationKind, Result};

use crate::clock::Clock;
use crate::dispatch::Dispatcher;
use crate::faults::{Delivery, Effect, Faults};
use crate::files::host_path;
use crate::handle::{Handle, Pending};
use crate::machine::Machine;
use crate::network::{self, Networks};
use crate::program::Programs;
use crate::refuse::Reader;
use crate::violation::{Violation, Violations};

/// What a host was built with.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) violations: Violations,
    pub(crate) faults: Faults,
    pub(crate) clock: Clock,
    pub(crate) programs: Programs,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) users: BTreeSet<String>,
    /// Folders that neither the host nor a container has, in one spelling.
    pub(crate) missing_folders: Mutex<BTreeSet<String>>,
    /// Files of the host, by their paths; containers see them in mapped folders.
    pub(crate) files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Rules {
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader(&self.violations)
    }

    /// Refuses a folder of the host that was said not to be there.
    pub(crate) fn must_be_there(&self, folder: &str) -> Result<()> {
        if !self.is_missing(folder) {
            return Ok(());
        }
        let source =
            std::io::Error::new(std::io::ErrorKind::NotFound, "the fake was told that it is not there");
        let error = Error::os("map", folder.to_owned(), source);
        Err(error.with_hresult(Hresult::ERROR_PATH_NOT_FOUND))
    }

    /// Whether this folder, or one that it lies in, was said not to be there.
    pub(crate) fn is_missing(&self, path: &str) -> bool {
        let path = host_path(path);
        let missing = self.missing_folders.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().any(|folder| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    pub(crate) fn remove_folder(&self, path: &str) {
        self.missing_folders.lock().unwrap_or_else(PoisonError::into_inner).insert(host_path(path));
    }
}

/// A host.
pub(crate) struct World {
    pub(crate) rules: Arc<Rules>,
    pub(crate) handle: Handle,
    pub(crate) networks: Networks,
    systems: Mutex<BTreeMap<String, Arc<Machine>>>,
    /// Operations that stay pending for ever.
    kept: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Rules {
    /// Delivers a notification of an exit to a hub's subscribers, as faults and violations have it.
    pub(crate) fn notify(&self, hub: Hub, notification: Notification, delivery: Delivery) {
        let forget = self.violations.has(Violation::LateSubscriberHearsNothing);
        let twice = delivery == Delivery::Twice || self.violations.has(Violation::ExitIsNotifiedTwice);
        let job = move || {
            if forget {
                hub.notify(&notification);
            } else {
                hub.notify_latched(&notification);
            }
            if twice {
                hub.notify(&notification);
            }
        };
        if delivery == Delivery::Early {
            // What it tells of must not happen before everybody was told.
            self.dispatcher.run_and_wait(job);
        } else {
            self.dispatcher.run(job);
        }
    }
}

impl World {
    pub(crate) fn new(rules: Rules) -> Arc<Self> {
        let handle = Handle::new(hcs_contract::Object::service());
        Arc::new(Self {
            rules: Arc::new(rules),
            handle,
            networks: Networks::default(),
            systems: Mutex::default(),
            kept: Mutex::default(),
        })
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Machine>> {
        self.systems().get(id).cloned()
    }

    /// Adds a system; false when its id is taken.
    pub(crate) fn insert(&self, machine: &Arc<Machine>, replace: bool) -> bool {
        let mut systems = self.systems();
        if systems.contains_key(&machine.id) && !replace {
            return false;
        }
        systems.insert(machine.id.clone(), Arc::clone(machine));
        true
    }

    pub(crate) fn remove(&self, machine: &Machine) {
        let mut systems = self.systems();
        if systems.get(&machine.id).is_some_and(|known| std::ptr::eq(&raw const **known, machine)) {
            systems.remove(&machine.id);
        }
    }

    /// Every system in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Machine>> {
        self.systems().values().cloned().collect()
    }

    /// The service goes away and comes back: every handle is dead, every subscriber is told, the systems live on.
    pub(crate) fn disconnect(&self) {
        for machine in self.all() {
            let hubs = machine.lose_handles();
            for hub in hubs {
                let gone = Notification::new(EventType::SERVICE_DISCONNECT);
                self.rules.dispatcher.run(move || hub.notify(&gone));
            }
        }
        let hub = self.networks.lose_handles();
        self.rules.dispatcher.run(move || hub.notify(&network::disconnected()));
    }

    /// Does a call that has an operation, as the faults have it.
    pub(crate) fn perform<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        kind: OperationKind,
        handle: &Handle,
        system: &str,
        work: impl FnOnce(Pending<T>) + Send + 'static,
    ) -> Operation<T> {
        let (operation, pending) = match handle.begin(kind) {
            Ok(begun) => begun,
            Err(ended) => return ended,
        };
        match self.rules.faults.at_call(kind, system) {
            None | Some(Effect::Event(_)) => work(pending),
            Some(Effect::Fail(code)) => pending.complete(Err(Error::from_hresult(code))),
            Some(Effect::Hold(hold)) => hold.park(Box::new(move || work(pending))),
            Some(Effect::Delay(by)) => self.rules.clock.after(by, Box::new(move || work(pending))),
            Some(Effect::Never) => self.keep(pending),
            Some(Effect::NeverAnswered) => {
                self.keep(pending);
                // Nobody has the operation of this one.
                if let Ok((_, unheard)) = handle.begin(kind) {
                    work(unheard);
                }
            }
            Some(Effect::Disconnect) => {
                self.disconnect();
                pending.complete(Err(Error::disconnected()));
            }
        }
        operation
    }

    /// The same for a call whose result is there when it returns.
    pub(crate) fn answer<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        kind: OperationKind,
        handle: &Handle,
        system: &str,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Operation<T> {
        self.perform(kind, handle, system, move |pending| pending.complete(work()))
    }

    /// Does a call that has no operation, as the faults have it.
    pub(crate) fn call<T>(
        &self,
        kind: OperationKind,
        system: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let no_answer = || Err(Error::from_hresult(Hresult::HCS_E_OPERATION_TIMEOUT));
        match self.rules.faults.at_call(kind, system) {
            None | Some(Effect::Event(_)) => work(),
            Some(Effect::Fail(code)) => Err(Error::from_hresult(code)),
            Some(Effect::Hold(hold)) => {
                hold.block();
                work()
            }
            Some(Effect::Delay(by)) => {
                let hold = crate::Hold::new();
                let later = hold.clone();
                self.rules.clock.after(by, Box::new(move || later.release()));
                hold.block();
                work()
            }
            Some(Effect::Never) => no_answer(),
            Some(Effect::NeverAnswered) => work().and_then(|_| no_answer()),
            Some(Effect::Disconnect) => {
                self.disconnect();
                Err(Error::disconnected())
            }
        }
    }

    /// Keeps an operation pending: dropped, it would complete.
    pub(crate) fn keep<T: Clone + Send + 'static>(&self, pending: Pending<T>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(pending));
    }

    fn systems(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Machine>>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // So that no thread of a program outlives its host.
        let systems = std::mem::take(&mut *self.systems());
        for machine in systems.into_values() {
            machine.end_all();
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.systems().keys().cloned().collect();
        f.debug_struct("World").field("systems", &ids).field("rules", &self.rules).finish_non_exhaustive()
    }
}
