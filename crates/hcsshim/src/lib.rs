//! Containers by the contract of the Windows Host Compute Service (HCS).
//!
//! On Linux this library brings an engine that honours the service's documents, states, errors and notifications: it
//! runs Windows programs on Wine in isolated containers, and Linux containers natively. What is written against this
//! API is written against the service, and on Windows it drives the service itself.
//!
//! ```no_run
//! use hcsshim::schema::LinuxHost;
//! use hcsshim::schema::compute::{OsType, SystemType, v1::ContainerConfig};
//! use hcsshim::{Host, Options, Stdio};
//!
//! let host = Host::open(Options::from_env()?)?;
//! let container = host.create_container(
//!     "example",
//!     &ContainerConfig {
//!         system_type: SystemType::CONTAINER,
//!         name: "example".into(),
//!         container_type: OsType::LINUX,
//!         volume_path: "/srv/rootfs".into(),
//!         terminate_on_last_handle_closed: true,
//!         ..ContainerConfig::default()
//!     },
//! )?;
//! container.start()?;
//! let status = container.command("/bin/echo").arg("hello").stdout(Stdio::Inherit).status()?;
//! assert_eq!(status.code(), 0);
//! container.stop(std::time::Duration::from_secs(10))?;
//! # Ok::<(), hcsshim::Error>(())
//! ```
//!
//! # Parts
//! - [`Host`] creates, opens and lists containers; [`Container`] is a handle of one; [`Process`] of a process in it.
//! - [`Command`] starts processes in the manner of `std::process::Command`.
//! - [`Events`] tells what happens to all containers of a host, whoever makes it happen.
//! - [`hcn`] has networks, endpoints, namespaces, load balancers and routes; [`hns`] the same objects by the older interface.
//! - [`schema`] has every document as a type. Wherever a document is taken, JSON text of a newer schema may be given.
//! - [`Error`] is the one error: operation, object, code, the service's own words, and what to do. Its predicates
//!   are those of the original ([`Error::is_not_exist`] and so on).
//! - `fake` is a host in memory: tests of your own program run on it, on every system, with faults on demand. It
//!   comes with the feature of that name, which is on by default.
//! - `future` (feature `async`) has the same calls as futures, for any runtime.
//! - `remote` (feature `remote`) is a host that `hcsd` serves, on this machine or another.
//! - `windows` has the choice between the two interfaces of the service of Windows.
//! - `linux` has what only the engine on Linux can do: records and logs of ended containers, Wine bases, clearing
//!   away after crashes.
//!
//! # Time
//! Every call has a deadline from one table ([`Deadlines`]); only waiting for an exit may be endless. A deadline that
//! passes ends the wait, not what was waited for.
//!
//! # Names
//! Names are Rust's. Each item that stands for a symbol of the Go library hcsshim v0.8.4 is found by that name in the
//! documentation's search.

#![forbid(unsafe_code)]

/// The README's example, compiled; `tests/examples.rs` runs it.
#[cfg(all(doctest, target_os = "linux"))]
#[doc = include_str!("../../../README.md")]
mod readme {}

mod call;
mod command;
mod command_line;
mod constants;
mod container;
mod documents;
mod events;
mod exit;
#[cfg(feature = "async")]
pub mod future;
pub mod hcn;
pub mod hns;
mod host;
mod limit;
#[cfg(target_os = "linux")]
pub mod linux;
mod network;
mod options;
mod process;
mod properties;
mod signal;
mod stdio;
#[cfg(windows)]
pub mod windows;

pub use command::{Command, Output};
pub use command_line::{CommandLineError, windows_command_line};
pub use constants::{
    ERROR_GEN_FAILURE, ERROR_SHUTDOWN_IN_PROGRESS, TIMEOUT_INFINITE, WAIT_ERR_EXEC_FAILED, WSAEINVAL,
};
pub use container::Container;
use documents::json;
pub use documents::{ContainerDocument, Guest, ModifyDocument, ProcessDocument};
pub use events::Events;
pub use exit::{ExitStatus, SystemExit};
pub use hcs_contract as contract;
pub use hcs_contract::{
    Deadline, Deadlines, Error, ErrorEvent, ErrorKind, EventStopper, EventType, Hresult, NetworkEvent,
    NetworkEventKind, Notification, NotificationType, Object, ObjectKind, OperationKind, ProcessStreams,
    Result, Stream, StreamSource, Subscription, SystemEvent, SystemEventKind,
};
#[cfg(feature = "fake")]
#[doc(inline)]
pub use hcs_host_fake as fake;
#[cfg(feature = "remote")]
#[doc(inline)]
pub use hcs_host_remote as remote;
#[doc(inline)]
pub use hcs_schema as schema;
pub use host::Host;
pub use options::Options;
pub use process::{Process, StdioPipes};
pub use signal::Signal;
pub use stdio::{Stdin, Stdio};
