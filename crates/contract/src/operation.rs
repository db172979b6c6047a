//! A call under way: completes exactly once, and can be waited for, awaited, asked, watched and cancelled.

mod future;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::{Deadline, Deadlines, Error, Object, Result};

pub use self::future::OperationFuture;

/// What an operation does. The numbers are computecore's; the kinds without one are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// List the compute systems (0).
    Enumerate,
    /// Create a system (1).
    Create,
    /// Start it (2).
    Start,
    /// Ask it to shut down (3).
    Shutdown,
    /// Freeze it (4).
    Pause,
    /// Thaw it (5).
    Resume,
    /// Save its state (6).
    Save,
    /// End it at once (7).
    Terminate,
    /// Change it (8).
    Modify,
    /// Ask for its properties (9).
    GetProperties,
    /// Start a process in it (10).
    CreateProcess,
    /// Signal a process (11).
    SignalProcess,
    /// Ask for a process's identity and streams (12).
    GetProcessInfo,
    /// Ask for a process's state (13).
    GetProcessProperties,
    /// Change a process (14).
    ModifyProcess,
    /// Crash a virtual machine (15).
    Crash,
    /// End a process at once; computecore has no number for it.
    TerminateProcess,
    /// Open a system by its id.
    OpenSystem,
    /// Open a process by its number.
    OpenProcess,
    /// Open a network object by its id.
    OpenNetworkObject,
    /// Delete a network object.
    Delete,
    /// Make a request of HNS v1.
    HnsCall,
    /// Register for notifications.
    Subscribe,
    /// Ask for the service's own properties.
    GetServiceProperties,
    /// Wait until a system has exited.
    WaitSystemExit,
    /// Wait until a process has exited.
    WaitProcessExit,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Enumerate,
        Self::Create,
        Self::Start,
        Self::Shutdown,
        Self::Pause,
        Self::Resume,
        Self::Save,
        Self::Terminate,
        Self::Modify,
        Self::GetProperties,
        Self::CreateProcess,
        Self::SignalProcess,
        Self::GetProcessInfo,
        Self::GetProcessProperties,
        Self::ModifyProcess,
        Self::Crash,
        Self::TerminateProcess,
        Self::OpenSystem,
        Self::OpenProcess,
        Self::OpenNetworkObject,
        Self::Delete,
        Self::HnsCall,
        Self::Subscribe,
        Self::GetServiceProperties,
        Self::WaitSystemExit,
        Self::WaitProcessExit,
    ];

    /// computecore's number (`HCS_OPERATION_TYPE`); −1, its "none", for kinds that it does not count.
    pub const fn number(self) -> i32 {
        match self {
            Self::Enumerate => 0,
            Self::Create => 1,
            Self::Start => 2,
            Self::Shutdown => 3,
            Self::Pause => 4,
            Self::Resume => 5,
            Self::Save => 6,
            Self::Terminate => 7,
            Self::Modify => 8,
            Self::GetProperties => 9,
            Self::CreateProcess => 10,
            Self::SignalProcess => 11,
            Self::GetProcessInfo => 12,
            Self::GetProcessProperties => 13,
            Self::ModifyProcess => 14,
            Self::Crash => 15,
            Self::TerminateProcess
            | Self::OpenSystem
            | Self::OpenProcess
            | Self::OpenNetworkObject
            | Self::Delete
            | Self::HnsCall
            | Self::Subscribe
            | Self::GetServiceProperties
            | Self::WaitSystemExit
            | Self::WaitProcessExit => -1,
        }
    }

    /// Whether this waits for an exit, the only wait that may be endless.
    pub const fn is_exit(self) -> bool {
        matches!(self, Self::WaitSystemExit | Self::WaitProcessExit)
    }
}

/// What is done, as the start of a sentence that goes on with the object.
impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enumerate => "enumerate",
            Self::Create => "create",
            Self::Start => "start",
            Self::Shutdown => "shut down",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Save => "save",
            Self::Terminate | Self::TerminateProcess => "terminate",
            Self::Modify | Self::ModifyProcess => "modify",
            Self::GetProperties | Self::GetProcessProperties | Self::GetServiceProperties => {
                "get properties of"
            }
            Self::CreateProcess => "create process in",
            Self::SignalProcess => "signal",
            Self::GetProcessInfo => "get information of",
            Self::Crash => "crash",
            Self::OpenSystem | Self::OpenProcess | Self::OpenNetworkObject => "open",
            Self::Delete => "delete",
            Self::HnsCall => "request of",
            Self::Subscribe => "subscribe to",
            Self::WaitSystemExit | Self::WaitProcessExit => "wait for the exit of",
        })
    }
}

