//! A connection to a running system, shared by the system's handle and those of its processes.
//!
//! The connection is one handle as the supervisor counts them. It is closed when the system's handle and all
//! process handles that came from it are.

use std::collections::BTreeMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use hcs_contract::{Error, ErrorKind, EventType, Hresult, Hub, Notification, Object, OperationKind, Result};
use hcs_silo::board::{self, Notice};
use hcs_silo::client::{ClientError, Connection};
use hcs_silo::protocol::{Event, Exit, ExitKind, ProcessExit, Reply, Request, Status};

use super::errors;
use super::handle::{Latch, Pending};

/// A connection and what came over it.
#[derive(Debug)]
pub(super) struct Live {
    id: String,
    connection: Arc<Connection>,
    /// The system's exit, as a document.
    pub(super) exit: Latch,
    pub(super) hub: Hub,
    state: Mutex<State>,
    /// Opened by the first who asks how the system stands; `None`: there is none that is this system's.
    board: OnceLock<Option<OwnedFd>>,
}

#[derive(Debug, Default)]
struct State {
    /// Handles that keep the connection: the system's and its processes'.
    handles: usize,
    processes: BTreeMap<u32, Arc<ProcessState>>,
    ended: bool,
}

/// What is known of a process that this connection has open.
#[derive(Debug)]
pub(super) struct ProcessState {
    /// The supervisor's number.
    pub(super) number: u32,
    /// Its id within the system.
    pub(super) pid: u32,
    pub(super) object: Object,
    /// Its exit, as a document.
    pub(super) exit: Latch,
    pub(super) hub: Hub,
    handles: Mutex<usize>,
}

