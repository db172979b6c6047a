//! A handle of a system.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hcs_contract::{
    Callback, ComputeProcess, ComputeSystem, CreatedProcess, Error, ErrorKind, Hresult, Hub, ObjectKind,
    Operation, OperationKind, ProcessStreams, Result, Subscription,
};

use crate::handle::Handle;
use crate::launch;
use crate::machine::{Exit, Machine};
use crate::process::Process;
use crate::task::Task;
use crate::violation::Violation;
use crate::world::World;

/// What a handle of a system and the process handles that came from it share: the service counts them as one.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) world: Arc<World>,
    pub(crate) machine: Arc<Machine>,
    handles: Mutex<usize>,
    /// Handles of processes that came from it.
    pub(crate) processes: Mutex<Vec<std::sync::Weak<Handle>>>,
}

impl Connection {
    /// A connection with no handle yet.
    pub(crate) fn new(world: &Arc<World>, machine: &Arc<Machine>) -> Arc<Self> {
        machine.connected();
        Arc::new(Self {
            world: Arc::clone(world),
            machine: Arc::clone(machine),
            handles: Mutex::new(0),
            processes: Mutex::default(),
        })
    }

    /// A handle was made.
    pub(crate) fn opened(&self, handle: &Arc<Handle>) {
        *self.handles.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.machine.register(handle);
    }

    /// A handle was closed; with the last one the connection is. `lost`: the service had closed it before.
    pub(crate) fn closed(&self, lost: bool) {
        let last = {
            let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
            *handles = handles.saturating_sub(1);
            *handles == 0
        };
        if last && !lost {
            self.machine.disconnected();
        }
    }
}

/// See [`ComputeSystem`].
#[derive(Debug)]
pub(crate) struct System {
    connection: Arc<Connection>,
    handle: Arc<Handle>,
    closed: AtomicBool,
}

