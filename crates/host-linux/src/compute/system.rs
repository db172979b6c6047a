//! A handle of a system: one that runs, or the record of one that ended.

use std::sync::Arc;

use hcs_contract::{
    Callback, ComputeProcess, ComputeSystem, CreatedProcess, Deadline, Error, EventType, Hub, Notification,
    Object, Operation, OperationKind, ProcessStreams, Result, Subscription,
};
use hcs_schema::Document as _;
use hcs_schema::compute::v1::{ContainerConfig, MappedVirtualDisk};
use hcs_silo::protocol::{ExitKind, Reply, Request, Status};

use super::engine::Engine;
use super::handle::{Handle, Latch};
use super::live::{Live, exit_document};
use super::modify::Asked;
use super::process::{Process, information, not_running, unexpected};
use super::properties::Wanted;
use super::refuse::no_options;
use super::throttle::Throttle;
use super::{create, modify, process_doc, properties};
use crate::ids::IdName;
use crate::paths::DOCUMENT;
use crate::record::{FinalState, Meta, read_text};
use crate::storage;

/// See [`ComputeSystem`].
#[derive(Debug)]
pub(super) struct System {
    engine: Arc<Engine>,
    meta: Arc<Meta>,
    handle: Handle,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Live(Arc<Live>),
    /// The system has ended and was to be kept.
    Record {
        state: FinalState,
        exit: Latch,
        hub: Hub,
    },
}

impl System {
    pub(super) fn live(engine: Arc<Engine>, meta: Meta, live: Arc<Live>) -> Self {
        let handle = Handle::new(Object::system(&meta.id), Some(live.connection()));
        Self { engine, meta: Arc::new(meta), handle, backing: Backing::Live(live) }
    }

    pub(super) fn record(engine: Arc<Engine>, meta: Meta, state: FinalState) -> Self {
        let kind = match state.exit_type.as_str() {
            "GracefulExit" => ExitKind::Graceful,
            "ForcedExit" => ExitKind::Forced,
            _ => ExitKind::Unexpected,
        };
        let (document, status) = exit_document(kind);
        let (exit, hub) = (Latch::default(), Hub::new());
        exit.set(&Ok(document.clone()));
        let notification = Notification::new(EventType::SYSTEM_EXITED).with_data(document);
        hub.notify_latched(&notification.with_status(status));
        let handle = Handle::new(Object::system(&meta.id), None);
        Self { engine, meta: Arc::new(meta), handle, backing: Backing::Record { state, exit, hub } }
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn deadline(&self, kind: OperationKind) -> Deadline {
        self.engine.options.deadlines.deadline(kind)
    }

    pub(super) fn connected(&self) -> Result<&Arc<Live>> {
        match &self.backing {
            Backing::Live(live) => Ok(live),
            Backing::Record { .. } => Err(Error::already_stopped(self.handle.object().clone())),
        }
    }

    /// The document that it was created from; `None` when it is going.
    fn document(&self) -> Result<Option<String>> {
        let folder = self.engine.layout.system(&IdName::new(&self.meta.id)?);
        read_text(&folder.join(DOCUMENT))
    }

    /// The speed of storage that its document asks for.
    fn throttle(&self) -> Result<Throttle> {
        match self.document()? {
            Some(document) => Ok(create::plan(&document, &Engine::is_base)?.throttle),
            None => Err(Error::already_stopped(self.handle.object().clone())),
        }
    }

    /// The disks of its document, if they are asked for.
    fn disks(&self, wanted: Wanted) -> Result<Vec<MappedVirtualDisk>> {
        if !wanted.disks || self.meta.schema != 1 {
            return Ok(Vec::new());
        }
        let document = self.document()?;
        let config = document.map(|text| ContainerConfig::from_json(&text)).transpose()?;
        Ok(config.unwrap_or_default().mapped_virtual_disks)
    }

    /// How the system stands, if that is all that is asked for and its board says it.
    fn posted(&self, live: &Live, wanted: Wanted) -> Option<Status> {
        if !wanted.is_posted() {
            return None;
        }
        live.posted(|| Some(self.engine.layout.system(&IdName::new(&self.meta.id).ok()?)))
    }

    fn change_network(&self, endpoint: &str, attach: bool) -> Result<String> {
        let stopped = || Error::already_stopped(self.handle.object().clone());
        let life = self.meta.life().ok_or_else(stopped)?;
        let folder = self.engine.layout.system(&IdName::new(&self.meta.id)?);
        self.engine.change_network_of(&life, &folder, endpoint, attach)?;
        Ok(String::new())
    }

    /// Sends a request that is answered by "done", or completes with what kept it from being made. A failure keeps
    /// `document`, if there is one.
    fn send(&self, kind: OperationKind, request: Result<Request>, document: Option<&str>) -> Operation {
        let (live, request) = match (self.connected(), request) {
            (_, Err(error)) | (Err(error), _) => return self.handle.done(kind, Err(error)),
            (Ok(live), Ok(request)) => (live, request),
        };
        match self.handle.begin(kind) {
            Ok((operation, pending)) => {
                let pending = match document {
                    Some(document) => pending.about(document),
                    None => pending,
                };
                live.request(self.handle.object(), pending, request, &[], |_, reply, _| match reply {
                    Reply::Done => Ok(String::new()),
                    other => Err(unexpected(&other)),
                });
                operation
            }
            Err(closed) => closed,
        }
    }
}

impl ComputeSystem for System {
    fn id(&self) -> &str {
        &self.meta.id
    }