/// How a host whose answers come over a connection lets the *waiting* thread read them.
///
/// Of the threads that wait on one connection, one leads: it reads, and completes whatever operation an answer
/// belongs to; the others follow, asleep, until their own is done or the lead is free. So there is no thread per
/// call, and none at all while nobody waits.
pub trait Drive: Send + Sync {
    /// Serves the connection until `done()` is true or the moment has come, whichever is first.
    ///
    /// `done` must be asked again after every answer, after [`Drive::wake`], and whenever the lead changes hands;
    /// no lock that a completion needs may be held meanwhile.
    ///
    /// # Errors
    /// The connection is lost. Every operation on it is then completed too, by dropping its completer.
    fn drive(&self, until: Option<Instant>, done: &dyn Fn() -> bool) -> Result<()>;

    /// Somebody completed an operation without an answer (a cancellation): whoever drives asks `done` again.
    fn wake(&self);

    /// Somebody registered a callback, so perhaps nobody will wait: from now on the host drives by itself, with
    /// one thread per connection.
    fn drive_in_background(&self);
}

type Watcher<T> = Box<dyn FnOnce(Result<T>) + Send>;
type Hook = Box<dyn FnOnce() + Send>;

enum State<T> {
    Pending { watchers: Vec<Watcher<T>>, wakers: BTreeMap<u64, Waker>, on_cancel: Option<Hook> },
    Done(Result<T>),
}

struct Shared<T> {
    id: u64,
    kind: OperationKind,
    object: Object,
    driver: Option<Arc<dyn Drive>>,
    state: Mutex<State<T>>,
    completed: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // The state changes in one assignment: a panic elsewhere can't leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Send> Shared<T> {
    /// The first completion wins; the others are dropped.
    fn complete(&self, result: Result<T>) -> Option<Hook> {
        let result = result.map_err(|error| error.with_operation(self.kind).with_object(self.object.clone()));
        let mut state = self.lock();
        if let State::Done(_) = *state {
            return None;
        }
        let State::Pending { watchers, wakers, on_cancel } =
            std::mem::replace(&mut *state, State::Done(result.clone()))
        else {
            unreachable!("looked at above, under the same lock")
        };
        drop(state);
        self.completed.notify_all();
        for waker in wakers.into_values() {
            waker.wake();
        }
        for watcher in watchers {
            watcher(result.clone());
        }
        on_cancel
    }
}

/// A call under way. Clones are the same operation.
///
/// ```
/// use hcs_contract::{Deadline, Object, Operation, OperationKind};
///
/// // A host keeps the completer, a client gets the operation.
/// let (operation, completer) = Operation::new(OperationKind::Start, Object::system("web"));
/// let told = std::sync::mpsc::channel();
/// operation.on_complete(move |result| told.0.send(result).unwrap());
/// assert!(operation.wait(Deadline::now()).unwrap_err().is_timeout());
///
/// completer.complete(Ok(String::new()));
/// assert_eq!(operation.wait(Deadline::Never)?, "");
/// assert_eq!(told.1.recv().unwrap()?, "");
/// # Ok::<(), hcs_contract::Error>(())
/// ```
pub struct Operation<T = String>(Arc<Shared<T>>);

/// The other end of an [`Operation`]: completes it, once.
///
/// Dropped without a word, it completes the operation with [`crate::ErrorKind::Disconnected`], so that nobody
/// waits for a host that is gone.
#[must_use = "dropping it completes the operation with an error"]
pub struct Completer<T: Clone + Send = String>(Arc<Shared<T>>);

static LAST_ID: AtomicU64 = AtomicU64::new(0);

impl<T: Clone + Send> Operation<T> {
    /// An operation that some other thread completes.
    pub fn new(kind: OperationKind, object: Object) -> (Self, Completer<T>) {
        Self::start(kind, object, None)
    }

    /// An operation whose waiters drive the host's connection themselves.
    pub fn driven(kind: OperationKind, object: Object, driver: Arc<dyn Drive>) -> (Self, Completer<T>) {
        Self::start(kind, object, Some(driver))
    }

    /// An operation that is complete from the start.
    pub fn done(kind: OperationKind, object: Object, result: Result<T>) -> Self {
        let (operation, completer) = Self::start(kind, object, None);
        completer.complete(result);
        operation
    }

    fn start(kind: OperationKind, object: Object, driver: Option<Arc<dyn Drive>>) -> (Self, Completer<T>) {
        let shared = Arc::new(Shared {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
            kind,
            object,
            driver,
            state: Mutex::new(State::Pending {
                watchers: Vec::new(),
                wakers: BTreeMap::new(),
                on_cancel: None,
            }),
            completed: Condvar::new(),
        });
        (Self(Arc::clone(&shared)), Completer(shared))
    }

    /// A number that no other operation of this process has; never 0.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// What is done.
    pub fn kind(&self) -> OperationKind {
        self.0.kind
    }

    /// What it is done to.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// Whether the result is there.
    pub fn is_done(&self) -> bool {
        matches!(*self.0.lock(), State::Done(_))
    }

    /// The result, if it is there; asks nobody.
    pub fn try_result(&self) -> Option<Result<T>> {
        match &*self.0.lock() {
            State::Done(result) => Some(result.clone()),
            State::Pending { .. } => None,
        }
    }

