//! Wine bases: what a Windows container's file system begins with, and how its first program is started.
//!
//! A base is built once per Wine version, recipe and agent, and shared read-only by all containers:
//!
//! ```text
//! $HCS_ROOT/bases/wine-8.0-r1-0123456789ab/
//!   base.json    what it was made from
//!   root/        the container's `/`: Wine, the libraries it needs, nothing else of the host
//!   prefix/      the lowest layer of the container's `/prefix`: drive C:, the registry
//! ```
//!
//! Everything in it belongs to uid 0; a container with a user namespace gets it through id-mapped mounts.
//! `docs/windows-guests.md` says why it is made the way it is, with the measurements.

mod base;
pub(crate) mod client;
mod elf;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod install;
mod launch;
mod pe;
mod prefix;
mod registry;
mod root;
mod session;

pub use base::{Alone, Base, BaseInfo, BaseStore, GuestFiles, Progress, Step};
pub use error::WineError;
pub use install::WineInstall;
pub use launch::{
    Identity, LaunchCommand, OsVersion, PREFIX_INSIDE, agent_command, launcher_command, time_zone_file,
};
pub(crate) use session::SANDBOX;
pub use session::Sandbox;
