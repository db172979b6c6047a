//! The contract over HTTP: a host that `hcsd` serves, on this machine or another.
//!
//! [`RemoteHost`] is a host like any other. Calls go over a few kept connections, one request each; the thread that
//! calls sends and reads, so an answer that is there at once takes no other thread. What takes longer is told by a
//! line of the session, which one thread for each [`RemoteHost`] reads: it completes operations and runs callbacks.
//! There is no runtime here, and a program needs none (`docs/decisions.md`, "The remote client is blocking sockets
//! and one thread").
//!
//! Standard streams are connections, and no descriptors: a process's input counts what is written, so that a request
//! to close it stays behind, and an output is connected to when it is first read, so that one which is held and not
//! read takes nothing from another reader.
//!
//! ```no_run
//! use hcs_contract::ComputeService as _;
//! use hcs_host_remote::{Options, RemoteHost};
//!
//! let host = RemoteHost::open(Options::new("unix:///run/hcs/hcsd.sock".parse()?))?;
//! let list = host.enumerate_systems("").wait(std::time::Duration::from_secs(5))?;
//! # Ok::<(), hcs_contract::Error>(())
//! ```

#![forbid(unsafe_code)]

mod connect;
mod events;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod http;
mod network;
mod options;
mod process;
mod records;
mod service;
mod session;
mod storage;
mod stream;
mod system;
#[cfg(feature = "tls")]
mod tls;
mod transport;

pub use options::{Address, Options};
pub use service::RemoteHost;