    fn start(&self, options: &str) -> Operation {
        self.send(OperationKind::Start, no_options(options).map(|()| Request::Start), None)
    }

    fn shutdown(&self, options: &str) -> Operation {
        self.send(OperationKind::Shutdown, no_options(options).map(|()| Request::Shutdown), None)
    }

    fn terminate(&self, options: &str) -> Operation {
        self.send(OperationKind::Terminate, no_options(options).map(|()| Request::Terminate), None)
    }

    fn pause(&self, options: &str) -> Operation {
        self.send(OperationKind::Pause, no_options(options).map(|()| Request::Pause), None)
    }

    fn resume(&self, options: &str) -> Operation {
        self.send(OperationKind::Resume, no_options(options).map(|()| Request::Resume), None)
    }

    fn properties(&self, query: &str) -> Operation {
        let kind = OperationKind::GetProperties;
        let wanted = match properties::query(query, self.meta.schema) {
            Ok(wanted) => wanted,
            Err(error) => return self.handle.done(kind, Err(error.with_document(query))),
        };
        match &self.backing {
            Backing::Record { state, .. } => {
                self.handle.done(kind, Ok(properties::of_record(&self.meta, state)))
            }
            Backing::Live(live) => match self.handle.begin(kind) {
                Ok((operation, pending)) => {
                    match self.disks(wanted) {
                        Ok(disks) => match self.posted(live, wanted) {
                            Some(status) => {
                                pending.complete(properties::of_status(&self.meta, wanted, status, disks));
                            }
                            None => properties::ask(live, &self.meta, wanted, disks, pending),
                        },
                        Err(error) => pending.complete(Err(error)),
                    }
                    operation
                }
                Err(closed) => closed,
            },
        }
    }

    fn properties_at_once(&self, query: &str) -> Option<Result<String>> {
        let Backing::Live(live) = &self.backing else { return None };
        let wanted = properties::query(query, self.meta.schema).ok().filter(|wanted| !wanted.disks)?;
        let status = self.posted(live, wanted)?;
        self.handle.check_open().ok()?;
        Some(properties::of_status(&self.meta, wanted, status, Vec::new()))
    }