impl System {
    pub(crate) fn new(world: &Arc<World>, machine: &Arc<Machine>) -> Self {
        let connection = Connection::new(world, machine);
        let handle = Arc::new(Handle::new(machine.object()));
        connection.opened(&handle);
        Self { connection, handle, closed: AtomicBool::new(false) }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    fn machine(&self) -> &Arc<Machine> {
        &self.connection.machine
    }

    fn breaks(&self, violation: Violation) -> bool {
        self.machine().breaks(violation)
    }

    fn answer(
        &self,
        kind: OperationKind,
        work: impl FnOnce(&Arc<Machine>) -> Result<String> + Send + 'static,
    ) -> Operation {
        let machine = Arc::clone(self.machine());
        self.connection.world.answer(kind, &self.handle, &self.machine().id, move || work(&machine))
    }

    /// The same for an operation that knows no options.
    fn change(
        &self,
        kind: OperationKind,
        options: &str,
        work: impl FnOnce(&Arc<Machine>) -> Result<String> + Send + 'static,
    ) -> Operation {
        let options = options.to_owned();
        self.answer(kind, move |machine| {
            machine.rules.reader().no_options(&options)?;
            work(machine)
        })
    }
}

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.machine().id
    }

    fn start(&self, options: &str) -> Operation {
        self.change(OperationKind::Start, options, |machine| machine.start())
    }

    fn shutdown(&self, options: &str) -> Operation {
        self.change(OperationKind::Shutdown, options, Machine::shutdown)
    }

    fn terminate(&self, options: &str) -> Operation {
        let options = options.to_owned();
        let machine = Arc::clone(self.machine());
        let world = Arc::clone(&self.connection.world);
        self.connection.world.perform(
            OperationKind::Terminate,
            &self.handle,
            &self.machine().id,
            move |pending| {
                let result = machine.rules.reader().no_options(&options).and_then(|()| machine.terminate());
                if machine.breaks(Violation::TerminateNeverCompletes) {
                    world.keep(pending);
                } else {
                    pending.complete(result);
                }
            },
        )
    }

    fn pause(&self, options: &str) -> Operation {
        self.change(OperationKind::Pause, options, |machine| machine.pause())
    }

    fn resume(&self, options: &str) -> Operation {
        self.change(OperationKind::Resume, options, |machine| machine.resume())
    }

    fn save(&self, _options: &str) -> Operation {
        self.answer(OperationKind::Save, |_| {
            Err(Error::not_supported("Save", "a fake has no state that a file could hold"))
        })
    }

    fn properties(&self, query: &str) -> Operation {
        let query = query.to_owned();
        self.answer(OperationKind::GetProperties, move |machine| {
            machine.properties(&query).map_err(|error| error.with_document(&query))
        })
    }

    fn modify(&self, request: &str) -> Operation {
        let request = request.to_owned();
        self.answer(OperationKind::Modify, move |machine| {
            machine.modify(&request).map_err(|error| error.with_document(&request))
        })
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let connection = Arc::clone(&self.connection);
        let parameters = parameters.to_owned();
        let world = &self.connection.world;
        world.answer(OperationKind::CreateProcess, &self.handle, &self.machine().id, move || {
            let created = launch::create(&connection, &parameters, streams);
            created.map(Arc::new).map_err(|error| error.with_document(&parameters))
        })
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        let kind = OperationKind::OpenProcess;
        let machine = self.machine();
        let object = hcs_contract::Object::process(&machine.id, pid);
        let opened = self
            .handle
            .check_open()
            .and_then(|()| self.connection.world.call(kind, &machine.id, || self.running(pid)));
        let opened = opened.map_err(|error| error.with_operation(kind).with_object(object))?;
        Ok(Arc::new(opened))
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        let kind = OperationKind::Subscribe;
        let machine = self.machine();
        let subscribed = self.handle.check_open().and_then(|()| {
            self.connection.world.call(kind, &machine.id, || Ok(subscribe(machine, &machine.hub(), callback)))
        });
        subscribed.map_err(|error| error.with_operation(kind).with_object(machine.object()))
    }

    fn wait_exit(&self) -> Operation {
        let machine = Arc::clone(self.machine());
        let kind = OperationKind::WaitSystemExit;
        self.connection.world.perform(kind, &self.handle, &self.machine().id, move |pending| {
            let again = std::mem::replace(&mut machine.lock().waited, true);
            let late = machine.exit.result().is_some();
            let forget = (again && machine.breaks(Violation::WaitIsOneShot))
                || (late && machine.breaks(Violation::LateWaitHangs));
            if forget {
                machine.exit.forget(pending);
            } else {
                machine.exit.wait(pending);
            }
        })
    }

    fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            if self.breaks(Violation::SecondCloseClosesAnother) {
                self.machine().disconnected();
            }
            return;
        }
        let lost = self.handle.check_open().is_err();
        if self.breaks(Violation::WaitSurvivesClose) {
            self.handle.close_without_a_word();
        } else if !self.breaks(Violation::MethodsWorkAfterClose) {
            self.handle.close();
        }
        if self.breaks(Violation::CloseClosesAll) {
            for handle in self.machine().handles() {
                handle.close();
            }
        }
        if self.breaks(Violation::CloseClosesProcesses) {
            let handles = self.connection.processes.lock().unwrap_or_else(PoisonError::into_inner);
            for handle in handles.iter().filter_map(std::sync::Weak::upgrade) {
                handle.close();
            }
        }
        if self.breaks(Violation::CloseTerminates) {
            self.machine().stop(Exit::Forced);
        }
        self.connection.closed(lost);
    }
}

impl System {
    fn running(&self, pid: u32) -> Result<Process> {
        let machine = self.machine();
        let running = machine.running();
        let found = running.iter().rev().find(|task| task.pid == pid);
        match found {
            None if self.breaks(Violation::OpenOfUnknownProcessSucceeds) => {
                Ok(Process::new(&self.connection, &Task::ghost(machine, pid)))
            }
            Some(task) => Ok(Process::new(&self.connection, task)),
            None if self.breaks(Violation::OpenProcessGivesWrongCode) => {
                Err(Error::from_hresult(Hresult::HCS_E_SYSTEM_NOT_FOUND))
            }
            None => {
                let missing = Error::new(ErrorKind::NotFound(ObjectKind::Process));
                Err(missing.with_hresult(Hresult::ERROR_NOT_FOUND))
            }
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if !self.closed.load(Ordering::Relaxed) {
            self.close();
        }
    }
}

/// A subscription, as the violations have it.
pub(crate) fn subscribe(machine: &Arc<Machine>, hub: &Hub, callback: Callback) -> Subscription {
    let callback = if machine.breaks(Violation::OnlyOneSubscriber) {
        let number = machine.subscribed();
        let machine = Arc::downgrade(machine);
        let latest = move || machine.upgrade().is_none_or(|machine| machine.latest_subscriber() == number);
        Arc::new(move |notification: &hcs_contract::Notification| {
            if latest() {
                callback(notification);
            }
        }) as Callback
    } else {
        callback
    };
    let subscription = hub.subscribe(callback);
    if machine.breaks(Violation::NotifiesAfterUnsubscribe) {
        // Never dropped, so that it never ends.
        std::mem::forget(subscription);
        return Subscription::new(|| {});
    }
    subscription
}