    /// Waits for the result. Any number of threads may, and each may again.
    ///
    /// # Errors
    /// The operation's own, or [`crate::ErrorKind::Timeout`] when the deadline passes first: the operation then
    /// goes on. [`Deadline::Never`] is for exits; other operations take their limit of [`Deadlines::default`].
    pub fn wait(&self, deadline: impl Into<Deadline>) -> Result<T> {
        let began = Instant::now();
        let deadline = match deadline.into() {
            Deadline::Never => Deadlines::default().deadline(self.0.kind),
            at @ Deadline::At(_) => at,
        };
        if let Some(driver) = &self.0.driver {
            if !self.is_done() {
                let driven = driver.drive(deadline.instant(), &|| self.is_done());
                // The operation's own result says more than the connection's.
                if let (Err(error), None) = (driven, self.try_result()) {
                    return Err(error.with_operation(self.0.kind).with_object(self.0.object.clone()));
                }
            }
        } else {
            self.sleep(deadline);
        }
        self.try_result().unwrap_or_else(|| Err(self.timed_out(began)))
    }

    fn sleep(&self, deadline: Deadline) {
        let mut state = self.0.lock();
        while let State::Pending { .. } = *state {
            state = match deadline.remaining() {
                None => self.0.completed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return,
                Some(left) => {
                    self.0.completed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn timed_out(&self, began: Instant) -> Error {
        let Shared { kind, object, .. } = &*self.0;
        let waiting_for = if kind.is_exit() {
            format!("{object} to exit")
        } else {
            format!("the result of \"{kind} {object}\"")
        };
        Error::timeout(waiting_for, began.elapsed()).with_operation(*kind).with_object(object.clone())
    }

    /// Calls `watcher` with the result, once: now if it is there, otherwise on the thread that completes the
    /// operation. It must not block.
    pub fn on_complete(&self, watcher: impl FnOnce(Result<T>) + Send + 'static) {
        let mut state = self.0.lock();
        match &mut *state {
            State::Pending { watchers, .. } => {
                watchers.push(Box::new(watcher));
                drop(state);
                if let Some(driver) = &self.0.driver {
                    driver.drive_in_background();
                }
            }
            State::Done(result) => {
                let result = result.clone();
                drop(state);
                watcher(result);
            }
        }
    }

    /// Ends the operation with [`crate::ErrorKind::Cancelled`], unless it is complete. Says whether it did.
    ///
    /// The host is told, and stops the work where it can; what was done may stay done.
    pub fn cancel(&self) -> bool {
        let hook = self.0.complete_cancelled();
        match hook {
            None => false,
            Some(hook) => {
                if let Some(driver) = &self.0.driver {
                    driver.wake();
                }
                hook();
                true
            }
        }
    }
}

impl<T: Clone + Send> Shared<T> {
    /// The host's hook when this ended the operation; an empty one when the host gave none.
    fn complete_cancelled(&self) -> Option<Hook> {
        if let State::Pending { on_cancel: on_cancel @ None, .. } = &mut *self.lock() {
            *on_cancel = Some(Box::new(|| {}));
        }
        self.complete(Err(Error::cancelled()))
    }
}

impl<T: Clone + Send> Completer<T> {
    /// Completes the operation. An error gets the operation and the object, where it has none.
    ///
    /// After a cancellation the result is dropped.
    pub fn complete(self, result: Result<T>) {
        self.0.complete(result);
    }

    /// What is done.
    pub fn kind(&self) -> OperationKind {
        self.0.kind
    }

    /// What it is done to.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// The operation's number.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Another handle of the operation.
    pub fn operation(&self) -> Operation<T> {
        Operation(Arc::clone(&self.0))
    }

    /// What to do when the operation is cancelled; replaces an earlier hook. Not called when that has happened.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) {
        if let State::Pending { on_cancel, .. } = &mut *self.0.lock() {
            *on_cancel = Some(Box::new(hook));
        }
    }

    /// Whether nobody can learn of the result any more: it was cancelled, or every handle is gone and no callback
    /// waits. A host that keeps completers for a long time (waits for an exit) may drop such ones.
    pub fn is_abandoned(&self) -> bool {
        match &*self.0.lock() {
            State::Done(_) => true,
            // A future is a handle, and takes its waker with it.
            State::Pending { watchers, .. } => watchers.is_empty() && Arc::strong_count(&self.0) == 1,
        }
    }
}

impl<T: Clone + Send> Drop for Completer<T> {
    fn drop(&mut self) {
        self.0.complete(Err(Error::disconnected()));
    }
}

impl<T> Clone for Operation<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { id, kind, object, .. } = &*self.0;
        let done = matches!(*self.0.lock(), State::Done(_));
        write!(f, "Operation {id} ({kind} {object}, {})", if done { "done" } else { "pending" })
    }
}

impl<T: Clone + Send> fmt::Debug for Completer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completer of {:?}", self.operation())
    }
}

#[cfg(test)]
mod tests;