    fn modify(&self, request: &str) -> Operation {
        let kind = OperationKind::Modify;
        let deadline = self.engine.options.deadlines.deadline(kind);
        let asked = storage::resolved(&self.engine.layout, request).and_then(|(resolved, volumes)| {
            let asked = modify::asked(&resolved, self.meta.guest)?;
            self.connected()?;
            if let Some(life) = self.meta.life() {
                volumes.by(&self.engine.layout, &life, deadline)?;
            }
            Ok(asked)
        });
        let asked = match asked {
            Ok(Asked::OfNetworks { endpoint, attach }) => {
                let changed = self.handle.check_open().and_then(|()| self.change_network(&endpoint, attach));
                return self.handle.done(kind, changed.map_err(|error| error.with_document(request)));
            }
            Ok(Asked::OfSupervisor(change)) => {
                change.request(self.meta.guest, self.meta.ids.is_some(), || self.throttle())
            }
            Err(error) => Err(error),
        };
        self.send(kind, asked.map_err(|error| error.with_document(request)), Some(request))
    }

    fn create_process(&self, parameters: &str, streams: ProcessStreams) -> Operation<Arc<CreatedProcess>> {
        let kind = OperationKind::CreateProcess;
        let parsed = self.connected().and_then(|live| {
            let request = process_doc::request(parameters, streams, self.meta.guest, self.meta.schema);
            Ok((live, request.map_err(|error| error.with_document(parameters))?))
        });
        let (live, request) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return self.handle.done(kind, Err(error)),
        };
        let (operation, pending) = match self.handle.begin(kind) {
            Ok(begun) => begun,
            Err(closed) => return closed,
        };
        let pending = pending.about(parameters);
        let process_doc::Request { process, given, pipes: wanted } = request;
        let borrowed: Vec<_> = given.iter().map(std::os::fd::AsFd::as_fd).collect();
        let guest = self.meta.guest;
        let request = Request::CreateProcess(process);
        live.request(
            self.handle.object(),
            pending,
            request,
            &borrowed,
            move |live, reply, fds| match reply {
                Reply::Process { process: number, pid, pipes } => {
                    let process = Process::new(Arc::clone(live), number, pid, guest);
                    let information = information(pid, pipes, fds, wanted)?;
                    Ok(Arc::new(CreatedProcess { process: Arc::new(process), information }))
                }
                other => Err(unexpected(&other)),
            },
        );
        operation
    }

    fn open_process(&self, pid: u32) -> Result<Arc<dyn ComputeProcess>> {
        let kind = OperationKind::OpenProcess;
        let object = Object::process(&self.meta.id, pid);
        let named = |error: Error| error.with_operation(kind).with_object(object.clone());
        self.handle.check_open().map_err(named)?;
        let live = self.connected().map_err(named)?;
        let Ok((operation, pending)) = self.handle.begin::<Arc<Process>>(kind) else {
            return Err(named(Error::already_closed(self.handle.object().clone())));
        };
        let guest = self.meta.guest;
        live.request(
            &object,
            pending,
            Request::OpenProcess { pid },
            &[],
            move |live, reply, _| match reply {
                Reply::Process { process: number, pid, .. } => {
                    Ok(Arc::new(Process::new(Arc::clone(live), number, pid, guest)))
                }
                other => Err(unexpected(&other)),
            },
        );
        match operation.wait(self.engine.options.deadlines.deadline(kind)) {
            Ok(process) => Ok(process),
            Err(error) if error.is_already_stopped() => Err(named(not_running())),
            Err(error) => Err(named(error)),
        }
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        let named = |error: Error| {
            error.with_operation(OperationKind::Subscribe).with_object(self.handle.object().clone())
        };
        self.handle.check_open().map_err(named)?;
        match &self.backing {
            Backing::Record { hub, .. } => Ok(hub.subscribe(callback)),
            Backing::Live(live) => {
                live.watch().map_err(named)?;
                Ok(live.hub.subscribe(callback))
            }
        }
    }

    fn wait_exit(&self) -> Operation {
        let latch = match &self.backing {
            Backing::Record { exit, .. } => exit,
            Backing::Live(live) => &live.exit,
        };
        latch.wait(&self.handle, OperationKind::WaitSystemExit)
    }

    fn close(&self) {
        if self.handle.close()
            && let Backing::Live(live) = &self.backing
        {
            live.handle_closed();
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.close();
    }
}