impl Live {
    /// Takes a connection over, with one handle on it.
    pub(super) fn new(id: &str, connection: Arc<Connection>) -> Arc<Self> {
        let this = Arc::new(Self {
            id: id.into(),
            exit: Latch::default(),
            hub: Hub::new(),
            state: Mutex::new(State { handles: 1, ..State::default() }),
            board: OnceLock::new(),
            connection,
        });
        let listener: Weak<Self> = Arc::downgrade(&this);
        this.connection.listen(move |event| {
            if let Some(live) = listener.upgrade() {
                live.event(event);
            }
        });
        // The supervisor tells an exit to those who were connected; we may have come later.
        if let Some(exit) = this.first_status().exit {
            this.exited(exit);
        }
        this
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Where the system stood when the connection was made.
    pub(super) fn first_status(&self) -> Status {
        self.connection.first_status()
    }

    /// How the system stands, by its board in the runtime folder: nobody is woken, nothing waited for. `None`: only the
    /// supervisor can say, or say that it is gone.
    pub(super) fn posted(&self, folder: impl FnOnce() -> Option<PathBuf>) -> Option<Status> {
        let first = self.first_status();
        // A folder of this name may belong to a later system by now: a board is one's own by the moment of creation.
        let ours = |notice: &Notice| {
            (notice.status.created_100ns, notice.status.init_pid) == (first.created_100ns, first.init_pid)
        };
        let board = self.board.get_or_init(|| {
            let board = board::open(&folder()?).ok()??;
            Notice::read(&board).ok()?.filter(ours)?;
            Some(board)
        });
        Some(Notice::read(board.as_ref()?).ok()??.status)
    }

    /// Sends a request; its reply completes `pending` as `then` reads it.
    pub(super) fn request<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        object: &Object,
        pending: Pending<T>,
        request: Request,
        fds: &[BorrowedFd<'_>],
        then: impl FnOnce(&Arc<Self>, Reply, Vec<OwnedFd>) -> Result<T> + Send + 'static,
    ) {
        let (live, object, kind) = (Arc::clone(self), object.clone(), pending.kind());
        self.connection.request(
            request,
            fds,
            Box::new(move |outcome| {
                let result = match outcome {
                    Ok((reply, fds)) => then(&live, reply, fds),
                    Err(error) => Err(live.failed(error, kind, &object)),
                };
                pending.complete(result);
            }),
        );
    }

    /// Sends a request whose answer nobody waits for.
    pub(super) fn tell(&self, request: Request) {
        self.connection.request(request, &[], Box::new(|_| {}));
    }

    /// The failure of a request about the system itself.
    pub(super) fn failed_request(&self, error: ClientError) -> Error {
        self.failed(error, OperationKind::GetProperties, &Object::system(&self.id))
    }

    fn failed(&self, error: ClientError, kind: OperationKind, object: &Object) -> Error {
        let gone = matches!(error, ClientError::Gone);
        // Who wanted it to end has what they wanted.
        let wanted = matches!(kind, OperationKind::Terminate | OperationKind::Shutdown);
        if gone && (wanted || self.lock().ended) {
            return Error::already_stopped(Object::system(&self.id));
        }
        errors::from_client(error, &self.id, object)
    }

    /// From now on notifications arrive although nobody waits.
    pub(super) fn watch(&self) -> Result<()> {
        self.connection
            .read_in_background()
            .map_err(|error| Error::os("start", "the thread that reads notifications", error))
    }

    /// The state of a process that the supervisor has just counted as opened by this connection, with one more
    /// handle on it.
    pub(super) fn process(&self, number: u32, pid: u32) -> Arc<ProcessState> {
        let mut state = self.lock();
        state.handles += 1;
        let process = state.processes.entry(number).or_insert_with(|| {
            Arc::new(ProcessState {
                number,
                pid,
                object: Object::process(&self.id, pid),
                exit: Latch::default(),
                hub: Hub::new(),
                handles: Mutex::new(0),
            })
        });
        *process.handles.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Arc::clone(process)
    }

    /// A process handle was closed.
    pub(super) fn process_closed(&self, process: &ProcessState) {
        let last = {
            let mut state = self.lock();
            let mut handles = process.handles.lock().unwrap_or_else(PoisonError::into_inner);
            *handles -= 1;
            let last = *handles == 0;
            if last {
                state.processes.remove(&process.number);
            }
            last
        };
        if last {
            self.tell(Request::CloseProcess { process: process.number });
        }
        self.handle_closed();
    }

    /// A handle was closed; with the last one the connection is.
    pub(super) fn handle_closed(&self) {
        let last = {
            let mut state = self.lock();
            state.handles -= 1;
            state.handles == 0
        };
        if last {
            self.connection.close();
        }
    }

    fn event(&self, event: Option<Event>) {
        match event {
            Some(Event::Exited(exit)) => self.exited(exit),
            Some(Event::ProcessExited { process, exit }) => {
                let process = self.lock().processes.get(&process).cloned();
                if let Some(process) = process {
                    process.exited(Ok(exit));
                }
            }
            // Neither API has an event for these; states are told by the operations that change them, and a kill
            // by the memory limit by the exit of its process and the statistics.
            Some(Event::OutOfMemory | Event::State(_)) => {}
            None => self.lost(),
        }
    }

    fn exited(&self, exit: Exit) {
        self.lock().ended = true;
        let (document, status) = exit_document(exit.kind);
        if self.exit.set(&Ok(document.clone())) {
            let notification = Notification::new(EventType::SYSTEM_EXITED).with_data(document);
            self.hub.notify_latched(&notification.with_status(status));
        }
    }

    /// The connection is gone: closed by us, or the supervisor ended or was killed.
    fn lost(&self) {
        let (closed, processes) = {
            let mut state = self.lock();
            let closed = state.handles == 0;
            state.ended = true;
            (closed, state.processes.values().cloned().collect::<Vec<_>>())
        };
        if closed {
            return;
        }
        for process in processes {
            process.exited(Err(Error::new(ErrorKind::UnexpectedExit).with_object(process.object.clone())));
        }
        let (document, status) = exit_document(ExitKind::Unexpected);
        if self.exit.set(&Ok(document.clone())) {
            let notification = Notification::new(EventType::SYSTEM_EXITED).with_data(document);
            self.hub.notify_latched(&notification.with_status(status));
        }
        self.hub.notify_latched(&Notification::new(EventType::SERVICE_DISCONNECT));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProcessState {
    fn exited(&self, exit: Result<ProcessExit>) {
        let notification = Notification::new(EventType::PROCESS_EXITED);
        let (result, notification) = match exit {
            Ok(exit) => {
                let document = super::process_doc::status(self.pid, Some(exit));
                (Ok(document.clone()), notification.with_data(document))
            }
            Err(error) => {
                let status = error.hresult();
                (Err(error), notification.with_status(status))
            }
        };
        if self.exit.set(&result) {
            self.hub.notify_latched(&notification);
        }
    }
}

/// The document of a system's exit, and the status of its notification.
pub(super) fn exit_document(kind: ExitKind) -> (String, Hresult) {
    let (status, name) = match kind {
        ExitKind::Graceful => (Hresult::S_OK, "GracefulExit"),
        ExitKind::Forced => (Hresult::S_OK, "ForcedExit"),
        ExitKind::Unexpected => (Hresult::HCS_E_UNEXPECTED_EXIT, "UnexpectedExit"),
    };
    let document = serde_json::json!({ "Status": status.to_i32(), "ExitType": name });
    (document.to_string(), status)
}
