//! The Host Compute Service contract on Linux: an engine that lives in the programs that use it.
//!
//! There is no daemon. [`LinuxHost`] reads documents, finds and makes systems, and talks to the supervisor of each;
//! the supervisor (see `hcs_silo`) is the truth about its system. What is on disk beside it serves to find systems,
//! to list them, and to clear away what was killed.
//!
//! Users take it by way of the crate `hcsshim`, which opens it as this platform's host. Alone it is a host of the contract:
//!
//! ```no_run
//! use hcs_contract::{ComputeService as _, Deadline};
//! use hcs_host_linux::{LinuxHost, Options};
//!
//! let host = LinuxHost::open(Options::from_env()?)?;
//! println!("{}", host.enumerate_systems("{}").wait(Deadline::Never)?);
//! println!("{} things to clear away", host.gc(true)?.found.len());
//! # Ok::<(), hcs_contract::Error>(())
//! ```

mod client;
mod compute;
mod features;
mod helpers;
mod idrange;
mod ids;
mod lock;
mod network;
mod options;
mod paths;
mod record;
mod storage;
pub mod wine;

pub use client::{install_client, uninstall_client};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use compute::fuzzing;
pub use compute::{Garbage, GcReport, LinuxHost, MappedFolder, MappedNow, MappedSocket, Written};
pub use hcs_layers as layers;
pub use network::{EndpointReport, NetworkReport};
pub use options::{IdPool, Options};
