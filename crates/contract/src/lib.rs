//! What a host of the Host Compute Service contract must honour.
//!
//! A host is whatever stands behind these traits: the service of Windows, the engine on Linux, a remote one, a
//! fake in memory. [`ComputeService`] makes and finds compute systems (containers), [`ComputeSystem`] is one of
//! them, [`ComputeProcess`] is one process within. [`NetworkService`] makes and finds networks, their endpoints, and
//! what else [`NetworkObjectKind`] lists; [`NetworkObject`] is one of them. [`StorageService`] makes and mounts layers.
//!
//! Whoever uses containers looks at the crate `hcsshim` first, which stands over these traits; what every call takes, gives
//! and refuses is written down in `docs/contract.md`.
//!
//! ```
//! use std::time::Duration;
//!
//! use hcs_contract::{ComputeService, Deadline, Deadlines, OperationKind, Result};
//!
//! /// Runs a system until it ends, an hour at most; gives the document of its exit.
//! fn run(host: &dyn ComputeService, id: &str, document: &str) -> Result<String> {
//!     let limits = Deadlines::default();
//!     let (system, created) = host.create_system(id, document)?;
//!     created.wait(limits.deadline(OperationKind::Create))?;
//!     system.start("").wait(limits.deadline(OperationKind::Start))?;
//!     let exit = system.wait_exit();
//!     match exit.wait(Duration::from_hours(1)) {
//!         // The deadline ended this wait, and neither the system nor the operation.
//!         Err(error) if error.is_timeout() => {
//!             system.terminate("").wait(limits.deadline(OperationKind::Terminate))?;
//!             exit.wait(Deadline::Never)
//!         }
//!         ended => ended,
//!     }
//! }
//! ```
//!
//! # Documents
//! Documents cross as JSON text, as they do on Windows, so that a newer document passes an older layer unharmed.
//! What is not text has typed parameters: standard streams ([`ProcessStreams`]), callbacks. Nothing is silently
//! ignored: a host refuses by name what it knows and can't honour ([`ErrorKind::NotSupported`]).
//!
//! # I/O and time
//! A call that can take long returns an [`Operation`], which completes exactly once, with a result or an
//! [`Error`]. A host may do the work before it returns the operation, as the Linux host does with creating a system: then
//! that call itself ends by its deadline. Waiting for an operation has a [`Deadline`], and only waiting for an exit may
//! be endless. A deadline that passes ends the wait, not the operation, and the error says what was waited for.
//! No host needs a thread per call: see [`Drive`]. An operation can be awaited too, on any runtime: [`OperationFuture`].
//!
//! # Errors
//! One type, [`Error`], for every call of every host: which operation, on which object, with which [`Hresult`],
//! what the service said about it (its error events), the document that was sent with its secrets masked, a
//! stable code and a hint. Cases that clients must tell apart are variants of [`ErrorKind`]; the predicates of the
//! Go library are methods, by one truth table that is a test.
//!
//! # Handles and threads
//! Handles are `Send + Sync` and shared as `Arc<dyn …>`. Each `create` and each `open` gives a handle of its own;
//! closing one touches no other. Dropping the last reference closes it; `close` does so earlier, after which every
//! call on that handle answers [`ErrorKind::AlreadyClosed`] and waits on it end with the same. Closing never
//! terminates, unless the system's document says so.
//!
//! # Notifications
//! Callbacks run on a thread of the host, one at a time per subscription, in order, and none is lost or joined
//! with another. A callback must not block. Dropping the [`Subscription`] waits until a running callback has
//! returned, except from within that callback. An exit is remembered: who subscribes or waits after it still
//! learns of it, and any number of waits are served.
//!
//! What happens to all systems of a host is a stream beside that: see [`SystemEvents`].

#![forbid(unsafe_code)]

mod alarm;
mod compute;
mod deadline;
mod error;
mod events;
mod guid;
mod hresult;
mod network;
mod notification;
mod operation;
pub mod reading;
mod records;
mod result;
mod secrets;
mod storage;
mod stream;
mod subscription;

pub use compute::{
    ComputeProcess, ComputeService, ComputeSystem, CreatedProcess, ProcessInformation, ProcessStreams,
    StreamSource,
};
pub use deadline::{Deadline, Deadlines};
pub use error::{Error, ErrorKind, Object, ObjectKind, Result};
pub use events::{EventStopper, SystemEvent, SystemEventKind, SystemEvents};
pub use guid::Guid;
pub use hresult::Hresult;
pub use network::{
    ErrorRecord, HnsEnvelope, NetworkCallback, NetworkEvent, NetworkEventKind, NetworkObject,
    NetworkObjectKind, NetworkService, check_network_id,
};
pub use notification::{EventType, Notification, NotificationType};
pub use operation::{Completer, Drive, Operation, OperationFuture, OperationKind};
pub use records::Records;
pub use result::{ErrorEvent, ResultDocument};
pub use secrets::mask_secrets;
pub use storage::{LayerDescriptor, StorageService};
pub use stream::{RemoteStream, Stream};
pub use subscription::{Callback, Hub, Subscription};
